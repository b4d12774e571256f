//! The store port: what must be durable before an answer leaves, and how the log is read back.
//!
//! A [`Store`] runs [`Work`] in write transactions; it decides nothing itself.

mod bell;
mod error;
mod guard;
mod items;
mod memory;
mod perform;
mod requests;
#[cfg(feature = "sqlite")]
mod sqlite;
mod unopened;

use fence_engine::approval::RequestState;
use fence_engine::scalar::Timestamp;
use std::sync::Arc;

pub use bell::Bell;
pub use error::StoreError;
pub use items::{Event, Item};
pub use memory::MemoryStore;
pub(crate) use perform::block_on;
pub use perform::{Receipt, perform};
pub use requests::{Order, RequestFilter, StoredRequest};
#[cfg(feature = "sqlite")]
pub use sqlite::{Options, SqliteStore};
pub use unopened::Unopened;

/// What identifies one counter for one key: the hash that the gate makes of both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CounterId(pub [u8; 16]);

/// Which of a counter's slots are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CounterSpan {
    /// All that were ever taken (a calendar period is part of the id).
    Total,
    /// Those taken after this instant.
    After(Timestamp),
}

/// One decision as it goes into the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// UUIDv7.
    pub id: [u8; 16],
    /// The decision's time.
    pub at: Timestamp,
    /// The tool's identity; for malformed calls a shortened, escaped form.
    pub tool: String,
    /// The agent, where the call named one.
    pub agent: Option<String>,
    /// The session, where the call named one.
    pub session: Option<String>,
    /// The caller's id for this call; kept only where it claims the id.
    pub call_id: Option<String>,
    /// `allow`, `ask`, `deny` as 0, 1, 2.
    pub decision: u8,
    /// The deciding rule; absent when the default decided.
    pub rule: Option<String>,
    /// The policy of that rule.
    pub policy: Option<String>,
    /// SHA-256 of the call's canonical form.
    pub digest: [u8; 32],
    /// The whole record in canonical JSON: what the leaf hash covers.
    pub body: String,
    /// SHA-256 over `0x00` and the body (RFC 6962 leaf).
    pub leaf: [u8; 32],
}

/// A decision read back, with its place in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logged {
    /// Its place, counted from 1 without gaps.
    pub seq: u64,
    /// The decision.
    pub entry: Entry,
}

/// The call ids that must not repeat: those of one session, else of one agent, else of nobody.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum CallScope {
    /// Within this session.
    Session(String),
    /// Within this agent's calls without a session.
    Agent(String),
    /// Calls that name neither.
    Nobody,
}

/// A decision that is written up when it is read.
pub trait Later: Send + Sync {
    /// As [`Entry::id`].
    fn id(&self) -> [u8; 16];

    /// As [`Entry::session`].
    fn session(&self) -> Option<&str>;

    /// As [`Entry::call_id`].
    fn call_id(&self) -> Option<&str>;

    /// The decision; the same whenever it is asked for.
    fn entry(&self) -> &Entry;
}

/// Which entries of the log are wanted; absent fields do not narrow.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogQuery {
    /// At or after this instant.
    pub since: Option<Timestamp>,
    /// Before this instant.
    pub until: Option<Timestamp>,
    /// This tool, exactly.
    pub tool: Option<String>,
    /// This agent, exactly.
    pub agent: Option<String>,
    /// This decision (0, 1, 2).
    pub decision: Option<u8>,
    /// This rule, exactly.
    pub rule: Option<String>,
    /// After this place in the log.
    pub after_seq: Option<u64>,
    /// Before this place in the log.
    pub before_seq: Option<u64>,
    /// At most so many, the newest ones; given back oldest first.
    pub limit: Option<u64>,
}

/// What work may do inside its write transaction.
pub trait Transaction {
    /// How many slots of the counter are taken, counting no further than `limit`.
    ///
    /// # Errors
    /// Any fault of the store.
    fn used(
        &mut self,
        counter: CounterId,
        span: CounterSpan,
        limit: u64,
    ) -> Result<u64, StoreError>;

    /// Takes a slot at `at`; the time is kept only for counters read by [`CounterSpan::After`].
    /// Slots that left that window more than a minute ago are forgotten in passing.
    ///
    /// # Errors
    /// Any fault of the store.
    fn take(
        &mut self,
        counter: CounterId,
        span: CounterSpan,
        at: Timestamp,
    ) -> Result<(), StoreError>;

    /// The newest live decision's time, over all processes.
    ///
    /// # Errors
    /// Any fault of the store.
    fn clock_mark(&mut self) -> Result<Option<Timestamp>, StoreError>;

    /// Moves the mark forward to `at`; an earlier time leaves it.
    ///
    /// # Errors
    /// Any fault of the store.
    fn advance_clock_mark(&mut self, at: Timestamp) -> Result<(), StoreError>;

    /// The first decision under this call id, if any.
    ///
    /// # Errors
    /// Any fault of the store.
    fn earlier(&mut self, scope: &CallScope, call_id: &str) -> Result<Option<Logged>, StoreError>;

