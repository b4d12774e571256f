//! `Idempotency-Key`: a write that is sent again is answered again.

use crate::support::Server;
use fence::tokens::Role;

/// How many sessions were opened.
fn count(server: &Server) -> usize {
    server.events().iter().filter(|event| event.starts_with("session.opened")).count()
}

#[test]
fn the_same_request_under_a_key_is_done_once() {
    let server = Server::new();
    let token = server.agent("a-1");
    let call = server.post("/v1/sessions", "{}").token(&token);
    let call = call.header("Idempotency-Key", "k-1");
    let (first, second) = (call.send(), call.send());
    assert_eq!((first.status, &first.body), (201, &second.body));
    assert_eq!(second.header("idempotency-replayed"), Some("true"));
    assert_eq!(second.header("content-type"), Some("application/json"));
    assert_eq!(count(&server), 1);
    let other = server.post("/v1/sessions", r#"{"session":"s-2"}"#).token(&token);
    let other = other.header("Idempotency-Key", "k-1").send();
    assert_eq!((other.status, other.problem()), (422, "idempotency-key-reused".to_owned()));
    let elsewhere = server.post("/v1/requests/r_x/cancel", "{}").token(&token);
    assert_eq!(elsewhere.header("Idempotency-Key", "k-1").send().status, 422);
    assert_eq!(count(&server), 1);
}

#[test]
fn keys_of_two_tokens_are_two_keys() {
    let server = Server::new();
    let call = server.post("/v1/sessions", "{}").header("Idempotency-Key", "k-1");
    let first = call.clone().token(&server.agent("a-1")).send();
    let second = call.token(&server.agent("a-2")).send();
    assert_ne!(first.json()["session"], second.json()["session"]);
}

#[test]
fn of_many_at_once_one_is_done() {
    let server = Server::new();
    let call = server.post("/v1/sessions", "{}").token(&server.agent("a-1"));
    let call = call.header("Idempotency-Key", "k-1");
    let sending: Vec<_> = (0..20)
        .map(|_| {
            let call = call.clone();
            std::thread::spawn(move || call.send())
        })
        .collect();
    let answers: Vec<_> = sending.into_iter().map(|sent| sent.join().unwrap()).collect();
    let done: Vec<_> = answers.iter().filter(|answer| answer.status == 201).collect();
    assert!(!done.is_empty() && done.iter().all(|answer| answer.body == done[0].body));
    let running = |answer: &&crate::support::Answer| {
        answer.status == 409 && answer.problem() == "still-running"
    };
    assert_eq!(done.len() + answers.iter().filter(running).count(), 20);
    assert_eq!(count(&server), 1);
}

#[test]
fn a_key_that_makes_no_sense_is_refused() {
    let server = Server::new();
    let token = server.agent("a-1");
    for key in [" ", &"k".repeat(256)] {
        let call = server.post("/v1/sessions", "{}").token(&token);
        assert_eq!(call.header("Idempotency-Key", key).send().status, 400);
    }
    assert_eq!(count(&server), 0);
}

/// An answer that was kept would release a call past a halt.
#[test]
fn a_decision_is_never_answered_from_what_was_kept() {
    let server = Server::new();
    let (agent, ann) = (server.agent("a-1"), server.person(Role::Approver, "ann@x.example"));
    let decide = || {
        let call = server.post("/v1/decide", r#"{"tool":"read_x"}"#).token(&agent);
        call.header("Idempotency-Key", "k-1").send().json()["decision"].clone()
    };
    assert_eq!(decide(), "allow");
    let halt = r#"{"everything":true,"reason":"drill"}"#;
    assert_eq!(server.post("/v1/halts", halt).token(&ann).send().status, 201);
    assert_eq!(decide(), "deny");
}
