//! Words that begin nothing where they stand.

use std::ops::Range;

use crate::diagnostic::{Code, Diagnostic, nearest};
use crate::syntax::outline::Outline;
use crate::syntax::scan::Kind;
use crate::syntax::words::{self, CLAUSES, LATER, STATEMENTS, STEPS, TERMS};

/// Where a word was expected to begin something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::syntax) enum Place {
    /// At the top of the file.
    Statement,
    /// In an `ask`'s block.
    Term,
    /// In a test's block.
    Step,
    /// Behind a block.
    AfterBlock,
}

/// Words of other languages, and ours.
const SYNONYMS: &[(&str, &str)] = &[
    ("accept", "allow"),
    ("permit", "allow"),
    ("approve", "ask"),
    ("confirm", "ask"),
    ("block", "deny"),
    ("forbid", "deny"),
    ("refuse", "deny"),
    ("reject", "deny"),
    ("if", "when"),
    ("where", "when"),
    ("reason", "because"),
    ("include", "import"),
    ("timezone", "zone"),
    ("assert", "expect"),
    ("timeout", "expires"),
];

/// Why the piece at `tokens` is nothing that could stand at `place`.
pub(in crate::syntax) fn stray(
    outline: &Outline<'_>,
    tokens: &Range<usize>,
    place: Place,
) -> Diagnostic {
    let at = tokens.start;
    let (word, span) = (outline.str(at), outline.span(at));
    if outline.kind(at) != Some(Kind::Run) {
        let found = super::signs::sign(outline, at).unwrap_or_else(|| {
            let message = format!("`{}` {}", super::short(word), begins_nothing(place));
            Diagnostic::error(Code::SYNTAX, span, message)
        });
        return if found.help.is_none() { found.help(beginnings(place)) } else { found };
    }
    if LATER.contains(&word) {
        return not_yet(word, span);
    }
    if let Some(home) = home(word, place) {
        let message = format!("`{word}` does not belong here");
        return Diagnostic::error(Code::MISPLACED, span, message).help(home);
    }
    let message = format!("`{}` {}", super::short(word), begins_nothing(place));
    let found = Diagnostic::error(Code::UNKNOWN_KEYWORD, span, message);
    match meant(word, candidates(place)) {
        Some(near) => found.help(format!("did you mean `{near}`?")).fix(span, near),
        None => found.help(beginnings(place)),
    }
}

/// The word's meaning comes with a later edition.
pub(super) fn not_yet(word: &str, span: crate::span::Span) -> Diagnostic {
    let message = format!("`{word}` is reserved for a later edition of the language");
    Diagnostic::error(Code::NOT_YET, span, message).help("this edition has no such statement")
}

/// The keyword that `word` is a misspelling of, or another word for.
pub(super) fn meant(
    word: &str,
    known: impl IntoIterator<Item = &'static str>,
) -> Option<&'static str> {
    let known: Vec<_> = known.into_iter().collect();
    let lower = word.to_ascii_lowercase();
    let synonym = SYNONYMS.iter().find(|(other, ours)| *other == lower && known.contains(ours));
    synonym.map(|(_, ours)| *ours).or_else(|| {
        // Of two-letter words, half would be another one.
        let near = nearest(&lower, known.iter().copied().filter(|known| known.len() > 2))?;
        known.iter().copied().find(|known| *known == near)
    })
}

fn candidates(place: Place) -> Vec<&'static str> {
    match place {
        Place::Statement => [STATEMENTS, CLAUSES].concat(),
        Place::Term => [TERMS, &["when", "unless", "during"]].concat(),
        Place::Step => STEPS.to_vec(),
        Place::AfterBlock => STATEMENTS.to_vec(),
    }
}

fn begins_nothing(place: Place) -> &'static str {
    match place {
        Place::Statement | Place::AfterBlock => "begins no statement",
        Place::Term => "begins no term of an `ask`",
        Place::Step => "begins no step of a test",
    }
}

fn beginnings(place: Place) -> &'static str {
    match place {
        Place::Statement | Place::AfterBlock => {
            "a statement begins with `allow`, `ask`, `deny`, `group`, `test` and the like; \
             the items of a list are separated by commas"
        }
        Place::Term => {
            "a term begins with `auto`, `by`, `then`, `expires`, `use within`, `edit`, `preview`, \
             `notify`, `offer`, `unattended`, `because` or `instead`"
        }
        Place::Step => "a step begins with `at`, `wait`, `call`, `expect` or `repeat`",
    }
}

/// Where a keyword that cannot stand at `place` belongs.
fn home(word: &str, place: Place) -> Option<&'static str> {
    if !words::is_keyword(word) {
        return None;
    }
    Some(match word {
        "when" | "unless" | "during" if place == Place::Term => {
            "in a block, conditions follow `auto`; what limits the whole rule stands before the block"
        }
        _ if CLAUSES.contains(&word) && place == Place::AfterBlock => {
            "clauses stand before the block, `because` and `instead` also in it"
        }
        _ if CLAUSES.contains(&word) => "a clause follows a rule's patterns, before its block",
        _ if TERMS.contains(&word) => "terms stand in the block of an `ask`: `ask … { … }`",
        _ if STEPS.contains(&word) => "steps stand in a test: `test \"…\" { … }`",
        _ if words::is_statement(word) => "close the block with `}` before the next statement",
        _ => beginnings(place),
    })
}
