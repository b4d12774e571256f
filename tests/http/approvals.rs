//! Requests over HTTP: asked, seen, answered, claimed once (APR-002, APR-007, APR-008, APR-012, APR-024,
//! APR-027).

use crate::support::{Server, Setup};
use fence::tokens::Role;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const SEND: &str =
    r#"{"tool":"send_mail","args":{"to":["x@list.test"],"amount":90071992547409935.1}}"#;
const PAY: &str = r#"{"tool":"pay_transfer","args":{"amount":10}}"#;

struct House {
    server: Server,
    agent: String,
    ann: String,
    bob: String,
}

fn house() -> House {
    let server = Server::new();
    let agent = server.agent("a-1");
    let ann = server.person(Role::Approver, "ann@x.example");
    let bob = server.person(Role::Approver, "bob@x.example");
    House { server, agent, ann, bob }
}

impl House {
    fn act(&self, id: &str, act: &str, body: &Value, token: &str) -> crate::support::Answer {
        let path = format!("/v1/requests/{id}/{act}");
        let mut body = body.clone();
        if act == "approve" && body.get("version").is_none() {
            // Whoever approves says what was looked at: here the request as it stands.
            let view = self.server.state.approvals.get(id.parse().unwrap()).unwrap();
            body["version"] = view.version.into();
        }
        self.server.post(&path, &body.to_string()).token(token).send()
    }

    fn view(&self, id: &str, token: &str) -> Value {
        self.server.get(&format!("/v1/requests/{id}")).token(token).send().json()
    }
}

