//! A notice as a mail: plain text, and the same as simple HTML.

use crate::notify::Notice;
use crate::notify::card::{Card, Fact, Room};
use fence_engine::show::printable;
use maud::{DOCTYPE, Markup, html};

/// What a mail may hold.
const ROOM: Room = Room { value: 20_000, total: 60_000, arguments: 200 };

/// The longest subject in characters.
const SUBJECT: usize = 150;

/// The parts of a mail.
pub(super) struct Body {
    /// One line.
    pub(super) subject: String,
    /// The plain part.
    pub(super) text: String,
    /// The HTML part.
    pub(super) html: String,
}

impl Body {
    /// The notice as a mail.
    pub(super) fn of(notice: &Notice) -> Self {
        let card = Card::of(notice, ROOM);
        let next = next(notice, card.complete);
        Self {
            subject: printable(&format!("[fence] {}", card.title), SUBJECT),
            text: format!("{}\n\n{}\n\n{next}\n", card.title, card.lines().join("\n")),
            html: page(&card, notice.link.as_deref(), &next).into_string(),
        }
    }
}

/// What the reader can do.
fn next(notice: &Notice, complete: bool) -> String {
    let id = &notice.request.id;
    let place = notice.link.clone().unwrap_or_else(|| format!("fence show {id}"));
    let whole = if complete { "" } else { "This mail does not show the whole call. " };
    match notice.pending() {
        true => format!(
            "{whole}To answer, open the request and confirm there; opening it decides nothing:\n{place}"
        ),
        false => format!("{whole}The request with its history:\n{place}"),
    }
}

fn page(card: &Card, link: Option<&str>, next: &str) -> Markup {
    html! {
        (DOCTYPE)
        html {
            body {
                h2 { (card.title) }
                @if let Some(link) = link {
                    p { a href=(link) rel="noreferrer" { "Open the request" } }
                }
                table { @for fact in &card.facts { (row(fact)) } }
                pre { (next) }
            }
        }
    }
}

fn row(fact: &Fact) -> Markup {
    html! {
        tr {
            th align="left" valign="top" { (fact.label) }
            td { pre style="white-space: pre-wrap; margin: 0" { (fact.value.join("\n")) } }
        }
    }
}
