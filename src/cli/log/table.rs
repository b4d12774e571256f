//! The log as a table for people.

use super::{Logged, effect};
use crate::Decision;
use crate::cli::paint::inline;
use comfy_table::{Cell, Color, ContentArrangement, Table, presets};
use fence_engine::decision::Effect;

/// So many columns a terminal has that shows ids of requests.
const ROOM: u16 = 140;

/// The decisions, framed and coloured on a terminal, in plain columns elsewhere.
pub(super) fn of(entries: &[Logged], terminal: bool) -> String {
    let mut table = Table::new();
    if terminal {
        table.load_style(presets::UTF8_HORIZONTAL_ONLY).enforce_styling();
        table.set_content_arrangement(ContentArrangement::Dynamic);
    } else {
        table.load_style(presets::NOTHING).force_no_tty();
    }
    // An id in pieces helps nobody: on a terminal it needs the room.
    let has_room = !terminal || table.width().is_some_and(|width| width >= ROOM);
    let rows: Vec<Row> = entries.iter().map(row).collect();
    let requests = has_room && rows.iter().any(|row| row.request.is_some());
    let header = ["time", "decision", "tool", "agent", "rule", "why"];
    table.set_header(header.into_iter().chain(requests.then_some("request")));
    for row in rows {
        let request = requests.then(|| Cell::new(row.request.unwrap_or_default()));
        table.add_row(row.cells.into_iter().chain(request));
    }
    table.trim_fmt()
}

/// One decision; the request for approval stands apart.
struct Row {
    cells: [Cell; 6],
    request: Option<String>,
}

fn row(logged: &Logged) -> Row {
    let entry = &logged.entry;
    let effect = effect(logged);
    let decision: Option<Decision> = serde_json::from_str(&entry.body).ok();
    let request = decision.as_ref().and_then(|decision| decision.request.as_ref());
    let request = request.map(|request| inline(&request.id, 60));
    let color = match effect {
        Effect::Allow => Color::Green,
        Effect::Ask => Color::Yellow,
        Effect::Deny => Color::Red,
    };
    let cells = [
        Cell::new(entry.at),
        Cell::new(effect).fg(color),
        Cell::new(inline(&entry.tool, 80)),
        Cell::new(inline(entry.agent.as_deref().unwrap_or(""), 40)),
        Cell::new(inline(entry.rule.as_deref().unwrap_or("default"), 60)),
        Cell::new(decision.map(why).unwrap_or_default()),
    ];
    Row { cells, request }
}

/// What released it, else why in words, else what would change it.
fn why(decision: Decision) -> String {
    let text = decision.auto.or(decision.because).or(decision.nearest).unwrap_or_default();
    inline(&text, 160)
}