#[test]
fn an_approved_call_is_released_once_with_every_digit() {
    let house = house();
    let id = house.server.ask(&house.agent, SEND);
    let shown = house.view(&id, &house.ann);
    assert_eq!(shown["state"], "pending");
    let early = house.act(&id, "claim", &json!({}), &house.agent);
    assert_eq!((early.status, early.problem()), (409, "not-approved".to_owned()), "{}", early.body);
    let approved =
        house.act(&id, "approve", &json!({"version": 1, "digest": shown["digest"]}), &house.ann);
    assert_eq!((approved.status, approved.json()["state"].as_str()), (200, Some("approved")));
    assert_eq!(approved.header("etag"), Some("\"1\""));
    let claimed = house.act(&id, "claim", &json!({"digest": shown["digest"]}), &house.agent);
    assert_eq!(claimed.status, 200, "{}", claimed.body);
    assert!(claimed.body.contains(r#""amount":90071992547409935.1"#), "{}", claimed.body);
    let again = house.act(&id, "claim", &json!({}), &house.agent);
    assert_eq!(again.status, 409, "{}", again.body);
    assert_eq!(again.json()["state"], "claimed");
    let done = house.act(&id, "result", &json!({"result": "done"}), &house.agent);
    assert_eq!(done.json()["state"], "done", "{}", done.body);
}

#[test]
fn apr_002_another_call_than_the_approved_one_is_not_released() {
    let house = house();
    let id = house.server.ask(&house.agent, SEND);
    house.act(&id, "approve", &json!({}), &house.ann);
    let other = format!("sha256:{}", "0".repeat(64));
    let answer = house.act(&id, "claim", &json!({"digest": other}), &house.agent);
    assert_eq!((answer.status, answer.problem()), (409, "other-call".to_owned()));
}

#[test]
fn apr_008_an_agent_never_approves_and_the_attempt_is_recorded() {
    let house = house();
    let id = house.server.ask(&house.agent, SEND);
    for act in ["approve", "reject", "withdraw", "revoke"] {
        let answer = house.act(&id, act, &json!({"reason": "because"}), &house.agent);
        assert_eq!((answer.status, answer.problem()), (403, "role".to_owned()), "{act}");
    }
    assert_eq!(house.view(&id, &house.ann)["state"], "pending");
    let events = house.server.events();
    let refused: Vec<_> = events.iter().filter(|event| event.starts_with("http.refused")).collect();
    assert_eq!(refused.len(), 1, "{events:?}");
    assert!(refused[0].contains("/v1/requests/{id}/approve") && refused[0].contains("a-1"));
}

#[test]
fn apr_007_another_agent_learns_nothing_and_gets_nothing() {
    let house = house();
    let id = house.server.ask(&house.agent, SEND);
    house.act(&id, "approve", &json!({}), &house.ann);
    let other = house.server.agent("a-2");
    for act in ["claim", "cancel"] {
        let answer = house.act(&id, act, &json!({}), &other);
        assert_eq!((answer.status, answer.problem()), (404, "not-found".to_owned()), "{act}");
    }
    assert_eq!(house.server.get(&format!("/v1/requests/{id}")).token(&other).send().status, 404);
    let list = |token: &str| house.server.get("/v1/requests?state=all").token(token).send().json();
    assert_eq!(list(&other)["items"].as_array().unwrap().len(), 0);
    assert_eq!(list(&house.agent)["items"][0]["id"], id.as_str());
}

#[test]
fn apr_012_the_same_vote_fifty_times_at_once_is_one_vote() {
    let house = house();
    let id = house.server.ask(&house.agent, PAY);
    let path = format!("/v1/requests/{id}/approve");
    let call = house.server.post(&path, r#"{"version":1}"#).token(&house.ann);
    let clicks: Vec<_> = (0..50)
        .map(|_| {
            let call = call.clone();
            std::thread::spawn(move || call.send())
        })
        .collect();
    let answers: Vec<_> = clicks.into_iter().map(|click| click.join().unwrap()).collect();
    for answer in &answers {
        assert_eq!((answer.status, &answer.body), (200, &answers[0].body));
    }
    let view = house.view(&id, &house.ann);
    assert_eq!(
        (view["state"].as_str(), view["votes"].as_array().unwrap().len()),
        (Some("pending"), 1)
    );
    let voted = |event: &&String| event.starts_with("request.voted");
    assert_eq!(house.server.events().iter().filter(voted).count(), 1);
    let second = house.act(&id, "approve", &json!({"version": 1}), &house.bob);
    assert_eq!(second.json()["state"], "approved");
}

#[test]
fn apr_024_a_vote_on_what_was_changed_since_is_refused_with_the_new_version() {
    let house = house();
    let id = house.server.ask(&house.agent, SEND);
    let edit =
        json!({"version": 1, "edits": [{"field": "args.amount", "value": 20}], "note": "less"});
    let edited = house.act(&id, "approve", &edit, &house.bob);
    assert_eq!(edited.status, 200, "{}", edited.body);
    assert_eq!(edited.json()["version"], 2);
    let stale = house.act(&id, "approve", &json!({"version": 1}), &house.ann);
    assert_eq!((stale.status, stale.problem()), (409, "stale".to_owned()), "{}", stale.body);
    assert_eq!(stale.json()["version"], 2);
    let path = format!("/v1/requests/{id}/approve");
    let unseen = house.server.post(&path, "{}").token(&house.ann).send();
    assert_eq!(unseen.status, 400, "nobody approves what they have not looked at");
    let call = house.server.post(&path, "{}").token(&house.ann).header("If-Match", "\"1\"");
    let stale = call.send();
    assert_eq!((stale.status, stale.problem()), (412, "stale".to_owned()));
    assert_eq!(stale.json()["version"], 2);
    let widened = json!({"version": 2, "edits": [{"field": "args.amount", "value": 5000}]});
    let refused = house.act(&id, "approve", &widened, &house.ann);
    assert!(matches!(refused.status, 409 | 422), "{}", refused.body);
    let claimed = house.act(&id, "claim", &json!({}), &house.agent);
    assert_eq!(claimed.json()["call"]["args"]["amount"], 20, "{}", claimed.body);
}

#[test]
fn apr_027_ids_cannot_be_guessed_without_a_token() {
    let house = house();
    let id = house.server.ask(&house.agent, SEND);
    let path = format!("/v1/requests/{id}");
    let known = house.server.get(&path).send();
    for number in 1..200 {
        let guessed = house.server.get(&format!("/v1/requests/{number}")).send();
        assert_eq!((guessed.status, &guessed.body), (401, &known.body));
    }
    let random: Vec<String> = (0..50)
        .map(|_| {
            house
                .server
                .ask(&house.agent, &format!(r#"{{"tool":"send_mail","args":{{"n":{}}}}}"#, rand()))
        })
        .take(18)
        .collect();
    // UUIDv7: after the time, 74 random bits; the token that must come first has 256 more.
    let tails: std::collections::HashSet<_> = random.iter().map(|id| id[20..].to_owned()).collect();
    assert_eq!(tails.len(), random.len());
}

fn rand() -> u32 {
    use std::sync::atomic::{AtomicU32, Ordering};
    static NEXT: AtomicU32 = AtomicU32::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

#[test]
fn a_refusal_reaches_the_agent_as_one() {
    let house = house();
    let id = house.server.ask(&house.agent, SEND);
    let unreasoned = house.act(&id, "reject", &json!({}), &house.ann);
    assert_eq!((unreasoned.status, unreasoned.problem()), (400, "reason-needed".to_owned()));
    let refused =
        house.act(&id, "reject", &json!({"reason": "not today\r\nX-Evil: 1"}), &house.ann);
    assert_eq!(refused.json()["state"], "denied", "{}", refused.body);
    assert!(refused.headers.iter().all(|(name, _)| name != "x-evil"));
    let late = house.act(&id, "approve", &json!({}), &house.bob);
    assert_eq!(
        (late.status, late.json()["state"].as_str()),
        (409, Some("denied")),
        "{}",
        late.body
    );
    let view = house.view(&id, &house.agent);
    assert_eq!(view["outcome"]["by"], "ann@x.example");
    assert_eq!(view["outcome"]["reason"], "not today\r\nX-Evil: 1");
}

#[test]
fn an_expired_request_answers_gone() {
    let policy = crate::support::POLICY.replace("expires 1h", "expires 1s");
    let server = Server::start(Setup { policy, ..Setup::default() });
    let (agent, ann) = (server.agent("a-1"), server.person(Role::Approver, "ann@x.example"));
    let id = server.ask(&agent, SEND);
    let waited = server.get(&format!("/v1/requests/{id}?wait=10s")).token(&agent).send();
    assert_eq!(waited.json()["state"], "expired");
    let late =
        server.post(&format!("/v1/requests/{id}/approve"), r#"{"version":1}"#).token(&ann).send();
    assert_eq!((late.status, late.problem()), (410, "expired".to_owned()), "{}", late.body);
}

#[test]
fn waiting_ends_with_the_outcome_or_the_time() {
    let house = house();
    let id = house.server.ask(&house.agent, SEND);
    let path = format!("/v1/requests/{id}");
    let started = Instant::now();
    let pending = house.server.get(&format!("{path}?wait=1s")).token(&house.agent).send();
    assert_eq!(pending.json()["state"], "pending");
    assert!(started.elapsed() >= Duration::from_millis(900));
    let call = house.server.get(&format!("{path}?wait=30s")).token(&house.agent);
    let waiting = std::thread::spawn(move || (call.send(), Instant::now()));
    std::thread::sleep(Duration::from_millis(300));
    let answered = Instant::now();
    house.act(&id, "approve", &json!({}), &house.ann);
    let (answer, woken) = waiting.join().unwrap();
    assert_eq!(answer.json()["state"], "approved");
    assert!(woken.duration_since(answered) < Duration::from_secs(2));
    let wrong = house.server.get(&format!("{path}?wait=soon")).token(&house.agent).send();
    assert_eq!(wrong.status, 200, "an answered request waits for nothing");
}

#[test]
fn a_token_has_so_many_waits_and_no_more() {
    let mut setup = Setup::default();
    setup.settings.max_waits = 2;
    let server = Server::start(setup);
    let ann = server.person(Role::Approver, "ann@x.example");
    let streams: Vec<_> = (0..2).map(|_| server.get("/v1/events").token(&ann).open()).collect();
    let third = server.get("/v1/events").token(&ann).send();
    assert_eq!((third.status, third.problem()), (429, "too-many".to_owned()));
    assert!(third.header("retry-after").is_some());
    drop(streams);
    let free = || server.get("/v1/events").token(&ann).open().status == 200;
    assert!((0..100).any(|_| free() || {
        std::thread::sleep(Duration::from_millis(50));
        false
    }));
}

#[test]
fn grants_halts_and_delegations_are_given_and_ended() {
    let house = house();
    let opened =
        house.server.post("/v1/sessions", r#"{"session":"s-1"}"#).token(&house.agent).send();
    assert_eq!(opened.status, 201);
    let call = r#"{"tool":"send_mail","args":{"amount":5},"session":"s-1"}"#;
    let id = house.server.ask(&house.agent, call);
    let approved = house.act(&id, "approve", &json!({"grant": "session"}), &house.ann);
    assert_eq!(approved.status, 200, "{}", approved.body);
    let grants = house.server.get("/v1/grants").token(&house.ann).send().json();
    let grant = grants["items"][0]["id"].as_str().unwrap_or_else(|| panic!("{grants}")).to_owned();
    let revoked = house.server.delete(&format!("/v1/grants/{grant}")).token(&house.bob).send();
    assert_eq!(revoked.status, 200, "{}", revoked.body);
    let left = house.server.get("/v1/grants").token(&house.ann).send().json();
    assert_eq!(left["items"].as_array().unwrap().len(), 0, "{left}");

    let halt = r#"{"agent":"a-1","reason":"it behaves oddly"}"#;
    assert_eq!(house.server.post("/v1/halts", halt).token(&house.ann).send().status, 201);
    let denied = house.server.post("/v1/decide", r#"{"tool":"read_x"}"#).token(&house.agent).send();
    assert_eq!(denied.json()["decision"], "deny");
    let halts = house.server.get("/v1/halts").token(&house.ann).send().json();
    assert_eq!(halts["items"][0]["scope"], "agent a-1");
    let resume = house.server.post("/v1/halts/resume", halt).token(&house.bob).send();
    assert_eq!(resume.json()["resumed"], true, "{}", resume.body);
    let allowed =
        house.server.post("/v1/decide", r#"{"tool":"read_x"}"#).token(&house.agent).send();
    assert_eq!(allowed.json()["decision"], "allow");
    let vague = house.server.post("/v1/halts", r#"{"reason":"all"}"#).token(&house.ann).send();
    assert_eq!(vague.status, 400);

    let body = r#"{"to":"cid@x.example","until":"2999-01-01T00:00:00Z"}"#;
    let given = house.server.post("/v1/delegations", body).token(&house.ann).send();
    assert_eq!(given.status, 201, "{}", given.body);
    let id = given.json()["id"].as_str().unwrap().to_owned();
    let path = format!("/v1/delegations/{id}");
    assert_eq!(house.server.delete(&path).token(&house.bob).send().status, 404);
    assert_eq!(house.server.delete(&path).token(&house.ann).send().status, 200);
}

#[test]
fn an_agent_cancels_its_own_request() {
    let house = house();
    let id = house.server.ask(&house.agent, SEND);
    let cancelled = house.act(&id, "cancel", &json!({"reason": "no longer needed"}), &house.agent);
    assert_eq!(cancelled.json()["state"], "cancelled", "{}", cancelled.body);
    let late = house.act(&id, "approve", &json!({}), &house.ann);
    assert_eq!(late.status, 409);
}

#[test]
fn whoever_started_the_session_does_not_approve_in_it() {
    let house = house();
    let agency = fence::tokens::Agency {
        agent: "a-9".to_owned(),
        user: Some("ann@x.example".to_owned()),
        ..Default::default()
    };
    let agent = house.server.token(&fence::tokens::Holder::Agent(agency));
    house.server.post("/v1/sessions", r#"{"session":"s-9"}"#).token(&agent).send();
    let id = house.server.ask(&agent, r#"{"tool":"send_mail","session":"s-9"}"#);
    let own = house.act(&id, "approve", &json!({}), &house.ann);
    assert_eq!((own.status, own.problem()), (403, "requester".to_owned()), "{}", own.body);
    assert_eq!(house.act(&id, "approve", &json!({}), &house.bob).json()["state"], "approved");
}

/// The agent shows what would happen, a person makes 500 recipients 50, and the agent gets that.
#[test]
fn a_preview_is_seen_and_the_edited_call_is_the_one_that_runs() {
    let policy = "fence 1 policy mail group team = \"ann@x.example\"
        ask send_* { by team edit args.to shrink }";
    let server = Server::start(Setup { policy: policy.to_owned(), ..Setup::default() });
    let (agent, ann) = (server.agent("a-1"), server.person(Role::Approver, "ann@x.example"));
    let to = |count: usize| (0..count).map(|at| format!("r{at}@l.test")).collect::<Vec<_>>();
    let call = json!({"tool": "send_x", "args": {"to": to(500)}});
    let id = server.ask(&agent, &call.to_string());
    let post = |what: &str, body: Value, token: &str| {
        let path = format!("/v1/requests/{id}/{what}");
        server.post(&path, &body.to_string()).token(token).send()
    };
    let shown = post("preview", json!({"preview": {"mails": 500}}), &agent);
    assert_eq!(shown.status, 200, "{}", shown.body);
    let seen = server.get(&format!("/v1/requests/{id}")).token(&ann).send().json();
    assert_eq!(
        (&seen["preview"]["value"]["mails"], &seen["recipients"]),
        (&json!(500), &json!(500))
    );
    let version = &seen["version"];
    let edit = json!({"version": version, "edits": [{"field": "args.to", "value": to(50)}]});
    let approved = post("approve", edit, &ann).json();
    assert_eq!((&approved["state"], &approved["recipients"]), (&json!("approved"), &json!(50)));
    assert_eq!(approved["preview"]["stale"], true);
    let claimed = post("claim", json!({}), &agent).json();
    assert_eq!(claimed["call"]["args"]["to"].as_array().unwrap().len(), 50);
    let change = &claimed["request"]["edit"]["changes"][0];
    let count = |side: &str| change[side].as_array().unwrap().len();
    assert_eq!((count("from"), count("to")), (500, 50));
    let auditor =
        server.token(&fence::tokens::Holder::Person { role: Role::Auditor, person: None });
    let log = server.get("/v1/decisions").token(&auditor).send().json();
    let recorded = log["items"].as_array().unwrap().iter();
    let sizes: Vec<_> = recorded
        .map(|item| item["record"]["call"]["args"]["to"].as_array().unwrap().len())
        .collect();
    assert_eq!(sizes, [50, 500], "both versions, the newest first");
}
