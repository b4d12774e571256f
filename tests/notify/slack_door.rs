//! What Slack's buttons send back: signatures over raw bytes, replays, strangers.

use fence::engine::scalar::Timestamp;
use fence::notify::slack::{Action, Answer, Door, SlackRefusal, verify};
use fence::notify::{Channels, Secret};
use fence::people::{People, Person};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use std::fmt::Write as _;

const SECRET: &str = "8f742231b10e8888abcd99yyyzzz85a5";
const NOW: i64 = 1_531_420_618;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros(seconds * 1_000_000)
}

fn sign(body: &[u8], timestamp: &str, secret: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(format!("v0:{timestamp}:").as_bytes());
    mac.update(body);
    let mut text = "v0=".to_owned();
    for byte in mac.finalize().into_bytes() {
        write!(text, "{byte:02x}").unwrap();
    }
    text
}

fn payload(user: &str, action: &str) -> String {
    let value = r#"{\"request\":\"r_1\",\"version\":3,\"digest\":\"sha256:ab\"}"#;
    let json = format!(
        r#"{{"type":"block_actions","user":{{"id":"{user}","username":"ana@example.com","name":"ana","team_id":"T1"}},
        "response_url":"https://evil.example/","actions":[{{"action_id":"{action}","value":"{value}"}}]}}"#
    );
    form_urlencoded::Serializer::new(String::new()).append_pair("payload", &json).finish()
}

fn door() -> Door {
    Door::new(Secret::new(SECRET.to_owned()), None)
}

fn receive(door: &Door, body: &str) -> Result<Option<Action>, SlackRefusal> {
    let timestamp = NOW.to_string();
    door.receive(body.as_bytes(), &timestamp, &sign(body.as_bytes(), &timestamp, SECRET), at(NOW))
}

/// The example of Slack's own documentation.
#[test]
fn the_documented_signature_verifies() {
    let body = b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&\
channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=\
https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=\
398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c";
    let signature = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503";
    let timestamp = "1531420618";
    let secret = Secret::new(SECRET.to_owned());
    assert_eq!(verify(body, timestamp, signature, &secret, at(NOW)), Ok(()));
}

#[test]
fn a_press_is_read_and_names_in_it_are_not_believed() {
    let action = receive(&door(), &payload("U0ANA", "fence.approve")).unwrap().unwrap();
    let expected = Action {
        user: "U0ANA".to_owned(),
        team: Some("T1".to_owned()),
        answer: Answer::Approve,
        request: "r_1".to_owned(),
        version: 3,
        digest: "sha256:ab".to_owned(),
    };
    assert_eq!(action, expected);
    let refuse = receive(&door(), &payload("U0ANA", "fence.refuse")).unwrap().unwrap();
    assert_eq!(refuse.answer, Answer::Refuse);
    assert_eq!(receive(&door(), &payload("U0ANA", "fence.open")), Ok(None));
}

#[test]
fn srv_021_only_slacks_signature_over_these_very_bytes_passes() {
    let body = payload("U0ANA", "fence.approve");
    let (timestamp, secret) = (NOW.to_string(), Secret::new(SECRET.to_owned()));
    let good = sign(body.as_bytes(), &timestamp, SECRET);
    let check = |body: &str, timestamp: &str, signature: &str| {
        verify(body.as_bytes(), timestamp, signature, &secret, at(NOW))
    };
    assert_eq!(check(&body, &timestamp, &good), Ok(()));
    let wrong = [
        sign(body.as_bytes(), &timestamp, "another secret"),
        sign(body.as_bytes(), &(NOW - 1).to_string(), SECRET),
        good.to_uppercase(),
        good.replace("v0=", "v1="),
        good.trim_start_matches("v0=").to_owned(),
        good[..good.len() - 2].to_owned(),
        format!("{good}00"),
        format!("{}é", &good[..good.len() - 2]),
        "v0=".to_owned(),
        String::new(),
    ];
    for signature in wrong {
        assert_eq!(
            check(&body, &timestamp, &signature),
            Err(SlackRefusal::Signature),
            "{signature}"
        );
    }
    // The same fields in other bytes are another body.
    let spelled = body.replace("%22", "\"");
    assert_ne!(spelled, body);
    assert_eq!(check(&spelled, &timestamp, &good), Err(SlackRefusal::Signature));
    assert_eq!(check(&format!("{body}&a=b"), &timestamp, &good), Err(SlackRefusal::Signature));
}

