//! A store that lives as long as its process: for tests, benchmarks and dry runs.
//!
//! It keeps the SQLite store's promises except durability. A refused work is undone step by step.

mod items;
mod requests;
mod row;

use std::collections::hash_map::Entry as MapEntry;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use fence_engine::approval::RequestState;
use fence_engine::scalar::Timestamp;

use self::items::Items;
use self::requests::Requests;
use self::row::Row;
use super::guard::{self, SLOT_GRACE_MICROS};
use super::{
    CallScope, CounterId, CounterSpan, Entry, Event, Item, Later, LogQuery, Logged, RequestFilter,
    Store, StoreError, StoredRequest, Transaction, Work,
};

/// Entries cloned out at a time while the log is read.
const PAGE: usize = 64;

/// Decisions, counters and requests in memory.
#[derive(Debug, Default)]
pub struct MemoryStore {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    log: Vec<Row>,
    places: HashMap<[u8; 16], usize>,
    calls: HashMap<(CallScope, String), usize>,
    totals: HashMap<CounterId, u64>,
    slots: HashMap<CounterId, BTreeMap<Timestamp, u64>>,
    mark: Option<Timestamp>,
    policies: HashMap<[u8; 32], String>,
    requests: Requests,
    items: Items,
    events: Vec<Event>,
    /// How often something was committed.
    commits: u64,
    undo: Vec<Undo>,
}

/// How to take back one step.
#[derive(Debug)]
enum Undo {
    /// And the call id's scope, where it claimed one.
    Append(Option<CallScope>),
    Total(CounterId),
    Slot(CounterId, Timestamp),
    Forgotten(CounterId, BTreeMap<Timestamp, u64>),
    Mark(Option<Timestamp>),
    Policy([u8; 32]),
    Request(requests::Undo),
    Item(items::Undo),
    Event,
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Panics of works are caught inside the lock, so the state is whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store for MemoryStore {
    fn submit(&self, mut work: Box<dyn Work>) {
        let outcome = {
            let mut state = self.state();
            let outcome = Session::run(&mut state, work.as_mut());
            match outcome {
                Ok(()) => state.commits += 1,
                Err(_) => state.roll_back(),
            }
            state.undo.clear();
            outcome
        };
        guard::finish(work, outcome);
    }

    fn writes_later(&self) -> bool {
        true
    }

    fn log(
        &self,
        query: &LogQuery,
        visit: &mut dyn FnMut(Logged) -> bool,
    ) -> Result<(), StoreError> {
        let (mut next, end) = self.state().span(query);
        while next < end {
            let page = self.state().page(query, &mut next, end);
            if !page.into_iter().all(&mut *visit) {
                break;
            }
        }
        Ok(())
    }

    fn entry(&self, id: [u8; 16]) -> Result<Option<Logged>, StoreError> {
        let state = self.state();
        Ok(state.places.get(&id).and_then(|&place| state.logged(place)))
    }

    fn policy_texts(&self, digest: [u8; 32]) -> Result<Option<String>, StoreError> {
        Ok(self.state().policies.get(&digest).cloned())
    }

    fn request(
        &self,
        id: [u8; 16],
        version: Option<u32>,
    ) -> Result<Option<StoredRequest>, StoreError> {
        Ok(self.state().requests.get(id, version).cloned())
    }

    fn requests(&self, wanted: &RequestFilter) -> Result<Vec<StoredRequest>, StoreError> {
        let state = self.state();
        let decided = |request: &StoredRequest| {
            state.log.get(*state.places.get(&request.decision)?).map(Row::entry)
        };
        Ok(state.requests.list(wanted, decided))
    }

    fn count_requests(&self, wanted: RequestState) -> Result<u64, StoreError> {
        Ok(self.state().requests.count(wanted))
    }

    fn due_requests(&self, now: Timestamp, limit: u32) -> Result<Vec<StoredRequest>, StoreError> {
        Ok(self.state().requests.due(now, limit))
    }

    fn item(&self, kind: &str, id: [u8; 16]) -> Result<Option<Item>, StoreError> {
        Ok(self.state().items.get(kind, id))
    }

    fn live_items(&self, kind: &str, key: Option<&str>) -> Result<Vec<Item>, StoreError> {
        Ok(self.state().items.live(kind, key))
    }

    fn due_items(&self, kind: &str, now: Timestamp, limit: u32) -> Result<Vec<Item>, StoreError> {
        Ok(self.state().items.due(kind, now, limit))
    }

    fn events_of(&self, request: [u8; 16]) -> Result<Vec<Event>, StoreError> {
        Ok(events_of(&self.state().events, request))
    }

    fn events_after(&self, seq: u64, limit: u32) -> Result<Vec<(u64, Event)>, StoreError> {
        let state = self.state();
        let numbered = (1..).zip(state.events.iter().cloned());
        let seq = usize::try_from(seq).unwrap_or(usize::MAX);
        Ok(numbered.skip(seq).take(limit as usize).collect())
    }

    fn watermark(&self) -> Result<u64, StoreError> {
        Ok(self.state().commits)
    }

    fn newest_event(&self) -> Result<u64, StoreError> {
        Ok(self.state().events.len() as u64)
    }

    fn events(&self) -> Result<Vec<Event>, StoreError> {
        Ok(self.state().events.clone())
    }
}

impl State {
    fn logged(&self, place: usize) -> Option<Logged> {
        let entry = self.log.get(place)?.entry().clone();
        Some(Logged { seq: place as u64 + 1, entry })
    }

