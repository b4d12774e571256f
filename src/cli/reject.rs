//! `fence reject`: a person's no. One is enough.

use super::desk::Place;
use super::person::{Act, person};
use super::{Context, Exit, Failure};
use crate::approvals::{RequestId, Target};
use clap::Args;

const EXAMPLE: &str = "Example:
  fence reject r_01981f7e-5c1b-7cc2-9d0e-2f1a6f3c9b11 --reason 'this list never agreed to mail'

The agent is told the reason. The same call in the same session is not asked about again.";

/// Refuse a request
#[derive(Debug, Args)]
#[command(after_help = EXAMPLE)]
pub(crate) struct Reject {
    /// The request
    #[arg(value_name = "ID", value_parser = str::parse::<RequestId>)]
    id: RequestId,
    /// Why; the agent is told
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Refuse for this person, who delegated to you
    #[arg(long = "for", value_name = "PERSON")]
    on_behalf_of: Option<String>,
    /// The version that was looked at; another one is not refused
    #[arg(long, value_name = "N")]
    version: Option<u32>,
    #[command(flatten)]
    place: Place,
}

impl Reject {
    pub(crate) fn run(self, context: &Context) -> Result<Exit, Failure> {
        let desk = self.place.act(context)?;
        let by = person(&desk, Act::answer("refuse", self.id))?;
        let on = Target { version: self.version, ..Target::id(self.id) };
        let whom = self.on_behalf_of.as_deref();
        let outcome = desk.approvals.refuse(&by, &on, whom, &self.reason).wait();
        self.place.settle(context, outcome, |view| format!("refused {}", view.id))
    }
}
