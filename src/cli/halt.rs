//! `fence halt`: the stop button.

use super::desk::Place;
use super::exact::word;
use super::person::{Act, person};
use super::{Context, Exit, Failure, ask};
use crate::approvals::{HaltScope, HaltView};
use clap::Args;

const EXAMPLE: &str = "Examples:
  fence halt --agent content-1 --reason 'it posts the same thing over and over'
  fence halt --session s-17 --reason 'the wrong customer'
  fence halt --yes --reason 'we are being attacked'

Every call in the scope is denied from the next one on, also those that people approved, until
`fence resume`. Without a scope everything is halted.";

/// Stop an agent, a session or everything
#[derive(Debug, Args)]
#[command(after_help = EXAMPLE)]
pub(crate) struct Halt {
    #[command(flatten)]
    scope: Scope,
    /// Why; agents are told
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Halt everything without asking back
    #[arg(long, conflicts_with_all = ["agent", "session"])]
    yes: bool,
    #[command(flatten)]
    place: Place,
}

/// What is halted or resumed.
#[derive(Clone, Debug, Args)]
pub(crate) struct Scope {
    /// This agent, and those that work for it
    #[arg(long, value_name = "AGENT", conflicts_with = "session")]
    agent: Option<String>,
    /// This session
    #[arg(long, value_name = "SESSION")]
    session: Option<String>,
}

impl Scope {
    pub(crate) fn read(&self) -> HaltScope {
        match (&self.agent, &self.session) {
            (Some(agent), _) => HaltScope::Agent(agent.clone()),
            (None, Some(session)) => HaltScope::Session(session.clone()),
            (None, None) => HaltScope::Everything,
        }
    }
}

impl Halt {
    pub(crate) fn run(self, context: &Context) -> Result<Exit, Failure> {
        let desk = self.place.act(context)?;
        let by = person(&desk, Act::stop("halt", None))?;
        let scope = self.scope.read();
        if scope == HaltScope::Everything && !self.yes && !confirmed(context)? {
            context.output.note("nothing was halted");
            return Ok(Exit::Negative);
        }
        let outcome = desk.approvals.halt(&by, scope, &self.reason).wait();
        self.place.settle(context, outcome, line)
    }
}

fn confirmed(context: &Context) -> Result<bool, Failure> {
    if !ask::is_possible() {
        let everything = "this halts every call of every agent";
        let help = "say `--yes`, or name an `--agent` or a `--session`";
        return Err(Failure::usage(everything).help(help));
    }
    context.output.note("This halts every call of every agent.");
    ask::typed(context, &["everything"])
}

/// `agent content-1: halted by ana@… since …`, and why.
pub(crate) fn line(halt: &HaltView) -> String {
    let scope = match halt.scope.split_once(' ') {
        Some((kind, id)) => format!("{kind} {}", word(id)),
        None => halt.scope.clone(),
    };
    let reason = super::exact::quoted(&halt.reason).join("\n  ");
    format!("{scope}: halted by {} since {}\n  {reason}", word(&halt.by), halt.since)
}
