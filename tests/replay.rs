//! Every recorded decision can be made again from its record alone.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use fence::clock::ManualClock;
use fence::engine::json::Json;
use fence::engine::scalar::{Duration, Timestamp};
use fence::replay::{Replayed, Replayer};
use fence::store::{LogQuery, Store};
use fence::{Agent, Gate, MemoryStore, Mode, ToolCall};
use proptest::prelude::*;
use std::sync::Arc;

const EXAMPLE: &str = include_str!("../examples/policies/content_manager.fence");
const PASSING: &str = "fence 1 policy extra
    ask * as slow { auto first 30 per agent each day  auto at most 3 per 1h per tool }
    deny *_x when args.amount > 1e3 shadow
    default pass";

fn tool() -> impl Strategy<Value = &'static str> {
    proptest::sample::select(vec![
        "blog_read_x",
        "blog_publish_x",
        "Email_send_bulk",
        "email_send_bulk",
        "email_send_x",
        "mail/email_send_x",
        "social_post_x",
        "db_write_x",
        "payment_x",
        "blog_delete_x",
        "nothing",
        "bad name",
        "a/b/c",
    ])
}

fn args() -> impl Strategy<Value = &'static str> {
    proptest::sample::select(vec![
        "{}",
        r#"{"to":["a@example.com"],"subject":"Hi"}"#,
        r#"{"to":["a@list.test","b@example.com"],"subject":"Hi"}"#,
        r#"{"to":"a@example.com"}"#,
        r#"{"amount":50}"#,
        r#"{"amount":5.0e1}"#,
        r#"{"amount":100000}"#,
        r#"{"to":[1e2,{"b":1,"a":10}],"amount":1e3}"#,
        r#"{"amount":"7"}"#,
        r#"{"amount":1e999999}"#,
    ])
}

fn call() -> impl Strategy<Value = (ToolCall, u64)> {
    let agent = proptest::sample::select(vec!["content-1", "Content-2", "other", "bad id"]);
    let session = proptest::option::of(proptest::sample::select(vec!["s", "t"]));
    let id = proptest::option::weighted(0.2, proptest::sample::select(vec!["c1", "c2"]));
    (tool(), args(), proptest::option::of(agent), session, id, 0..7_200_u64).prop_map(
        |(tool, args, agent, session, id, wait)| {
            let mut call = ToolCall::new(tool).args(args.parse::<Json>().unwrap());
            call.agent = agent
                .map(|agent| Agent { parents: Some(vec!["lead".to_owned()]), ..Agent::new(agent) });
            call.session = session.map(str::to_owned);
            call.call_id = id.map(str::to_owned);
            (call, wait)
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn replaying_a_log_gives_the_same_decisions(calls in prop::collection::vec(call(), 1..80)) {
        let clock = Arc::new(ManualClock::new(Timestamp::parse("2026-03-20T06:00:00Z").unwrap()));
        let store = Arc::new(MemoryStore::new());
        let gate = Gate::builder()
            .policy_text("content_manager.fence", EXAMPLE).unwrap()
            .policy_text("extra.fence", PASSING).unwrap()
            .shared_store(Arc::clone(&store) as Arc<_>)
            .clock(Arc::clone(&clock) as Arc<_>)
            .build().unwrap();
        for (at, (call, wait)) in calls.iter().enumerate() {
            let now = clock_now(&clock, *wait);
            let mode = match at % 5 {
                0 => Mode { at: Some(now), ..Mode::default() },
                1 => Mode { without_clock: true, ..Mode::default() },
                _ => Mode::default(),
            };
            gate.decide_blocking_in(call, mode).unwrap();
        }
        let strategies = fence::strategies::builtin();
        let mut replayer = Replayer::new(&*store, &strategies);
        let mut judged = 0;
        store.log(&LogQuery::default(), &mut |logged| {
            match replayer.replay(&logged.entry.body).unwrap() {
                Replayed::Same => judged += 1,
                Replayed::Unjudged => {}
                Replayed::Differs(found) => panic!("{}\n{found:?}", logged.entry.body),
            }
            true
        }).unwrap();
        let well_formed = calls.iter().filter(|(call, _)| call.validate().is_ok()).count();
        prop_assert!(judged <= well_formed);
        prop_assert!(judged > 0 || well_formed == 0);
    }
}

fn clock_now(clock: &ManualClock, wait: u64) -> Timestamp {
    use fence::clock::Clock as _;
    let now = match Duration::from_seconds(wait) {
        Some(wait) => clock.now().saturating_add(wait),
        None => clock.now(),
    };
    clock.set(now);
    now
}

#[test]
fn imports_are_found_again() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    write(
        "p.fence",
        "fence 1 policy p import \"a/one.fence\" import \"b/one.fence\" allow x when args.n in small",
    );
    write("a/one.fence", "fence 1 import \"deep/two.fence\" set big: int = 5");
    write("a/deep/two.fence", "fence 1");
    write("b/one.fence", "fence 1 set small: int = 1, 2");
    let store = Arc::new(MemoryStore::new());
    let gate = Gate::builder()
        .policy_file(folder.path().join("p.fence"))
        .unwrap()
        .shared_store(Arc::clone(&store) as Arc<_>)
        .build()
        .unwrap();
    gate.decide_blocking(&ToolCall::new("x").arg("n", 2)).unwrap();
    drop(folder);
    let strategies = fence::strategies::builtin();
    let mut replayer = Replayer::new(&*store, &strategies);
    store
        .log(&LogQuery::default(), &mut |logged| {
            assert_eq!(replayer.replay(&logged.entry.body), Ok(Replayed::Same));
            true
        })
        .unwrap();
}
