//! Every sentence of the language as a scenario: a policy, calls, the decisions they must get.

mod support;

use support::driver::{error_codes, findings};
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
