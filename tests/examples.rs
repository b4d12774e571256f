//! The examples, executed: policies, their tests, their calls, the strategies' manual pages, and
//! the programs for embedding.
//!
//! `UPDATE_EXPECTED=1 cargo test --test examples` writes the answers beside the calls anew.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod docs_support;

use docs_support::{blocks, failures, files, root, stem};
use fence::clock::ManualClock;
use fence::engine::diagnostic::Severity;
use fence::engine::eval::report;
use fence::engine::facts::{CounterFact, Facts, Now};
use fence::engine::json::{Json, Value};
use fence::engine::scalar::Timestamp;
use fence::engine::{Layers, plan, syntax};
use fence::policies::{check_file, check_text, compile};
use fence::{Decision, Effect, Gate, Request, Trust};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn every_policy_is_sound_and_in_the_one_layout() {
    for path in files("examples/policies", "fence") {
        let checked = check_file(&path, &fence::strategies::builtin()).unwrap();
        let errors: Vec<String> = checked
            .diagnostics
            .iter()
            .filter(|found| found.severity == Severity::Error)
            .map(|found| format!("{} {}", found.code, found.message))
            .collect();
        assert!(errors.is_empty(), "{}: {errors:?}", path.display());
        let text = read(&path);
        assert_eq!(syntax::format(&text).unwrap(), text, "{} is not formatted", path.display());
    }
}

#[test]
fn every_policy_passes_its_own_tests() {
    for path in policies() {
        let checked = check_file(&path, &fence::strategies::builtin()).unwrap();
        let policy = compile(&path.display().to_string(), checked).unwrap();
        let failures = failures(policy);
        assert!(failures.is_empty(), "{}: {failures:#?}", path.display());
    }
}

/// The files that hold rules.
fn policies() -> Vec<PathBuf> {
    let mut policies = files("examples/policies", "fence");
    policies.retain(|path| read(path).contains("\npolicy "));
    policies
}

#[test]
fn every_call_gets_the_answer_beside_it() {
    let update = std::env::var_os("UPDATE_EXPECTED").is_some();
    for policy in policies() {
        let calls = root().join("examples/calls").join(format!("{}.jsonl", stem(&policy)));
        let expected = calls.with_extension("expected");
        let found = answers(&policy, &read(&calls));
        if update {
            std::fs::write(&expected, &found).unwrap();
        }
        assert_eq!(found, read(&expected), "{}", calls.display());
    }
}

/// One line a call: the decision and the rule, or why no rule was asked.
fn answers(policy: &Path, calls: &str) -> String {
    let now = Timestamp::parse("2026-03-23T09:00:00Z").unwrap();
    let clock = Arc::new(ManualClock::new(now));
    let gate = Gate::builder().policy_file(policy).unwrap().clock(clock).build().unwrap();
    let answer = |line: &str| {
        let trust = Trust { times: true, at: None };
        answer_line(&gate.decide_json_blocking(line.as_bytes(), trust).unwrap())
    };
    calls.lines().map(|line| answer(line) + "\n").collect()
}

fn answer_line(decision: &Decision) -> String {
    let effect = decision.decision;
    match (&decision.rule, &decision.policy, &decision.because) {
        (Some(rule), _, _) => format!("{effect} by {rule}"),
        (None, Some(_), _) => format!("{effect} by default"),
        (None, None, because) => format!("{effect}: {}", because.as_deref().unwrap_or_default()),
    }
}

