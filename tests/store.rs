//! The store port's promises, each held against every store.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod store_support;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use fence::store::{
    CallScope, CounterSpan, Entry, Event, Item, LogQuery, Logged, MemoryStore, Order,
    RequestFilter, SqliteStore, Store, StoreError, StoredRequest, Transaction, Work,
};
use fence_engine::approval::RequestState;
use store_support::*;

macro_rules! on_every_store {
    ($($case:ident)*) => {
        mod memory {
            $(#[test] fn $case() { super::$case(&super::MemoryStore::new()); })*
        }
        mod sqlite {
            $(#[test] fn $case() {
                let home = tempfile::tempdir().unwrap();
                let store = super::SqliteStore::open(home.path().join("fence.db")).unwrap();
                super::$case(&store);
            })*
        }
    };
}

on_every_store! {
    an_entry_comes_back_whole
    places_count_from_one_without_gaps
    a_refusal_undoes_everything
    a_panic_is_a_refusal
    a_swallowed_fault_still_fails
    one_refusal_among_many_is_its_own
    call_ids_are_claimed_within_their_scope
    a_call_id_is_claimed_once
    a_decision_id_is_used_once
    totals_count_up_to_the_limit
    sliding_counters_count_what_is_younger_than_the_edge
    sliding_counters_forget_only_long_after_their_window
    the_clock_mark_moves_forward_unless_reset
    the_clock_mark_is_undone_with_its_work
    policy_texts_are_kept_once
    the_log_is_filtered
    the_log_is_limited_to_the_newest
    a_long_log_is_filtered_and_limited_alike
    the_log_stops_when_told_to
    requests_are_open_until_they_expire
    a_request_is_moved_only_from_where_it_stands
    the_newest_version_of_a_request_is_found_by_every_digest
    requests_are_counted_listed_and_due
    what_people_answered_in_a_session_is_found_newest_first
    items_last_until_they_end
    events_are_found_by_request_and_after_a_place
    events_are_kept_in_order_and_undone_with_their_work
    concurrent_first_five_release_five
}

fn an_entry_comes_back_whole(store: &dyn Store) {
    let claimed = Entry { call_id: Some("toolu_1".to_owned()), ..entry(1) };
    let bare = Entry {
        agent: None,
        session: None,
        rule: None,
        policy: None,
        at: at(-5),
        body: "{\"text\":\"ü\u{0}\"}".to_owned(),
        ..entry(2)
    };
    let sent = claimed.clone();
    let scope = CallScope::Session("s-1".to_owned());
    assert_eq!(perform(store, move |tx| tx.append(&scope, &sent)), Ok(1));
    assert_eq!(append(store, bare.clone()), Ok(2));
    let claimed = Logged { seq: 1, entry: claimed };
    let bare = Logged { seq: 2, entry: bare };
    assert_eq!(store.entry(id(1)), Ok(Some(claimed.clone())));
    assert_eq!(store.entry(id(2)), Ok(Some(bare.clone())));
    assert_eq!(store.entry(id(3)), Ok(None));
    assert_eq!(log(store, &LogQuery::default()), [claimed, bare]);
}

fn events_are_kept_in_order_and_undone_with_their_work(store: &dyn Store) {
    let event = |number: i64| {
        Event::new(at(number), "clock.accepted", None, format!("{{\"number\":{number}}}"))
    };
    for number in [2, 1] {
        assert_eq!(perform(store, move |tx| tx.event(&event(number))), Ok(()));
    }
    drop(perform(store, move |tx| {
        tx.event(&event(3))?;
        Err::<(), _>(StoreError::Refused("no".to_owned()))
    }));
    assert_eq!(store.events(), Ok(vec![event(2), event(1)]));
}

fn places_count_from_one_without_gaps(store: &dyn Store) {
    for number in 0..20 {
        let failing = number % 3 == 0;
        drop(perform(store, move |tx| {
            tx.append(&CallScope::Nobody, &entry(number))?;
            if failing { Err(StoreError::Refused("no".to_owned())) } else { Ok(()) }
        }));
    }
    assert_eq!(seqs(store, &LogQuery::default()), (1..=13).collect::<Vec<u64>>());
}

