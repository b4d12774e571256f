//! What the store's tests share: work as a closure, and entries made of a number.
#![allow(dead_code, unreachable_pub, reason = "each test binary uses its part")]

use std::sync::mpsc::{Receiver, Sender, channel};

use fence::store::{
    CallScope, CounterId, CounterSpan, Entry, LogQuery, Logged, Store, StoreError, StoredRequest,
    Transaction, Work,
};
use fence_engine::approval::RequestState;
use fence_engine::scalar::Timestamp;

pub type Outcome<T> = Result<T, StoreError>;

struct Job<T, F> {
    run: F,
    value: Option<T>,
    done: Sender<Outcome<T>>,
}

impl<T, F> Work for Job<T, F>
where
    T: Send + 'static,
    F: FnMut(&mut dyn Transaction) -> Outcome<T> + Send,
{
    fn run(&mut self, transaction: &mut dyn Transaction) -> Outcome<()> {
        self.value = Some((self.run)(transaction)?);
        Ok(())
    }

    fn finish(self: Box<Self>, outcome: Outcome<()>) {
        let Self { value, done, .. } = *self;
        let outcome = outcome.map(|()| value.unwrap());
        drop(done.send(outcome));
    }
}

/// Submits work; every outcome arrives at the receiver.
pub fn submit<T: Send + 'static>(
    store: &dyn Store,
    run: impl FnMut(&mut dyn Transaction) -> Outcome<T> + Send + 'static,
) -> Receiver<Outcome<T>> {
    let (done, outcomes) = channel();
    store.submit(Box::new(Job { run, value: None, done }));
    outcomes
}

/// Submits work and waits for it.
pub fn perform<T: Send + 'static>(
    store: &dyn Store,
    run: impl FnMut(&mut dyn Transaction) -> Outcome<T> + Send + 'static,
) -> Outcome<T> {
    submit(store, run).recv().unwrap()
}

/// Appends without a claim.
pub fn append(store: &dyn Store, entry: Entry) -> Outcome<u64> {
    perform(store, move |tx| tx.append(&CallScope::Nobody, &entry))
}

pub fn at(micros: i64) -> Timestamp {
    Timestamp::from_micros(micros)
}

pub fn id(number: u64) -> [u8; 16] {
    let mut id = [7; 16];
    id[8..].copy_from_slice(&number.to_be_bytes());
    id
}

pub fn counter(number: u64) -> CounterId {
    CounterId(id(number))
}

/// An entry that differs from those of other numbers, at `number` microseconds.
pub fn entry(number: u64) -> Entry {
    let mut leaf = [9; 32];
    leaf[..8].copy_from_slice(&number.to_be_bytes());
    Entry {
        id: id(number),
        at: at(i64::try_from(number).unwrap()),
        tool: "mail/send".to_owned(),
        agent: Some("ana".to_owned()),
        session: Some("s-1".to_owned()),
        call_id: None,
        decision: 0,
        rule: Some("outbound".to_owned()),
        policy: Some("content".to_owned()),
        digest: [3; 32],
        body: format!("{{\"number\":{number}}}"),
        leaf,
    }
}

pub fn request(number: u64, digest: u8, opened: i64, expires: i64) -> StoredRequest {
    StoredRequest {
        number: 0,
        id: id(number),
        version: 1,
        decision: id(number + 1000),
        digest: [digest; 32],
        tool: "mail/send".to_owned(),
        agent: Some("ana".to_owned()),
        session: Some("s-1".to_owned()),
        opened_at: at(opened),
        expires_at: at(expires),
        terms: "{}".to_owned(),
        state: RequestState::Pending,
        moves: 0,
        wake_at: Some(at(expires)),
        settled_at: None,
        refused: false,
    }
}

pub fn log(store: &dyn Store, query: &LogQuery) -> Vec<Logged> {
    let mut all = Vec::new();
    store
        .log(query, &mut |logged| {
            all.push(logged);
            true
        })
        .unwrap();
    all
}

pub fn seqs(store: &dyn Store, query: &LogQuery) -> Vec<u64> {
    log(store, query).iter().map(|logged| logged.seq).collect()
}

/// Takes a slot and records it, unless `limit` are taken: what "first N" does.
pub fn first(
    tx: &mut dyn Transaction,
    counter: CounterId,
    limit: u64,
    entry: &Entry,
) -> Outcome<bool> {
    let released = tx.used(counter, CounterSpan::Total, limit)? < limit;
    if released {
        tx.take(counter, CounterSpan::Total, entry.at)?;
    }
    tx.append(&CallScope::Nobody, &Entry { decision: u8::from(!released), ..entry.clone() })?;
    Ok(released)
}
