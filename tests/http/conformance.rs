//! The conformance corpus over HTTP: the token fixes agent and user, the host opens the session.

use crate::corpus::{Answer, cases, policy};
use crate::support::{Server, Setup};
use fence::tokens::{Agency, Holder};
use serde_json::Value;
use std::collections::HashMap;

/// A server for one policy, and its agent's token.
fn house(name: &str) -> (Server, String) {
    let server = Server::start(Setup { files: vec![policy(name)], ..Setup::default() });
    let agency = Agency {
        agent: "conformance".to_owned(),
        user: Some("ana@example.com".to_owned()),
        ..Agency::default()
    };
    let token = server.token(&Holder::Agent(agency));
    let opened = server.post("/v1/sessions", r#"{"session":"s-1"}"#).token(&token).send();
    assert_eq!(opened.status, 201, "{}", opened.body);
    (server, token)
}

fn answer(decision: &Value) -> Answer {
    let text = |key: &str| decision[key].as_str().map(str::to_owned);
    let told: fence::Decision = serde_json::from_value(decision.clone()).unwrap();
    Answer {
        decision: text("decision").unwrap(),
        rule: text("rule"),
        reason: told.reason(),
        digest: text("digest").unwrap(),
    }
}

#[test]
fn every_call_of_the_corpus_is_answered_as_everywhere() {
    let mut houses: HashMap<String, (Server, String)> = HashMap::new();
    for case in cases() {
        let (server, token) =
            houses.entry(case.policy.clone()).or_insert_with_key(|name| house(name));
        let sent = server.post("/v1/decide", &case.call).token(token).send();
        assert_eq!(sent.status, 200, "line {}: {}", case.line, sent.body);
        assert_eq!(answer(&sent.json()), case.expected, "line {}: {}", case.line, case.call);
    }
}
