//! The conformance corpus, judged in this process: from parsed calls and from their text, recorded
//! in memory and in a database. The other doors run the same lines: `tests/http`, `tests/mcp`,
//! `tests/hook`, `bindings/python`, `bindings/node`.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "conformance/corpus.rs"]
mod corpus;

use corpus::{Answer, cases, policy};
use fence::store::{LogQuery, MemoryStore, Store};
use fence::wire::Request;
use fence::{Decision, Gate, Trust};
use std::collections::HashMap;
use std::sync::Arc;

fn answer(decision: &Decision) -> Answer {
    Answer {
        decision: decision.decision.to_string(),
        rule: decision.rule.clone(),
        reason: decision.reason(),
        digest: decision.digest.clone(),
    }
}

/// Runs the corpus, each policy in a store of its own.
fn run(store: impl Fn(&str) -> Arc<dyn Store>, decide: impl Fn(&Gate, &str) -> Answer) {
    let mut gates: HashMap<String, Gate> = HashMap::new();
    for case in cases() {
        let gate = gates.entry(case.policy.clone()).or_insert_with_key(|name| {
            let builder = Gate::builder().policy_file(policy(name)).unwrap();
            builder.shared_store(store(name)).build().unwrap()
        });
        let found = decide(gate, &case.call);
        assert_eq!(found, case.expected, "line {}: {}", case.line, case.call);
    }
    for gate in gates.values() {
        let mut recorded = 0;
        let mut count = |_| {
            recorded += 1;
            true
        };
        gate.store().log(&LogQuery::default(), &mut count).unwrap();
        assert!(recorded > 0, "nothing was recorded");
    }
}

fn parsed(gate: &Gate, call: &str) -> Answer {
    let call = Request::parse(call.as_bytes()).unwrap().call;
    answer(&gate.decide_blocking(&call).unwrap())
}

fn text(gate: &Gate, call: &str) -> Answer {
    answer(&gate.decide_json_blocking(call.as_bytes(), Trust::default()).unwrap())
}

#[test]
fn in_memory() {
    run(|_| Arc::new(MemoryStore::new()), parsed);
    run(|_| Arc::new(MemoryStore::new()), text);
}

#[cfg(feature = "sqlite")]
#[test]
fn in_a_database() {
    let folder = tempfile::tempdir().unwrap();
    let store = |name: &str| -> Arc<dyn Store> {
        Arc::new(fence::SqliteStore::open(folder.path().join(format!("{name}.db"))).unwrap())
    };
    run(store, parsed);
}
