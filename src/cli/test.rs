//! `fence test`: runs the `test` blocks of policies.

mod junit;

use super::{Context, Exit, Failure, load, paint};
use crate::policies::{check_file, compile};
use crate::testing::{Problem, TestFailure, TestResult, run};
use clap::Args;
use fence_engine::span::{Sources, Span};
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

const EXAMPLE: &str = "Example:
  fence test content.fence --junit results.xml

Each file governs its own tests, whatever agents it is for. The exit code is 1 when a test fails.";

/// Run the tests in policies
#[derive(Debug, Args)]
#[command(after_help = EXAMPLE)]
pub(crate) struct Test {
    /// The policies
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Only tests whose title contains this
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    filter: String,
    /// Write the results as JUnit XML too
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// Results as JSON
    #[arg(long)]
    json: bool,
}

/// The tests of one policy.
struct Suite {
    file: String,
    sources: Arc<Sources>,
    results: Vec<TestResult>,
}

impl Test {
    pub(crate) fn run(self, context: &Context) -> Result<Exit, Failure> {
        let suites: Vec<Suite> =
            self.files.iter().map(|file| self.suite(context, file)).collect::<Result<_, _>>()?;
        for suite in suites.iter().filter(|suite| suite.results.is_empty()) {
            let matching = if self.filter.is_empty() { "" } else { " that match" };
            context.output.note(&format!("{} has no tests{matching}", suite.file));
        }
        match self.json {
            true => context.output.line(&json(&suites)?),
            false => suites.iter().for_each(|suite| suite.print(context)),
        }
        if let Some(path) = &self.junit {
            let unwritable = |error| format!("{} cannot be written: {error}", path.display());
            std::fs::write(path, junit::document(&suites))
                .map_err(|error| Failure::usage(unwritable(error)))?;
        }
        let mut results = suites.iter().flat_map(|suite| &suite.results);
        Ok(Exit::from(results.all(TestResult::passed)))
    }

    fn suite(&self, context: &Context, path: &Path) -> Result<Suite, Failure> {
        let file = path.display().to_string();
        let settings = context.settings(std::slice::from_ref(&path.to_path_buf()))?;
        let (strategies, services) = settings.strategies()?;
        let checked = check_file(path, &strategies)
            .map_err(|error| load::refused(context, &error))?;
        let sources = Arc::clone(&checked.sources);
        let policy = compile(&file, checked).map_err(|error| load::refused(context, &error))?;
        let results = run(policy, &self.filter, &services).map_err(Failure::usage)?;
        Ok(Suite { file, sources, results })
    }
}

impl Suite {
    fn print(&self, context: &Context) {
        for result in &self.results {
            let mark = if result.passed() { paint::paint(32, "✓") } else { paint::paint(31, "✗") };
            context.output.line(&format!("{mark} {}", paint::inline(&result.title, 200)));
            for failure in &result.failures {
                self.print_failure(context, failure);
            }
        }
        let failed = self.results.iter().filter(|result| !result.passed()).count();
        let passed = self.results.len() - failed;
        if !self.results.is_empty() {
            context.output.line(&format!("{}: {passed} passed, {failed} failed", self.file));
        }
    }

    fn print_failure(&self, context: &Context, failure: &TestFailure) {
        let (line, _) = self.sources.position(failure.span);
        let place = format!("  {}:{line}", self.file);
        let source = paint::inline(&self.source(failure.span), 160);
        context.output.line(&format!("{}  {source}", paint::dim(&place)));
        if let Some(round) = failure.round {
            context.output.line(&format!("    in round {round}:"));
        }
        let problem = failure.problem.to_string();
        context.output.line(&format!("    {}", paint::inline(&problem, 600)));
    }

    /// The step's first line as written.
    fn source(&self, span: Span) -> String {
        self.sources.text(span).lines().next().unwrap_or_default().trim().to_owned()
    }

    fn line(&self, span: Span) -> u32 {
        self.sources.position(span).0
    }
}

#[derive(Serialize)]
struct Results<'a> {
    schema: &'static str,
    passed: usize,
    failed: usize,
    tests: Vec<ResultJson<'a>>,
}

#[derive(Serialize)]
struct ResultJson<'a> {
    file: &'a str,
    line: u32,
    title: &'a str,
    passed: bool,
    calls: u64,
    failures: Vec<FailureJson>,
}

#[derive(Serialize)]
struct FailureJson {
    line: u32,
    source: String,
    round: Option<u64>,
    problem: String,
    decision: Option<crate::Decision>,
}

fn json(suites: &[Suite]) -> Result<String, Failure> {
    let tests: Vec<ResultJson<'_>> = suites.iter().flat_map(Suite::json).collect();
    let passed = tests.iter().filter(|test| test.passed).count();
    let failed = tests.len() - passed;
    let results = Results { schema: "fence.test/1", passed, failed, tests };
    serde_json::to_string(&results).map_err(Failure::usage)
}

impl Suite {
    fn json(&self) -> impl Iterator<Item = ResultJson<'_>> {
        self.results.iter().map(|result| ResultJson {
            file: &self.file,
            line: self.line(result.span),
            title: &result.title,
            passed: result.passed(),
            calls: result.calls,
            failures: result.failures.iter().map(|failure| self.failure(failure)).collect(),
        })
    }

    fn failure(&self, failure: &TestFailure) -> FailureJson {
        FailureJson {
            line: self.line(failure.span),
            source: self.source(failure.span),
            round: failure.round,
            problem: failure.problem.to_string(),
            decision: match &failure.problem {
                Problem::Decision { actual, .. } => Some((**actual).clone()),
                _ => None,
            },
        }
    }
}
