//! What a notice says, in words, before any channel's own markup.
//!
//! Everything here is made fit to be read: invisible, bidirectional and control characters are
//! shown escaped. Markup (`<`, `&`, `*`) is left to the channels.

mod fold;
mod words;

use super::{Notice, What};
use fold::{Folded, fold};

/// How much of a call a card may hold, in characters as shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Room {
    /// Of one value.
    pub(super) value: usize,
    /// Of all values together.
    pub(super) total: usize,
    /// How many arguments.
    pub(super) arguments: usize,
}

/// One line of a card: what it is, and its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fact {
    /// What it is.
    pub(super) label: String,
    /// The value, line by line.
    pub(super) value: Vec<String>,
}

/// A notice in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Card {
    /// What happened, in one line.
    pub(super) title: String,
    /// The call and what is known of it, most important first.
    pub(super) facts: Vec<Fact>,
    /// Whether the whole call and its preview are shown: nobody is to approve less.
    pub(super) complete: bool,
}

impl Card {
    /// The notice in words, no longer than there is room for.
    #[must_use]
    pub(super) fn of(notice: &Notice, room: Room) -> Self {
        let mut writer = Writer { room, left: room.total, facts: Vec::new(), complete: true };
        words::facts(notice, &mut writer);
        Self { title: words::title(notice), facts: writer.facts, complete: writer.complete }
    }

    /// As lines of text. The lines of a longer value are marked, so that none can pass for a
    /// line of the card itself.
    #[must_use]
    pub(super) fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for fact in &self.facts {
            match fact.value.as_slice() {
                [only] => lines.push(format!("{}: {only}", fact.label)),
                more => {
                    lines.push(format!("{}:", fact.label));
                    lines.extend(more.iter().map(|line| format!("│ {line}")));
                }
            }
        }
        lines
    }
}

/// Gathers facts within the room there is.
struct Writer {
    room: Room,
    left: usize,
    facts: Vec<Fact>,
    complete: bool,
}

impl Writer {
    /// A short text from outside.
    fn short(&mut self, label: &str, value: &str) {
        self.facts.push(Fact { label: label.to_owned(), value: vec![short(value)] });
    }

    /// A text of any length that a decision rests on.
    fn long(&mut self, label: String, value: &str) {
        let Folded { mut lines, shown, all } = fold(value, self.room.value.min(self.left));
        self.left = self.left.saturating_sub(shown);
        if all > 0 {
            self.complete = false;
            lines.push(format!("… folded: only the beginning of {all} characters is shown here"));
        }
        self.facts.push(Fact { label, value: lines });
    }
}

/// A text from outside in one line of at most 300 characters.
pub(super) fn short(text: &str) -> String {
    fence_engine::show::printable(text, 300)
}

/// What happened, in one line without a call's arguments.
pub(super) fn title(notice: &Notice) -> String {
    words::title(notice)
}

/// Whether the notice asks for an answer that may be given where it is read.
pub(super) fn answerable(notice: &Notice) -> bool {
    let request = &notice.request;
    let previewed = request.preview.as_ref().is_some_and(|preview| !preview.stale);
    notice.pending() && notice.what != What::Ended && (previewed || !request.preview_required)
}
