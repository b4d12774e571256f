//! Light colouring of policy text, one line at a time: comments, texts, verbs, keywords, numbers.

use super::text::Code;
use maud::{Markup, html};

/// A piece of a line, with the class it is shown in.
type Piece<'a> = (&'static str, &'a str);

const EFFECTS: [&str; 3] = ["allow", "ask", "deny"];

/// The words that are coloured as keywords.
const WORDS: [&str; 54] = [
    "after",
    "agent",
    "and",
    "any",
    "as",
    "at",
    "auto",
    "because",
    "before",
    "by",
    "call",
    "dates",
    "default",
    "during",
    "edit",
    "every",
    "except",
    "expect",
    "expires",
    "false",
    "fence",
    "first",
    "for",
    "group",
    "has",
    "import",
    "in",
    "instead",
    "like",
    "most",
    "not",
    "notify",
    "of",
    "offer",
    "on",
    "optional",
    "or",
    "pass",
    "per",
    "policy",
    "preview",
    "repeat",
    "required",
    "set",
    "shrink",
    "test",
    "then",
    "tool",
    "true",
    "unattended",
    "unless",
    "when",
    "window",
    "zone",
];

/// A policy's text, line breaks kept.
pub(super) fn code(text: &str) -> Markup {
    html! {
        @for (number, line) in text.lines().enumerate() {
            @if number > 0 { "\n" }
            (self::line(line))
        }
    }
}

/// One line of a policy.
pub(super) fn line(line: &str) -> Markup {
    html! {
        @for (class, piece) in pieces(line) {
            @if class.is_empty() { (Code(piece)) } @else {
                span class=(class) { (Code(piece)) }
            }
        }
    }
}

fn pieces(line: &str) -> Vec<Piece<'_>> {
    let (mut pieces, mut rest) = (Vec::new(), line);
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '#' => rest.len(),
            '"' => text_end(rest),
            c if is_word(c) => rest.find(|c| !is_word(c)).unwrap_or(rest.len()),
            _ => rest.find(|c| is_word(c) || c == '#' || c == '"').unwrap_or(rest.len()),
        };
        let (piece, after) = rest.split_at(length.max(first.len_utf8()));
        pieces.push((class(first, piece), piece));
        rest = after;
    }
    pieces
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '*' | '?' | '-' | '/' | ':' | '.')
}

fn class(first: char, piece: &str) -> &'static str {
    match first {
        '#' => "c-note",
        '"' => "c-text",
        '0'..='9' => "c-number",
        _ if EFFECTS.contains(&piece) => match piece {
            "allow" => "c-allow",
            "deny" => "c-deny",
            _ => "c-ask",
        },
        _ if WORDS.contains(&piece) => "c-word",
        _ => "",
    }
}

/// Where a text in quotes ends, its quote included.
fn text_end(rest: &str) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_line_is_lost() {
        for line in [
            "ask email_send_* as outbound { # two editors",
            "  because \"an \\\" inside\" # \"not a text\"",
            "\"unfinished",
            "é⟦#",
            "",
            "x\"y\"z",
        ] {
            let joined: String = pieces(line).iter().map(|(_, piece)| *piece).collect();
            assert_eq!(joined, line);
        }
    }

    #[test]
    fn words_have_their_classes() {
        let classes: Vec<_> = pieces("deny blog_*  # never").iter().map(|piece| piece.0).collect();
        assert_eq!(classes, ["c-deny", "", "", "", "c-note"]);
        assert!(WORDS.is_sorted());
    }
}
