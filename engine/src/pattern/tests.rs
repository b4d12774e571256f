//! Section 3 of the language, row by row; then every pattern against an independent reading of it.

pub(crate) mod reference;

use super::{
    AgentPattern, Name, NameError, NamePattern, PatternErrorKind as Kind, TextPattern, is_id,
};

fn name(text: &str) -> Name<'_> {
    Name::parse(text).unwrap_or_else(|error| panic!("`{text}`: {error}"))
}

fn pattern(text: &str) -> NamePattern {
    NamePattern::parse(text).unwrap_or_else(|error| panic!("`{text}`: {error}"))
}

/// `expected`: `both`, `tightening` (only) or `neither`.
fn check(text: &str, tool: &str, expected: &str) {
    let (pattern, name) = (pattern(text), name(tool));
    let found = match (pattern.matches_tightening(&name), pattern.matches_loosening(&name)) {
        (true, true) => "both",
        (true, false) => "tightening",
        (false, false) => "neither",
        (false, true) => "loosening",
    };
    assert_eq!(found, expected, "`{text}` on `{tool}`");
}

#[test]
fn wildcards_case_and_servers() {
    for (text, tool, expected) in [
        // Literals, anchored.
        ("email_send", "email_send", "both"),
        ("email_send", "email_send_bulk", "neither"),
        ("email_send", "my_email_send", "neither"),
        ("email_send.", "email_send", "neither"),
        // `*` and `**`: any run, also none.
        ("email_*", "email_send", "both"),
        ("email_*", "email_", "both"),
        ("email_*", "email", "neither"),
        ("email_**", "email_send", "both"),
        ("**_send", "email_send", "both"),
        ("*", "x", "both"),
        ("***", "x", "both"),
        ("e*d", "email_send", "both"),
        ("e*_*d", "email_send", "both"),
        ("ab*ba", "aba", "neither"),
        ("ab*ba", "abba", "both"),
        ("*a*b*", "xxbxxa", "neither"),
        ("*ab*ab", "ababxab", "both"),
        ("delete_*", "delete_all.", "both"),
        // `?`: one character.
        ("read_?", "read_x", "both"),
        ("read_?", "read_", "neither"),
        ("read_?", "read_xy", "neither"),
        ("?*?", "x", "neither"),
        ("?*?", "xy", "both"),
        // Classes.
        ("v[0-9]", "v7", "both"),
        ("v[0-9]", "vx", "neither"),
        ("v[!0-9]", "vx", "both"),
        ("v[!0-9]", "v7", "neither"),
        ("v[ace-g]", "vf", "both"),
        ("v[-a]", "v-", "both"),
        ("v[a-]", "v-", "both"),
        ("v[a-c-]", "v-", "both"),
        ("v[A-z]", "v_", "both"),
        ("v[a-c]", "vB", "tightening"),
        // A class never takes away by ignoring case.
        ("v[!a]", "vA", "both"),
        ("v[!a]", "va", "neither"),
        // Alternatives.
        ("{read,list}_x", "read_x", "both"),
        ("{read,list}_x", "list_x", "both"),
        ("{read,list}_x", "wipe_x", "neither"),
        ("x{,y}", "x", "both"),
        ("x{,y}", "xy", "both"),
        ("x{}", "x", "both"),
        ("x{a,{b,c{d,{e,f}}}}", "xcf", "both"),
        ("{a*,*b}c", "abc", "both"),
        ("{*}", "x", "both"),
        // Case: ignored when tightening, exact when loosening.
        ("delete_*", "Delete_all", "tightening"),
        ("Delete_*", "delete_all", "tightening"),
        ("*_ALL", "delete_all", "tightening"),
        ("d*L", "Delete_all", "tightening"),
        ("{a,b}_X", "B_x", "tightening"),
        // Servers.
        ("read_*", "git/read_x", "tightening"),
        ("*", "git/read_x", "tightening"),
        ("*/*", "git/read_x", "both"),
        ("*/*", "read_x", "neither"),
        ("*/read_*", "git/read_x", "both"),
        ("*/read_*", "read_x", "neither"),
        ("git/*", "git/read_x", "both"),
        ("git/*", "GIT/read_x", "tightening"),
        ("git/*", "gitx/read_x", "neither"),
        ("git*/r*", "git__x/read", "both"),
        ("git/x__delete", "git__x/delete", "neither"),
        // Nothing crosses the `/`.
        ("git*delete", "git/delete", "neither"),
        ("git?delete", "git/delete", "neither"),
        ("git[!x]delete", "git/delete", "neither"),
        ("g*", "git/delete", "neither"),
        ("d**", "git/delete", "tightening"),
        ("**/delete", "git/delete", "both"),
    ] {
        check(text, tool, expected);
    }
}

