//! Untrusted text on a page: escaped, complete, and so marked that no two texts look alike.
//!
//! What cannot be seen (control, invisible, bidirectional, combining and private characters) stands
//! as `⟦U+202E⟧` in a mark of its own; a `⟦` of the text itself is shown the same way, so the marks
//! cannot be imitated. Letters of another alphabet inside a Latin word are underlined.

use fence_engine::show::is_invisible;
use maud::{Markup, Render, html};
use std::fmt::Write as _;

/// From how many characters on a text is folded: its head is shown, the whole one click away.
const FOLD: usize = 1_200;
/// How much of a folded text its head shows.
const HEAD: usize = 240;

/// A text in full, every character visible.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shown<'a>(pub(super) &'a str);

impl Render for Shown<'_> {
    fn render_to(&self, out: &mut String) {
        write_shown(self.0, true, out);
    }
}

/// A piece of policy text: as [`Shown`], without marks at its blanks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Code<'a>(pub(super) &'a str);

impl Render for Code<'_> {
    fn render_to(&self, out: &mut String) {
        write_shown(self.0, false, out);
    }
}

/// One line of a list: at most `most` characters, and how many there are where that is less than
/// all.
pub(super) fn brief(text: &str, most: usize) -> Markup {
    match text.char_indices().nth(most) {
        None => html! {
            (Shown(text))
        },
        Some((end, _)) => html! {
            (Shown(&text[..end]))
            "…"
            span.more { " (" (count(text.chars().count() as u64)) " characters)" }
        },
    }
}

/// A text value in quotes; a long or many-lined one in a block, a very long one folded with a note
/// of its size.
pub(super) fn value(text: &str) -> Markup {
    let characters = text.chars().count();
    if characters > FOLD {
        return folded(text, characters);
    }
    let block = text.contains('\n') || characters > 160;
    html! {
        @if block {
            div.text.block { (quoted(text)) }
        } @else {
            span.text { (quoted(text)) }
        }
        @if odd_letters(text) > 0 { (odd_note(text)) }
    }
}

/// A sentence of the gate's own that holds values of a call; a long one is folded.
pub(super) fn passage(text: &str) -> Markup {
    let characters = text.chars().count();
    let Some((end, _)) = text.char_indices().nth(HEAD).filter(|_| characters > 2 * HEAD) else {
        return html! { (Shown(text)) };
    };
    html! {
        details.long {
            summary {
                span.head aria-hidden="true" { (Shown(&text[..end])) "…" }
                span.size {
                    (count(characters as u64))
                    " characters: "
                    span.when-closed { "show all" }
                    span.when-open { "fold" }
                }
            }
            div { (Shown(text)) }
        }
    }
}

fn quoted(text: &str) -> Markup {
    html! {
        span.quote aria-hidden="true" { "“" }
        (Shown(text))
        span.quote aria-hidden="true" { "”" }
    }
}

fn folded(text: &str, characters: usize) -> Markup {
    let head = text.char_indices().nth(HEAD).map_or(text, |(end, _)| &text[..end]);
    html! {
        details.long {
            summary {
                span.text.head aria-hidden="true" { "“" (Shown(head)) "…" }
                span.size {
                    (count(characters as u64))
                    " characters, "
                    (count(text.len() as u64))
                    " bytes, "
                    (lines(text))
                    ": "
                    span.when-closed { "show all" }
                    span.when-open { "fold" }
                }
            }
            div.text.block.whole { (quoted(text)) }
        }
        @if odd_letters(text) > 0 { (odd_note(text)) }
    }
}

fn lines(text: &str) -> String {
    match text.lines().count() {
        1 => "1 line".to_owned(),
        lines => format!("{} lines", count(lines as u64)),
    }
}

fn odd_note(text: &str) -> Markup {
    let letters = odd_letters(text);
    html! {
        p.warn-note {
            "Look closely: "
            (count(letters as u64))
            @if letters == 1 { " letter" } @else { " letters" }
            " of another alphabet among Latin ones, underlined."
        }
    }
}

/// A whole number with its thousands apart: `12,408`.
pub(super) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// How many letters of another alphabet stand inside Latin words of the text.
pub(super) fn odd_letters(text: &str) -> usize {
    let in_word = |word: std::ops::Range<usize>| text[word].chars().filter(|c| is_odd(*c)).count();
    mixed_words(text).into_iter().map(in_word).sum()
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | '"' | ',' | ';' | '(' | ')'))
}

/// Whether a word mixes Latin letters with ones that look like them.
fn is_mixed(word: &str) -> bool {
    !word.is_ascii() && word.bytes().any(|b| b.is_ascii_alphabetic()) && word.chars().any(is_odd)
}

