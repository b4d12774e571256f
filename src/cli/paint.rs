//! The few colours and marks that commands share; the stream strips them where they do not belong.

use fence_engine::decision::{Effect, Truth};
use fence_engine::strategy::Outcome;

/// Text in a colour: an ANSI number such as 32 for green.
pub(crate) fn paint(color: u8, text: &str) -> String {
    format!("\x1b[{color}m{text}\x1b[0m")
}

/// Text in bold.
pub(crate) fn bold(text: &str) -> String {
    paint(1, text)
}

/// Text that is less important.
pub(crate) fn dim(text: &str) -> String {
    paint(2, text)
}

/// `allow` green, `ask` yellow, `deny` red, filled up to `width`.
pub(crate) fn effect(effect: Effect, width: usize) -> String {
    let color = match effect {
        Effect::Allow => 32,
        Effect::Ask => 33,
        Effect::Deny => 31,
    };
    paint(color, &format!("{:<width$}", effect.as_str()))
}

/// ✓ holds, ✗ does not, ? cannot be told.
pub(crate) fn truth(truth: Truth) -> String {
    match truth {
        Truth::True => paint(32, "✓"),
        Truth::False => paint(31, "✗"),
        Truth::Unknown => paint(33, "?"),
    }
}

/// ✓ releases, ✗ holds, ? cannot tell.
pub(crate) fn outcome(outcome: Outcome) -> String {
    truth(match outcome {
        Outcome::Release => Truth::True,
        Outcome::Hold => Truth::False,
        Outcome::Unknown => Truth::Unknown,
    })
}

/// Foreign text on one line, at most so many characters of it, nothing invisible.
pub(crate) fn inline(text: &str, most: usize) -> String {
    fence_engine::show::printable(&text.replace(['\n', '\t'], " "), most)
}
