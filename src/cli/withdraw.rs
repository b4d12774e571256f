//! `fence withdraw`: a person takes the own vote back, while the request still waits.

use super::desk::Place;
use super::person::{Act, person};
use super::{Context, Exit, Failure};
use crate::approvals::{RequestId, Target};
use clap::Args;

const EXAMPLE: &str = "Example:
  fence withdraw r_01981f7e-5c1b-7cc2-9d0e-2f1a6f3c9b11

Once enough people agreed there is no vote to take back: `fence revoke` takes the approval back.";

/// Take your vote back
#[derive(Debug, Args)]
#[command(after_help = EXAMPLE)]
pub(crate) struct Withdraw {
    /// The request
    #[arg(value_name = "ID", value_parser = str::parse::<RequestId>)]
    id: RequestId,
    #[command(flatten)]
    place: Place,
}

impl Withdraw {
    pub(crate) fn run(self, context: &Context) -> Result<Exit, Failure> {
        let desk = self.place.act(context)?;
        let by = person(&desk, Act::answer("withdraw", self.id))?;
        let outcome = desk.approvals.withdraw_vote(&by, &Target::id(self.id)).wait();
        self.place.settle(context, outcome, |view| format!("your vote on {} is gone", view.id))
    }
}
