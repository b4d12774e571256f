//! The store port's promises, each held against every store.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod store_support;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use fence::store::{
    CallScope, CounterSpan, Entry, Event, LogQuery, Logged, MemoryStore, OpenedRequest,
    SqliteStore, Store, StoreError, Transaction, Work,
};
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
    let event = |number: i64| Event {
        at: at(number),
        kind: "clock.accepted".to_owned(),
        body: format!("{{\"number\":{number}}}"),
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
    open: Option<OpenedRequest>,
    log: Vec<u64>,
    policy: Option<String>,
    request: Option<OpenedRequest>,
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
    Remains { used, mark, earlier, open, log, policy, request: store.request(id(1)).unwrap() }
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

fn requests_are_open_until_they_expire(store: &dyn Store) {
    let opened = request(1, 5, 0, 100);
    let sent = opened.clone();
    perform(store, move |tx| tx.insert_request(&sent)).unwrap();
    let open = |now| perform(store, move |tx| tx.open_request([5; 32], at(now))).unwrap();
    assert_eq!(open(99), Some(opened.clone()));
    assert_eq!(open(100), None);
    assert_eq!(perform(store, |tx| tx.open_request([6; 32], at(1))), Ok(None));
    let why = "a request with this id already exists".to_owned();
    let again = perform(store, |tx| tx.insert_request(&request(1, 6, 0, 100)));
    assert_eq!(again, Err(StoreError::Refused(why)));
    let next = request(2, 5, 100, 200);
    let sent = next.clone();
    perform(store, move |tx| tx.insert_request(&sent)).unwrap();
    assert_eq!(open(150), Some(next));
    assert_eq!(store.request(id(1)), Ok(Some(opened)));
    assert_eq!(store.request(id(9)), Ok(None));
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