#[test]
fn star_and_star_slash_star_together_are_everything() {
    for tool in ["x", "X.y:z-1", "s/t", "S/T"] {
        let name = name(tool);
        assert!(pattern("*").matches_loosening(&name) || pattern("*/*").matches_loosening(&name));
        assert!(pattern("*").matches_tightening(&name));
    }
}

#[test]
fn refused_patterns_say_what_and_where() {
    let refused = |text: &str| {
        let error =
            NamePattern::parse(text).err().unwrap_or_else(|| panic!("`{text}` was accepted"));
        assert!(
            error.range.end <= text.len() && text.get(error.range.clone()).is_some(),
            "{error:?}"
        );
        (text[error.range.clone()].to_owned(), error.to_string())
    };
    for (text, at, message) in [
        ("", "", "a pattern cannot be empty; `*` matches every name"),
        ("/x", "/", "something must stand on both sides of `/`, for example `*/read_*`"),
        ("x/", "/", "something must stand on both sides of `/`, for example `*/read_*`"),
        ("a/b/c", "/", "a pattern may have one `/`, between server and tool"),
        ("{a,b/c}", "/", "`/` cannot stand inside `{…}` or `[…]`; write a pattern for each server"),
        ("x[a/]", "/", "`/` cannot stand inside `{…}` or `[…]`; write a pattern for each server"),
        (
            "re\u{430}d_*",
            "\u{430}",
            "`\\u{430}` stands in no name: names are made of `A-Z a-z 0-9 _ - . :`",
        ),
        ("read *", " ", "`\\u{20}` stands in no name: names are made of `A-Z a-z 0-9 _ - . :`"),
        ("a,b", ",", "`,` stands in no name: names are made of `A-Z a-z 0-9 _ - . :`"),
        ("a]", "]", "`]` stands in no name: names are made of `A-Z a-z 0-9 _ - . :`"),
        ("[^a]", "^", "`^` stands in no name: names are made of `A-Z a-z 0-9 _ - . :`"),
        (
            "[a\u{e9}]",
            "\u{e9}",
            "`\\u{e9}` stands in no name: names are made of `A-Z a-z 0-9 _ - . :`",
        ),
        ("x[\u{e9}]", "[\u{e9}]", "no name can match this: the brackets hold no name character"),
        (
            "x[!0-:A-Z_a-z.-]",
            "[!0-:A-Z_a-z.-]",
            "no name can match this: the brackets hold no name character",
        ),
        ("x[a", "[a", "`[` is never closed; write `]` after its characters"),
        ("x[]", "[]", "`[` is never closed; write `]` after its characters"),
        ("x{a,b", "{a,b", "`{` is never closed; write `}` after its alternatives"),
        ("x}y", "}", "`}` closes nothing; write `{` before the alternatives"),
        ("{{{{{a}}}}}", "{", "alternatives may be nested at most 4 deep"),
        ("[z-a]", "z-a", "`z-a` runs backwards; write `a-z`"),
        (
            "[a-c-e]",
            "-",
            "a `-` after a range can mean two things; put it first or last inside `[…]`",
        ),
        ("{}", "{}", "no name can match this: it stands for nothing at all"),
        ("s/{,}", "{,}", "no name can match this: it stands for nothing at all"),
    ] {
        assert_eq!(refused(text), (at.to_owned(), message.to_owned()), "`{text}`");
    }
}

#[test]
fn lengths_are_bounded() {
    let kind = |text: &str| NamePattern::parse(text).err().map(|error| error.kind);
    let long = "a".repeat(129);
    assert!(matches!(kind(&long), Some(Kind::CannotMatch { .. })));
    assert!(matches!(kind(&format!("{{,{long}}}")), Some(Kind::CannotMatch { .. })));
    assert!(matches!(kind(&"?*".repeat(129)), Some(Kind::CannotMatch { .. })));
    assert!(matches!(kind(&"*".repeat(1025)), Some(Kind::TooLong { limit: 1024, length: 1025 })));
    assert_eq!(kind(&"a".repeat(128)), None);
    assert_eq!(kind(&format!("{{b,{long}}}")), None);
}

