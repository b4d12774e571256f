//! `fence delegate`: for a time, somebody else votes for you as well.

use super::delegations::line;
use super::desk::Place;
use super::moment::Coming;
use super::person::{Act, Who, person};
use super::{Context, Exit, Failure};
use crate::clock::{Clock as _, SystemClock};
use clap::Args;

const EXAMPLE: &str = "Examples:
  fence delegate --to bo@example.com --until 2026-08-15
  fence delegate --to bo@example.com --from 2026-08-01T08:00:00Z --until 2026-08-15T18:00:00Z
  fence delegate --to bo@example.com --until 8h

The other person then answers with `fence approve ID --for you@example.com`; the record names both.
A vote that was delegated cannot be delegated again. Times are `8h` (from now), a date, or RFC 3339.";

/// Let somebody vote for you for a time
#[derive(Debug, Args)]
#[command(after_help = EXAMPLE)]
pub(crate) struct Delegate {
    /// Who is to vote for you
    #[arg(long, value_name = "PERSON")]
    to: String,
    /// From when [default: now]
    #[arg(long, value_name = "TIME", value_parser = Coming::parse)]
    from: Option<Coming>,
    /// Until when
    #[arg(long, value_name = "TIME", value_parser = Coming::parse)]
    until: Coming,
    #[command(flatten)]
    place: Place,
}

impl Delegate {
    pub(crate) fn run(self, context: &Context) -> Result<Exit, Failure> {
        let desk = self.place.act(context)?;
        let act = Act { what: "delegate", on: None, who: Who::Approver };
        let by = person(&desk, act)?;
        let now = SystemClock.now();
        let from = self.from.map_or(now, |from| from.after(now));
        let outcome = desk.approvals.delegate(&by, &self.to, from, self.until.after(now)).wait();
        self.place.settle(context, outcome, line)
    }
}
