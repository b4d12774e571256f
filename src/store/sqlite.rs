//! The SQLite store: one file, one writer thread, group commit, reads beside it.
//!
//! Many processes may share the file; `BEGIN IMMEDIATE` puts their transactions in a line.

mod connect;
mod fault;
mod items;
mod log;
mod migrations;
mod patience;
mod queue;
mod requests;
mod teller;
mod transaction;
mod writer;

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use self::connect::{Line, Place};
use self::transaction::{Memo, SqliteTransaction};
use self::writer::Writer;
use super::{
    Event, Item, LogQuery, Logged, RequestFilter, Store, StoreError, StoredRequest, Work, guard,
};
use fence_engine::approval::RequestState;
use fence_engine::scalar::Timestamp;

/// Connections kept for the next reader.
const IDLE_READERS: usize = 4;

/// Settings of a [`SqliteStore`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Options {
    /// How long work may wait for other processes' transactions (2 s).
    pub busy_timeout: Duration,
    /// At most so many works share a commit (256).
    pub batch_limit: usize,
    /// The file may not grow beyond so many pages of 4096 bytes (no limit).
    pub max_pages: Option<u32>,
}

impl Default for Options {
    fn default() -> Self {
        Self { busy_timeout: Duration::from_secs(2), batch_limit: 256, max_pages: None }
    }
}

/// A store in an SQLite database file.
///
/// Dropping it finishes what was submitted.
#[derive(Debug)]
pub struct SqliteStore {
    place: Place,
    /// Absent where the database is only read.
    writer: Option<Writer>,
    idle: Mutex<Vec<Line>>,
    /// Always the same connection, because only in comparison with itself it tells of changes.
    watch: Mutex<Option<Line>>,
}

impl SqliteStore {
    /// Opens the database, creating and upgrading it as necessary.
    ///
    /// # Errors
    /// Any [`StoreError`] but `Refused` and `Closed`.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        Self::open_with(path, Options::default())
    }

    /// Like [`SqliteStore::open`], with other settings.
    ///
    /// # Errors
    /// Any [`StoreError`] but `Refused` and `Closed`.
    pub fn open_with(path: impl AsRef<Path>, options: Options) -> Result<Self, StoreError> {
        let place = Place::new(path.as_ref(), options)?;
        let line = place.open_for_writing()?;
        let writer = Writer::start(place.clone(), line)?;
        Ok(Self { place, writer: Some(writer), idle: Mutex::default(), watch: Mutex::default() })
    }

    /// Opens an existing database for reading alone: it is neither created nor upgraded. Work may
    /// read counters; what it writes is refused.
    ///
    /// # Errors
    /// As [`SqliteStore::open`]; [`StoreError::Failed`] where there is no database, or it must be
    /// upgraded first.
    pub fn open_read_only(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        let place = Place::new(path.as_ref(), Options::default())?;
        let line = place.open_for_reading()?;
        migrations::is_newest(&place, &line.connection)?;
        let idle = Mutex::new(vec![line]);
        Ok(Self { place, writer: None, idle, watch: Mutex::default() })
    }

    /// Where the database is.
    pub fn path(&self) -> &Path {
        &self.place.path
    }

    /// Lends a connection of its own to `read`; one that failed is not used again.
    fn read<T>(&self, read: impl FnOnce(&Line) -> rusqlite::Result<T>) -> Result<T, StoreError> {
        let line = match self.idle().pop() {
            Some(line) => line,
            None => self.place.open_for_reading()?,
        };
        line.be_patient();
        let answer = read(&line).map_err(|error| self.place.fault(&error))?;
        let mut idle = self.idle();
        if idle.len() < IDLE_READERS {
            idle.push(line);
        }
        Ok(answer)
    }

    /// Runs work that may only read, and gives up whatever it tried to write.
    fn look(&self, work: &mut dyn Work) -> Result<(), StoreError> {
        let outcome = self.read(|line| {
            line.connection.execute_batch("BEGIN")?;
            let mut memo = Memo::default();
            let mut transaction = SqliteTransaction::new(&self.place, &line.connection, &mut memo);
            let outcome = guard::run(work, &mut transaction);
            let outcome = outcome.and(transaction.into_failed());
            line.connection.execute_batch("ROLLBACK")?;
            Ok(outcome)
        });
        outcome?
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Line>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store for SqliteStore {
    fn submit(&self, mut work: Box<dyn Work>) {
        match &self.writer {
            Some(writer) => writer.submit(work),
            None => {
                let outcome = self.look(work.as_mut());
                guard::finish(work, outcome);
            }
        }
    }

    fn log(
        &self,
        query: &LogQuery,
        visit: &mut dyn FnMut(Logged) -> bool,
    ) -> Result<(), StoreError> {
        self.read(|line| log::visit(line, query, visit))
    }

    fn entry(&self, id: [u8; 16]) -> Result<Option<Logged>, StoreError> {
        self.read(|line| log::by_id(&line.connection, id))
    }

    fn policy_texts(&self, digest: [u8; 32]) -> Result<Option<String>, StoreError> {
        self.read(|line| transaction::policy_texts(&line.connection, digest))
    }

    fn request(
        &self,
        id: [u8; 16],
        version: Option<u32>,
    ) -> Result<Option<StoredRequest>, StoreError> {
        self.read(|line| requests::get(&line.connection, id, version))
    }

    fn requests(&self, wanted: &RequestFilter) -> Result<Vec<StoredRequest>, StoreError> {
        self.read(|line| requests::list(&line.connection, wanted))
    }

    fn count_requests(&self, state: RequestState) -> Result<u64, StoreError> {
        self.read(|line| requests::count_in(&line.connection, state))
    }

    fn due_requests(&self, now: Timestamp, limit: u32) -> Result<Vec<StoredRequest>, StoreError> {
        self.read(|line| requests::due(&line.connection, now, limit))
    }

    fn item(&self, kind: &str, id: [u8; 16]) -> Result<Option<Item>, StoreError> {
        self.read(|line| items::get(&line.connection, kind, id))
    }

    fn live_items(&self, kind: &str, key: Option<&str>) -> Result<Vec<Item>, StoreError> {
        self.read(|line| items::live(&line.connection, kind, key))
    }

    fn due_items(&self, kind: &str, now: Timestamp, limit: u32) -> Result<Vec<Item>, StoreError> {
        self.read(|line| items::due(&line.connection, kind, now, limit))
    }

    fn events_of(&self, request: [u8; 16]) -> Result<Vec<Event>, StoreError> {
        self.read(|line| items::events_of(&line.connection, request))
    }

    fn events_after(&self, seq: u64, limit: u32) -> Result<Vec<(u64, Event)>, StoreError> {
        self.read(|line| items::events_after(&line.connection, seq, limit))
    }

    fn newest_event(&self) -> Result<u64, StoreError> {
        self.read(|line| items::newest_event(&line.connection))
    }

    fn events(&self) -> Result<Vec<Event>, StoreError> {
        let all = self.events_after(0, u32::MAX)?;
        Ok(all.into_iter().map(|(_, event)| event).collect())
    }

    fn watermark(&self) -> Result<u64, StoreError> {
        let mut watch = self.watch.lock().unwrap_or_else(PoisonError::into_inner);
        let line = match watch.take() {
            Some(line) => line,
            None => self.place.open_for_reading()?,
        };
        let number = line.connection.query_row("PRAGMA data_version", [], |row| row.get(0));
        let number: i64 = number.map_err(|error| self.place.fault(&error))?;
        *watch = Some(line);
        Ok(number.unsigned_abs())
    }
}
