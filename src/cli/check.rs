//! `fence check`: everything that is wrong with policies, at once.
//!
//! Names must be unique among the files given, as they would be in one gate, and not all of them
//! may pass.

use super::{Context, Exit, Failure};
use crate::policies::check_file;
use crate::render::{self, Findings};
use clap::{Args, ValueEnum};
use fence_engine::check::Checked;
use fence_engine::diagnostic::{Code, Diagnostic, Severity};
use fence_engine::show::printable;
use fence_engine::span::{SourceId, Sources, Span};
use fence_engine::syntax::{self, ast};
use std::path::PathBuf;
use std::sync::Arc;

/// Find everything that is wrong with policies
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  fence check content.fence
  fence check org.fence content.fence --deny-warnings
  fence check content.fence --format sarif > fence.sarif

Exit codes: 0 no errors, 1 errors (or warnings with --deny-warnings), 2 a file cannot be read.")]
pub(crate) struct Check {
    /// Policies, or files of definitions; `-` is not read: imports need a folder
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The door the policy will stand behind
    #[arg(long, value_enum)]
    via: Option<Via>,
    /// How to print findings
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// The same as `--format json`
    #[arg(long, conflicts_with = "format")]
    json: bool,
    /// Exit with 1 also when there are only warnings
    #[arg(long)]
    deny_warnings: bool,
}

/// The doors whose limits are known. Nothing in the language is out of reach of either today.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Via {
    /// An MCP server behind `fence mcp`
    Mcp,
    /// A coding agent's hook behind `fence hook`
    Hook,
}

/// How findings are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Lines of the policy with carets
    #[default]
    Human,
    /// One JSON object
    Json,
    /// SARIF 2.1.0
    Sarif,
}

impl Check {
    pub(crate) fn run(self, context: &Context) -> Result<Exit, Failure> {
        let strategies = context.strategies(&context.settings(&self.files)?)?;
        let (mut checked, mut unreadable) = (Vec::new(), Vec::new());
        for file in &self.files {
            match check_file(file, &strategies) {
                Ok(one) => checked.push(one),
                Err(error) => unreadable.push(error),
            }
        }
        let rules = rules(&checked);
        let reports = reports(checked);
        self.print(context, &reports);
        if let Some(last) = unreadable.pop() {
            for error in unreadable {
                context.output.failure(&Failure::usage(error));
            }
            return Err(Failure::usage(last));
        }
        let errors = total(&reports, Severity::Error);
        let warnings = total(&reports, Severity::Warning);
        context.output.note(&self.summary(rules, errors, warnings));
        Ok(Exit::from(errors == 0 && (warnings == 0 || !self.deny_warnings)))
    }

    fn print(&self, context: &Context, reports: &[Findings]) {
        match self.format {
            Format::Json => context.output.line(&render::json(reports)),
            Format::Sarif => context.output.line(&render::sarif(reports)),
            Format::Human if self.json => context.output.line(&render::json(reports)),
            Format::Human => {
                for report in reports {
                    let text = render::human(&report.sources, &report.diagnostics, true);
                    context.output.raw(&text);
                }
            }
        }
    }

    /// `content.fence: 12 rules, 1 warning`
    fn summary(&self, rules: Option<usize>, errors: usize, warnings: usize) -> String {
        let what = match self.files.as_slice() {
            [one] => printable(&one.display().to_string(), 200),
            several => format!("{} files", several.len()),
        };
        let found = [(errors, "error"), (warnings, "warning")];
        let found = found.iter().filter(|(count, _)| *count > 0);
        let mut parts: Vec<String> = found.map(|(count, word)| plural(*count, word)).collect();
        match rules {
            Some(rules) => parts.insert(0, plural(rules, "rule")),
            None if errors == 0 => parts.insert(0, "definitions".to_owned()),
            None => {}
        }
        if errors + warnings == 0 {
            parts.push("nothing to report".to_owned());
        }
        format!("{what}: {}", parts.join(", "))
    }
}

/// The rules of all policies; policies with errors have none to count, nor have definitions.
fn rules(checked: &[Checked]) -> Option<usize> {
    let policies = checked.iter().filter_map(|one| one.policy.as_ref());
    policies.map(|policy| policy.rules.len()).reduce(|sum, rules| sum + rules)
}

/// `1 rule`, `2 rules`
pub(super) fn plural(count: usize, word: &str) -> String {
    match count {
        1 => format!("1 {word}"),
        _ => format!("{count} {word}s"),
    }
}

fn total(reports: &[Findings], severity: Severity) -> usize {
    reports.iter().map(|report| report.count(severity)).sum()
}

/// The findings of each file, and those that only all of them together give rise to.
fn reports(checked: Vec<Checked>) -> Vec<Findings> {
    let mut layers: Vec<(String, String)> = Vec::new();
    let (mut passing, mut judging) = (None, 0);
    let mut reports = Vec::new();
    for (index, one) in checked.into_iter().enumerate() {
        let (sources, mut diagnostics) = (one.sources, one.diagnostics);
        let file = main_file(&sources);
        let named = file.items.iter().find_map(|item| match item {
            ast::Item::Policy(policy) => Some(&policy.name),
            _ => None,
        });
        if let Some(name) = named {
            match layers.iter().find(|(known, _)| *known == name.node) {
                Some((_, first)) => diagnostics.push(same_name(name.span, &name.node, first)),
                None => layers.push((name.node.clone(), main_name(&sources))),
            }
            match passes(&file) {
                Some(span) => passing = passing.or(Some((index, span))),
                None => judging += 1,
            }
        }
        reports.push(Findings { sources, diagnostics });
    }
    if let (Some((index, span)), 0) = (passing, judging)
        && let Some(report) = reports.get_mut(index)
    {
        report.diagnostics.push(only_passing(span));
    }
    reports
}

fn main_file(sources: &Arc<Sources>) -> ast::File {
    let text = sources.get(SourceId(0)).map_or("", |main| main.text.as_str());
    syntax::parse(SourceId(0), text).file
}

fn main_name(sources: &Arc<Sources>) -> String {
    sources.get(SourceId(0)).map(|main| main.name.clone()).unwrap_or_default()
}

/// Where a policy says `default pass`.
fn passes(file: &ast::File) -> Option<Span> {
    file.items.iter().find_map(|item| match item {
        ast::Item::Default(default) if default.node == ast::DefaultEffect::Pass => {
            Some(default.span)
        }
        _ => None,
    })
}

fn same_name(span: Span, name: &str, first: &str) -> Diagnostic {
    let message = format!("the policy of `{first}` is named `{name}` too");
    Diagnostic::error(Code::DUPLICATE_NAME, span, message)
        .help("layers of one gate are told apart by their names; rename one of them")
}

fn only_passing(span: Span) -> Diagnostic {
    let message = "every policy given passes where no rule applies, so such calls are denied";
    Diagnostic::warning(Code::WARN_ONLY_PASSING, span, message)
        .help("check it together with the policy that has `default deny` or `default ask`")
}