#[test]
fn a_pattern_of_many_alternatives_is_compiled_without_writing_them_out() {
    let start = std::time::Instant::now();
    let thirty = pattern(&"{a,b}".repeat(30));
    assert!(start.elapsed().as_millis() < 500, "{:?}", start.elapsed());
    assert!(thirty.matches_loosening(&name(&"ab".repeat(15))));
    assert!(!thirty.matches_loosening(&name(&"ab".repeat(14))));
    assert!(thirty.matches_tightening(&name(&"aB".repeat(15))));
    assert!(!thirty.matches_loosening(&name(&"aB".repeat(15))));
    let optional = pattern(&"{a,}".repeat(30));
    assert_eq!(optional.sample(), "a");
}

#[test]
fn a_pattern_that_grows_too_large_is_refused() {
    let refused = |text: &str| NamePattern::parse(text).err().map(|error| error.kind);
    assert_eq!(refused(&"{*a,*b,?}".repeat(100)), Some(Kind::TooLarge));
    assert_eq!(refused(&"{a,}".repeat(250)), Some(Kind::TooLarge));
    // A table for this one would have 2^20 states; without alternatives none is needed.
    let wide = pattern(&format!("*a{}", "?".repeat(20)));
    assert!(wide.matches_loosening(&name(&format!("bba{}", "b".repeat(20)))));
    assert!(!wide.matches_loosening(&name(&format!("bba{}", "b".repeat(19)))));
}

#[test]
fn helpers() {
    assert_eq!(pattern("git/read").is_literal(), Some("git/read"));
    assert_eq!(pattern("git/read*").is_literal(), None);
    assert_eq!(pattern("email_**").text(), "email_**");
    for (mine, theirs, expected) in [
        ("*", "a_*", Some(true)),
        ("a_*", "a_b", Some(true)),
        ("a_*", "A_b*", Some(true)),
        ("a_*", "*", Some(false)),
        ("*_x", "a*_x", Some(true)),
        ("a*", "s/a*", Some(true)),
        ("s/a*", "a*", Some(false)),
        ("*/*", "s/a", Some(true)),
        ("a*", "{ab,ac}*", Some(true)),
        ("[ab]*", "a*", None),
    ] {
        assert_eq!(pattern(mine).covers(&pattern(theirs)), expected, "`{mine}` over `{theirs}`");
    }
    assert_eq!(pattern("a*").overlaps(&pattern("*b")), None);
    assert_eq!(pattern("a*").overlaps(&pattern("b*")), Some(false));
    assert_eq!(pattern("a*").overlaps(&pattern("ab")), Some(true));
}

#[test]
fn agents_have_no_server_and_no_case() {
    let agents = AgentPattern::parse("content-*").expect("a pattern");
    assert!(agents.matches("Content-1") && !agents.matches("other"));
    assert_eq!(
        AgentPattern::parse("a/b").map_err(|error| error.kind).err(),
        Some(Kind::SlashInAgent)
    );
}