/// Of each strategy, its head comment: a policy, a call that it releases, a call that it holds.
#[test]
fn every_strategy_does_as_its_head_says() {
    for path in files("strategies/src", "rs") {
        let head: String = read(&path)
            .lines()
            .filter_map(|line| line.strip_prefix("//!"))
            .map(|line| format!("{}\n", line.strip_prefix(' ').unwrap_or(line)))
            .collect();
        let blocks = blocks(&path.display().to_string(), &head);
        let of = |language: &str| blocks.iter().find(|block| block.language() == language);
        if path.ends_with("lib.rs") {
            continue;
        }
        let (Some(policy), Some(calls)) = (of("fence"), of("json")) else {
            panic!("{} has no policy and calls in its head", path.display());
        };
        let calls: serde_json::Value = serde_json::from_str(&calls.text).unwrap();
        for (name, effect) in [("release", Effect::Allow), ("hold", Effect::Ask)] {
            let found = judged(&policy.text, &calls[name]);
            assert_eq!(found, effect, "{}: {name}", path.display());
        }
    }
}

/// What becomes of a call whose counters stand at its `used`.
fn judged(policy: &str, call: &serde_json::Value) -> Effect {
    let mut call = call.clone();
    let used = call.as_object_mut().unwrap().remove("used");
    let used = used.map_or(0, |used| used.as_u64().unwrap());
    let request = Request::parse(call.to_string().as_bytes()).unwrap();
    let checked = check_text("head.fence", policy, &fence::strategies::builtin());
    let layers = Layers::from(compile("head.fence", checked).unwrap());
    let now = Now::at(request.at.unwrap_or(Timestamp::EPOCH));
    let needs = plan(&layers, &request.call, &Facts::at(now));
    let counters = needs.counters.iter();
    let counters: Vec<CounterFact> =
        counters.map(|need| CounterFact { phrase: need.phrase, used: Some(used) }).collect();
    let facts = Facts { now, counters: &counters, answers: &[] };
    report(&layers, &request.call, &facts).evaluation.effect
}

#[test]
fn every_call_is_one_object_a_line() {
    for path in files("examples/calls", "jsonl") {
        for line in read(&path).lines() {
            let json = Json::parse(line.as_bytes()).unwrap();
            assert!(matches!(json.root(), Value::Object(_)), "{}: {line}", path.display());
        }
    }
}

/// Runs an example and answers what it prints.
fn run(name: &str, arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO"))
        .args(["run", "--quiet", "--example", name, "--"])
        .args(arguments)
        .current_dir(root())
        // The variables of this test's own cargo would make that one build afresh.
        .env_remove("CARGO_MANIFEST_DIR")
        .output()
        .unwrap();
    assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn embed_decides_and_records() {
    let folder = tempfile::tempdir().unwrap();
    let shown = run("embed", &[folder.path().to_str().unwrap()]);
    let lines: Vec<&str> = shown.lines().collect();
    assert_eq!(lines[0], "report_run: go ahead");
    assert!(lines[1].starts_with("report_run: wait for a person until "), "{shown}");
    assert!(lines[2].starts_with("database_drop: refused, no rule mentions the tool"), "{shown}");
    assert!(folder.path().join("fence.db").is_file());
}

#[test]
fn engine_alone_judges_by_the_facts_it_is_given() {
    let shown = run("engine_alone", &[]);
    let effects: Vec<&str> = shown.lines().filter_map(|line| line.rsplit(' ').next()).collect();
    assert_eq!(effects, ["allow", "ask", "ask"], "{shown}");
}

#[test]
fn own_strategy_releases_a_share_and_refuses_a_misspelt_parameter() {
    let shown = run("own_strategy", &[]);
    assert!(shown.contains(": allow\n"), "{shown}");
    assert!(shown.contains(": ask unless "), "{shown}");
    assert!(shown.contains("has 1 error and is not loaded"), "{shown}");
}

#[test]
fn async_agent_runs_its_steps_through_one_gate() {
    let shown = run("async_agent", &[]);
    assert_eq!(shown.matches("ticket_reply: done").count(), 2, "{shown}");
    assert_eq!(shown.matches("ticket_reply: waits for a person").count(), 1, "{shown}");
    assert!(shown.ends_with("tickets are kept. Instead: close the ticket\n"), "{shown}");
}
