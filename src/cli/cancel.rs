//! `fence cancel`: a request that is no longer wanted ends without anybody's refusal.

use super::desk::Place;
use super::person::{Act, person};
use super::{Context, Exit, Failure};
use crate::approvals::{Canceller, RequestId};
use clap::Args;

const EXAMPLE: &str = "Example:
  fence cancel r_01981f7e-5c1b-7cc2-9d0e-2f1a6f3c9b11 --reason 'done by hand'

The agent may ask again; after `fence reject` it may not.";

/// End a request that is no longer wanted
#[derive(Debug, Args)]
#[command(after_help = EXAMPLE)]
pub(crate) struct Cancel {
    /// The request
    #[arg(value_name = "ID", value_parser = str::parse::<RequestId>)]
    id: RequestId,
    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: String,
    #[command(flatten)]
    place: Place,
}

impl Cancel {
    pub(crate) fn run(self, context: &Context) -> Result<Exit, Failure> {
        let desk = self.place.act(context)?;
        let by = person(&desk, Act::stop("cancel", Some(self.id)))?;
        let by = Canceller::Person(by);
        let outcome = desk.approvals.cancel(&by, self.id, &self.reason).wait();
        self.place.settle(context, outcome, |view| format!("cancelled {}", view.id))
    }
}