#[test]
fn names_are_checked_at_the_door() {
    let git = name("git/Read.x:1-2_3");
    assert_eq!(
        (git.server(), git.tool(), git.as_str()),
        (Some("git"), "Read.x:1-2_3", "git/Read.x:1-2_3")
    );
    assert_eq!(name("x").server(), None);
    let part = "a".repeat(128);
    assert!(Name::parse(&format!("{part}/{part}")).is_ok());
    let code = |code: &str, at| NameError::OutsideAlphabet { code: code.to_owned(), at };
    for (text, expected) in [
        ("", NameError::Empty),
        ("/", NameError::EmptyPart { place: "before" }),
        ("/x", NameError::EmptyPart { place: "before" }),
        ("x/", NameError::EmptyPart { place: "after" }),
        ("a/b/c", NameError::SecondSlash { at: 3 }),
        ("read_../delete/all", NameError::SecondSlash { at: 14 }),
        ("//", NameError::SecondSlash { at: 1 }),
        ("re\u{430}d_posts", code("U+0430", 2)),
        ("delete\u{ff3f}all", code("U+FF3F", 6)),
        ("de\u{301}lete_all", code("U+0301", 2)),
        ("boo\u{212a}_delete", code("U+212A", 3)),
        ("read_\u{202e}ll", code("U+202E", 5)),
        ("read_posts\u{e0064}", code("U+E0064", 10)),
        ("\u{feff}delete_all", code("U+FEFF", 0)),
        ("read_x\0delete_all", code("U+0000", 6)),
        ("delete_all\n", code("U+000A", 10)),
        (" delete_all", code("U+0020", 0)),
        ("delete%5Fall", code("U+0025", 6)),
        ("*", code("U+002A", 0)),
        ("read_[a-z]{1,9}", code("U+005B", 5)),
        (&format!("{part}a"), NameError::TooLong { length: 129 }),
        (&format!("{part}a/x"), NameError::TooLong { length: 131 }),
        (&"a".repeat(1 << 20), NameError::TooLong { length: 1 << 20 }),
    ] {
        let error = Name::parse(text).expect_err(text);
        assert!(error.to_string().len() < 100, "{error}");
        assert_eq!(error, expected);
    }
    assert!(
        is_id("content-1")
            && !is_id("")
            && !is_id("a/b")
            && !is_id(&"a".repeat(129))
            && !is_id("é")
    );
}

#[test]
fn texts() {
    for (text, value, exact, ignoring) in [
        ("*@example.com", "ana@example.com", true, true),
        ("*@example.com", "ana@EXAMPLE.com", false, true),
        ("/srv/*", "/srv/a/b\nc", true, true),
        ("a?c", "a/c", true, true),
        ("a?c", "aéc", true, true),
        ("a?c", "ae\u{301}c", true, true),
        ("é", "e\u{301}", true, true),
        ("e\u{301}", "é", true, true),
        ("[e\u{301}]x", "éx", true, true),
        ("[à-é]*", "É", false, true),
        ("É*", "é!", false, true),
        ("*ΑΣ*", "xας", false, true),
        ("ΑΣ*", "ασα", false, true),
        ("?", "İ", true, true),
        ("İ", "İ", true, true),
        ("k*", "\u{212a}elvin", false, true),
        ("[!a]*", "A", true, true),
        ("[!a]*", "a", false, false),
        ("[^a]", "b", true, true),
        ("[*]", "*", true, true),
        ("[*]", "x", false, false),
        ("[]]", "]", true, true),
        ("C:\\*", "C:\\x", true, true),
        ("a,b", "a,b", true, true),
        ("*a*b*c", "xaxbxc", true, true),
        ("*a*b*c", "xaxBxC", false, true),
        ("{ja,nein}!", "NEIN!", false, true),
        ("x{,y}", "x", true, true),
        ("", "", true, true),
        ("", "x", false, false),
        ("*", "", true, true),
        ("ab*ba", "aba", false, false),
        ("*?", "\u{1f600}", true, true),
        ("??", "\u{1f600}", false, false),
        ("x.y", "xzy", false, false),
        ("*sk-????????????????????*", "the key is SK-abcdefghijklmnopqrst!", false, true),
        ("*sk-????????????????????*", "the key is sk-abcdefghijklmnopqrs", false, false),
        ("a(b|c)+?", "a(b|c)+d", true, true),
    ] {
        let pattern = TextPattern::parse(text).unwrap_or_else(|error| panic!("`{text}`: {error}"));
        assert_eq!(pattern.matches(value, false), exact, "`{text}` on {value:?}");
        assert_eq!(pattern.matches(value, true), ignoring, "`{text}` on {value:?}, ignoring case");
    }
    for text in ["[", "{a", "a}", "[z-a]", "{{{{{a}}}}}", "[]", &"a".repeat(5000)] {
        assert!(TextPattern::parse(text).is_err(), "`{text}`");
    }
    assert_eq!(TextPattern::parse("x[b-a]").map_err(|error| error.range).err(), Some(2..5));
}

#[test]
fn a_long_text_takes_linear_time() {
    let text = "a".repeat(1 << 20);
    for (pattern, expected) in
        [("*a*a*a*a*b", false), ("*{a,aa}*b", false), ("*[ab]a*?b", false), ("*a*a*a", true)]
    {
        let pattern = TextPattern::parse(pattern).expect("a pattern");
        assert_eq!(pattern.matches(&text, true), expected, "{}", pattern.text());
    }
}
