//! Real input: an airline agent's calls, decided and recorded twice, come out the same.
//!
//! The 1 164 recorded calls are read where they are at hand; calls of our own stand in otherwise.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use fence::engine::json::Json;
use fence::engine::scalar::Timestamp;
use fence::store::LogQuery;
use fence::{Gate, SqliteStore, Trust};
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn calls() -> Vec<(String, PathBuf)> {
    let own = root().join("examples/calls/airline.jsonl");
    let recorded = root().join("../shared/data/tau-bench-calls.jsonl");
    [("own", own), ("recorded", recorded)]
        .into_iter()
        .filter(|(_, path)| path.exists())
        .map(|(name, path)| (name.to_owned(), path))
        .collect()
}

/// Decides all calls into a fresh database; the answers, and the records, ids and recording times
/// taken out.
fn run(database: &Path, calls: &str) -> (Vec<String>, Vec<String>) {
    let store = SqliteStore::open(database).unwrap();
    let gate = Gate::builder().policy_file(root().join("examples/policies/airline.fence")).unwrap();
    let gate = gate.store(store).build().unwrap();
    let trust = Trust { at: Timestamp::parse("2026-11-23T10:00:00Z"), times: false };
    let pending: Vec<_> =
        calls.lines().map(|line| gate.submit_json(line.as_bytes(), trust)).collect();
    let answers = pending
        .into_iter()
        .map(|pending| serde_json::to_value(pending.wait().unwrap()).map(without_ids).unwrap());
    let answers = answers.collect();
    let mut records = Vec::new();
    let mut visit = |logged: fence::store::Logged| {
        let record = serde_json::from_str(&logged.entry.body).unwrap();
        let mut canonical = String::new();
        Json::parse(logged.entry.body.as_bytes()).unwrap().write_canonical(&mut canonical);
        assert_eq!(canonical, logged.entry.body, "records are in canonical form");
        records.push(without_ids(record));
        true
    };
    gate.store().log(&LogQuery::default(), &mut visit).unwrap();
    (answers, records)
}

fn without_ids(mut value: serde_json::Value) -> String {
    let members = value.as_object_mut().unwrap();
    members.remove("id");
    members.remove("recorded_at");
    if let Some(request) = members.get_mut("request") {
        request.as_object_mut().unwrap().remove("id");
    }
    value.to_string()
}

#[test]
fn a_second_run_gives_the_same_decisions_byte_for_byte() {
    let folder = tempfile::tempdir().unwrap();
    for (name, path) in calls() {
        let text = std::fs::read_to_string(path).unwrap();
        let one = run(&folder.path().join(format!("{name}-1.db")), &text);
        let two = run(&folder.path().join(format!("{name}-2.db")), &text);
        assert_eq!(one.0.len(), text.lines().count());
        assert_eq!(one.0, two.0, "{name}");
        assert_eq!(one.1, two.1, "{name}");
        assert_eq!(one.1.len(), text.lines().count(), "every decision is recorded");
        for effect in ["allow", "ask"] {
            let found = one.0.iter().any(|a| a.contains(&format!("\"decision\":\"{effect}\"")));
            assert!(found, "{name}: nothing is {effect}");
        }
    }
}
