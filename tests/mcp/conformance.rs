//! The conformance corpus through the relay: the door's settings fix agent, user, session, server.

use crate::corpus::{Answer, Case, cases, policy};
use crate::support::{Client, place, words};
use fence::engine::json::Json;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

const DOOR: &str = "\
[mcp]
agent = \"conformance\"
user = \"ana@example.com\"
session = \"s-1\"
server = \"desk\"
wait = \"0s\"
";

/// The tool without its server, and its arguments exactly as written.
fn request(case: &Case) -> (String, String) {
    let call: Json = case.call.parse().unwrap();
    let tool = call.root().get("tool").unwrap().as_text().unwrap();
    let args = call.root().get("args").map_or("{}".to_owned(), |args| args.to_string());
    (tool.strip_prefix("desk/").unwrap().to_owned(), args)
}

fn answer(row: &Value) -> Answer {
    let told: fence::Decision = serde_json::from_value(row.clone()).unwrap();
    Answer {
        decision: told.decision.to_string(),
        rule: told.rule.clone(),
        reason: told.reason(),
        digest: told.digest,
    }
}

/// Makes a policy's calls and gives back what the log says of each.
fn run(name: &str, cases: &[&Case]) -> Vec<Answer> {
    let place = place("", DOOR);
    std::fs::copy(policy(name), place.path("p.fence")).unwrap();
    let requests: Vec<_> = cases.iter().map(|case| request(case)).collect();
    let tools: BTreeSet<_> = requests.iter().map(|(tool, _)| tool).collect();
    let tools: Vec<_> =
        tools.iter().map(|name| json!({ "name": name, "inputSchema": {} })).collect();
    place.write("tools.json", &json!([tools]).to_string());
    let mut client = Client::greeted(&place, &[], &json!({}));
    for ((tool, args), case) in requests.iter().zip(cases) {
        let params = format!(r#"{{"name":{},"arguments":{args}}}"#, json!(tool));
        client
            .say(&format!(r#"{{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{params}}}"#));
        let (text, refused) = words(&client.hear_json());
        assert_eq!(refused, case.expected.decision != "allow", "line {}", case.line);
        if case.expected.decision == "deny" {
            assert_eq!(text, case.expected.reason, "line {}", case.line);
        }
    }
    client.end();
    let log = place.run(&["log", "--db", "fence.db", "--json", "--limit", "10000"], b"");
    log.json().iter().map(answer).collect()
}

#[test]
fn every_call_of_the_corpus_is_answered_as_everywhere() {
    // This door can carry every call.
    let cases = cases();
    let mut policies: BTreeMap<&str, Vec<&Case>> = BTreeMap::new();
    for case in &cases {
        policies.entry(&case.policy).or_default().push(case);
    }
    let mut compared = 0;
    for (name, cases) in &policies {
        let answers = run(name, cases);
        assert_eq!(answers.len(), cases.len(), "{name}");
        for (case, found) in cases.iter().zip(answers) {
            assert_eq!(found, case.expected, "line {}: {}", case.line, case.call);
            compared += 1;
        }
    }
    assert!(compared >= 300, "only {compared} calls were compared");
}
