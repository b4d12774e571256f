//! `fence resume`: what was halted goes on.

use super::desk::Place;
use super::halt::Scope;
use super::person::{Act, person};
use super::{Context, Exit, Failure};
use clap::Args;
use serde::Serialize;

const EXAMPLE: &str = "Examples:
  fence resume --agent content-1 --reason 'the loop is repaired'
  fence resume --reason 'the attack is over'

Without a scope the halt of everything ends; those of single agents and sessions stay. The exit code
is 1 where nothing was halted.";

/// Let what was halted go on
#[derive(Debug, Args)]
#[command(after_help = EXAMPLE)]
pub(crate) struct Resume {
    #[command(flatten)]
    scope: Scope,
    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: String,
    #[command(flatten)]
    place: Place,
}

#[derive(Serialize)]
struct Resumed {
    resumed: bool,
}

impl Resume {
    pub(crate) fn run(self, context: &Context) -> Result<Exit, Failure> {
        let desk = self.place.act(context)?;
        let by = person(&desk, Act::stop("resume", None))?;
        let outcome = desk.approvals.resume(&by, self.scope.read(), &self.reason).wait();
        if let Ok(false) = outcome {
            self.place.print(context, &Resumed { resumed: false }, || {
                "nothing was halted here: see `fence halts`".to_owned()
            })?;
            return Ok(Exit::Negative);
        }
        let outcome = outcome.map(|resumed| Resumed { resumed });
        self.place.settle(context, outcome, |_| "resumed".to_owned())
    }
}
