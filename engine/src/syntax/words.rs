//! The words the language keeps for itself, and where each may stand.

/// Every keyword: none of them may be a name or a bare pattern.
pub const KEYWORDS: &[&str] = &[
    "after",
    "allow",
    "and",
    "as",
    "ask",
    "at",
    "auto",
    "because",
    "before",
    "budget",
    "by",
    "call",
    "dates",
    "default",
    "deny",
    "during",
    "edit",
    "every",
    "except",
    "expect",
    "expires",
    "false",
    "fence",
    "for",
    "group",
    "halt",
    "has",
    "import",
    "in",
    "instead",
    "label",
    "like",
    "limit",
    "not",
    "notify",
    "offer",
    "on",
    "or",
    "policy",
    "preview",
    "prove",
    "repeat",
    "set",
    "shadow",
    "some",
    "test",
    "then",
    "tool",
    "true",
    "unattended",
    "under",
    "unless",
    "until",
    "use",
    "wait",
    "when",
    "window",
    "with",
    "zone",
];

/// The keywords that begin a statement of this edition.
pub(super) const STATEMENTS: &[&str] = &[
    "fence", "policy", "import", "zone", "group", "set", "dates", "window", "tool", "allow", "ask",
    "deny", "default", "test",
];

/// The keywords that begin a statement of a later edition.
pub(super) const LATER: &[&str] = &["label", "limit", "budget", "halt", "prove"];

/// The keywords that begin a clause of a rule.
pub(super) const CLAUSES: &[&str] =
    &["except", "as", "when", "unless", "until", "shadow", "because", "instead"];

/// The keywords that begin a line in an `ask`'s block.
pub(super) const TERMS: &[&str] = &[
    "auto",
    "by",
    "then",
    "expires",
    "use",
    "edit",
    "preview",
    "notify",
    "offer",
    "unattended",
    "because",
    "instead",
];

/// The keywords that begin a step of a test.
pub(super) const STEPS: &[&str] = &["at", "wait", "call", "expect", "repeat"];

/// Words that carry on what stands before them, without being keywords.
pub(super) const CONTINUING: &[&str] = &[
    "agent", "any", "each", "most", "of", "optional", "per", "required", "self", "shrink", "within",
];

/// Words that want something after them, without being keywords.
pub(super) const LEADING: &[&str] =
    &["agent", "each", "first", "most", "of", "per", "via", "within"];

/// Whether `word` is a keyword.
pub(super) fn is_keyword(word: &str) -> bool {
    KEYWORDS.binary_search(&word).is_ok()
}

/// Whether `word` begins a statement, of this edition or a later one.
pub(super) fn is_statement(word: &str) -> bool {
    STATEMENTS.contains(&word) || LATER.contains(&word)
}

/// Whether `text` can be the name of a group, set, window, rule and the like: lower-case letters,
/// digits and `_`, not beginning with a digit, and no keyword.
#[must_use]
pub fn is_name(text: &str) -> bool {
    let mut bytes = text.bytes();
    bytes.next().is_some_and(|first| first == b'_' || first.is_ascii_lowercase())
        && bytes.all(|byte| byte == b'_' || byte.is_ascii_lowercase() || byte.is_ascii_digit())
        && !is_keyword(text)
}

/// Whether `text` can stand as a pattern without quotes.
pub(super) fn is_bare_pattern(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(is_bare) && !text.contains("..") && !is_keyword(text)
}

/// Whether `byte` may stand in a bare pattern.
pub(super) const fn is_bare(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b':' | b'/' | b'*' | b'?')
}

#[cfg(test)]
mod tests {
    use super::*;
    use fence_grammar::{FenceParser, Rule};
    use pest::Parser as _;

    #[test]
    fn the_grammar_reserves_the_same_keywords() {
        assert!(KEYWORDS.is_sorted());
        for word in KEYWORDS {
            let read = FenceParser::parse(Rule::keyword, word).unwrap();
            assert_eq!(read.as_str(), *word);
            assert!(FenceParser::parse(Rule::name, word).is_err(), "{word}");
        }
        for kind in [STATEMENTS, LATER, CLAUSES, TERMS, STEPS] {
            assert!(kind.iter().all(|word| is_keyword(word)));
        }
        assert!(CONTINUING.iter().all(|word| !is_keyword(word)));
    }

    #[test]
    fn names_are_lower_case_words() {
        for name in ["a", "_", "warm_up", "x9", "allowed", "user"] {
            assert!(is_name(name), "{name}");
        }
        for other in ["", "9x", "A", "a-b", "é", "when", "a.b", "a b"] {
            assert!(!is_name(other), "{other}");
        }
    }
}