    /// Appends a decision and answers its place in the log; a `call_id` in it is claimed in
    /// `scope`.
    ///
    /// # Errors
    /// [`StoreError::Refused`] where the id is taken or the call id claimed; any fault of the store.
    fn append(&mut self, scope: &CallScope, entry: &Entry) -> Result<u64, StoreError>;

    /// As [`Transaction::append`], of a decision that need not be written up before it is read.
    ///
    /// # Errors
    /// As [`Transaction::append`].
    fn append_later(
        &mut self,
        scope: &CallScope,
        later: &Arc<dyn Later>,
    ) -> Result<u64, StoreError> {
        self.append(scope, later.entry())
    }

    /// Keeps the texts a policy digest stands for, once.
    ///
    /// # Errors
    /// Any fault of the store.
    fn keep_policy(&mut self, digest: [u8; 32], texts: &str) -> Result<(), StoreError>;

    /// One decision by its id, also one that this transaction appended.
    ///
    /// # Errors
    /// Any fault of the store.
    fn entry(&mut self, id: [u8; 16]) -> Result<Option<Logged>, StoreError>;

    /// How many of the session's decisions stand from this one on, itself included, counting no
    /// further than `limit` and looking at no more than the newest 50 000 of the log.
    ///
    /// # Errors
    /// Any fault of the store.
    fn calls_since(
        &mut self,
        session: &str,
        decision: [u8; 16],
        limit: u64,
    ) -> Result<u64, StoreError>;

    /// The newest version of a request.
    ///
    /// # Errors
    /// Any fault of the store.
    fn request(&mut self, id: [u8; 16]) -> Result<Option<StoredRequest>, StoreError>;

    /// The newest version of a request that is open at `now` (pending before its end, or approved
    /// and still to be used) and was at any time for this call digest.
    ///
    /// # Errors
    /// Any fault of the store.
    fn open_request(
        &mut self,
        digest: [u8; 32],
        now: Timestamp,
    ) -> Result<Option<StoredRequest>, StoreError>;

    /// Whether a person refused a request for this call digest at or after `since`.
    ///
    /// # Errors
    /// Any fault of the store.
    fn refused_since(&mut self, digest: [u8; 32], since: Timestamp) -> Result<bool, StoreError>;

    /// How many requests of this agent wait for people at `now`, counting no further than `limit`.
    ///
    /// # Errors
    /// Any fault of the store.
    fn pending_of(
        &mut self,
        agent: Option<&str>,
        now: Timestamp,
        limit: u64,
    ) -> Result<u64, StoreError>;

    /// The newest `limit` requests of a session that people answered, newest answer first.
    ///
    /// # Errors
    /// Any fault of the store.
    fn answered_in(&mut self, session: &str, limit: u64) -> Result<Vec<StoredRequest>, StoreError>;

    /// Opens a request, or a new version of one; its `number` is the store's to give.
    ///
    /// # Errors
    /// [`StoreError::Refused`] where the version exists; any fault of the store.
    fn insert_request(&mut self, request: &StoredRequest) -> Result<(), StoreError>;

    /// Moves a request to `to`, if it still stands as in `from` (id, version, state and number of
    /// moves). `false`: somebody else moved it first, and nothing changed. A refusal by a person
    /// marks every version of the request.
    ///
    /// # Errors
    /// Any fault of the store.
    fn move_request(
        &mut self,
        from: &StoredRequest,
        to: &StoredRequest,
    ) -> Result<bool, StoreError>;

    /// What happened to a request, all versions together, in the order it was recorded.
    ///
    /// # Errors
    /// Any fault of the store.
    fn events_of(&mut self, request: [u8; 16]) -> Result<Vec<Event>, StoreError>;

    /// Keeps an item, in place of the one with its kind and id.
    ///
    /// # Errors
    /// Any fault of the store.
    fn put_item(&mut self, item: &Item) -> Result<(), StoreError>;

    /// One item.
    ///
    /// # Errors
    /// Any fault of the store.
    fn item(&mut self, kind: &str, id: [u8; 16]) -> Result<Option<Item>, StoreError>;

    /// Whether any item of a kind has not ended.
    ///
    /// # Errors
    /// Any fault of the store.
    fn any_live_item(&mut self, kind: &str) -> Result<bool, StoreError>;

    /// The items of a kind that have not ended, under one key, in the order of their ids.
    ///
    /// # Errors
    /// Any fault of the store.
    fn live_items(&mut self, kind: &str, key: &str) -> Result<Vec<Item>, StoreError>;

    /// Forgets the items of a kind that ended before `at`.
    ///
    /// # Errors
    /// Any fault of the store.
    fn forget_items(&mut self, kind: &str, at: Timestamp) -> Result<(), StoreError>;

    /// Sets the clock mark back to `at`: a person declared the clock right.
    ///
    /// # Errors
    /// Any fault of the store.
    fn reset_clock_mark(&mut self, at: Timestamp) -> Result<(), StoreError>;

