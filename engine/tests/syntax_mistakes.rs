//! Mistakes people make, and what they are told.
//!
//! `syntax/mistakes.txt` holds each mistake and, behind `=> `, its findings: code, what is marked,
//! message, help, and what the fix would write. `FENCE_BLESS=1` writes the file anew.

use fence_engine::diagnostic::{Code, Diagnostic};
use fence_engine::span::SourceId;
use fence_engine::syntax;

const TABLE: &str = include_str!("syntax/mistakes.txt");

fn found(text: &str) -> Vec<Diagnostic> {
    syntax::parse(SourceId(0), text).diagnostics
}

/// Every finding on a line of its own.
fn told(text: &str) -> String {
    let show = |found: &Diagnostic| {
        let marked = &text[found.span.range()];
        let help = found.help.as_deref().unwrap_or("-");
        let fix = found.fix.as_ref().map_or("-".to_owned(), |fix| format!("{:?}", fix.replacement));
        format!("=> {} {marked:?} | {} | {help} | {fix}\n", found.code, found.message)
    };
    found(text).iter().map(show).collect()
}

#[test]
fn mistakes_are_told_as_written_down() {
    let mut actual = Vec::new();
    for section in TABLE.trim_end().split("\n---\n") {
        let lines = section.lines().filter(|line| !line.starts_with("=> "));
        let text = lines.collect::<Vec<_>>().join("\n");
        let told = told(&text);
        assert_ne!(told, "", "this is no mistake:\n{text}");
        actual.push(format!("{text}\n{}", told.trim_end()));
    }
    let actual = actual.join("\n---\n") + "\n";
    if std::env::var_os("FENCE_BLESS").is_some() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/syntax/mistakes.txt");
        std::fs::write(path, &actual).unwrap();
    }
    for (line, (actual, expected)) in actual.lines().zip(TABLE.lines()).enumerate() {
        assert_eq!(actual, expected, "line {} of mistakes.txt", line + 1);
    }
    assert_eq!(actual.lines().count(), TABLE.lines().count());
}

/// Following a fix of a single mistake leaves one mistake less.
#[test]
fn fixes_mend() {
    for section in TABLE.trim_end().split("\n---\n") {
        let lines = section.lines().filter(|line| !line.starts_with("=> "));
        let text = lines.collect::<Vec<_>>().join("\n");
        let before = found(&text);
        let [only] = before.as_slice() else { continue };
        let Some(fix) = &only.fix else { continue };
        let mut mended = text.clone();
        mended.replace_range(fix.span.range(), &fix.replacement);
        let after = found(&mended);
        assert!(after.iter().all(|after| after != only), "{text}\n{mended}\n{after:?}");
    }
}

#[test]
fn seven_mistakes_are_seven_findings() {
    let text = "fence 1\npolicy p\nzone Berlin\ngroup A = \"a\"\nalow x\nask y {\n  by of g\n  expires\n}\n\
                deny z when args.a = 1\ntest \"t\" { expct deny }\n";
    let codes: Vec<_> = found(text).iter().map(|found| found.code).collect();
    let expected = [
        Code::SYNTAX,
        Code::BAD_NAME,
        Code::UNKNOWN_KEYWORD,
        Code::SYNTAX,
        Code::SYNTAX,
        Code::SYNTAX,
        Code::UNKNOWN_KEYWORD,
    ];
    assert_eq!(codes, expected);
}

#[test]
fn a_mistake_leaves_its_neighbours_in_the_tree() {
    let parsed =
        syntax::parse(SourceId(0), "allow a\nask b {\n  by 1 of\n  expires 1h\n}\nallow =\ndeny c");
    assert_eq!(parsed.diagnostics.len(), 2);
    assert_eq!(parsed.file.items.len(), 3);
}

#[test]
fn invisible_characters_are_named() {
    for (text, name, replacement) in [
        ("allow\u{A0}a", "U+00A0", " "),
        ("allow a\u{200B}", "U+200B", ""),
        ("allow a # \u{202E}x", "U+202E", ""),
        ("allow \"a\u{200D}\"", "U+200D", "\\u{200D}"),
        ("allow \"a\0\"", "U+0000", "\\u{0}"),
        ("allow a \rdeny b", "U+000D", ""),
        ("\u{FEFF}allow a", "U+FEFF", ""),
        ("allow a # \u{FEFF}", "U+FEFF", ""),
        ("allow a because \"\u{2066}\"", "U+2066", "\\u{2066}"),
        ("allow a because \"\u{E0041}\"", "U+E0041", "\\u{E0041}"),
        ("allow a\u{B}", "U+000B", ""),
        ("allow a\u{85}", "U+0085", ""),
    ] {
        let found = found(text);
        assert_eq!(found.len(), 1, "{text:?}: {found:?}");
        assert_eq!(found[0].code, Code::INVISIBLE, "{text:?}");
        assert!(found[0].message.contains(name), "{}", found[0].message);
        let fix = found[0].fix.as_ref().unwrap();
        assert_eq!(fix.replacement, replacement);
        let mut mended = text.to_owned();
        mended.replace_range(fix.span.range(), &fix.replacement);
        assert_eq!(self::found(&mended), [], "{mended:?}");
    }
    for fine in ["allow a\r\ndeny b\r\n", "allow\ta # ünï → 🎉\n", "allow a because \"ünï → 🎉\""]
    {
        assert_eq!(found(fine), [], "{fine:?}");
    }
}

#[test]
fn bytes_are_decoded_with_care() {
    let source = SourceId(0);
    assert_eq!(syntax::decode(source, b"\xEF\xBB\xBFallow a").unwrap(), "allow a");
    let found = syntax::decode(source, b"allow \xFF").unwrap_err();
    assert_eq!(found.code, Code::NOT_UTF8);
    assert!(found.message.contains("offset 6"), "{}", found.message);
    let large = vec![b' '; syntax::MAX_BYTES + 1];
    assert_eq!(syntax::decode(source, &large).unwrap_err().code, Code::TOO_LARGE);
}
