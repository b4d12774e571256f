//! The conformance corpus through the hooks: the record has the decision that every door makes, and
//! the host makes the call where that is `allow`, and nowhere else.

use crate::cli_place::Place;
use crate::corpus::{Answer, Case, cases, policy};
use crate::model::{Done, done};
use fence::engine::json::Json;
use fence::store::{LogQuery, Logged, Store as _};
use fence::{Decision, SqliteStore};
use serde_json::json;
use std::collections::HashMap;

/// The call as the host's event. Its text is put together by hand: every digit of it counts.
fn event(host: &str, case: &Case) -> String {
    let call: Json = case.call.parse().unwrap();
    let text = |key| call.root().get(key).unwrap().as_text().unwrap();
    let (server, tool) = text("tool").split_once('/').unwrap();
    let (session, args) = (text("session"), call.root().get("args").unwrap());
    let rest = match host {
        "gemini" => format!(
            r#""hook_event_name":"BeforeTool","session_id":"{session}","tool_name":"mcp_{server}_{tool}",
            "mcp_context":{{"server_name":"{server}","tool_name":"{tool}"}}"#
        ),
        "cursor" => format!(
            r#""hook_event_name":"beforeMCPExecution","conversation_id":"{session}",
            "tool_name":"{tool}","mcp_server_name":"{server}""#
        ),
        _ => format!(
            r#""hook_event_name":"PreToolUse","session_id":"{session}",
            "tool_name":"mcp__{server}__{tool}","mcp_server":{{"name":"{server}","source":"user"}}"#
        ),
    };
    let args = match host {
        // As a text within the text.
        "cursor" => json!(args.to_string()).to_string(),
        _ => args.to_string(),
    };
    format!("{{{rest},\"tool_input\":{args}}}")
}

/// One line: what the host does, and what was written down.
fn run(place: &Place, host: &str, case: &Case) -> (Done, Answer) {
    let (policy, db) = (policy(&case.policy), format!("{}.db", case.policy));
    let arguments = ["hook", host, policy.to_str().unwrap(), "--db", &db];
    let fixed = ["--agent", "conformance", "--user", "ana@example.com"];
    let ran = place.run(&[&arguments[..], &fixed].concat(), event(host, case).as_bytes());
    let store = SqliteStore::open_read_only(place.path(&db)).unwrap();
    let mut newest = None;
    let mut visit = |logged: Logged| {
        newest = Some(logged.entry.body);
        true
    };
    store.log(&LogQuery { limit: Some(1), ..LogQuery::default() }, &mut visit).unwrap();
    let decision: Decision = serde_json::from_str(&newest.unwrap()).unwrap();
    let answer = Answer {
        decision: decision.decision.to_string(),
        rule: decision.rule.clone(),
        reason: decision.reason(),
        digest: decision.digest,
    };
    (done(host, &json!({}), &ran), answer)
}

fn check(place: &Place, host: &str, case: &Case) {
    let (done, found) = run(place, host, case);
    assert_eq!(found, case.expected, "{host}, line {}: {}", case.line, case.call);
    match (&*found.decision, done) {
        ("allow", Done::Made) => {}
        ("deny", Done::Blocked(reason)) => assert_eq!(reason, found.reason, "{host}"),
        ("ask", Done::Blocked(reason)) => {
            assert!(reason.contains("This call waits for"), "{host}, line {}: {reason}", case.line);
        }
        (decision, done) => panic!("{host}, line {}: {decision}, but {done:?}", case.line),
    }
}

#[test]
fn every_call_is_judged_as_at_every_other_door() {
    let mut places: HashMap<String, Place> = HashMap::new();
    for case in cases() {
        let place = places.entry(case.policy.clone()).or_insert_with(|| Place::new(""));
        check(place, "claude-code", &case);
    }
}

/// The first calls of each policy, so that counters stand as they do everywhere.
#[test]
fn the_other_hosts_differ_in_nothing_but_their_forms() {
    for host in ["codex", "gemini", "cursor"] {
        let mut places: HashMap<String, (Place, u32)> = HashMap::new();
        for case in cases().iter().filter(|case| !case.call.contains("a__b")) {
            let (place, run) =
                places.entry(case.policy.clone()).or_insert_with(|| (Place::new(""), 0));
            *run += 1;
            if *run <= 2 {
                check(place, host, case);
            }
        }
    }
}
