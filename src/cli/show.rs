//! `fence show`: one request in full, as the gate knows it.

use super::desk::Place;
use super::{Context, Exit, Failure, card};
use crate::approvals::RequestId;
use clap::Args;

const EXAMPLE: &str = "Examples:
  fence show r_01981f7e-5c1b-7cc2-9d0e-2f1a6f3c9b11
  fence show r_01981f7e-5c1b-7cc2-9d0e-2f1a6f3c9b11 --version 1 --json

Every argument is shown in full; what is long goes on after `↳`. Whatever a terminal would obey, or
nobody can see, stands as `\\u…`. What the agent says of its own call is marked as its claim.";

/// Show one request for approval in full
#[derive(Debug, Args)]
#[command(after_help = EXAMPLE)]
pub(crate) struct Show {
    /// The request
    #[arg(value_name = "ID", value_parser = str::parse::<RequestId>)]
    id: RequestId,
    /// This version of it [default: the newest]
    #[arg(long, value_name = "N")]
    version: Option<u32>,
    #[command(flatten)]
    place: Place,
}

impl Show {
    pub(crate) fn run(self, context: &Context) -> Result<Exit, Failure> {
        let desk = self.place.look(context)?;
        let view = desk.request(context, self.id, self.version)?;
        self.place.print(context, &view, || card::of(&view))?;
        Ok(Exit::Positive)
    }
}
