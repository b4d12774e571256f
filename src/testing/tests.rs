use super::*;
use crate::policies::{check_text, compile};

/// Runs the policy's tests; for each the first problem, or nothing.
fn problems(policy: &str) -> Vec<Option<String>> {
    let text = format!("fence 1 policy p for agent content-* {policy}");
    let checked = check_text("p.fence", &text, &fence_strategies::builtin());
    let results = run(compile("p.fence", checked).unwrap(), "", &Services::default()).unwrap();
    results.iter().map(|r| r.failures.first().map(|f| f.problem.to_string())).collect()
}

fn passes(policy: &str) {
    let problems = problems(policy);
    assert!(!problems.is_empty() && problems.iter().all(Option::is_none), "{problems:?}");
}

fn fails(policy: &str, why: &str) {
    let problems = problems(policy);
    let said = problems[0].as_deref().unwrap_or("it passed");
    assert!(said.contains(why), "{said}");
}

#[test]
fn a_file_governs_its_tests_whatever_its_for() {
    passes(r#"allow read_* test "t" { call read_x expect allow by read_* }"#);
}

#[test]
fn a_rule_is_known_by_its_name_any_of_its_patterns_or_as_default() {
    passes(
        r#"deny a_*, b_* as no test "t" {
            call b_x expect deny by no expect deny by b_* call c expect deny by default }"#,
    );
    fails(r#"deny a_* deny b_* test "t" { call b_x expect deny by a_* }"#, "deny by `b_*`");
    fails(r#"deny a_* test "t" { call a_x expect deny by default }"#, "expected deny by `default`");
}

#[test]
fn where_several_rules_say_the_same_each_decided() {
    passes(r#"ask a_* as one ask *_b as two test "t" { call a_b expect ask by one expect ask by two }"#);
}

#[test]
fn the_clock_needs_a_time() {
    let policy = "window office = mon..fri 09:00..17:00 ask a { auto during office } allow b";
    fails(&format!(r#"{policy} test "t" {{ call a expect ask }}"#), "write `at`");
    passes(&format!(r#"{policy} test "t" {{ call b expect allow }}"#));
    passes(&format!(
        r#"{policy} test "t" {{ at 2026-03-23T08:59 call a expect ask wait 1m call a expect allow }}"#
    ));
    fails(
        &format!(r#"{policy} test "t" {{ at 2026-03-23T10:00 call a at 2026-03-23T09:00 call a }}"#),
        "backwards",
    );
}

#[test]
fn rates_need_a_time_and_follow_it() {
    let policy = "ask a { auto at most 2 per 1h per session }";
    fails(&format!(r#"{policy} test "t" {{ call a expect allow }}"#), "write `at`");
    passes(&format!(
        r#"{policy} test "t" {{ at 2026-03-23 repeat 2 {{ call a expect allow }}
            call a expect ask wait 1h call a expect allow }}"#
    ));
}

#[test]
fn counters_count_within_one_test_and_start_anew_with_the_next() {
    passes(
        r#"ask a { auto first 2 per session }
        test "one" { repeat 2 { call a expect allow } call a expect ask
            call a in session "other" expect allow }
        test "two" { call a expect allow }"#,
    );
}

#[test]
fn a_failing_round_is_named_once() {
    let text = r#"fence 1 policy p ask a { auto first 2 per session }
        test "t" { repeat 5 { call a expect allow } }"#;
    let checked = check_text("p.fence", text, &fence_strategies::builtin());
    let results = run(compile("p.fence", checked).unwrap(), "", &Services::default()).unwrap();
    assert_eq!(results[0].calls, 5);
    assert_eq!(results[0].failures.len(), 1);
    assert_eq!(results[0].failures[0].round, Some(3));
}

#[test]
fn data_arrives_exactly_and_callers_can_be_given() {
    passes(
        r#"allow pay when args.amount == 0.1 and user == "ana@example.com" and agent.id == "x"
        test "t" { call pay { amount: 0.10 } as agent "x" as user "ana@example.com" expect allow
            call pay { amount: 0.1 } as user "ana@example.com" expect deny by default }"#,
    );
}