/// Writes one of everything.
fn write_everything(tx: &mut dyn Transaction) -> Outcome<()> {
    let claimed = Entry { call_id: Some("c".to_owned()), tool: "new".to_owned(), ..entry(50) };
    tx.append(&CallScope::Session("new".to_owned()), &claimed)?;
    tx.take(counter(1), CounterSpan::Total, at(1))?;
    tx.take(counter(2), CounterSpan::After(at(200_000_000)), at(200_000_001))?;
    tx.advance_clock_mark(at(99))?;
    tx.keep_policy([1; 32], "deny *")?;
    tx.insert_request(&request(1, 1, 0, 100))
}

/// What is left of [`write_everything`].
#[derive(Debug, PartialEq)]
struct Remains {
    used: [u64; 3],
    mark: Option<fence_engine::scalar::Timestamp>,
    earlier: Option<u64>,
    open: Option<StoredRequest>,
    log: Vec<u64>,
    policy: Option<String>,
    request: Option<StoredRequest>,
}

fn remains(store: &dyn Store) -> Remains {
    let (used, mark, earlier, open) = perform(store, |tx| {
        let used = [
            tx.used(counter(1), CounterSpan::Total, 9)?,
            tx.used(counter(2), CounterSpan::After(at(0)), 9)?,
            tx.used(counter(3), CounterSpan::After(at(0)), 9)?,
        ];
        let earlier = tx.earlier(&CallScope::Session("new".to_owned()), "c")?;
        let open = tx.open_request([1; 32], at(50))?;
        Ok((used, tx.clock_mark()?, earlier.map(|logged| logged.seq), open))
    })
    .unwrap();
    let log = seqs(store, &LogQuery::default());
    let policy = store.policy_texts([1; 32]).unwrap();
    Remains { used, mark, earlier, open, log, policy, request: store.request(id(1), None).unwrap() }
}

fn a_refusal_undoes_everything(store: &dyn Store) {
    perform(store, |tx| tx.take(counter(2), CounterSpan::After(at(0)), at(1))).unwrap();
    let before = remains(store);
    let refused = perform(store, |tx| {
        write_everything(tx)?;
        Err::<(), _>(StoreError::Refused("changed its mind".to_owned()))
    });
    assert_eq!(refused, Err(StoreError::Refused("changed its mind".to_owned())));
    assert_eq!(remains(store), before);
    // Nothing learnt from the undone work may be believed later.
    perform(store, write_everything).unwrap();
    let after = remains(store);
    assert_eq!((after.used, after.mark, after.earlier), ([1, 1, 0], Some(at(99)), Some(1)));
    assert_eq!((after.policy.as_deref(), after.open), (Some("deny *"), after.request));
    assert_eq!(store.entry(id(50)).unwrap().unwrap().entry.tool, "new");
}

fn a_panic_is_a_refusal(store: &dyn Store) {
    let before = remains(store);
    let outcome = perform(store, |tx| -> Outcome<()> {
        write_everything(tx)?;
        panic!("out of cheese")
    });
    let Err(StoreError::Refused(why)) = outcome else { panic!("{outcome:?}") };
    assert!(why.contains("out of cheese"), "{why}");
    assert_eq!(remains(store), before);
    assert_eq!(append(store, entry(1)), Ok(1));
}

fn a_swallowed_fault_still_fails(store: &dyn Store) {
    append(store, entry(1)).unwrap();
    let outcome = perform(store, |tx| {
        tx.advance_clock_mark(at(7))?;
        drop(tx.append(&CallScope::Nobody, &entry(1)));
        Ok(())
    });
    assert!(matches!(outcome, Err(StoreError::Refused(_))), "{outcome:?}");
    assert_eq!(perform(store, |tx| tx.clock_mark()), Ok(None));
}

