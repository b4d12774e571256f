//! `fence halts`: what is stopped, since when and why.

use super::desk::{Place, json};
use super::{Context, Exit, Failure, halt};
use clap::Args;

const EXAMPLE: &str = "Example:
  fence halts --json

A session is also halted by Fence itself, after people refused its requests again and again.";

/// List what is halted
#[derive(Debug, Args)]
#[command(after_help = EXAMPLE)]
pub(crate) struct Halts {
    #[command(flatten)]
    place: Place,
}

impl Halts {
    pub(crate) fn run(self, context: &Context) -> Result<Exit, Failure> {
        let halts = self.place.look(context)?.approvals.halts().map_err(Failure::usage)?;
        for halted in &halts {
            match self.place.json {
                true => context.output.line(&json(halted)?),
                false => context.output.line(&halt::line(halted)),
            }
        }
        if halts.is_empty() {
            context.output.note("nothing is halted");
        }
        Ok(Exit::Positive)
    }
}
