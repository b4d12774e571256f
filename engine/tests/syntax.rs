//! The language's syntax, through the public interface: what is read, printed and formatted.

#![expect(clippy::unwrap_used, reason = "helpers stop a test that cannot go on")]

use fence_engine::span::SourceId;
use fence_engine::syntax::ast::File;
use fence_engine::syntax::{self, Parsed};

const SAMPLE: &str = include_str!("syntax/content_manager.fence");
const ODDITIES: &str = include_str!("syntax/oddities.fence");
const FORMATTED: &str = include_str!("syntax/oddities.formatted.fence");

fn parse(text: &str) -> Parsed {
    syntax::parse(SourceId(0), text)
}

/// The tree without its places, for comparing texts of different layout.
fn shape(file: &File) -> String {
    let shown = format!("{file:?}");
    let mut pieces = shown.split("Span { source: SourceId(0), start: ");
    let first = pieces.next().unwrap_or_default().to_owned();
    pieces.fold(first, |shape, piece| shape + piece.split_once('}').unwrap().1)
}

fn check_format(text: &str) -> String {
    let before = parse(text);
    assert_eq!(before.diagnostics, [], "{text}");
    let once = syntax::format(text).unwrap();
    let after = parse(&once);
    assert_eq!(after.diagnostics, [], "{once}");
    assert_eq!(shape(&before.file), shape(&after.file), "{text}\n{once}");
    assert_eq!(syntax::format(&once).unwrap(), once, "{text}");
    let comments = |text: &str| text.split('\n').filter(|line| line.contains('#')).count();
    assert!(comments(&once) >= comments(text).min(1), "{once}");
    assert!(once.lines().all(|line| line == line.trim_end()), "{once}");
    once
}

#[test]
fn the_sample_is_of_the_language() {
    let parsed = parse(SAMPLE);
    assert_eq!(parsed.diagnostics, []);
    assert_eq!(parsed.file.items.len(), 20);
    check_format(SAMPLE);
}

#[test]
fn everything_else_is_of_the_language_too() {
    let formatted = check_format(ODDITIES);
    if std::env::var_os("FENCE_BLESS").is_some() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/syntax/oddities.formatted.fence");
        std::fs::write(path, &formatted).unwrap();
    }
    assert_eq!(formatted, FORMATTED);
}

#[test]
fn no_prefix_of_the_sample_panics() {
    for (end, _) in SAMPLE.char_indices() {
        let _ = parse(&SAMPLE[..end]);
    }
}
