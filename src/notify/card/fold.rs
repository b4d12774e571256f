//! A text of any length made fit for a card.

use fence_engine::show::is_invisible;
use std::fmt::Write as _;

/// The beginning of a text, escaped.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Folded {
    /// Its lines; at least one.
    pub(super) lines: Vec<String>,
    /// How many characters they hold as shown.
    pub(super) shown: usize,
    /// How many characters the whole text has, where that is more than the beginning; else 0.
    pub(super) all: usize,
}

/// As much of the text as fits into `room` characters once invisible ones are escaped; line ends
/// part lines.
pub(super) fn fold(text: &str, room: usize) -> Folded {
    let mut folded = Folded { lines: vec![String::new()], shown: 0, all: 0 };
    let mut line = String::new();
    for character in text.chars() {
        let width = width(character);
        if folded.shown + width > room {
            folded.all = text.chars().count();
            break;
        }
        folded.shown += width;
        match character {
            '\n' => folded.lines.insert(folded.lines.len() - 1, std::mem::take(&mut line)),
            hidden if is_hidden(hidden) => {
                let _ = write!(line, "\\u{{{:x}}}", u32::from(hidden));
            }
            plain => line.push(plain),
        }
    }
    if let Some(last) = folded.lines.last_mut() {
        *last = line;
    }
    folded
}

fn is_hidden(character: char) -> bool {
    character.is_control() || is_invisible(character)
}

fn width(character: char) -> usize {
    if character != '\n' && is_hidden(character) {
        return format!("\\u{{{:x}}}", u32::from(character)).len();
    }
    1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_folded_at_its_room_and_says_so() {
        let whole = fold("ab\nc", 4);
        assert_eq!(whole, Folded { lines: vec!["ab".into(), "c".into()], shown: 4, all: 0 });
        let part = fold("ab\ncdef", 4);
        assert_eq!(part, Folded { lines: vec!["ab".into(), "c".into()], shown: 4, all: 7 });
        assert_eq!(fold("", 4).lines, [""]);
        assert_eq!(fold("a", 0).all, 1);
    }

    #[test]
    fn what_cannot_be_seen_is_escaped_and_never_cut_in_half() {
        assert_eq!(fold("a\u{202e}b\r", 99).lines, ["a\\u{202e}b\\u{d}"]);
        assert_eq!(fold("a\u{202e}b", 5).lines, ["a"]);
    }
}
