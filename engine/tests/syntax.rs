//! The language's syntax, through the public interface.

use fence_engine::span::SourceId;
use fence_engine::syntax::{self, Parsed};

const SAMPLE: &str = include_str!("syntax/content_manager.fence");

fn parse(text: &str) -> Parsed {
    syntax::parse(SourceId(0), text)
}

#[test]
fn the_sample_is_of_the_language() {
    let parsed = parse(SAMPLE);
    assert_eq!(parsed.diagnostics, []);
    assert_eq!(parsed.file.items.len(), 20);
}

#[test]
fn no_prefix_of_the_sample_panics() {
    for (end, _) in SAMPLE.char_indices() {
        let _ = parse(&SAMPLE[..end]);
    }
}
