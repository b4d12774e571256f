//! The log as a table for people.

use super::{Logged, effect};
use crate::Decision;
use crate::cli::paint::inline;
use comfy_table::{Cell, Color, ContentArrangement, Table, presets};
use fence_engine::decision::Effect;

/// The decisions, framed and coloured on a terminal, in plain columns elsewhere.
pub(super) fn of(entries: &[Logged], terminal: bool) -> String {
    let mut table = Table::new();
    if terminal {
        table.load_style(presets::UTF8_HORIZONTAL_ONLY).enforce_styling();
        table.set_content_arrangement(ContentArrangement::Dynamic);
    } else {
        table.load_style(presets::NOTHING).force_no_tty();
    }
    table.set_header(["time", "decision", "tool", "agent", "rule", "why", "request"]);
    for logged in entries {
        table.add_row(row(logged));
    }
    table.trim_fmt()
}

fn row(logged: &Logged) -> [Cell; 7] {
    let entry = &logged.entry;
    let effect = effect(logged);
    let decision: Option<Decision> = serde_json::from_str(&entry.body).ok();
    let request = decision.as_ref().and_then(|decision| decision.request.as_ref());
    let request = request.map(|request| request.id.clone()).unwrap_or_default();
    let color = match effect {
        Effect::Allow => Color::Green,
        Effect::Ask => Color::Yellow,
        Effect::Deny => Color::Red,
    };
    [
        Cell::new(entry.at),
        Cell::new(effect).fg(color),
        Cell::new(inline(&entry.tool, 80)),
        Cell::new(inline(entry.agent.as_deref().unwrap_or(""), 40)),
        Cell::new(inline(entry.rule.as_deref().unwrap_or("default"), 60)),
        Cell::new(decision.map(why).unwrap_or_default()),
        Cell::new(inline(&request, 60)),
    ]
}

/// What released it, else why in words, else what would change it.
fn why(decision: Decision) -> String {
    let text = decision.auto.or(decision.because).or(decision.nearest).unwrap_or_default();
    inline(&text, 160)
}
