//! `fence log`: the decision log, one decision in full, and decisions made again.

mod csv;
mod events;
mod replay;
mod show;
mod table;

use super::lines::Lines;
use super::moment::Past;
use super::{Context, Exit, Failure, exact, load};
use crate::clock::{Clock as _, SystemClock};
use crate::store::{LogQuery, Logged, Store, StoreError};
use clap::{Args, Subcommand};
use fence_engine::decision::Effect;
use fence_engine::pattern::{Name, NamePattern};
use std::collections::VecDeque;
use std::path::PathBuf;
use uuid::Uuid;

/// How many of the newest decisions a table shows unless told otherwise.
const TABLE_ROWS: u64 = 100;

const EXAMPLE: &str = "Examples:
  fence log --since 2h --decision deny
  fence log --tool 'mail/*' --json | jq .because
  fence log show 01981f7e-5c1b-7cc2-9d0e-2f1a6f3c9b11
  fence log replay --all

Times are `2h`, `3d` (ago), a date, or RFC 3339. A table shows the newest 100 decisions unless
`--limit` says otherwise; JSON and CSV give all, oldest first.";

/// Read the decision log
#[derive(Debug, Args)]
#[command(after_help = EXAMPLE)]
pub(crate) struct Log {
    #[command(subcommand)]
    action: Option<Action>,
    /// The database
    #[arg(long, global = true, value_name = "FILE")]
    db: Option<PathBuf>,
    /// Results as JSON Lines: the records as they are stored
    #[arg(long, global = true)]
    json: bool,
    /// Results as CSV
    #[arg(long)]
    csv: bool,
    #[command(flatten)]
    filter: Filter,
}

#[derive(Debug, Subcommand)]
enum Action {
    Show(show::Show),
    Replay(replay::Replay),
    Events(events::Events),
}

/// Which decisions are wanted.
#[derive(Debug, Args)]
struct Filter {
    /// Decided at or after this time
    #[arg(long, value_name = "TIME", value_parser = Past::parse)]
    since: Option<Past>,
    /// Decided before this time
    #[arg(long, value_name = "TIME", value_parser = Past::parse)]
    until: Option<Past>,
    /// Of this tool, or of tools like this pattern
    #[arg(long, value_name = "PATTERN", value_parser = NamePattern::parse)]
    tool: Option<NamePattern>,
    /// By this agent
    #[arg(long, value_name = "AGENT")]
    agent: Option<String>,
    /// `allow`, `ask` or `deny`
    #[arg(long, value_name = "DECISION", value_parser = str::parse::<Effect>)]
    decision: Option<Effect>,
    /// Decided by this rule
    #[arg(long, value_name = "RULE")]
    rule: Option<String>,
    /// At most so many, the newest ones
    #[arg(long, value_name = "N")]
    limit: Option<u64>,
}

impl Log {
    pub(crate) fn run(self, context: &Context) -> Result<Exit, Failure> {
        if self.csv && (self.json || self.action.is_some()) {
            return Err(Failure::usage("`--csv` lists decisions: leave the rest out"));
        }
        let store = load::reading(context, &[], self.db.as_deref())?;
        match &self.action {
            Some(Action::Show(show)) => show.run(context, &store, self.json),
            Some(Action::Replay(replay)) => replay.run(context, &store, self.json),
            Some(Action::Events(events)) => events.run(context, &store, self.json),
            None => self.list(context, &store).map(|()| Exit::Positive),
        }
    }

    fn list(&self, context: &Context, store: &dyn Store) -> Result<(), Failure> {
        let mut lines = Lines::new(context);
        if self.csv {
            lines.line(csv::HEADER);
            self.filter.visit(store, None, &mut |logged| lines.line(&csv::row(&logged)))?;
        } else if self.json {
            let escape = context.output.is_terminal();
            let mut line = |logged: Logged| match escape {
                true => lines.line(&exact::escaped(&logged.entry.body)),
                false => lines.line(&logged.entry.body),
            };
            self.filter.visit(store, None, &mut line)?;
        } else {
            let mut entries = Vec::new();
            let mut keep = |logged: Logged| entries.push(logged);
            self.filter.visit(store, Some(TABLE_ROWS), &mut keep)?;
            lines.line(&table::of(&entries, context.output.is_terminal()));
        }
        lines.flush();
        Ok(())
    }
}

impl Filter {
    /// Each wanted decision, oldest first.
    fn visit(
        &self,
        store: &dyn Store,
        rows: Option<u64>,
        visit: &mut dyn FnMut(Logged),
    ) -> Result<(), Failure> {
        let limit = self.limit.or(rows);
        self.select(store, limit, visit).map_err(Failure::usage)
    }

    /// The index knows single tools; a pattern is looked for decision by decision.
    fn select(
        &self,
        store: &dyn Store,
        limit: Option<u64>,
        visit: &mut dyn FnMut(Logged),
    ) -> Result<(), StoreError> {
        let pattern = self.tool.as_ref().filter(|tool| tool.is_literal().is_none());
        let query = self.query(limit.filter(|_| pattern.is_none()));
        let Some(pattern) = pattern else {
            return store.log(&query, &mut |logged| {
                visit(logged);
                true
            });
        };
        let most = limit.and_then(|limit| usize::try_from(limit).ok());
        let mut newest = VecDeque::new();
        store.log(&query, &mut |logged| {
            if matches(pattern, &logged) {
                match most {
                    None => visit(logged),
                    Some(_) => newest.push_back(logged),
                }
                if most.is_some_and(|most| newest.len() > most) {
                    newest.pop_front();
                }
            }
            true
        })?;
        newest.into_iter().for_each(visit);
        Ok(())
    }

    fn query(&self, limit: Option<u64>) -> LogQuery {
        let now = SystemClock.now();
        let literal = self.tool.as_ref().and_then(NamePattern::is_literal);
        LogQuery {
            since: self.since.map(|since| since.before(now)),
            until: self.until.map(|until| until.before(now)),
            tool: literal.map(str::to_owned),
            agent: self.agent.clone(),
            decision: self.decision.map(|effect| effect as u8),
            rule: self.rule.clone(),
            limit,
            ..LogQuery::default()
        }
    }
}

/// As a tightening pattern: any case, and any server where the pattern names none.
fn matches(pattern: &NamePattern, logged: &Logged) -> bool {
    Name::parse(&logged.entry.tool).is_ok_and(|name| pattern.matches_tightening(&name))
}

/// The effect a log entry stands for.
fn effect(logged: &Logged) -> Effect {
    match logged.entry.decision {
        0 => Effect::Allow,
        1 => Effect::Ask,
        _ => Effect::Deny,
    }
}

fn id(logged: &Logged) -> Uuid {
    Uuid::from_bytes(logged.entry.id)
}

#[cfg(test)]
mod tests {
    use crate::cli::Cli;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }
}
