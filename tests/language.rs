//! Every sentence of the language as a scenario: a policy, calls, the decisions they must get.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use support::driver::{Driver, error_codes, findings};
use support::fixture::scenarios;

/// Runs one file of scenarios.
fn check(file: &str) {
    let path = format!("{}/tests/policies/{file}.fence", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap();
    let mut failures = String::new();
    let made: usize = scenarios(&text).iter().map(|scenario| scenario.run(&mut failures)).sum();
    assert!(failures.is_empty(), "\n{failures}");
    assert!(made >= 10, "{file} makes only {made} decisions");
}

macro_rules! files {
    ($($name:ident)*) => { $(#[test] fn $name() { check(stringify!($name)); })* };
}

files! { rules layers unknown patterns values functions time counters strategies calls }

/// What is said of each wrong policy of a file: codes, marked texts, messages, help.
fn wrong(file: &str) {
    let path = format!("{}/tests/policies/wrong/{file}.fence", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap();
    let mut found = String::new();
    for scenario in scenarios(&text) {
        let written = scenario.policy();
        let policy = match file {
            "header" => written,
            _ => format!("fence 1\npolicy p\n{written}"),
        };
        let findings = findings(&policy);
        let warns = file == "warnings";
        assert_eq!(error_codes(&policy).is_empty(), warns, "{}: {findings:#?}", scenario.title);
        assert!(!findings.is_empty(), "{}", scenario.title);
        found += &format!("{}\n  {}\n", scenario.title, findings.join("\n  "));
    }
    insta::with_settings!({ snapshot_path => "policies/wrong", prepend_module_to_snapshot => false,
        omit_expression => true }, { insta::assert_snapshot!(file, found) });
}

macro_rules! wrong_files {
    ($($name:ident)*) => { mod wrong_policies { $(#[test] fn $name() { super::wrong(stringify!($name)); })* } };
}

wrong_files! { header names rules patterns expressions time counters terms tools syntax warnings }

/// Every operator over a field that is not there, is null or of another type; the policies and calls
/// in which it stands, and that no unknown loosened anything.
#[test]
fn every_operator_over_every_unreadable_field_in_every_effect_falls_to_the_strict_side() {
    const OPERATORS: [&str; 26] = [
        "args.v == 5",
        "args.v != 5",
        "args.v < 5",
        "args.v <= 5",
        "args.v > 5",
        "args.v >= 5",
        "args.v == \"a\"",
        "args.v != \"a\"",
        "args.v in 0..9",
        "args.v not in 0..9",
        "args.v in [\"a\"]",
        "args.v not in [\"a\"]",
        "args.v like \"a*\"",
        "args.v under \"/a\"",
        "args.v during office",
        "args.v before 2027-01-01",
        "args.v after 2020-01-01",
        "args.v == args.w",
        "args.v != args.w",
        "args.v in args.l",
        "args.v",
        "every r in args.v: r == 1",
        "some r in args.v: r == 1",
        "sum(args.v) < 9",
        "domain(args.v) == \"a.test\"",
        "host(args.v) != \"a.test\"",
    ];
    // Where the last rule asks because texts are equal, it might be by ignoring case alone: then it
    // holds although its `auto` releases.
    const EQUAL_TEXTS: [&str; 9] = [
        "not (args.v == \"a\")",
        "args.v != \"a\"",
        "not (args.v in [\"a\"])",
        "args.v not in [\"a\"]",
        "not (args.v like \"a*\")",
        "not (args.v under \"/a\")",
        "not (args.v == args.w)",
        "args.v != args.w",
        "not (args.v in args.l)",
    ];
    let unreadable = ["{}", "{\"v\":null}", "{\"v\":{}}", "{\"v\":{\"v\":5}}"];
    for operator in OPERATORS {
        for condition in [operator.to_owned(), format!("not ({operator})")] {
            let policy = format!(
                "window office = mon..sun\nallow a when {condition}\ndeny d when {condition}\n\
                 deny e unless {condition}\nask k when {condition}\n\
                 ask u {{ auto when {condition} }}\nask w {{ auto unless {condition} }}\n\
                 allow d, e, k, l\nask l unless {condition} {{ auto when true }}\n"
            );
            let driver = Driver::of(&policy);
            for args in unreadable {
                let effects = ["a", "d", "e", "k", "u", "w", "l"]
                    .map(|tool| driver.effect(&format!("{{\"tool\":\"{tool}\",\"args\":{args}}}")));
                let loosely = EQUAL_TEXTS.contains(&&*condition);
                let last = if loosely { "ask" } else { "allow" };
                let wanted = ["deny", "deny", "deny", "ask", "ask", "ask", last];
                assert_eq!(effects, wanted, "{condition} {args}");
            }
        }
    }
}

/// The terms under which a call waits when several rules and layers ask.
fn terms(policies: &[&str], call: &str) -> fence::engine::approval::Terms {
    use fence::engine::facts::{Facts, Now};
    let policies: Vec<String> =
        policies.iter().enumerate().map(|(at, text)| support::driver::whole(text, at)).collect();
    let driver = Driver::new(&policies);
    let call = fence::Request::parse(call.as_bytes()).unwrap().call;
    let facts = Facts::at(Now::at(support::driver::at(support::driver::START)));
    fence::engine::eval::report(&driver.gate().layers(), &call, &facts).terms()
}

const GROUPS: &str = "group a = \"ana\", \"bo\"\ngroup b = \"chi\", \"dee\"\n";

#[test]
fn merged_terms_are_the_strictest_of_each() {
    let one = format!(
        "{GROUPS}ask x as one {{ by 2 of a or self  then 1 of b after 5m  expires 2h  use within 5m \
         edit args.n shrink, args.m any  offer once, session, 2h  notify chat }}"
    );
    let other = format!(
        "{GROUPS}ask x as other {{ by 1 of a and 1 of b  expires 30m  use within 1h \
         edit args.n 0..50  offer session, 1h  unattended deny  preview required  notify mail }}"
    );
    for policies in [[&*one, &*other], [&*other, &*one]] {
        let merged = terms(&policies, "{\"tool\":\"x\"}");
        assert_eq!(merged.requirements.len(), 2);
        assert_eq!(merged.requirements.iter().map(|r| r.escalations.len()).sum::<usize>(), 1);
        assert_eq!(
            (merged.expires.to_string(), merged.use_within.to_string()),
            ("30m".into(), "5m".into())
        );
        assert!(!merged.or_self && merged.preview);
        assert_eq!(format!("{:?}", merged.unattended), "Deny");
        assert_eq!(merged.edits.len(), 1, "{:?}", merged.edits);
        let bound = &merged.edits[0].bound;
        assert!(bound.shrink && bound.range.is_some(), "both bounds: {bound:?}");
        let mut notify: Vec<&str> = merged.notify.iter().flatten().map(|name| &**name).collect();
        notify.sort_unstable();
        assert_eq!(notify, ["chat", "mail"]);
        let offers = format!("{:?}", merged.offers);
        assert!(offers.contains("Session") && !offers.contains("Once"), "{offers}");
    }
}

#[test]
fn a_released_rule_adds_no_terms_and_self_stands_only_where_all_say_it() {
    let policy = format!(
        "{GROUPS}ask x as one {{ by 1 of a or self }}\n\
         ask x as released {{ auto when true  by 2 of b  expires 1m }}\n\
         ask x as also {{ by 1 of b or self }}"
    );
    let merged = terms(&[&policy], "{\"tool\":\"x\"}");
    assert!(merged.or_self);
    assert_eq!((merged.requirements.len(), merged.expires.to_string()), (2, "1h".into()));
}

#[test]
fn the_request_of_an_ask_says_who_must_approve_and_until_when() {
    let policy = format!("{GROUPS}ask x {{ by 2 of a and 1 of b  expires 8h }}\nask y");
    let driver = Driver::of(&policy);
    let request = driver.decide(b"{\"tool\":\"x\"}").request.unwrap();
    assert_eq!(request.expires_at, "2026-03-23T18:00:00Z");
    let needs: Vec<(u32, Option<&str>)> =
        request.needs.iter().map(|needed| (needed.count, needed.of.as_deref())).collect();
    assert_eq!(needs, [(2, Some("a")), (1, Some("b"))]);
    let request = driver.decide(b"{\"tool\":\"y\"}").request.unwrap();
    assert_eq!(request.expires_at, "2026-03-23T11:00:00Z");
    assert_eq!((request.needs[0].count, &request.needs[0].of), (1, &None));
}
