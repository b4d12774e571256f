//! Slack's buttons, pressed over HTTP (SRV-021, SRV-023, SRV-025).

use crate::support::{Answer, Server, Setup};
use fence::notify::settings::{Surroundings, channels};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use std::collections::BTreeMap;
use std::fmt::Write as _;

const SECRET: &str = "8f742231b10e8888abcd99yyyzzz85a5";

fn server() -> Server {
    let table = serde_json::json!({
        "kind": "slack", "channel": "C1", "token_env": "TOKEN", "signing_secret_env": "SECRET",
    });
    let written = BTreeMap::from([("team".to_owned(), table.as_object().unwrap().clone())]);
    let variable = |name: &str| match name {
        "SECRET" => Some(SECRET.to_owned()),
        _ => Some("xoxb-1".to_owned()),
    };
    let around = Surroundings { variable: &variable, ..Surroundings::system(".".as_ref()) };
    Server::start(Setup { channels: channels(&written, &around).unwrap(), ..Setup::default() })
}

fn sign(body: &str, timestamp: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    mac.update(format!("v0:{timestamp}:{body}").as_bytes());
    mac.finalize().into_bytes().iter().fold("v0=".to_owned(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

/// What Slack sends when `user` presses Approve on a request as it stands.
fn press(server: &Server, user: &str, id: &str) -> String {
    let view = server.state.approvals.get(id.parse().unwrap()).unwrap();
    let value = serde_json::json!({"request": id, "version": view.version, "digest": view.digest});
    let payload = serde_json::json!({
        "type": "block_actions",
        "user": {"id": user, "username": "ann@x.example", "name": "ann@x.example"},
        "actions": [{"action_id": "fence.approve", "value": value.to_string()}],
    });
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.append_pair("payload", &payload.to_string()).finish()
}

fn send(server: &Server, body: &str, timestamp: &str, signature: &str) -> Answer {
    server
        .post("/slack/actions", "")
        .body("application/x-www-form-urlencoded", body.as_bytes())
        .header("X-Slack-Request-Timestamp", timestamp)
        .header("X-Slack-Signature", signature)
        .send()
}

fn now() -> String {
    (fence::clock::Clock::now(&fence::clock::SystemClock).micros() / 1_000_000).to_string()
}

#[test]
fn a_press_counts_as_the_vote_of_the_person_with_that_slack_id() {
    let server = server();
    let agent = server.agent("a-1");
    let id = server.ask(&agent, r#"{"tool":"send_x"}"#);
    let state = || server.state.approvals.get(id.parse().unwrap()).unwrap().state;
    let timestamp = now();

    // SRV-021: another signature, the same signature for another body, an old time.
    let body = press(&server, "U0ANN", &id);
    for (sent, timestamp, signature) in [
        (&body, &timestamp, "v0=00".to_owned()),
        (&format!("{body}&x=1"), &timestamp, sign(&body, &timestamp)),
        (&body, &"1531420618".to_owned(), sign(&body, "1531420618")),
    ] {
        assert_eq!(send(&server, sent, timestamp, &signature).status, 401);
    }
    assert_eq!(state(), "pending");

    // SRV-025: signed, but nobody that the server knows, whatever the payload calls them.
    let stranger = press(&server, "U999", &id);
    assert_eq!(send(&server, &stranger, &timestamp, &sign(&stranger, &timestamp)).status, 200);
    assert_eq!(state(), "pending");
    let attempt = server.events().into_iter().find(|event| event.contains("slack:U999")).unwrap();
    assert!(attempt.starts_with("request.attempt_refused"), "{attempt}");

    assert_eq!(send(&server, &body, &timestamp, &sign(&body, &timestamp)).status, 200);
    assert_eq!(state(), "approved");
    // SRV-023: the very same request again is refused, and changes nothing.
    assert_eq!(send(&server, &body, &timestamp, &sign(&body, &timestamp)).status, 401);
    let votes = server.events().iter().filter(|event| event.starts_with("request.voted")).count();
    assert_eq!(votes, 1);
}

#[test]
fn without_slack_in_the_settings_there_is_no_such_door() {
    let server = Server::new();
    assert_eq!(send(&server, "payload=x", &now(), "v0=00").status, 404);
}
