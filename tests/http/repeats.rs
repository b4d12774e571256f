//! `Idempotency-Key`: a write that is sent again is answered again.

use crate::support::Server;
use fence::tokens::{Holder, Role};

fn count(server: &Server) -> usize {
    let auditor = server.token(&Holder::Person { role: Role::Auditor, person: None });
    let log = server.get("/v1/decisions?limit=500").token(&auditor).send().json();
    log["items"].as_array().unwrap().len()
}

#[test]
fn the_same_request_under_a_key_is_done_once() {
    let server = Server::new();
    let token = server.agent("a-1");
    let call = server.post("/v1/decide", r#"{"tool":"read_x"}"#).token(&token);
    let call = call.header("Idempotency-Key", "k-1");
    let (first, second) = (call.send(), call.send());
    assert_eq!((first.status, &first.body), (200, &second.body));
    assert_eq!(second.header("idempotency-replayed"), Some("true"));
    assert_eq!(second.header("content-type"), Some("application/json"));
    assert_eq!(count(&server), 1);
    let other = server.post("/v1/decide", r#"{"tool":"read_y"}"#).token(&token);
    let other = other.header("Idempotency-Key", "k-1").send();
    assert_eq!((other.status, other.problem()), (422, "idempotency-key-reused".to_owned()));
    let elsewhere = server.post("/v1/sessions", r#"{"tool":"read_x"}"#).token(&token);
    assert_eq!(elsewhere.header("Idempotency-Key", "k-1").send().status, 422);
    assert_eq!(count(&server), 1);
}

#[test]
fn keys_of_two_tokens_are_two_keys() {
    let server = Server::new();
    let call = server.post("/v1/decide", r#"{"tool":"read_x"}"#).header("Idempotency-Key", "k-1");
    let first = call.clone().token(&server.agent("a-1")).send();
    let second = call.token(&server.agent("a-2")).send();
    assert_ne!(first.json()["id"], second.json()["id"]);
}

#[test]
fn of_many_at_once_one_is_done() {
    let server = Server::new();
    let call = server.post("/v1/decide", r#"{"tool":"read_x"}"#).token(&server.agent("a-1"));
    let call = call.header("Idempotency-Key", "k-1");
    let sending: Vec<_> = (0..20)
        .map(|_| {
            let call = call.clone();
            std::thread::spawn(move || call.send())
        })
        .collect();
    let answers: Vec<_> = sending.into_iter().map(|sent| sent.join().unwrap()).collect();
    let done: Vec<_> = answers.iter().filter(|answer| answer.status == 200).collect();
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
        let call = server.post("/v1/decide", r#"{"tool":"read_x"}"#).token(&token);
        assert_eq!(call.header("Idempotency-Key", key).send().status, 400);
    }
    assert_eq!(count(&server), 0);
}