/// Letters of the alphabets whose letters pass for Latin ones.
const fn is_odd(c: char) -> bool {
    matches!(c,
        '\u{370}'..='\u{58F}' | '\u{13A0}'..='\u{13FF}' | '\u{1C80}'..='\u{1C8F}'
        | '\u{1D00}'..='\u{1D7F}' | '\u{1F00}'..='\u{1FFF}' | '\u{2100}'..='\u{218F}'
        | '\u{24B6}'..='\u{24E9}' | '\u{2C60}'..='\u{2DFF}' | '\u{A640}'..='\u{A69F}'
        | '\u{A720}'..='\u{A7FF}' | '\u{AB30}'..='\u{ABBF}' | '\u{FF00}'..='\u{FFEF}'
        | '\u{1D400}'..='\u{1D7FF}')
}

/// Whether a character is shown as its code instead of itself.
fn is_hidden(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_control();
    }
    c == '⟦' || c == '⟧' || is_invisible(c) || is_double(c) || !is_printable(c)
}

/// Characters with a twin: they combine with their neighbour, or Unicode makes another character
/// of them, so that two different texts would look the same.
const fn is_double(c: char) -> bool {
    matches!(c,
        '\u{300}'..='\u{36F}' | '\u{374}' | '\u{37E}' | '\u{387}' | '\u{1100}'..='\u{11FF}'
        | '\u{1AB0}'..='\u{1AFF}' | '\u{1DC0}'..='\u{1DFF}' | '\u{20D0}'..='\u{20FF}' | '\u{2126}'
        | '\u{212A}' | '\u{212B}' | '\u{2329}' | '\u{232A}' | '\u{A960}'..='\u{A97F}'
        | '\u{D7B0}'..='\u{D7FF}' | '\u{F900}'..='\u{FAFF}' | '\u{FE20}'..='\u{FE2F}'
        | '\u{2F800}'..='\u{2FA1F}')
}

/// Whether the standard library would print it as itself behind another letter.
fn is_printable(c: char) -> bool {
    let mut pair = [b'a', 0, 0, 0, 0];
    let length = c.encode_utf8(&mut pair[1..]).len();
    let text = std::str::from_utf8(&pair[..=length]).unwrap_or_default();
    text.escape_debug().nth(1) == Some(c)
}

/// Where words stand that mix alphabets; usually nowhere.
fn mixed_words(text: &str) -> Vec<std::ops::Range<usize>> {
    if text.is_ascii() {
        return Vec::new();
    }
    let start = |word: &str| word.as_ptr() as usize - text.as_ptr() as usize;
    words(text)
        .filter(|word| is_mixed(word))
        .map(|word| start(word)..start(word) + word.len())
        .collect()
}

fn write_shown(text: &str, blanks: bool, out: &mut String) {
    out.reserve(text.len());
    let mut mixed = mixed_words(text).into_iter().peekable();
    let mut characters = text.char_indices().peekable();
    let mut before = '\n';
    while let Some((at, c)) = characters.next() {
        while mixed.next_if(|word| word.end <= at).is_some() {}
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\n' => out.push_str("<span class=\"nl\">\n</span>"),
            ' ' if blanks
                && (is_edge(before) || characters.peek().is_none_or(|next| is_edge(next.1))) =>
            {
                out.push_str("<span class=\"sp\"> </span>");
            }
            c if is_hidden(c) => write_code(c, out),
            c if is_odd(c) && mixed.peek().is_some_and(|word| word.contains(&at)) => {
                let _ =
                    write!(out, "<mark class=\"odd\" title=\"U+{:04X}\">{c}</mark>", u32::from(c));
            }
            c => out.push(c),
        }
        before = c;
    }
}

const fn is_edge(c: char) -> bool {
    matches!(c, ' ' | '\n' | '\t' | '\r')
}

fn write_code(c: char, out: &mut String) {
    let code = u32::from(c);
    let name = name(c);
    let _ = write!(out, "<mark class=\"hid\" title=\"{name}\">⟦U+{code:04X}⟧</mark>");
}

/// What a hidden character does, in a word or two.
const fn name(c: char) -> &'static str {
    match c {
        '\t' => "tab",
        '\r' => "carriage return",
        '\u{1b}' => "escape: begins a terminal command",
        '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' => "control character",
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' | '\u{61c}' => {
            "changes the direction of text"
        }
        '\u{200b}'..='\u{200d}' | '\u{feff}' | '\u{2060}' => "takes no space",
        '\u{a0}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}' => {
            "a blank of another kind"
        }
        '\u{300}'..='\u{36f}' => "joins the letter before it",
        '\u{e0000}'..='\u{e0fff}' => "tag: invisible everywhere",
        '⟦' | '⟧' => "a bracket as this page uses for marks",
        _ => "has no look of its own",
    }
}

/// A text as a plain string with the same marks, for attributes (`title`, `aria-label`).
pub(super) fn plain(text: &str, most: usize) -> String {
    fence_engine::show::printable(text, most)
}
