//! Deciding over HTTP: the token fixes who calls, sessions are opened first, answers are the record's.

use crate::support::{Call, Server};
use fence::tokens::{Agency, Holder, Role};

fn writer(server: &Server) -> String {
    let texts = |text: &str| Some(vec![text.to_owned()]);
    server.token(&Holder::Agent(Agency {
        agent: "content-1".to_owned(),
        parents: texts("lead"),
        roles: texts("writer"),
        user: Some("ann@x.example".to_owned()),
    }))
}

fn jsonl(server: &Server, token: &str, lines: &str) -> crate::support::Answer {
    Call::new(server.address, "POST", "/v1/decide")
        .body("application/jsonl", lines.as_bytes())
        .token(token)
        .send()
}

#[test]
fn a_decision_is_recorded_in_the_tokens_name_before_it_is_answered() {
    let server = Server::new();
    let answer =
        server.post("/v1/decide", r#"{"tool":"read_post"}"#).token(&writer(&server)).send();
    let decision = answer.json();
    assert_eq!((answer.status, decision["decision"].as_str()), (200, Some("allow")));
    let auditor = server.token(&Holder::Person { role: Role::Auditor, person: None });
    let path = format!("/v1/decisions/{}", decision["id"].as_str().unwrap());
    let record = server.get(&path).token(&auditor).send().json();
    let call = &record["record"]["call"];
    assert_eq!(call["agent"]["id"], "content-1");
    assert_eq!(call["agent"]["parents"][0], "lead");
    assert_eq!(call["user"], "ann@x.example");
    assert_eq!(record["record"]["digest"], decision["digest"]);
}

#[test]
fn a_call_that_contradicts_its_token_is_refused_and_not_decided() {
    let server = Server::new();
    let token = writer(&server);
    for call in [
        r#"{"tool":"read_post","agent":"other"}"#,
        r#"{"tool":"read_post","agent":{"id":"content-1","roles":["admin"]}}"#,
        r#"{"tool":"read_post","user":"bob@x.example"}"#,
        r#"{"tool":"read_post","session":"never-opened"}"#,
    ] {
        let answer = server.post("/v1/decide", call).token(&token).send();
        assert_eq!(answer.status, 403, "{call}: {}", answer.body);
        let lines = format!("{{\"tool\":\"read_post\"}}\n{call}\n");
        assert_eq!(jsonl(&server, &token, &lines).status, 403, "{call}");
    }
    let auditor = server.token(&Holder::Person { role: Role::Auditor, person: None });
    let log = server.get("/v1/decisions").token(&auditor).send().json();
    assert_eq!(log["items"].as_array().unwrap().len(), 0);
}

#[test]
fn many_calls_are_answered_in_order_and_a_malformed_one_is_denied() {
    let server = Server::new();
    let mut lines = String::new();
    for number in 0..600 {
        lines.push_str(&format!("{{\"tool\":\"read_{number}\"}}\n"));
    }
    lines.push_str("\n{\"tool\":7}\r\n{\"tool\":\"x\",\"tool\":\"y\"}\n{\"tool\":\"delete_all\"}");
    let answer = jsonl(&server, &writer(&server), &lines);
    assert_eq!(answer.header("content-type"), Some("application/jsonl"));
    let decisions: Vec<serde_json::Value> =
        answer.body.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(decisions.len(), 603);
    assert!(decisions[..600].iter().all(|decision| decision["decision"] == "allow"));
    let ids: Vec<_> = decisions.iter().map(|decision| decision["id"].as_str().unwrap()).collect();
    assert!(ids.windows(2).all(|pair| pair[0] != pair[1]));
    assert!(decisions[600]["because"].as_str().unwrap().contains("`tool` must be a text"));
    assert!(decisions[601]["because"].as_str().unwrap().contains("duplicate key"));
    assert_eq!(decisions[602]["because"], "deleting is not for agents");
}

#[test]
fn a_number_is_recorded_digit_by_digit() {
    let server = Server::new();
    let call = r#"{"tool":"read_x","args":{"n":123456789012345678901234567890.10}}"#;
    let answer = server.post("/v1/decide", call).token(&writer(&server)).send();
    let auditor = server.token(&Holder::Person { role: Role::Auditor, person: None });
    let path = format!("/v1/decisions/{}", answer.json()["id"].as_str().unwrap());
    let record = server.get(&path).token(&auditor).send().body;
    assert!(record.contains("1234567890123456789012345678901e-1"), "{record}");
}

#[test]
fn a_session_is_opened_once_and_belongs_to_its_agent() {
    let server = Server::new();
    let (own, other) = (writer(&server), server.agent("other"));
    let opened = server.post("/v1/sessions", r#"{"session":"s-17"}"#).token(&own).send();
    assert_eq!(opened.status, 201, "{}", opened.body);
    assert_eq!(opened.json()["started_by"], "ann@x.example");
    let again = server.post("/v1/sessions", r#"{"session":"s-17"}"#).token(&own).send();
    assert_eq!(again.json(), opened.json());
    let taken = server.post("/v1/sessions", r#"{"session":"s-17"}"#).token(&other).send();
    assert_eq!((taken.status, taken.problem()), (409, "session-taken".to_owned()));
    let call = r#"{"tool":"read_x","session":"s-17"}"#;
    assert_eq!(server.post("/v1/decide", call).token(&own).send().status, 200);
    let refused = server.post("/v1/decide", call).token(&other).send();
    assert_eq!((refused.status, refused.problem()), (403, "session".to_owned()));
    let made = server.post("/v1/sessions", "").token(&own).send().json();
    assert!(made["session"].as_str().unwrap().starts_with("s_"));
}

#[test]
fn the_log_is_paged_and_filtered() {
    let server = Server::new();
    let token = writer(&server);
    let lines: String = (0..25).map(|n| format!("{{\"tool\":\"read_{}\"}}\n", n % 5)).collect();
    jsonl(&server, &token, &lines);
    let auditor = server.token(&Holder::Person { role: Role::Auditor, person: None });
    let get = |path: &str| server.get(path).token(&auditor).send().json();
    let seqs = |page: &serde_json::Value| -> Vec<u64> {
        let items = page["items"].as_array().unwrap();
        items.iter().map(|item| item["seq"].as_u64().unwrap()).collect()
    };
    let first = get("/v1/decisions?limit=10");
    assert_eq!(seqs(&first), (16..=25).rev().collect::<Vec<_>>());
    let second = get(&format!("/v1/decisions?limit=10&before={}", first["next"]));
    let third = get(&format!("/v1/decisions?limit=10&before={}", second["next"]));
    assert_eq!(seqs(&third), [5, 4, 3, 2, 1]);
    assert!(third["next"].is_null());
    assert_eq!(seqs(&get("/v1/decisions?tool=read_3")).len(), 5);
    assert_eq!(seqs(&get("/v1/decisions?decision=deny")).len(), 0);
    assert_eq!(seqs(&get("/v1/decisions?agent=content-1&limit=500")).len(), 25);
    for wrong in ["decision=maybe", "since=soon", "limit=x", "tol=x"] {
        let answer = server.get(&format!("/v1/decisions?{wrong}")).token(&auditor).send();
        assert_eq!((answer.status, answer.problem()), (400, "bad-request".to_owned()), "{wrong}");
    }
}

#[test]
fn the_policies_in_force_are_shown_with_their_lines() {
    let server = Server::new();
    let approver = server.person(Role::Approver, "ann@x.example");
    let shown = server.get("/v1/policies").token(&approver).send().json();
    let policy = &shown["policies"][0];
    assert_eq!(policy["name"], "mail");
    assert_eq!(policy["sources"][0]["lines"][1], "policy mail");
    assert_eq!(policy["rules"][1]["effect"], "deny");
    assert!(shown["failure"].is_null());
    let token = writer(&server);
    let decided = server.post("/v1/decide", r#"{"tool":"read_x"}"#).token(&token).send().json();
    assert_eq!(decided["policy_digest"], shown["digest"]);
}

#[test]
fn what_happens_is_counted() {
    let server = Server::new();
    let token = writer(&server);
    server.post("/v1/decide", r#"{"tool":"read_x"}"#).token(&token).send();
    server.post("/v1/decide", r#"{"tool":"delete_x"}"#).token(&token).send();
    let auditor = server.token(&Holder::Person { role: Role::Auditor, person: None });
    let metrics = server.get("/metrics").token(&auditor).send();
    assert!(metrics.header("content-type").unwrap().starts_with("application/openmetrics-text"));
    for line in [
        r#"fence_decisions_total{decision="allow",policy="mail",rule="read_*"} 1"#,
        r#"fence_decisions_total{decision="deny",policy="mail",rule="delete_*"} 1"#,
        "fence_decision_seconds_count 2",
        "fence_requests_open 0",
        r#"fence_http_answers_total{method="POST",route="/v1/decide",status="200"} 2"#,
    ] {
        assert!(metrics.body.contains(line), "{line} is missing from\n{}", metrics.body);
    }
    assert!(metrics.body.ends_with("# EOF\n"));
}