fn one_refusal_among_many_is_its_own(store: &dyn Store) {
    // While the first one sleeps, the others queue up.
    let slow = submit(store, |_| {
        std::thread::sleep(Duration::from_millis(30));
        Ok(())
    });
    let outcomes: Vec<_> = (1..=100)
        .map(|number| {
            submit(store, move |tx| {
                let claimed = Entry { call_id: Some(number.to_string()), ..entry(number) };
                tx.append(&CallScope::Agent("ana".to_owned()), &claimed)?;
                tx.advance_clock_mark(at(number as i64))?;
                match number {
                    40 => panic!("work 40"),
                    70 => Err(StoreError::Refused("work 70".to_owned())),
                    _ => Ok(()),
                }
            })
        })
        .collect();
    slow.recv().unwrap().unwrap();
    for (number, outcome) in (1..=100).zip(outcomes) {
        let outcome = outcome.recv().unwrap();
        assert_eq!(outcome.is_ok(), number != 40 && number != 70, "{number}: {outcome:?}");
    }
    let bodies = log(store, &LogQuery::default());
    assert_eq!(bodies.len(), 98);
    assert_eq!(bodies.last().map(|logged| logged.seq), Some(98));
    assert_eq!(perform(store, |tx| tx.clock_mark()), Ok(Some(at(100))));
}

fn call_ids_are_claimed_within_their_scope(store: &dyn Store) {
    let scopes = [
        CallScope::Session("x".to_owned()),
        CallScope::Agent("x".to_owned()),
        CallScope::Nobody,
        CallScope::Session("y".to_owned()),
    ];
    for (number, scope) in (1..).zip(scopes.clone()) {
        let outcome = perform(store, move |tx| {
            assert_eq!(tx.earlier(&scope, "call")?, None);
            let claimed = Entry { call_id: Some("call".to_owned()), ..entry(number) };
            let seq = tx.append(&scope, &claimed)?;
            assert_eq!(tx.earlier(&scope, "call")?.map(|logged| logged.seq), Some(seq));
            assert_eq!(tx.earlier(&scope, "Call")?, None);
            Ok(seq)
        });
        assert_eq!(outcome, Ok(number));
    }
    for (number, scope) in (1..).zip(scopes) {
        let earlier = perform(store, move |tx| tx.earlier(&scope, "call")).unwrap().unwrap();
        assert_eq!((earlier.seq, earlier.entry.id), (number, id(number)));
    }
}

fn a_call_id_is_claimed_once(store: &dyn Store) {
    let claim = |number| {
        let claimed = Entry { call_id: Some("call".to_owned()), ..entry(number) };
        perform(store, move |tx| tx.append(&CallScope::Nobody, &claimed))
    };
    assert_eq!(claim(1), Ok(1));
    assert_eq!(claim(2), Err(StoreError::Refused("this call id is already claimed".to_owned())));
    assert_eq!(append(store, entry(2)), Ok(2));
}

fn a_decision_id_is_used_once(store: &dyn Store) {
    append(store, entry(1)).unwrap();
    let why = "a decision with this id is already in the log".to_owned();
    assert_eq!(append(store, entry(1)), Err(StoreError::Refused(why)));
}

fn totals_count_up_to_the_limit(store: &dyn Store) {
    let counted = perform(store, |tx| {
        let mut counted = Vec::new();
        for _ in 0..4 {
            counted.push(tx.used(counter(1), CounterSpan::Total, 3)?);
            tx.take(counter(1), CounterSpan::Total, at(0))?;
        }
        counted.push(tx.used(counter(1), CounterSpan::Total, 3)?);
        counted.push(tx.used(counter(2), CounterSpan::Total, 3)?);
        Ok(counted)
    });
    assert_eq!(counted, Ok(vec![0, 1, 2, 3, 3, 0]));
    assert_eq!(perform(store, |tx| tx.used(counter(1), CounterSpan::Total, 9)), Ok(4));
}

fn sliding_counters_count_what_is_younger_than_the_edge(store: &dyn Store) {
    perform(store, |tx| {
        for taken in [10, 20, 20, 30] {
            tx.take(counter(1), CounterSpan::After(at(taken - 15)), at(taken))?;
        }
        Ok(())
    })
    .unwrap();
    for (after, limit, used) in
        [(9, 9, 4), (10, 9, 3), (19, 9, 3), (20, 9, 1), (30, 9, 0), (0, 2, 2)]
    {
        let counted =
            perform(store, move |tx| tx.used(counter(1), CounterSpan::After(at(after)), limit));
        assert_eq!(counted, Ok(used), "after {after}, up to {limit}");
    }
    assert_eq!(perform(store, |tx| tx.used(counter(1), CounterSpan::Total, 9)), Ok(0));
}

