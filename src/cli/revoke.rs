//! `fence revoke`: an approval is taken back before it is used.

use super::desk::Place;
use super::person::{Act, person};
use super::{Context, Exit, Failure};
use crate::approvals::{RequestId, Target};
use clap::Args;

const EXAMPLE: &str = "Example:
  fence revoke r_01981f7e-5c1b-7cc2-9d0e-2f1a6f3c9b11 --reason 'the campaign was called off'

A call that was made already cannot be taken back.";

/// Take an approval back before it is used
#[derive(Debug, Args)]
#[command(after_help = EXAMPLE)]
pub(crate) struct Revoke {
    /// The request
    #[arg(value_name = "ID", value_parser = str::parse::<RequestId>)]
    id: RequestId,
    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: String,
    #[command(flatten)]
    place: Place,
}

impl Revoke {
    pub(crate) fn run(self, context: &Context) -> Result<Exit, Failure> {
        let desk = self.place.act(context)?;
        let by = person(&desk, Act::stop("revoke", Some(self.id)))?;
        let outcome = desk.approvals.revoke(&by, &Target::id(self.id), &self.reason).wait();
        self.place.settle(context, outcome, |view| format!("revoked {}", view.id))
    }
}