    /// The places to look at, so that the newest `limit` wanted ones lie between.
    fn span(&self, query: &LogQuery) -> (usize, usize) {
        let before = query.before_seq.and_then(|seq| usize::try_from(seq).ok());
        let end = before.map_or(self.log.len(), |seq| seq.saturating_sub(1).min(self.log.len()));
        let start = query.after_seq.map_or(0, |seq| usize::try_from(seq).unwrap_or(end)).min(end);
        let Some(limit) = query.limit else { return (start, end) };
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let wanted = (start..end).rev().filter(|&place| wants(query, self.log[place].entry()));
        (wanted.take(limit).last().unwrap_or(end), end)
    }

    fn page(&self, query: &LogQuery, next: &mut usize, end: usize) -> Vec<Logged> {
        let mut page = Vec::new();
        while *next < end && page.len() < PAGE {
            if wants(query, self.log[*next].entry()) {
                page.extend(self.logged(*next));
            }
            *next += 1;
        }
        page
    }

    fn roll_back(&mut self) {
        while let Some(step) = self.undo.pop() {
            self.take_back(step);
        }
    }

    fn take_back(&mut self, step: Undo) {
        match step {
            Undo::Append(scope) => {
                if let Some(row) = self.log.pop() {
                    self.places.remove(&row.id());
                    if let (Some(call_id), Some(scope)) = (row.call_id(), scope) {
                        self.calls.remove(&(scope, call_id.to_owned()));
                    }
                }
            }
            Undo::Total(counter) => {
                self.totals.entry(counter).and_modify(|used| *used -= 1);
            }
            Undo::Slot(counter, at) => {
                self.slots.entry(counter).and_modify(|slots| lower(slots, at));
            }
            Undo::Forgotten(counter, slots) => self.slots.entry(counter).or_default().extend(slots),
            Undo::Mark(mark) => self.mark = mark,
            Undo::Event => drop(self.events.pop()),
            Undo::Policy(digest) => drop(self.policies.remove(&digest)),
            Undo::Request(step) => self.requests.take_back(step),
            Undo::Item(step) => self.items.take_back(step),
        }
    }
}

fn lower(slots: &mut BTreeMap<Timestamp, u64>, at: Timestamp) {
    if let Some(taken) = slots.get_mut(&at) {
        *taken -= 1;
        if *taken == 0 {
            slots.remove(&at);
        }
    }
}

fn events_of(events: &[Event], request: [u8; 16]) -> Vec<Event> {
    events.iter().filter(|event| event.request == Some(request)).cloned().collect()
}

fn wants(query: &LogQuery, entry: &Entry) -> bool {
    query.since.is_none_or(|since| entry.at >= since)
        && query.until.is_none_or(|until| entry.at < until)
        && query.tool.as_ref().is_none_or(|tool| *tool == entry.tool)
        && query.decision.is_none_or(|decision| decision == entry.decision)
        && (query.agent.is_none() || query.agent == entry.agent)
        && (query.rule.is_none() || query.rule == entry.rule)
}

/// One work's view of the state; remembers whether anything it asked for failed.
struct Session<'a> {
    state: &'a mut State,
    failed: Option<StoreError>,
}

