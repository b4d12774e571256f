//! Whatever the text, the parser answers: soon, on little stack, without panicking.

#![expect(clippy::unwrap_used, reason = "helpers stop a test that cannot go on")]

use std::time::{Duration, Instant};

use fence_engine::diagnostic::Code;
use fence_engine::span::SourceId;
use fence_engine::syntax::{self, Parsed};

/// Parses on a small stack, as a host's worker thread may have.
fn parse(text: String) -> Parsed {
    let work = move || syntax::parse(SourceId(0), &text);
    std::thread::Builder::new().stack_size(512 << 10).spawn(work).unwrap().join().unwrap()
}

fn codes(text: String) -> Vec<Code> {
    parse(text).diagnostics.iter().map(|found| found.code).collect()
}

fn nested(open: &str, depth: usize, inner: &str, close: &str) -> String {
    format!("deny * when {}{inner}{}", open.repeat(depth), close.repeat(depth))
}

#[test]
fn nesting_up_to_the_limit_is_read() {
    assert_eq!(codes(nested("(", 64, "true", ")")), []);
    assert_eq!(codes(nested("not ", 64, "true", "")), []);
    assert_eq!(codes(nested("not (", 32, "args.x == 1 and args.y", ")")), []);
    assert_eq!(codes(nested("args.x in [", 1, "[[[[[[[[[[1]]]]]]]]]]", "]")), []);
    assert_eq!(codes(nested("f(", 63, "g(1)", ")")), []);
    assert_eq!(
        codes(nested("args.x == [", 1, &format!("{}{}", "[".repeat(63), "]".repeat(63)), "]")),
        []
    );
    let data = format!(
        "test \"t\" {{ call x {{ a: {}{} }} expect deny }}",
        "[".repeat(62),
        "]".repeat(62)
    );
    assert_eq!(codes(data), []);
    let data =
        format!("test \"t\" {{ call x {{ a: {}1{} }} }}", "{ b: ".repeat(62), "}".repeat(62));
    assert_eq!(codes(data), []);
    let repeat = format!("test \"t\" {{ {}{} }}", "repeat 1 { ".repeat(63), "}".repeat(63));
    assert_eq!(codes(repeat), []);
}

#[test]
fn nesting_beyond_the_limit_is_refused() {
    for text in [
        nested("(", 65, "true", ")"),
        nested("not ", 65, "true", ""),
        nested("not (", 33, "true", ")"),
        nested("f(", 65, "1", ")"),
        nested("every r in x: ", 65, "r", ""),
        nested("every r in x:", 65, "r", ""),
        nested("every r in x: not (r like a and ", 22, "r", ")"),
        nested("every a in x: tool == \"t\" and ", 70, "r", ""),
    ] {
        let found = codes(text.clone());
        assert!(found.contains(&Code::TOO_DEEP), "{text}: {found:?}");
    }
}

#[test]
fn one_level_does_not_count_twice() {
    let clauses = "not (args.a) and not (not args.b) and ".repeat(200);
    assert_eq!(codes(format!("deny * when {clauses} args.c")), []);
    let lines = "auto when every r in args.x: r in ours\n auto unless not args.x\n".repeat(100);
    assert_eq!(codes(format!("ask * as x {{ {lines} }}")), []);
}

#[test]
fn hostile_texts_are_refused_at_once() {
    let million = if cfg!(debug_assertions) { 100_000 } else { 1_000_000 };
    let texts = [
        nested("(", million, "", ""),
        nested("f(", 40, "", ""),
        nested("(", million, "1", ")"),
        nested("not ", million, "", ""),
        nested("every x in y:", million, "", ""),
        "{".repeat(million),
        "}".repeat(million),
        "deny ".repeat(million),
        "deny\n".repeat(million),
        "\"".repeat(million),
        "'".repeat(million),
        "\\".repeat(million),
        ";".repeat(million),
        "\0".repeat(million),
        "a,".repeat(million),
        "set x: list<".to_owned() + &"list<".repeat(million),
        "test \"a\" { ".repeat(million / 10),
        "test \"a\" { call x { ".to_owned() + &"a: [".repeat(million),
        "ask x { ".to_owned() + &"by ( \n".repeat(million),
    ];
    for text in texts {
        let start = Instant::now();
        let name: String = text.chars().take(30).collect();
        assert_ne!(codes(text), [], "{name}");
        assert!(start.elapsed() < Duration::from_secs(10), "{name} took {:?}", start.elapsed());
        println!("{name:?} {:?}", start.elapsed());
    }
}

#[test]
fn a_file_over_the_limit_is_not_read() {
    assert_eq!(codes(" ".repeat(syntax::MAX_BYTES)), []);
    assert_eq!(codes(" ".repeat(syntax::MAX_BYTES + 1)), [Code::TOO_LARGE]);
}

#[test]
fn ten_thousand_rules_are_read_in_a_moment() {
    let mut text = String::new();
    for n in 0..10_000 {
        text.push_str(&format!(
            "ask tool_{n}_*, other_{n} as rule_{n} when args.amount > {n} and args.to in [\"a\", \"b\"] {{\n  \
             auto when count(args.to, args.cc?) <= 50 and every r in args.to: domain(r) in ours\n  \
             by 2 of editors\n  expires 8h\n}}\n"
        ));
    }
    let start = Instant::now();
    let parsed = parse(text.clone());
    println!("{} bytes in {:?}", text.len(), start.elapsed());
    assert_eq!(parsed.diagnostics, []);
    assert_eq!(parsed.file.items.len(), 10_000);
}
