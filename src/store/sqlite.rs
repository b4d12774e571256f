//! The SQLite store: one file, one writer thread, group commit, reads beside it.
//!
//! Many processes may share the file; `BEGIN IMMEDIATE` puts their transactions in a line.

mod connect;
mod fault;
mod log;
mod migrations;
mod patience;
mod queue;
mod teller;
mod transaction;
mod writer;

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use self::connect::{Line, Place};
use self::transaction::{Memo, SqliteTransaction};
use self::writer::Writer;
use super::{Event, LogQuery, Logged, OpenedRequest, Store, StoreError, Work, guard};

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
        Ok(Self { place, writer: Some(writer), idle: Mutex::default() })
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
        Ok(Self { place, writer: None, idle: Mutex::new(vec![line]) })
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

    fn request(&self, id: [u8; 16]) -> Result<Option<OpenedRequest>, StoreError> {
        self.read(|line| transaction::request(&line.connection, id))
    }

    fn events(&self) -> Result<Vec<Event>, StoreError> {
        self.read(|line| transaction::events(&line.connection))
    }
}
