//! From a call at the gate to what people and programs are told, and back.

use super::receiver::{Receiver, Reply};
use super::sample::ana;
use fence::approvals::{Approval, Approver, RequestId, Target, Via};
use fence::clock::SystemClock;
use fence::notify::http::guard::SystemLookup;
use fence::notify::slack::{Action, Answer, carry_out};
use fence::notify::webhook::Webhook;
use fence::notify::{Channels, KIND, Outbox, OutboxOptions, PublicUrl, Schedule, Secret, announce};
use fence::people::{People, Person};
use fence::random::SystemRandom;
use fence::{Gate, SqliteStore, ToolCall, Verdict};
use std::sync::Arc;
use std::time::Duration;

const POLICY: &str = r#"fence 1
policy content
group editors = "ana@example.com", "bob@example.com"
ask email_send as outbound {
  by 2 of editors
  because "mail leaves the house"
}
ask pay as money { notify nobody_here }
"#;

struct House {
    gate: Gate,
    outbox: Outbox,
    receiver: Receiver,
    _folder: tempfile::TempDir,
}

async fn house() -> House {
    let receiver = Receiver::start([Reply::Status(200)]).await;
    let secret = Secret::new("whsec_bmV3bmV3bmV3bmV3bmV3bmV3bmV3bmV3bmV3bmV3bmV3".to_owned());
    let (url, lookup) = (Secret::new(receiver.url()), Arc::new(SystemLookup));
    let webhook = Webhook::new(&url, &secret, None, true, Duration::from_secs(2), lookup).unwrap();
    let mut channels = Channels::default();
    channels.add("desk", Arc::new(webhook), None);
    let folder = tempfile::tempdir().unwrap();
    let people = People::new(vec![
        ana(),
        Person { slack: Some("U0BOB".to_owned()), ..Person::new("bob@example.com") },
    ])
    .unwrap();
    let gate = Gate::builder()
        .policy_text("content.fence", POLICY)
        .unwrap()
        .store(SqliteStore::open(folder.path().join("fence.db")).unwrap())
        .people(people.clone())
        .announce(announce(&channels))
        .build()
        .unwrap();
    let outbox = Outbox::new(OutboxOptions {
        store: Arc::clone(gate.store()),
        requests: Arc::new(gate.approvals()),
        channels,
        people,
        public: PublicUrl::parse("https://fence.example.com").ok(),
        clock: Arc::new(SystemClock),
        random: Arc::new(SystemRandom),
        schedule: Schedule::default(),
        at_once: 4,
        pause: Duration::from_millis(2),
        keep: Duration::from_hours(24),
    });
    House { gate, outbox, receiver, _folder: folder }
}

async fn asked(gate: &Gate, tool: &str) -> RequestId {
    let call = ToolCall::new(tool).arg("to", ["x@list.test"]).agent("content-1").session("s-1");
    match gate.decide(&call).await.unwrap().verdict() {
        Verdict::Ask(request) => request.id(),
        other => panic!("{other:?}"),
    }
}

impl House {
    /// Waits for so many messages, then gives the last one.
    async fn told(&self, count: usize) -> serde_json::Value {
        for _ in 0..2_000 {
            if self.receiver.count() >= count {
                break;
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        assert_eq!(self.receiver.count(), count);
        self.receiver.got(|got| got[count - 1].json())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_is_told_and_so_is_who_approved_it() {
    let house = house().await;
    let id = asked(&house.gate, "email_send").await;
    // On disk before anything leaves: no worker has run yet.
    let rows = house.gate.store().live_items(KIND, Some(&id.to_string())).unwrap();
    assert_eq!((rows.len(), house.receiver.count()), (1, 0));
    let outbox = house.outbox.clone();
    let worker = tokio::spawn(async move { outbox.run(std::future::pending()).await });
    let opened = house.told(1).await;
    assert_eq!(opened["type"], "request.opened");
    assert_eq!(opened["data"]["request"]["id"], id.to_string());
    assert_eq!(opened["data"]["request"]["args"]["to"][0], "x@list.test");
    let both = serde_json::json!(["ana@example.com", "bob@example.com"]);
    assert_eq!(opened["data"]["asked"], both);
    for person in ["ana@example.com", "bob@example.com"] {
        let by = Approver::new(person, Via::Http);
        let with = Approval::default();
        house.gate.approvals().approve(&by, &Target::id(id), with).await.unwrap();
    }
    let ended = house.told(2).await;
    assert_eq!(ended["type"], "request.ended");
    assert_eq!(ended["data"]["request"]["state"], "approved");
    assert_eq!(ended["data"]["request"]["votes"].as_array().unwrap().len(), 2);
    tokio::time::sleep(Duration::from_millis(60)).await;
    assert_eq!(house.receiver.count(), 2);
    worker.abort();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receiver_that_fails_changes_no_verdict() {
    let house = house().await;
    let id = asked(&house.gate, "pay").await;
    // Its only channel is not configured: nobody is told, and the request waits all the same.
    assert!(house.gate.store().live_items(KIND, Some(&id.to_string())).unwrap().is_empty());
    assert_eq!(house.gate.approvals().get(id).unwrap().state, "pending");
}

fn press(user: &str, id: RequestId, digest: &str) -> Action {
    Action {
        user: user.to_owned(),
        team: None,
        answer: Answer::Approve,
        request: id.to_string(),
        version: 1,
        digest: digest.to_owned(),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_press_in_slack_is_the_vote_of_whoever_owns_the_account() {
    let house = house().await;
    let id = asked(&house.gate, "email_send").await;
    let approvals = house.gate.approvals();
    let digest = approvals.get(id).unwrap().digest;
    let view = carry_out(&approvals, &press("U0ANA", id, &digest)).await.unwrap();
    assert_eq!((view.state, &*view.votes[0].by), ("pending", "ana@example.com"));
    assert_eq!(view.history.last().unwrap().via.as_deref(), Some("slack"));
    // What the card showed is what is voted on.
    let other = format!("sha256:{}", "00".repeat(32));
    let stale = carry_out(&approvals, &press("U0ANA", id, &other)).await.unwrap_err();
    assert_eq!(stale.code(), "stale");
    let newer = Action { version: 2, ..press("U0ANA", id, &digest) };
    assert_eq!(carry_out(&approvals, &newer).await.unwrap_err().code(), "stale");
    let empty = carry_out(&approvals, &press("U0ANA", id, "")).await.unwrap_err();
    assert_eq!(empty.code(), "invalid");
    let refuse = Action { answer: Answer::Refuse, ..press("U0BOB", id, &digest) };
    assert_eq!(carry_out(&approvals, &refuse).await.unwrap().state, "denied");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn srv_025_a_strangers_press_is_refused_and_recorded() {
    let house = house().await;
    let id = asked(&house.gate, "email_send").await;
    let approvals = house.gate.approvals();
    let digest = approvals.get(id).unwrap().digest;
    for stranger in ["U999", "ana@example.com", "u0ana", ""] {
        let refused = carry_out(&approvals, &press(stranger, id, &digest)).await.unwrap_err();
        assert_eq!(refused.code(), "unknown-person", "{stranger}");
    }
    let view = approvals.get(id).unwrap();
    assert_eq!((view.state, view.votes.len()), ("pending", 0));
    let recorded = view.history.iter().filter(|event| event.kind == "request.attempt_refused");
    let by: Vec<_> = recorded.filter_map(|event| event.by.as_deref()).collect();
    assert_eq!(by, ["slack:U999", "slack:ana@example.com", "slack:u0ana", "slack:"]);
}