fn sliding_counters_forget_only_long_after_their_window(store: &dyn Store) {
    let second = 1_000_000;
    let used = |store: &dyn Store| {
        perform(store, |tx| tx.used(counter(1), CounterSpan::After(at(0)), 9)).unwrap()
    };
    let take = move |now: i64| {
        move |tx: &mut dyn Transaction| {
            tx.take(counter(1), CounterSpan::After(at((now - 10) * second)), at(now * second))
        }
    };
    perform(store, take(1)).unwrap();
    // Another process's clock may be behind: what has just left the window still counts there.
    perform(store, take(20)).unwrap();
    assert_eq!(used(store), 2);
    perform(store, take(80)).unwrap();
    assert_eq!(used(store), 2);
}

fn the_clock_mark_moves_forward_unless_reset(store: &dyn Store) {
    let mark = |store: &dyn Store| perform(store, |tx| tx.clock_mark()).unwrap();
    assert_eq!(mark(store), None);
    for (to, then) in [(-3, -3), (10, 10), (7, 10), (11, 11)] {
        perform(store, move |tx| tx.advance_clock_mark(at(to))).unwrap();
        assert_eq!(mark(store), Some(at(then)));
    }
    perform(store, |tx| tx.reset_clock_mark(at(4))).unwrap();
    assert_eq!(mark(store), Some(at(4)));
    let within = perform(store, |tx| {
        tx.advance_clock_mark(at(5))?;
        tx.clock_mark()
    });
    assert_eq!(within, Ok(Some(at(5))));
}

fn the_clock_mark_is_undone_with_its_work(store: &dyn Store) {
    perform(store, |tx| tx.advance_clock_mark(at(1))).unwrap();
    drop(perform(store, |tx| -> Outcome<()> {
        tx.advance_clock_mark(at(2))?;
        tx.reset_clock_mark(at(0))?;
        Err(StoreError::Refused(String::new()))
    }));
    assert_eq!(perform(store, |tx| tx.clock_mark()), Ok(Some(at(1))));
}

fn policy_texts_are_kept_once(store: &dyn Store) {
    perform(store, |tx| tx.keep_policy([1; 32], "allow *")).unwrap();
    perform(store, |tx| tx.keep_policy([1; 32], "something else")).unwrap();
    assert_eq!(store.policy_texts([1; 32]), Ok(Some("allow *".to_owned())));
    assert_eq!(store.policy_texts([2; 32]), Ok(None));
}

/// Tool a or b, agent none, x or y, decision 0 to 2, rule none or r: each in its own rhythm.
fn varied(number: u64) -> Entry {
    let pick = |one_in: u64| number.is_multiple_of(one_in);
    Entry {
        tool: if pick(2) { "a" } else { "b" }.to_owned(),
        agent: (!pick(5)).then(|| if pick(300) { "x" } else { "y" }.to_owned()),
        decision: if pick(700) { 2 } else { u8::from(pick(3)) },
        rule: pick(4).then(|| "r".to_owned()),
        ..entry(number)
    }
}

fn queries(end: u64) -> Vec<LogQuery> {
    let text = |text: &str| Some(text.to_owned());
    let time = |number: u64| Some(at(i64::try_from(number).unwrap()));
    let any = LogQuery::default;
    vec![
        any(),
        LogQuery { tool: text("a"), ..any() },
        LogQuery { tool: text("nowhere"), ..any() },
        LogQuery { agent: text("x"), ..any() },
        LogQuery { agent: text("a"), ..any() },
        LogQuery { decision: Some(2), ..any() },
        LogQuery { rule: text("r"), tool: text("b"), ..any() },
        LogQuery { rule: text("r"), decision: Some(1), agent: text("y"), ..any() },
        LogQuery { since: time(end - 3), ..any() },
        LogQuery { until: time(4), ..any() },
        LogQuery { since: time(end / 2), until: time(end / 2 + 2), ..any() },
        LogQuery { since: time(end / 2), until: time(end / 2), ..any() },
        LogQuery { since: time(end / 3), decision: Some(2), ..any() },
        LogQuery { after_seq: Some(end - 2), ..any() },
        LogQuery { after_seq: Some(end / 2), tool: text("a"), ..any() },
        LogQuery { after_seq: Some(u64::MAX), ..any() },
    ]
}

