//! `fence delegations`: who votes for whom, and the end of it.

use super::desk::{Place, json};
use super::exact::word;
use super::person::{Act, Who, person};
use super::{Context, Exit, Failure};
use crate::approvals::DelegationView;
use clap::{Args, Subcommand};

const EXAMPLE: &str = "Examples:
  fence delegations
  fence delegations end d_01981f7e-5c1b-7cc2-9d0e-2f1a6f3c9b11

Either of the two people may end a delegation.";

/// List who votes for whom, or end a delegation
#[derive(Debug, Args)]
#[command(after_help = EXAMPLE)]
pub(crate) struct Delegations {
    #[command(subcommand)]
    action: Option<Action>,
    #[command(flatten)]
    place: Place,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// End a delegation before its time
    #[command(after_help = EXAMPLE)]
    End {
        /// The delegation, as listed
        #[arg(value_name = "ID")]
        id: String,
    },
}

impl Delegations {
    pub(crate) fn run(self, context: &Context) -> Result<Exit, Failure> {
        let Some(Action::End { id }) = self.action else { return self.list(context) };
        let desk = self.place.act(context)?;
        let act = Act { what: "end-delegation", on: None, who: Who::Approver };
        let by = person(&desk, act)?;
        let outcome = desk.approvals.end_delegation(&by, &id).wait();
        self.place.settle(context, outcome, |ended| format!("ended {}", ended.id))
    }

    fn list(&self, context: &Context) -> Result<Exit, Failure> {
        let desk = self.place.look(context)?;
        let delegations = desk.approvals.delegations().map_err(Failure::usage)?;
        for delegation in &delegations {
            match self.place.json {
                true => context.output.line(&json(delegation)?),
                false => context.output.line(&line(delegation)),
            }
        }
        if delegations.is_empty() {
            context.output.note("nobody votes for somebody else");
        }
        Ok(Exit::Positive)
    }
}

/// `d_…  bo@… votes for ana@… from … until …`
pub(crate) fn line(view: &DelegationView) -> String {
    let DelegationView { id, from_person, to_person, from, until } = view;
    let (to, whom) = (word(to_person), word(from_person));
    format!("{id}  {to} votes for {whom} from {from} until {until}")
}
