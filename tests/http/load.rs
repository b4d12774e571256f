//! Many requests, many who wait, and some who are slow: nobody else is held up.
//!
//! Figures are printed; the limits here are generous because tests are not optimised.

use crate::support::{Call, Server, Setup, connect};
use fence::approvals::{Approval, Approver, Target, Via};
use fence::store::{SqliteStore, Store};
use fence::tokens::Role;
use fence::{Gate, ToolCall};
use std::io::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// `FENCE_OPEN` requests (1 000) that wait for people, from as many agents.
fn crowded() -> (Arc<SqliteStore>, tempfile::TempDir, u64) {
    let open = std::env::var("FENCE_OPEN").ok().and_then(|text| text.parse().ok()).unwrap_or(1_000);
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(SqliteStore::open(folder.path().join("crowded.db")).unwrap());
    let gate = Gate::builder()
        .policy_text("mail.fence", crate::support::POLICY)
        .unwrap()
        .people(crate::support::people())
        .shared_store(Arc::clone(&store) as Arc<dyn Store>)
        .build()
        .unwrap();
    let pending: Vec<_> = (0..open)
        .map(|at| {
            let call = format!(r#"{{"tool":"send_x","args":{{"n":{at}}},"agent":"a-{at}"}}"#);
            gate.submit_json(call.as_bytes(), fence::Trust::default())
        })
        .collect();
    for decision in pending {
        assert_eq!(decision.wait().unwrap().decision.as_str(), "ask");
    }
    (store, folder, open)
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

#[test]
fn a_long_queue_is_listed_and_answered_quickly() {
    let (store, _folder, open) = crowded();
    let server = Server::start(Setup { store: Some(store as Arc<dyn Store>), ..Setup::default() });
    let ann = server.person(Role::Approver, "ann@x.example");
    let list = || {
        let begun = Instant::now();
        let answer = server.get("/v1/requests").token(&ann).send();
        assert_eq!(answer.status, 200, "{}", answer.body);
        (begun.elapsed(), answer.json())
    };
    let listed = median((0..5).map(|_| list().0).collect());
    let items = list().1["items"].as_array().unwrap().clone();
    assert_eq!(items.len(), 50);
    let approve = |id: &str| {
        let begun = Instant::now();
        let answer = server
            .post(&format!("/v1/requests/{id}/approve"), r#"{"version":1}"#)
            .token(&ann)
            .send();
        assert_eq!(answer.status, 200, "{}", answer.body);
        begun.elapsed()
    };
    let ids = items.iter().map(|item| item["id"].as_str().unwrap());
    let approved = median(ids.take(20).map(approve).collect());
    println!("{open} open: listed in {listed:?}, approved in {approved:?}");
    assert!(listed < Duration::from_millis(800) && approved < Duration::from_millis(200));
}

#[test]
fn a_thousand_who_wait_are_cheap_and_all_are_woken() {
    let (store, _folder, _) = crowded();
    let gate = Gate::builder()
        .policy_text("mail.fence", crate::support::POLICY)
        .unwrap()
        .people(crate::support::people())
        .shared_store(store as Arc<dyn Store>)
        .build()
        .unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let approvals = gate.approvals();
    let call = ToolCall::new("send_y").agent("one");
    let decided = gate.decide_blocking(&call).unwrap();
    let id = decided.request.as_ref().unwrap().id.parse().unwrap();
    let before = memory();
    let waiting: Vec<_> = (0..1_000)
        .map(|_| {
            let approvals = approvals.clone();
            runtime.spawn(async move { approvals.wait(id, None).await.unwrap().state })
        })
        .collect();
    std::thread::sleep(Duration::from_millis(1_500));
    let more = memory().saturating_sub(before);
    let ann = Approver::new("ann@x.example", Via::Local);
    let begun = Instant::now();
    approvals.approve(&ann, &Target::id(id), Approval::default()).wait().unwrap();
    for waiter in waiting {
        assert_eq!(runtime.block_on(waiter).unwrap(), "approved");
    }
    println!("1000 who wait: {} KiB more, all woken in {:?}", more / 1024, begun.elapsed());
    assert!(more < 100 << 20, "{more} bytes");
}

/// The resident memory of this process, in bytes.
fn memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = status.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok());
    pages.unwrap_or(0) * 4096
}

#[test]
fn slow_and_oversized_clients_do_not_delay_decisions() {
    let server = Server::new();
    let agent = server.agent("a-1");
    let decide = || {
        let begun = Instant::now();
        let answer = server.post("/v1/decide", r#"{"tool":"read_x"}"#).token(&agent).send();
        assert_eq!(answer.status, 200);
        begun.elapsed()
    };
    let alone = median((0..100).map(|_| decide()).collect());
    let slow: Vec<_> = (0..300)
        .map(|at| {
            let mut stream = connect(server.address);
            let declared = if at % 2 == 0 { "9999999999" } else { "1000000" };
            let head =
                format!("POST /v1/decide HTTP/1.1\r\nHost: x\r\nContent-Length: {declared}\r\n");
            stream.write_all(head.as_bytes()).unwrap();
            stream
        })
        .collect();
    let huge =
        Call::new(server.address, "POST", "/v1/decide").json(&"x".repeat(4 << 20)).token(&agent);
    std::thread::scope(|scope| {
        scope.spawn(|| (0..4).for_each(|_| drop(huge.try_send())));
        let beside = median((0..100).map(|_| decide()).collect());
        println!("decided in {alone:?} alone, in {beside:?} beside {} slow clients", slow.len());
        assert!(beside < 3 * alone + Duration::from_millis(20));
    });
}

#[test]
fn a_flood_from_one_agent_leaves_room_for_others() {
    let server = Server::new();
    let (flood, other) = (server.agent("flood"), server.agent("other"));
    let ask = |token: &str, n: u32| {
        let call = format!(r#"{{"tool":"send_x","args":{{"n":{n}}}}}"#);
        server.post("/v1/decide", &call).token(token).send().json()["decision"].clone()
    };
    let asked = (0..60).filter(|n| ask(&flood, *n) == "ask").count();
    assert_eq!(asked, 20);
    assert_eq!(ask(&other, 1), "ask");
}