impl<'a> Session<'a> {
    fn run(state: &'a mut State, work: &mut dyn Work) -> Result<(), StoreError> {
        let mut session = Session { state, failed: None };
        guard::run(work, &mut session)?;
        session.failed.map_or(Ok(()), Err)
    }

    fn push(&mut self, scope: &CallScope, row: Row) -> Result<u64, StoreError> {
        let place = self.state.log.len();
        if self.state.places.contains_key(&row.id()) {
            return self.refuse("a decision with this id is already in the log");
        }
        if let Some(call_id) = row.call_id() {
            let claim = (scope.clone(), call_id.to_owned());
            if self.state.calls.contains_key(&claim) {
                return self.refuse("this call id is already claimed");
            }
            self.state.calls.insert(claim, place);
        }
        let claimed = row.call_id().is_some().then(|| scope.clone());
        self.state.places.insert(row.id(), place);
        self.state.log.push(row);
        self.state.undo.push(Undo::Append(claimed));
        Ok(place as u64 + 1)
    }

    fn refuse<T>(&mut self, why: &str) -> Result<T, StoreError> {
        let error = StoreError::Refused(why.to_owned());
        self.failed = Some(error.clone());
        Err(error)
    }
}

impl Transaction for Session<'_> {
    fn used(
        &mut self,
        counter: CounterId,
        span: CounterSpan,
        limit: u64,
    ) -> Result<u64, StoreError> {
        let used = match span {
            CounterSpan::Total => self.state.totals.get(&counter).copied().unwrap_or(0),
            CounterSpan::After(after) => self.state.slots.get(&counter).map_or(0, |slots| {
                slots.iter().rev().take_while(|(at, _)| **at > after).map(|(_, taken)| taken).sum()
            }),
        };
        Ok(used.min(limit))
    }

    fn take(
        &mut self,
        counter: CounterId,
        span: CounterSpan,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let CounterSpan::After(after) = span else {
            *self.state.totals.entry(counter).or_default() += 1;
            self.state.undo.push(Undo::Total(counter));
            return Ok(());
        };
        let slots = self.state.slots.entry(counter).or_default();
        let oldest = Timestamp::from_micros(after.micros().saturating_sub(SLOT_GRACE_MICROS));
        let kept = slots.split_off(&oldest);
        let forgotten = std::mem::replace(slots, kept);
        *slots.entry(at).or_default() += 1;
        self.state.undo.push(Undo::Forgotten(counter, forgotten));
        self.state.undo.push(Undo::Slot(counter, at));
        Ok(())
    }

    fn clock_mark(&mut self) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.state.mark)
    }

    fn advance_clock_mark(&mut self, at: Timestamp) -> Result<(), StoreError> {
        self.reset_clock_mark(self.state.mark.map_or(at, |mark| mark.max(at)))
    }

    fn reset_clock_mark(&mut self, at: Timestamp) -> Result<(), StoreError> {
        self.state.undo.push(Undo::Mark(self.state.mark));
        self.state.mark = Some(at);
        Ok(())
    }

    fn earlier(&mut self, scope: &CallScope, call_id: &str) -> Result<Option<Logged>, StoreError> {
        let place = self.state.calls.get(&(scope.clone(), call_id.to_owned()));
        Ok(place.and_then(|&place| self.state.logged(place)))
    }

    fn append(&mut self, scope: &CallScope, entry: &Entry) -> Result<u64, StoreError> {
        self.push(scope, Row::Written(Box::new(entry.clone())))
    }

    fn append_later(
        &mut self,
        scope: &CallScope,
        later: &Arc<dyn Later>,
    ) -> Result<u64, StoreError> {
        self.push(scope, Row::Later(Arc::clone(later)))
    }

    fn keep_policy(&mut self, digest: [u8; 32], texts: &str) -> Result<(), StoreError> {
        if let MapEntry::Vacant(free) = self.state.policies.entry(digest) {
            free.insert(texts.to_owned());
            self.state.undo.push(Undo::Policy(digest));
        }
        Ok(())
    }

    fn entry(&mut self, id: [u8; 16]) -> Result<Option<Logged>, StoreError> {
        Ok(self.state.places.get(&id).and_then(|&place| self.state.logged(place)))
    }

    fn calls_since(
        &mut self,
        session: &str,
        decision: [u8; 16],
        limit: u64,
    ) -> Result<u64, StoreError> {
        let Some(&place) = self.state.places.get(&decision) else { return Ok(0) };
        let mut calls = self.state.log[place..].iter();
        let mut count = 0;
        while count < limit && calls.any(|row| row.session() == Some(session)) {
            count += 1;
        }
        Ok(count)
    }

    fn request(&mut self, id: [u8; 16]) -> Result<Option<StoredRequest>, StoreError> {
        Ok(self.state.requests.get(id, None).cloned())
    }

    fn open_request(
        &mut self,
        digest: [u8; 32],
        now: Timestamp,
    ) -> Result<Option<StoredRequest>, StoreError> {
        Ok(self.state.requests.open_for(digest, now).cloned())
    }

    fn refused_since(&mut self, digest: [u8; 32], since: Timestamp) -> Result<bool, StoreError> {
        Ok(self.state.requests.refused_since(digest, since))
    }

    fn pending_of(
        &mut self,
        agent: Option<&str>,
        now: Timestamp,
        limit: u64,
    ) -> Result<u64, StoreError> {
        Ok(self.state.requests.pending_of(agent, now, limit))
    }

    fn answered_in(&mut self, session: &str, limit: u64) -> Result<Vec<StoredRequest>, StoreError> {
        Ok(self.state.requests.answered_in(session, limit))
    }

    fn insert_request(&mut self, request: &StoredRequest) -> Result<(), StoreError> {
        match self.state.requests.insert(request) {
            Some(undo) => self.state.undo.push(Undo::Request(undo)),
            None => return self.refuse("this version of a request already exists"),
        }
        Ok(())
    }

    fn move_request(
        &mut self,
        from: &StoredRequest,
        to: &StoredRequest,
    ) -> Result<bool, StoreError> {
        let undo = self.state.requests.move_to(from, to);
        let moved = !undo.is_empty();
        self.state.undo.extend(undo.into_iter().map(Undo::Request));
        Ok(moved)
    }

    fn events_of(&mut self, request: [u8; 16]) -> Result<Vec<Event>, StoreError> {
        Ok(events_of(&self.state.events, request))
    }

    fn put_item(&mut self, item: &Item) -> Result<(), StoreError> {
        let undo = self.state.items.put(item);
        self.state.undo.push(Undo::Item(undo));
        Ok(())
    }

    fn item(&mut self, kind: &str, id: [u8; 16]) -> Result<Option<Item>, StoreError> {
        Ok(self.state.items.get(kind, id))
    }

    fn any_live_item(&mut self, kind: &str) -> Result<bool, StoreError> {
        Ok(self.state.items.any_live(kind))
    }

    fn live_items(&mut self, kind: &str, key: &str) -> Result<Vec<Item>, StoreError> {
        Ok(self.state.items.live(kind, Some(key)))
    }

    fn forget_items(&mut self, kind: &str, at: Timestamp) -> Result<(), StoreError> {
        let undo = self.state.items.forget(kind, at);
        self.state.undo.extend(undo.into_iter().map(Undo::Item));
        Ok(())
    }

    fn event(&mut self, event: &Event) -> Result<(), StoreError> {
        self.state.events.push(event.clone());
        self.state.undo.push(Undo::Event);
        Ok(())
    }
}
