//! The store port: what must be durable before an answer leaves, and how the log is read back.
//!
//! A [`Store`] runs [`Work`] in write transactions; it decides nothing itself.

mod bell;
mod guard;
mod memory;
#[cfg(feature = "sqlite")]
mod sqlite;

use fence_engine::scalar::Timestamp;

pub use bell::Bell;
pub use memory::MemoryStore;
#[cfg(feature = "sqlite")]
pub use sqlite::{Options, SqliteStore};

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

/// A request for approval as it is opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenedRequest {
    /// UUIDv7.
    pub id: [u8; 16],
    /// The decision that opened it.
    pub decision: [u8; 16],
    /// What an approval will be bound to.
    pub digest: [u8; 32],
    /// When it was opened.
    pub opened_at: Timestamp,
    /// When it ends as expired.
    pub expires_at: Timestamp,
    /// The merged terms in canonical JSON.
    pub terms: String,
}

/// Something besides decisions that the record must show: what a person did to the gate itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// When.
    pub at: Timestamp,
    /// What kind of thing, such as `clock.accepted`.
    pub kind: String,
    /// The whole of it in JSON.
    pub body: String,
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
    /// At most so many, the newest ones; given back oldest first.
    pub limit: Option<u64>,
}

/// Why the store could not do as asked. Every one of them means deny.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Another process held the database for longer than the busy timeout.
    #[error("the database is locked by another process")]
    Locked,
    /// No room left.
    #[error("the disk is full")]
    Full,
    /// It may not be written.
    #[error("the database cannot be written: {0}")]
    ReadOnly(String),
    /// It is not a database, or damaged.
    #[error("the database is damaged: {0}")]
    Corrupt(String),
    /// It was written by a newer Fence.
    #[error("the database has version {found}, this Fence knows versions up to {known}")]
    Newer {
        /// The file's version.
        found: i64,
        /// The newest version known.
        known: i64,
    },
    /// Anything else.
    #[error("the database failed: {0}")]
    Failed(String),
    /// The work itself refused.
    #[error("{0}")]
    Refused(String),
    /// The store is shutting down.
    #[error("the store is closed")]
    Closed,
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

    /// Keeps the texts a policy digest stands for, once.
    ///
    /// # Errors
    /// Any fault of the store.
    fn keep_policy(&mut self, digest: [u8; 32], texts: &str) -> Result<(), StoreError>;

    /// The open (pending, not yet expired) request for this call digest, if any.
    ///
    /// # Errors
    /// Any fault of the store.
    fn open_request(
        &mut self,
        digest: [u8; 32],
        now: Timestamp,
    ) -> Result<Option<OpenedRequest>, StoreError>;

    /// Opens a request.
    ///
    /// # Errors
    /// [`StoreError::Refused`] where the id is taken; any fault of the store.
    fn insert_request(&mut self, request: &OpenedRequest) -> Result<(), StoreError>;

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

    /// One request by its id.
    ///
    /// # Errors
    /// Any fault of the store.
    fn request(&self, id: [u8; 16]) -> Result<Option<OpenedRequest>, StoreError>;

    /// All events, in the order they were recorded.
    ///
    /// # Errors
    /// Any fault of the store.
    fn events(&self) -> Result<Vec<Event>, StoreError>;
}
