//! `fence grants`: approvals that cover later calls; listed, and taken back.

use super::desk::{Place, json};
use super::exact::{prose, word, words};
use super::person::{Act, person};
use super::{Context, Exit, Failure, paint};
use crate::approvals::GrantView;
use clap::{Args, Subcommand};

const EXAMPLE: &str = "Examples:
  fence grants
  fence grants revoke g_01981f7e-5c1b-7cc2-9d0e-2f1a6f3c9b11 --reason 'the campaign is over'

A grant is given with `fence approve ID --grant …`, as far as the rule offers it.";

/// List the grants that last, or take one back
#[derive(Debug, Args)]
#[command(after_help = EXAMPLE)]
pub(crate) struct Grants {
    #[command(subcommand)]
    action: Option<Action>,
    #[command(flatten)]
    place: Place,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Take a grant back: the next call it would cover is asked about again
    #[command(after_help = EXAMPLE)]
    Revoke {
        /// The grant, as listed
        #[arg(value_name = "ID")]
        id: String,
        /// Why
        #[arg(long, value_name = "TEXT")]
        reason: String,
    },
}

impl Grants {
    pub(crate) fn run(self, context: &Context) -> Result<Exit, Failure> {
        let Some(Action::Revoke { id, reason }) = self.action else {
            return self.list(context);
        };
        let desk = self.place.act(context)?;
        let by = person(&desk, Act::stop("revoke-grant", None))?;
        let outcome = desk.approvals.revoke_grant(&by, &id, &reason).wait();
        self.place.settle(context, outcome, |grant| format!("revoked {}", grant.id))
    }

    fn list(&self, context: &Context) -> Result<Exit, Failure> {
        let grants = self.place.look(context)?.approvals.grants().map_err(Failure::usage)?;
        for grant in &grants {
            match self.place.json {
                true => context.output.line(&json(grant)?),
                false => context.output.line(&lines(grant)),
            }
        }
        if grants.is_empty() {
            context.output.note("no grant lasts");
        }
        Ok(Exit::Positive)
    }
}

/// What a grant covers does not fit into a table: nothing of it is left out.
fn lines(grant: &GrantView) -> String {
    let until = grant.until.as_deref().map(|until| format!(" until {until}"));
    let left = grant.left.map(|left| format!(", {left} calls left"));
    let session = grant.session.as_deref().map(|session| format!(" in session {}", word(session)));
    let terms = [until, session, left].into_iter().flatten().collect::<String>();
    let by = words(&grant.by);
    format!(
        "{}  by {by} at {}{terms}, {} used\n  {}",
        paint::bold(&grant.id),
        grant.given_at,
        grant.used,
        prose(&grant.covers).join("\n  "),
    )
}
