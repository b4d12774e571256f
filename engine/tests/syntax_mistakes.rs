//! Mistakes people make, and what they are told.

use fence_engine::span::SourceId;
use fence_engine::syntax;

/// All findings of `text`: `CODE at "marked" | message | help | replacement`.
fn told(text: &str) -> Vec<String> {
    let found = syntax::parse(SourceId(0), text).diagnostics;
    let show = |found: &fence_engine::diagnostic::Diagnostic| {
        let marked = &text[found.span.range()];
        let help = found.help.as_deref().unwrap_or("-");
        let fix = found.fix.as_ref().map_or("-".to_owned(), |fix| fix.replacement.clone());
        format!("{} {marked:?} | {} | {help} | {fix}", found.code, found.message)
    };
    found.iter().map(show).collect()
}

#[test]
fn show() {
    for text in include_str!("syntax/mistakes.txt").split("\n---\n") {
        println!("{text}");
        for line in told(text) {
            println!("      => {line}");
        }
    }
}
