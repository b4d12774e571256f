//! `fence log replay`: recorded decisions made again, from their records alone.

use super::{Logged, effect, id};
use crate::cli::lines::Lines;
use crate::cli::paint;
use crate::cli::{Context, Exit, Failure};
use crate::replay::{Difference, ReplayError, Replayed, Replayer};
use crate::store::{LogQuery, Store};
use clap::Args;
use serde::Serialize;
use uuid::Uuid;

const EXAMPLE: &str = "Example:
  fence log replay --all

Each decision is judged again by the policies it was made under, with the facts it was made of.
The exit code is 1 when a decision comes out otherwise or cannot be judged again.";

/// Make recorded decisions again and compare
#[derive(Debug, Args)]
#[command(after_help = EXAMPLE)]
pub(super) struct Replay {
    /// The decisions
    #[arg(value_name = "ID", required_unless_present = "all")]
    ids: Vec<Uuid>,
    /// Every decision in the log
    #[arg(long, conflicts_with = "ids")]
    all: bool,
}

/// What came of one decision.
#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
enum Outcome {
    Same,
    Differs(Vec<Difference>),
    Unjudged,
    Failed(String),
}

#[derive(Default)]
struct Count {
    same: u64,
    differs: u64,
    unjudged: u64,
    failed: u64,
}

impl Replay {
    pub(super) fn run(
        &self,
        context: &Context,
        store: &dyn Store,
        json: bool,
    ) -> Result<Exit, Failure> {
        let strategies = context.strategies(&context.settings(&[])?)?;
        let mut replayer = Replayer::new(store, &strategies);
        let (mut lines, mut count) = (Lines::new(context), Count::default());
        let mut replay = |logged: Logged| {
            let outcome = outcome(replayer.replay(&logged.entry.body));
            count.add(&outcome);
            print(&mut lines, &logged, &outcome, json);
        };
        if self.all {
            let mut visit = |logged| {
                replay(logged);
                true
            };
            store.log(&LogQuery::default(), &mut visit).map_err(Failure::usage)?;
        }
        for wanted in &self.ids {
            let found = store.entry(wanted.into_bytes()).map_err(Failure::usage)?;
            replay(found.ok_or_else(|| Failure::usage(format!("there is no decision {wanted}")))?);
        }
        if !json {
            lines.line(&count.summary());
        }
        lines.flush();
        Ok(Exit::from(count.differs + count.failed == 0))
    }
}

fn outcome(replayed: Result<Replayed, ReplayError>) -> Outcome {
    match replayed {
        Ok(Replayed::Same) => Outcome::Same,
        Ok(Replayed::Differs(differences)) => Outcome::Differs(differences),
        Ok(Replayed::Unjudged) => Outcome::Unjudged,
        Err(error) => Outcome::Failed(error.to_string()),
    }
}

impl Count {
    fn add(&mut self, outcome: &Outcome) {
        match outcome {
            Outcome::Same => self.same += 1,
            Outcome::Differs(_) => self.differs += 1,
            Outcome::Unjudged => self.unjudged += 1,
            Outcome::Failed(_) => self.failed += 1,
        }
    }

    fn summary(&self) -> String {
        let Self { same, differs, unjudged, failed } = self;
        let mut text = format!("{same} the same, {differs} different");
        if *failed > 0 {
            text += &format!(", {failed} that cannot be judged again");
        }
        if *unjudged > 0 {
            text += &format!(", {unjudged} skipped: malformed calls and reused call ids");
        }
        text
    }
}

/// People are told of what is not the same.
fn print(lines: &mut Lines, logged: &Logged, outcome: &Outcome, json: bool) {
    #[derive(Serialize)]
    struct Line<'a> {
        id: String,
        outcome: &'a Outcome,
    }
    let id = id(logged);
    if json {
        lines.line(&serde_json::to_string(&Line { id: id.to_string(), outcome }).unwrap_or_default());
        return;
    }
    let what = format!("{id}  {}  {}", paint::effect(effect(logged), 5), logged.entry.tool);
    match outcome {
        Outcome::Same | Outcome::Unjudged => {}
        Outcome::Failed(why) => lines.line(&format!("{what}\n  {}", paint::inline(why, 400))),
        Outcome::Differs(differences) => {
            lines.line(&what);
            for Difference { field, recorded, again } in differences {
                let text = format!("{field}: recorded {recorded}, now {again}");
                lines.line(&format!("  {}", paint::inline(&text, 600)));
            }
        }
    }
}