#[test]
fn a_request_is_good_for_five_minutes_either_way() {
    let secret = Secret::new(SECRET.to_owned());
    let check = |timestamp: &str, now: i64| {
        verify(b"x", timestamp, &sign(b"x", timestamp, SECRET), &secret, at(now))
    };
    let sent = NOW.to_string();
    for (now, expected) in [
        (NOW + 300, Ok(())),
        (NOW + 301, Err(SlackRefusal::Time)),
        (NOW - 300, Ok(())),
        (NOW - 301, Err(SlackRefusal::Time)),
    ] {
        assert_eq!(check(&sent, now), expected);
    }
    for odd in
        ["", "soon", "+1531420618", "-1", " 1531420618", "1531420618.0", "99999999999999999999"]
    {
        assert_eq!(check(odd, NOW), Err(SlackRefusal::Time), "{odd}");
    }
}

#[test]
fn srv_023_the_same_request_counts_once() {
    let door = door();
    let body = payload("U0ANA", "fence.approve");
    assert!(receive(&door, &body).is_ok());
    assert_eq!(receive(&door, &body), Err(SlackRefusal::Replayed));
    assert_eq!(receive(&door, &body), Err(SlackRefusal::Replayed));
    // As long as its time is good it is remembered, from whichever end of the window it came.
    let early = (NOW + 300).to_string();
    let signature = sign(body.as_bytes(), &early, SECRET);
    let mut told = (0..=601)
        .step_by(100)
        .map(|later| door.receive(body.as_bytes(), &early, &signature, at(NOW + later)).map(drop));
    assert_eq!(told.next(), Some(Ok(())));
    assert!(told.all(|outcome| outcome == Err(SlackRefusal::Replayed)));
    let late = door.receive(body.as_bytes(), &early, &signature, at(NOW + 601));
    assert_eq!(late, Err(SlackRefusal::Time));
}

#[test]
fn srv_023_two_at_once_count_once() {
    let door = door();
    let body = payload("U0ANA", "fence.approve");
    let accepted = std::thread::scope(|scope| {
        let presses: Vec<_> =
            (0..8).map(|_| scope.spawn(|| receive(&door, &body).is_ok())).collect();
        presses
            .into_iter()
            .filter(|_| true)
            .map(|press| press.join().unwrap())
            .filter(|ok| *ok)
            .count()
    });
    assert_eq!(accepted, 1);
}

#[test]
fn srv_025_a_signed_press_by_a_stranger_is_nobodys() {
    let ana = Person { slack: Some("U0ANA".into()), ..Person::new("ana@example.com") };
    let people = People::new(vec![ana]).unwrap();
    let stranger = receive(&door(), &payload("U999", "fence.approve")).unwrap().unwrap();
    // The payload's `username` is Ana's address; only the verified id finds a person.
    assert!(people.by_slack(&stranger.user).is_none());
    assert!(people.by_slack("U0ANA").is_some());
    let pinned = Door::new(Secret::new(SECRET.to_owned()), Some("T2".to_owned()));
    assert_eq!(receive(&pinned, &payload("U0ANA", "fence.approve")), Err(SlackRefusal::Team));
}

#[test]
fn what_no_button_of_ours_sends_is_refused() {
    let form = |json: &str| {
        form_urlencoded::Serializer::new(String::new()).append_pair("payload", json).finish()
    };
    let cases = [
        String::new(),
        "payload=".to_owned(),
        form("[]"),
        form(r#"{"type":"view_submission","user":{"id":"U1"},"actions":[]}"#),
        form(r#"{"type":"block_actions","user":{"id":"U1"},"actions":[]}"#),
        payload("U1", "other.app"),
        payload("U1", "fence.approve").replace("version", "vers"),
        format!("{0}&{0}", payload("U1", "fence.approve")),
        payload("U1", "fence.approve")
            .replace("%5C%22r_1", "%5C%22r_1%5C%22%2C%5C%22more%5C%22%3A%5C%22"),
    ];
    for body in cases {
        assert_eq!(receive(&door(), &body), Err(SlackRefusal::Malformed), "{body}");
    }
    let huge = "x".repeat((1 << 20) + 1);
    assert_eq!(receive(&door(), &huge), Err(SlackRefusal::Malformed));
}

#[test]
fn without_a_slack_channel_nothing_verifies() {
    let channels = Channels::default();
    assert!(!channels.takes_slack());
    assert_eq!(channels.slack(b"x", "1", "v0=", at(1)), Err(SlackRefusal::Signature));
}