fn wanted(query: &LogQuery, entry: &Entry, seq: u64) -> bool {
    query.since.is_none_or(|since| entry.at >= since)
        && query.until.is_none_or(|until| entry.at < until)
        && query.tool.as_ref().is_none_or(|tool| *tool == entry.tool)
        && (query.agent.is_none() || query.agent == entry.agent)
        && query.decision.is_none_or(|decision| decision == entry.decision)
        && (query.rule.is_none() || query.rule == entry.rule)
        && query.after_seq.is_none_or(|after| seq > after)
}

/// Every query, with several limits, against the same question asked of the numbers.
fn check_queries(store: &dyn Store, end: u64) {
    perform(store, move |tx| {
        (1..=end).try_for_each(|seq| tx.append(&CallScope::Nobody, &varied(seq)).map(drop))
    })
    .unwrap();
    ask_queries(store, end);
}

fn ask_queries(store: &dyn Store, end: u64) {
    for query in queries(end) {
        let all: Vec<u64> = (1..=end).filter(|&seq| wanted(&query, &varied(seq), seq)).collect();
        assert_eq!(seqs(store, &query), all, "{query:?}");
        for limit in [0, 1, 3, 300, u64::MAX] {
            let skipped = all.len().saturating_sub(usize::try_from(limit).unwrap());
            let query = LogQuery { limit: Some(limit), ..query.clone() };
            assert_eq!(seqs(store, &query), all[skipped..], "{query:?}");
        }
    }
}

fn the_log_is_filtered(store: &dyn Store) {
    check_queries(store, 30);
}

fn a_long_log_is_filtered_and_limited_alike(store: &dyn Store) {
    check_queries(store, 2100);
}

fn the_log_is_limited_to_the_newest(store: &dyn Store) {
    for number in 1..=5 {
        append(store, entry(number)).unwrap();
    }
    let newest = LogQuery { limit: Some(2), ..LogQuery::default() };
    assert_eq!(seqs(store, &newest), [4, 5]);
}

fn the_log_stops_when_told_to(store: &dyn Store) {
    for number in 1..=5 {
        append(store, entry(number)).unwrap();
    }
    let mut seen = Vec::new();
    store
        .log(&LogQuery::default(), &mut |logged| {
            seen.push(logged.seq);
            // A visitor may use the store.
            assert!(store.entry(logged.entry.id).unwrap().is_some());
            assert!(append(store, entry(100 + logged.seq)).is_ok());
            logged.seq < 3
        })
        .unwrap();
    assert_eq!(seen, [1, 2, 3]);
}

/// As the store gives it back.
fn numbered(number: u64, request: &StoredRequest) -> StoredRequest {
    StoredRequest { number, ..request.clone() }
}

/// A digest of its own for each small number.
fn digest(number: u64) -> u8 {
    u8::try_from(number).unwrap()
}

fn insert(store: &dyn Store, request: &StoredRequest) -> Outcome<()> {
    let request = request.clone();
    perform(store, move |tx| tx.insert_request(&request))
}

fn moved(store: &dyn Store, from: &StoredRequest, to: &StoredRequest) -> bool {
    let (from, to) = (from.clone(), to.clone());
    perform(store, move |tx| tx.move_request(&from, &to)).unwrap()
}

fn open(store: &dyn Store, digest: u8, now: i64) -> Option<StoredRequest> {
    perform(store, move |tx| tx.open_request([digest; 32], at(now))).unwrap()
}

