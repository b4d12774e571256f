//! `fence pending`: what waits for people, the next deadline first.

use super::desk::{Desk, Place, json, left};
use super::exact::word;
use super::paint::inline;
use super::{Context, Exit, Failure, card};
use crate::approvals::{NeedView, RequestQuery, RequestSummary};
use crate::clock::{Clock as _, SystemClock};
use clap::Args;
use comfy_table::{ColumnConstraint, ContentArrangement, Table, presets};
use fence_engine::approval::RequestState;
use fence_engine::scalar::Timestamp;
use serde::Serialize;

const EXAMPLE: &str = "Examples:
  fence pending
  fence pending --agent content-1 --json
  fence pending --state approved
  fence pending --all --tool email_send

What waits comes with the next deadline first; of others the newest comes first. `fence show ID`
shows a request in full.";

/// List the requests that wait for people
#[derive(Debug, Args)]
#[command(after_help = EXAMPLE)]
pub(crate) struct Pending {
    #[command(flatten)]
    place: Place,
    /// Those that have ended, too
    #[arg(long, conflicts_with = "state")]
    all: bool,
    /// In this state: `approved`, `denied`, `expired`, …
    #[arg(long, value_name = "STATE", value_parser = state)]
    state: Vec<RequestState>,
    /// Of this agent
    #[arg(long, value_name = "AGENT")]
    agent: Option<String>,
    /// For this tool
    #[arg(long, value_name = "TOOL")]
    tool: Option<String>,
    /// That this rule asks for
    #[arg(long, value_name = "RULE")]
    rule: Option<String>,
    /// Whose record holds this text
    #[arg(long, value_name = "TEXT")]
    text: Option<String>,
    /// At most so many (50; 500 at most)
    #[arg(long, value_name = "N")]
    limit: Option<u32>,
}

fn state(text: &str) -> Result<RequestState, String> {
    let states = RequestState::TABLE.map(|(_, word)| word).join(", ");
    text.parse().map_err(|_| format!("a state is one of: {states}"))
}

/// One request in a result.
#[derive(Serialize)]
struct Row {
    #[serde(flatten)]
    summary: RequestSummary,
    /// Who must still agree.
    waits_for: Vec<String>,
}

impl Pending {
    pub(crate) fn run(self, context: &Context) -> Result<Exit, Failure> {
        let desk = self.place.look(context)?;
        let query = RequestQuery {
            states: self.state,
            all: self.all,
            agent: self.agent,
            tool: self.tool,
            rule: self.rule,
            text: self.text,
            limit: self.limit,
            ..RequestQuery::default()
        };
        let page = desk.approvals.list(&query).map_err(Failure::usage)?;
        let rows = page.items.into_iter().map(|summary| row(&desk, summary));
        let rows = rows.collect::<Result<Vec<_>, _>>()?;
        if self.place.json {
            for row in &rows {
                context.output.line(&json(row)?);
            }
        } else if rows.is_empty() {
            context.output.note("no request waits for people");
        } else {
            context.output.line(&table(&rows, context.output.is_terminal()));
        }
        if page.next.is_some() {
            context.output.note("there are more: see `--limit`");
        }
        Ok(Exit::Positive)
    }
}

fn row(desk: &Desk, summary: RequestSummary) -> Result<Row, Failure> {
    let mut waits_for = Vec::new();
    if let ("pending", Ok(id)) = (summary.state, summary.id.parse()) {
        let view = desk.approvals.get(id).map_err(Failure::usage)?;
        waits_for = view.needs.iter().filter_map(waiting).collect();
    }
    Ok(Row { summary, waits_for })
}

/// `1 of editors` where so many are missing and asked by now.
fn waiting(need: &NeedView) -> Option<String> {
    let now = SystemClock.now();
    let due =
        need.escalation_at.as_deref().map(|at| Timestamp::parse(at).is_some_and(|at| at <= now));
    let missing = NeedView { count: need.missing, ..need.clone() };
    match due {
        _ if need.missing == 0 => None,
        None => Some(card::seat(&missing)),
        Some(true) => Some(format!("or {}", card::seat(&missing))),
        Some(false) => None,
    }
}

fn table(rows: &[Row], terminal: bool) -> String {
    let mut table = Table::new();
    if terminal {
        table.load_style(presets::UTF8_HORIZONTAL_ONLY).enforce_styling();
        table.set_content_arrangement(ContentArrangement::Dynamic);
    } else {
        table.load_style(presets::NOTHING).force_no_tty();
    }
    // Ids are copied, so they stay whole; where that leaves little room, less is said.
    if terminal && table.width().is_none_or(|width| width < ROOM) {
        table.set_header(["request", "what", "waits for"]);
        table.add_rows(rows.iter().map(Row::narrow));
    } else {
        table.set_header(["request", "version", "tool", "agent", "rule", "waits for", "time left"]);
        table.add_rows(rows.iter().map(Row::wide));
    }
    if let Some(ids) = table.column_mut(0) {
        ids.set_constraint(ColumnConstraint::ContentWidth);
    }
    table.trim_fmt()
}

/// So many columns a terminal has that shows everything.
const ROOM: u16 = 110;

impl Row {
    /// The people who must still agree and the time they have; of an ended one its state.
    fn waits(&self) -> (String, String) {
        match self.summary.state {
            "pending" => (inline(&self.waits_for.join(", "), 120), left(&self.summary.expires_at)),
            state => (state.to_owned(), String::new()),
        }
    }

    fn agent(&self) -> String {
        inline(&word(self.summary.agent.as_deref().unwrap_or("-")), 40)
    }

    fn wide(&self) -> [String; 7] {
        let (summary, (waits, left)) = (&self.summary, self.waits());
        let (tool, rule) = (inline(&summary.tool, 80), inline(&summary.rule, 60));
        let version = summary.version.to_string();
        [summary.id.clone(), version, tool, self.agent(), rule, waits, left]
    }

    fn narrow(&self) -> [String; 3] {
        let (waits, left) = self.waits();
        let left = if left.is_empty() { left } else { format!(" ({left} left)") };
        let what = format!("{} by {}", inline(&self.summary.tool, 80), self.agent());
        [self.summary.id.clone(), what, waits + &left]
    }
}
