//! `fence bench`: how fast the user's own policy decides.

mod calls;
mod measure;

use super::{Context, Exit, Failure, load, paint};
use clap::Args;
use indicatif::ProgressBar;
use measure::{Callers, Measure, Run};
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::time::Duration;

const EXAMPLE: &str = "Example:
  fence bench content.fence --calls calls.jsonl --db /srv/fence/fence.db

Evaluation alone, with a store in memory, and with a database at 1, 16 and 256 callers, where the
callers are threads, and tasks of a runtime as a server has them. Each run with several callers has
a twin in which every decision has a commit of its own; the two take turns, and how many times as
fast shared commits are is printed below. Databases are fresh ones in a folder of their own, beside
`--db` or where the system keeps temporary files, and are removed afterwards. Evaluations take less time than reading a clock, so they are timed
in batches: their percentiles are of averages over one batch. All others are timed one by one.
Without `--calls` there is one call for each pattern, and as many that nothing matches.";

/// Measure how fast policies decide
#[derive(Debug, Args)]
#[command(after_help = EXAMPLE)]
pub(crate) struct Bench {
    /// The policies, judging together
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Calls to decide, JSON Lines
    #[arg(long, value_name = "FILE")]
    calls: Option<PathBuf>,
    /// How long each run takes
    #[arg(long, value_name = "N", default_value = "2", value_parser = clap::value_parser!(u64).range(1..=600))]
    seconds: u64,
    /// Put the database beside this one
    #[arg(long, value_name = "FILE")]
    db: Option<PathBuf>,
    /// Results as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Results<'a> {
    schema: &'static str,
    calls: usize,
    runs: &'a [Run],
    shared: &'a [Shared],
}

/// Several callers, in threads or tasks.
const CROWDS: [Callers; 4] =
    [Callers::Threads(16), Callers::Threads(256), Callers::Tasks(16), Callers::Tasks(256)];

/// How many times as fast callers decide together as with a commit for each decision.
#[derive(Serialize)]
struct Shared {
    name: String,
    times: f64,
}

impl Bench {
    pub(crate) fn run(self, context: &Context) -> Result<Exit, Failure> {
        let loaded = load::load(context, &self.files)?;
        let calls = match &self.calls {
            Some(path) => calls::read(path)?,
            None => calls::made(&loaded.layers),
        };
        let folder = Folder::beside(self.db.as_deref())?;
        let time = Duration::from_secs(self.seconds);
        let measure = Measure { layers: &loaded.layers, calls: &calls, time };
        // Draws nothing where standard error is no terminal.
        let progress = ProgressBar::new(3 + 2 * CROWDS.len() as u64);
        let step = |run: Run| {
            progress.inc(1);
            run
        };
        let mut runs = vec![
            step(measure.evaluation()?),
            step(measure.memory()?),
            step(measure.database(&folder.0, Callers::Threads(1))?),
        ];
        let mut shared = Vec::new();
        for callers in CROWDS {
            let [each, together] = measure.both(&folder.0, callers)?;
            let times = together.per_second / each.per_second;
            shared.push(Shared { name: callers.to_string(), times });
            runs.extend([step(each), step(together)]);
        }
        progress.finish_and_clear();
        drop(folder);
        match self.json {
            true => {
                let (calls, runs, shared) = (calls.len(), &runs, &shared);
                let results = Results { schema: "fence.bench/1", calls, runs, shared };
                let json = serde_json::to_string(&results).map_err(Failure::usage)?;
                context.output.line(&json);
            }
            false => self.print(context, calls.len(), &runs, &shared),
        }
        Ok(Exit::Positive)
    }

    fn print(&self, context: &Context, calls: usize, runs: &[Run], shared: &[Shared]) {
        let origin = match &self.calls {
            Some(path) => format!("of {}", path.display()),
            None => "made from the policies' own patterns, half of them misses".to_owned(),
        };
        context.output.line(&format!("{calls} calls {origin}"));
        let head = format!(
            "{:<30} {:>14} {:>10} {:>10} {:>10}  spread",
            "", "decisions/s", "p50", "p99", "p99.9"
        );
        context.output.line(&paint::dim(&head));
        for run in runs {
            let [p50, p99, p999] = [run.p50_ns, run.p99_ns, run.p999_ns].map(shown);
            let line = format!(
                "{:<30} {:>14.0} {p50:>10} {p99:>10} {p999:>10}  {}",
                run.name, run.per_second, run.spread
            );
            context.output.line(&line);
        }
        for Shared { name, times } in shared {
            context.output.line(&format!("{name}: {times:.1} times the rate of one commit each"));
        }
    }
}

/// Nanoseconds for reading: `184 ns`, `12.3 µs`, `4.56 ms`.
fn shown(nanos: f64) -> String {
    match nanos {
        n if n < 1e3 => format!("{n:.0} ns"),
        n if n < 1e6 => format!("{:.1} µs", n / 1e3),
        n => format!("{:.2} ms", n / 1e6),
    }
}

/// A folder of our own, removed when we are done.
struct Folder(PathBuf);

impl Folder {
    fn beside(db: Option<&Path>) -> Result<Self, Failure> {
        let place = match db {
            Some(db) => db.parent().unwrap_or(Path::new(".")).to_path_buf(),
            None => std::env::temp_dir(),
        };
        let folder = place.join(format!("fence-bench-{}", uuid::Uuid::new_v4()));
        std::fs::create_dir(&folder).map_err(|error| {
            Failure::usage(format!("{} cannot be created: {error}", folder.display()))
        })?;
        Ok(Self(folder))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What cannot be removed is no reason to lose the results.
        drop(std::fs::remove_dir_all(&self.0));
    }
}