fn requests_are_open_until_they_expire(store: &dyn Store) {
    let opened = request(1, 5, 0, 100);
    insert(store, &opened).unwrap();
    assert_eq!(open(store, 5, 99), Some(numbered(1, &opened)));
    assert_eq!(open(store, 5, 100), None);
    assert_eq!(open(store, 6, 1), None);
    let again = insert(store, &request(1, 6, 0, 100));
    assert!(matches!(again, Err(StoreError::Refused(_))), "{again:?}");
    let next = request(2, 5, 100, 200);
    insert(store, &next).unwrap();
    assert_eq!(open(store, 5, 150), Some(numbered(2, &next)));
    assert_eq!(store.request(id(1), None), Ok(Some(numbered(1, &opened))));
    assert_eq!(store.request(id(9), None), Ok(None));
}

fn a_request_is_moved_only_from_where_it_stands(store: &dyn Store) {
    let pending = request(1, 5, 0, 100);
    insert(store, &pending).unwrap();
    let approved = StoredRequest {
        state: RequestState::Approved,
        moves: 1,
        wake_at: Some(at(60)),
        settled_at: Some(at(50)),
        ..pending.clone()
    };
    assert!(moved(store, &pending, &approved));
    let denied = StoredRequest { state: RequestState::Denied, moves: 1, ..pending.clone() };
    assert!(!moved(store, &pending, &denied));
    assert_eq!(store.request(id(1), Some(1)), Ok(Some(numbered(1, &approved))));
    assert_eq!(open(store, 5, 59), Some(numbered(1, &approved)));
    assert_eq!(open(store, 5, 60), None);
    let undone = perform(store, move |tx| {
        assert!(tx.move_request(&approved, &pending)?);
        Err::<(), _>(StoreError::Refused("no".to_owned()))
    });
    assert!(undone.is_err());
    assert_eq!(open(store, 5, 59).unwrap().state, RequestState::Approved);
}

fn the_newest_version_of_a_request_is_found_by_every_digest(store: &dyn Store) {
    let first = request(1, 5, 0, 100);
    insert(store, &first).unwrap();
    let gone = StoredRequest { state: RequestState::Superseded, moves: 1, ..first.clone() };
    assert!(moved(store, &first, &gone));
    let second = StoredRequest { version: 2, digest: [6; 32], ..first };
    insert(store, &second).unwrap();
    for digest in [5, 6] {
        assert_eq!(open(store, digest, 9), Some(numbered(2, &second)));
    }
    assert_eq!(store.request(id(1), Some(1)).unwrap().unwrap().state, RequestState::Superseded);
    let refused = StoredRequest {
        state: RequestState::Denied,
        moves: 1,
        refused: true,
        settled_at: Some(at(20)),
        ..second.clone()
    };
    assert!(moved(store, &second, &refused));
    for (digest, since, was) in [(5, 0, true), (6, 20, true), (6, 21, false), (7, 0, false)] {
        let found = perform(store, move |tx| tx.refused_since([digest; 32], at(since)));
        assert_eq!(found, Ok(was), "{digest} {since}");
    }
}

fn requests_are_counted_listed_and_due(store: &dyn Store) {
    for (number, expires) in [(1, 300), (2, 100), (3, 200)] {
        insert(store, &request(number, digest(number), 0, expires)).unwrap();
    }
    let other = StoredRequest { agent: None, session: None, ..request(4, 4, 0, 50) };
    insert(store, &other).unwrap();
    let count = |agent: Option<&'static str>, now, limit| {
        perform(store, move |tx| tx.pending_of(agent, at(now), limit)).unwrap()
    };
    assert_eq!((count(Some("ana"), 0, 9), count(Some("ana"), 0, 2), count(None, 0, 9)), (3, 2, 1));
    assert_eq!(count(Some("ana"), 150, 9), 2);
    let none: [u64; 0] = [];
    let list = |wanted: RequestFilter| -> Vec<u64> {
        store.requests(&wanted).unwrap().iter().map(|request| request.number).collect()
    };
    let all = RequestFilter { limit: 10, ..RequestFilter::default() };
    assert_eq!(list(all.clone()), [4, 3, 2, 1]);
    assert_eq!(list(RequestFilter { order: Order::Deadline, ..all.clone() }), [4, 2, 3, 1]);
    assert_eq!(list(RequestFilter { skip: 1, limit: 2, ..all.clone() }), [3, 2]);
    assert_eq!(list(RequestFilter { agent: Some("ana".to_owned()), ..all.clone() }), [3, 2, 1]);
    assert_eq!(list(RequestFilter { tool: Some("x".to_owned()), ..all.clone() }), none);
    let states = vec![RequestState::Denied];
    assert_eq!(list(RequestFilter { states, ..all }), none);
    assert_eq!(store.count_requests(RequestState::Pending), Ok(4));
    let due = store.due_requests(at(100), 9).unwrap();
    assert_eq!(due.iter().map(|request| request.number).collect::<Vec<_>>(), [4, 2]);
}

