//! Policies with a word deleted, doubled or misspelt: nothing panics, and no slip is silent.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use fence::engine::diagnostic::Severity;
use fence::engine::pattern::NamePattern;
use fence::engine::syntax::KEYWORDS;
use support::driver::{checked, findings};

/// The example policies that stand alone.
fn examples() -> Vec<(String, String)> {
    let folder = format!("{}/examples/policies", env!("CARGO_MANIFEST_DIR"));
    let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let fence = files.filter(|path| path.extension().is_some_and(|end| end == "fence"));
    let read = |path: std::path::PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        (name, std::fs::read_to_string(&path).unwrap())
    };
    let mut examples: Vec<(String, String)> = fence.map(read).collect();
    // What its imports define is not found when it is read as a text; definitions alone say nothing.
    examples.retain(|(_, text)| !text.contains("\nimport ") && text.contains("\npolicy "));
    examples.sort();
    assert!(!examples.is_empty());
    examples
}

/// The words of a policy outside comments, as byte ranges: texts whole, else runs without blanks.
fn words(text: &str) -> Vec<std::ops::Range<usize>> {
    let (mut words, mut at) = (Vec::new(), 0);
    let bytes = text.as_bytes();
    while at < bytes.len() {
        let start = at;
        match bytes[at] {
            b'#' => at += text[at..].find('\n').unwrap_or(text.len() - at),
            b'"' => {
                at += 1;
                while at < bytes.len() && bytes[at] != b'"' {
                    at += 1 + usize::from(bytes[at] == b'\\');
                }
                at += 1;
                words.push(start..at);
            }
            byte if byte.is_ascii_alphanumeric() || byte == b'_' => {
                let run = text[at..].find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
                at += run.unwrap_or(text.len() - at);
                words.push(start..at);
            }
            byte if byte.is_ascii_punctuation() => {
                at += 1;
                words.push(start..at);
            }
            _ => at += 1,
        }
    }
    words
}

fn replaced(text: &str, range: &std::ops::Range<usize>, with: &str) -> String {
    format!("{}{with}{}", &text[..range.start], &text[range.end..])
}

/// All of them where the tests are optimised, else every eleventh, from another start in each example.
fn some_words(text: &str) -> Vec<std::ops::Range<usize>> {
    let step = if cfg!(debug_assertions) { 11 } else { 1 };
    words(text).into_iter().skip(text.len() % step).step_by(step).collect()
}

/// Everything that a loaded policy says, without places: to see whether a change was silent.
fn meaning(text: &str) -> Option<String> {
    let policy = checked(text).policy?;
    let rules = policy.rules.iter().map(|rule| {
        let patterns: Vec<&str> = rule.patterns.iter().map(NamePattern::text).collect();
        let except: Vec<&str> = rule.except.iter().map(NamePattern::text).collect();
        let condition = rule.condition.as_ref().map(|c| policy.sources.text(c.span).to_owned());
        let ask = rule.ask.as_ref().map(|ask| {
            let lines = ask.autos.iter().map(|auto| policy.sources.text(auto.span).to_owned());
            (lines.collect::<Vec<_>>(), format!("{:?}", ask.terms))
        });
        format!(
            "{:?}",
            (
                rule.effect,
                rule.shadow,
                patterns,
                except,
                &rule.name,
                condition,
                rule.until,
                ask,
                &rule.because,
                &rule.instead
            )
        )
    });
    let rules: Vec<String> = rules.collect();
    Some(format!(
        "{:?} {:?} {rules:?} {:?} {:?}",
        policy.name,
        policy.default,
        policy.zone.name(),
        policy.tests.len()
    ))
}

#[test]
fn a_word_deleted_or_doubled_never_panics_and_rarely_passes() {
    for (name, text) in examples() {
        let (mut tried, mut loaded) = (0, 0);
        for word in some_words(&text) {
            let written = &text[word.clone()];
            let changes = ["".to_owned(), format!("{written} {written}")];
            for changed in changes.iter().map(|with| replaced(&text, &word, with)) {
                tried += 1;
                loaded += usize::from(!checked(&changed).has_errors());
            }
        }
        assert!(tried > 10, "{name} has only {tried} words");
        // What loads has lost a member of a list, an optional clause, a letter of a text.
        assert!(loaded * 2 < tried, "{name}: {loaded} of {tried} changed policies load");
    }
}

#[test]
fn every_misspelt_keyword_is_an_error_with_a_suggestion() {
    for (name, text) in examples() {
        let mut tried = std::collections::BTreeSet::new();
        let (mut silent, mut unhelpful) = (Vec::new(), Vec::new());
        for word in words(&text) {
            let written = &text[word.clone()];
            // In a test's data nothing is near: any word might have been meant for a text.
            // And a word before a variable (`eevry r in …`) is refused as a list without its comma.
            let data = ["true", "false", "every", "some"].contains(&written);
            let quoted_or_field = data
                || text[..word.start].ends_with(['.', '"'])
                || text[word.end..].starts_with(':');
            if !KEYWORDS.contains(&written) || written.len() < 4 || quoted_or_field {
                continue;
            }
            if !tried.insert(written) && cfg!(debug_assertions) {
                continue;
            }
            let (mut letters, line) =
                (written.as_bytes().to_vec(), text[..word.start].lines().count());
            letters.swap(1, 2);
            let misspelt = String::from_utf8(letters).unwrap();
            if misspelt == written {
                continue;
            }
            let changed = replaced(&text, &word, &misspelt);
            let checked = checked(&changed);
            let mut errors = checked.diagnostics.iter().filter(|f| f.severity == Severity::Error);
            // `tset` is as near to `set` as to `test`.
            let near = ["did you mean `".to_owned(), format!("`{written}`")];
            if !checked.has_errors() {
                silent.push(format!("{name}:{line} {misspelt}"));
            } else if !errors.any(|found| {
                found.help.as_ref().is_some_and(|h| near.iter().any(|n| h.contains(n)))
            }) {
                unhelpful.push(format!(
                    "{name}:{line} {misspelt}: {:?}",
                    findings(&changed).iter().find(|f| !f.starts_with("warning"))
                ));
            }
        }
        assert!(tried.len() >= 5, "{name} has only {tried:?}");
        assert!(silent.is_empty(), "these load: {silent:#?}");
        assert!(unhelpful.is_empty(), "no suggestion: {unhelpful:#?}");
    }
}

#[test]
fn a_misspelt_word_of_any_kind_is_refused_or_changes_what_is_said() {
    for (name, text) in examples() {
        let whole = meaning(&text).unwrap();
        for word in some_words(&text)
            .into_iter()
            .filter(|word| text.as_bytes()[word.start].is_ascii_lowercase())
        {
            let misspelt = format!("{}q", &text[word.clone()]);
            let changed = replaced(&text, &word, &misspelt);
            if let Some(said) = meaning(&changed) {
                // Definitions and tests hold names and data of their own.
                let line = text[..word.start].rsplit('\n').next().unwrap_or_default().trim_start();
                let own = ["call ", "repeat ", "test ", "group ", "set ", "tool ", "policy "];
                let data =
                    own.iter().any(|start| line.starts_with(start)) || line.contains("call ");
                let in_tool = text[word.end..].trim_start().starts_with(':');
                assert!(said != whole || data || in_tool, "{name}: `{misspelt}` is not noticed");
            }
        }
    }
}