    /// Records an event.
    ///
    /// # Errors
    /// Any fault of the store.
    fn event(&mut self, event: &Event) -> Result<(), StoreError>;
}

/// Something to do in one write transaction.
///
/// `run` may be called again from the start when the transaction it shared had to be rolled back;
/// what it did before is then undone. An error from the transaction fails the work even where `run`
/// goes on to answer `Ok`, and so does a panic. `run` must not call the store.
///
/// `finish` is called exactly once: with `Ok` after everything `run` wrote is durable, with the
/// error otherwise; then what it wrote is undone, except that it may still turn up in the log
/// after a disk failed to sync. It holds up the writer, so it should only pass the news on.
pub trait Work: Send {
    /// Reads and writes.
    ///
    /// # Errors
    /// Any fault of the store, or the work's own refusal; everything it wrote is undone.
    fn run(&mut self, transaction: &mut dyn Transaction) -> Result<(), StoreError>;

    /// Learns, before it runs, of a bell that rings once `finish` was called; one bell serves all
    /// works that share a commit. Stores that share none need not call it.
    fn listen(&mut self, bell: &Bell) {
        let _ = bell;
    }

    /// Learns the outcome.
    fn finish(self: Box<Self>, outcome: Result<(), StoreError>);
}

/// A home for decisions, counters and requests.
pub trait Store: Send + Sync {
    /// Queues work without waiting; `finish` is called from another thread (or, in memory, before
    /// this returns).
    fn submit(&self, work: Box<dyn Work>);

    /// Whether decisions are written up when they are read; otherwise it is best done before they
    /// are submitted.
    fn writes_later(&self) -> bool {
        false
    }

    /// Calls `visit` for each wanted entry, in the order of the log, until it answers `false`;
    /// entries appended meanwhile are left out. Takes a few entries at a time into memory and
    /// holds nothing up while `visit` runs.
    ///
    /// # Errors
    /// Any fault of the store.
    fn log(
        &self,
        query: &LogQuery,
        visit: &mut dyn FnMut(Logged) -> bool,
    ) -> Result<(), StoreError>;

    /// One decision by its id.
    ///
    /// # Errors
    /// Any fault of the store.
    fn entry(&self, id: [u8; 16]) -> Result<Option<Logged>, StoreError>;

    /// The texts kept for a policy digest.
    ///
    /// # Errors
    /// Any fault of the store.
    fn policy_texts(&self, digest: [u8; 32]) -> Result<Option<String>, StoreError>;

    /// A version of a request; the newest where none is named.
    ///
    /// # Errors
    /// Any fault of the store.
    fn request(
        &self,
        id: [u8; 16],
        version: Option<u32>,
    ) -> Result<Option<StoredRequest>, StoreError>;

    /// The wanted requests, in the order asked for.
    ///
    /// # Errors
    /// Any fault of the store.
    fn requests(&self, wanted: &RequestFilter) -> Result<Vec<StoredRequest>, StoreError>;

    /// How many requests are in this state.
    ///
    /// # Errors
    /// Any fault of the store.
    fn count_requests(&self, state: RequestState) -> Result<u64, StoreError>;

    /// Requests for which something is due at `now` (their `wake_at` has come), longest due first.
    ///
    /// # Errors
    /// Any fault of the store.
    fn due_requests(&self, now: Timestamp, limit: u32) -> Result<Vec<StoredRequest>, StoreError>;

    /// One item.
    ///
    /// # Errors
    /// Any fault of the store.
    fn item(&self, kind: &str, id: [u8; 16]) -> Result<Option<Item>, StoreError>;

    /// The items of a kind that have not ended, under one key or all, in the order of their ids.
    ///
    /// # Errors
    /// Any fault of the store.
    fn live_items(&self, kind: &str, key: Option<&str>) -> Result<Vec<Item>, StoreError>;

    /// Items that have not ended and are due at `now`, longest due first.
    ///
    /// # Errors
    /// Any fault of the store.
    fn due_items(&self, kind: &str, now: Timestamp, limit: u32) -> Result<Vec<Item>, StoreError>;

    /// What happened to a request, all versions together, in the order it was recorded.
    ///
    /// # Errors
    /// Any fault of the store.
    fn events_of(&self, request: [u8; 16]) -> Result<Vec<Event>, StoreError>;

    /// The events after this place in their order, each with its place; places count up from 1.
    ///
    /// # Errors
    /// Any fault of the store.
    fn events_after(&self, seq: u64, limit: u32) -> Result<Vec<(u64, Event)>, StoreError>;

    /// The place of the newest event; 0 where there is none.
    ///
    /// # Errors
    /// Any fault of the store.
    fn newest_event(&self) -> Result<u64, StoreError>;

    /// All events, in the order they were recorded.
    ///
    /// # Errors
    /// Any fault of the store.
    fn events(&self) -> Result<Vec<Event>, StoreError>;

    /// A number that is another one whenever anything was committed since, by whatever process.
    /// Cheap: to be asked many times a second.
    ///
    /// # Errors
    /// Any fault of the store.
    fn watermark(&self) -> Result<u64, StoreError>;
}