fn what_people_answered_in_a_session_is_found_newest_first(store: &dyn Store) {
    for (number, state, refused) in [
        (1, RequestState::Denied, true),
        (2, RequestState::Approved, false),
        (3, RequestState::Expired, false),
        (4, RequestState::Denied, true),
    ] {
        let pending = request(number, digest(number), 0, 100);
        insert(store, &pending).unwrap();
        let settled_at = Some(at(10 + i64::try_from(number).unwrap()));
        let ended = StoredRequest { state, refused, settled_at, moves: 1, ..pending.clone() };
        assert!(moved(store, &pending, &ended));
        let decision = Entry { id: pending.decision, ..entry(number) };
        append(store, decision).unwrap();
    }
    let answered = perform(store, |tx| tx.answered_in("s-1", 9)).unwrap();
    assert_eq!(answered.iter().map(|request| request.number).collect::<Vec<_>>(), [4, 2, 1]);
    let calls = |number: u64, limit| {
        perform(store, move |tx| tx.calls_since("s-1", id(number + 1000), limit)).unwrap()
    };
    assert_eq!((calls(1, 9), calls(3, 9), calls(1, 2)), (4, 2, 2));
}

fn items_last_until_they_end(store: &dyn Store) {
    let item = |number: u64, key: &str| Item {
        kind: "halt".to_owned(),
        id: id(number),
        key: key.to_owned(),
        due: Some(at(i64::try_from(number).unwrap())),
        body: format!("{{\"number\":{number}}}"),
        ended_at: None,
    };
    let put = |item: Item| perform(store, move |tx| tx.put_item(&item)).unwrap();
    let live = |kind: &'static str, key: &'static str| {
        perform(store, move |tx| tx.live_items(kind, key)).unwrap()
    };
    assert_eq!(live("halt", "a"), []);
    for (number, key) in [(1, "a"), (2, "b"), (3, "a")] {
        put(item(number, key));
    }
    put(Item { kind: "token".to_owned(), ..item(4, "a") });
    assert_eq!(live("halt", "a"), [item(1, "a"), item(3, "a")]);
    assert_eq!(store.live_items("halt", None).unwrap().len(), 3);
    assert_eq!(store.due_items("halt", at(2), 9).unwrap(), [item(1, "a"), item(2, "b")]);
    let ended = Item { ended_at: Some(at(9)), ..item(1, "a") };
    put(ended.clone());
    assert_eq!(live("halt", "a"), [item(3, "a")]);
    assert_eq!(store.item("halt", id(1)), Ok(Some(ended)));
    let undone = perform(store, move |tx| {
        tx.put_item(&item(5, "a"))?;
        tx.forget_items("halt", at(10))?;
        Err::<(), _>(StoreError::Refused("no".to_owned()))
    });
    assert!(undone.is_err());
    assert!(store.item("halt", id(1)).unwrap().is_some());
    perform(store, |tx| tx.forget_items("halt", at(10))).unwrap();
    assert_eq!((store.item("halt", id(1)), store.item("halt", id(5))), (Ok(None), Ok(None)));
}

