//! Every sentence of the language as a scenario: a policy, calls, the decisions they must get.

mod support;

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