fn events_are_found_by_request_and_after_a_place(store: &dyn Store) {
    let before = store.watermark().unwrap();
    let event = |number: i64, request: Option<[u8; 16]>| {
        Event::new(at(number), "request.voted", request, format!("{{\"number\":{number}}}"))
    };
    for (number, request) in [(1, Some(id(7))), (2, None), (3, Some(id(7)))] {
        perform(store, move |tx| tx.event(&event(number, request))).unwrap();
    }
    let own = [event(1, Some(id(7))), event(3, Some(id(7)))];
    assert_eq!(store.events_of(id(7)).unwrap(), own);
    assert_eq!(perform(store, |tx| tx.events_of(id(7))).unwrap(), own);
    assert_eq!(store.events_after(1, 1).unwrap(), [(2, event(2, None))]);
    assert_eq!(store.newest_event(), Ok(3));
    assert_ne!(store.watermark().unwrap(), before);
    assert_eq!(store.watermark(), store.watermark());
}

fn concurrent_first_five_release_five(store: &dyn Store) {
    let released = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for thread in 0..16 {
            let released = &released;
            scope.spawn(move || {
                for call in 0..4 {
                    let entry = entry(thread * 100 + call);
                    let run = move |tx: &mut dyn Transaction| first(tx, counter(1), 5, &entry);
                    if perform(store, run).unwrap() {
                        released.fetch_add(1, Ordering::SeqCst);
                    }
                }
            });
        }
    });
    assert_eq!(released.into_inner(), 5);
    let allowed = LogQuery { decision: Some(0), ..LogQuery::default() };
    assert_eq!(seqs(store, &allowed).len(), 5);
    assert_eq!(seqs(store, &LogQuery::default()), (1..=64).collect::<Vec<u64>>());
}

/// Counts its own ends, and may panic at its end.
struct Counted(Arc<AtomicUsize>, u64);

impl Work for Counted {
    fn run(&mut self, _: &mut dyn Transaction) -> Outcome<()> {
        match self.1 % 3 {
            0 => Ok(()),
            1 => Err(StoreError::Refused(String::new())),
            _ => panic!("in run"),
        }
    }

    fn finish(self: Box<Self>, _: Outcome<()>) {
        self.0.fetch_add(1, Ordering::SeqCst);
        assert!(self.1.is_multiple_of(2), "in finish");
    }
}

#[test]
fn finish_is_called_exactly_once() {
    let home = tempfile::tempdir().unwrap();
    finishes_once(MemoryStore::new());
    finishes_once(SqliteStore::open(home.path().join("fence.db")).unwrap());
}

#[cfg(feature = "sqlite")]
#[test]
fn a_log_that_two_processes_wrote_by_turns_is_filtered_alike() {
    let home = tempfile::tempdir().unwrap();
    let open = || SqliteStore::open(home.path().join("fence.db")).unwrap();
    let (one, other) = (open(), open());
    let end = 2100;
    let mut next = 1;
    // Turns of many lengths, some of whole blocks, so that each process starts and ends anywhere.
    for (turn, length) in (0_u64..).zip([1, 254, 1, 300, 256, 7, 512, 100, 500, 2, 600]) {
        let store = if turn.is_multiple_of(2) { &one } else { &other };
        let last = (next + length - 1).min(end);
        // What is taken back makes its process forget; most turns go without, so that it remembers.
        if turn == 5 {
            drop(perform(store, move |tx| -> Outcome<()> {
                tx.append(&CallScope::Nobody, &varied(next))?;
                Err(StoreError::Refused("taken back".to_owned()))
            }));
        }
        perform(store, move |tx| {
            (next..=last).try_for_each(|seq| tx.append(&CallScope::Nobody, &varied(seq)).map(drop))
        })
        .unwrap();
        next = last + 1;
    }
    assert_eq!(next, end + 1, "the turns do not add up");
    ask_queries(&one, end);
    ask_queries(&other, end);
}

fn finishes_once(store: impl Store) {
    let ends: Vec<_> = (0..300).map(|_| Arc::new(AtomicUsize::new(0))).collect();
    for (number, end) in (0..).zip(&ends) {
        store.submit(Box::new(Counted(Arc::clone(end), number)));
    }
    // Dropping the store finishes what was submitted.
    drop(store);
    let counts: Vec<_> = ends.iter().map(|end| end.load(Ordering::SeqCst)).collect();
    assert_eq!(counts, vec![1; 300]);
}
