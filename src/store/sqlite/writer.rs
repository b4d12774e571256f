//! The writer thread: what queued up during the last commit goes with the next.
//!
//! A lone work is committed at once. Works that arrive together share one sync.

use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rusqlite::Connection;

use super::connect::{Line, Place};
use super::transaction::{Memo, SqliteTransaction, write_mark};
use crate::store::{StoreError, Work, guard};

/// Pages in the write-ahead log that are worth copying into the database.
const CHECKPOINT_AT: i64 = 1000;

/// So many that a process starts it afresh before its first write.
const RENEW_AT: i64 = 256;

/// So many that new readers are held up for a moment, in order to start the log afresh.
const RESTART_AT: i64 = 16 * CHECKPOINT_AT;

/// The longest that writing stands still for that.
const RESTART_PATIENCE: Duration = Duration::from_millis(20);

struct Queued {
    work: Box<dyn Work>,
    since: Instant,
}

/// The queue's end that takes work in.
#[derive(Debug)]
pub(super) struct Writer {
    queue: Option<Sender<Queued>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    /// Starts the thread, which writes through `line`.
    pub(super) fn start(place: Place, line: Line) -> Result<Self, StoreError> {
        let (queue, works) = mpsc::channel();
        let (memo, last) = (Memo::default(), Last::default());
        let scribe = Scribe { place, line: Some(line), memo, last };
        let thread = thread::Builder::new()
            .name("fence-store".to_owned())
            .spawn(move || scribe.serve(&works))
            .map_err(|error| StoreError::Failed(format!("no thread to write with: {error}")))?;
        Ok(Self { queue: Some(queue), thread: Some(thread) })
    }

    /// Queues work.
    pub(super) fn submit(&self, work: Box<dyn Work>) {
        let queued = Queued { work, since: Instant::now() };
        let refused = match &self.queue {
            Some(queue) => queue.send(queued).err().map(|error| error.0),
            None => Some(queued),
        };
        if let Some(Queued { work, .. }) = refused {
            guard::finish(work, Err(StoreError::Closed));
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.queue = None;
        // The last owner may be a work's `finish`, on the writer thread itself.
        let other = |thread: &JoinHandle<()>| thread.thread().id() != thread::current().id();
        if let Some(thread) = self.thread.take().filter(other) {
            drop(thread.join());
        }
    }
}

/// What the thread owns.
struct Scribe {
    place: Place,
    /// Absent after a fault: then opened again and looked over before the next batch.
    line: Option<Line>,
    memo: Memo,
    last: Last,
}

/// What the last batch was like.
#[derive(Clone, Copy, Debug, Default)]
struct Last {
    works: usize,
    commit: Duration,
}

impl Scribe {
    fn serve(mut self, works: &Receiver<Queued>) {
        let mut begun = false;
        while let Ok(first) = works.recv() {
            if !std::mem::replace(&mut begun, true) {
                self.tend(renew);
            }
            let mut batch = vec![first];
            self.gather(&mut batch, works);
            while !batch.is_empty() {
                batch = self.write(batch);
            }
            self.tend(checkpoint);
        }
    }

    /// Takes what is queued. Callers that were answered together come back together: for as many
    /// as the last batch had, it steps aside for at most half the time that batch took to commit.
    /// A lone caller never waits.
    fn gather(&mut self, batch: &mut Vec<Queued>, works: &Receiver<Queued>) {
        let limit = self.place.options.batch_limit;
        let (expected, patience) = (self.last.works.min(limit), self.last.commit / 2);
        let begun = Instant::now();
        loop {
            batch.extend(works.try_iter().take(limit.saturating_sub(batch.len())));
            if batch.len() >= expected || begun.elapsed() >= patience {
                return;
            }
            thread::yield_now();
        }
    }

    /// Writes the batch and tells its works; gives back those that may wait for a lock longer.
    fn write(&mut self, mut batch: Vec<Queued>) -> Vec<Queued> {
        let begun = Instant::now();
        let outcomes = match self.begin(&batch) {
            Ok(()) => self.commit(&mut batch),
            Err(StoreError::Locked) => return self.expire(batch),
            Err(error) => Err(error),
        };
        if outcomes.is_err() {
            // Never trusted again, least of all to repeat a failed sync and call it success.
            self.line = None;
        }
        let count = batch.len();
        self.last = Last { works: count, commit: begun.elapsed() };
        let outcomes = outcomes.unwrap_or_else(|error| vec![Err(error); count]);
        for (queued, outcome) in batch.into_iter().zip(outcomes) {
            guard::finish(queued.work, outcome);
        }
        Vec::new()
    }

    /// Opens a transaction, waiting until the oldest work of the batch has waited long enough.
    fn begin(&mut self, batch: &[Queued]) -> Result<(), StoreError> {
        let line = match self.line.take() {
            Some(line) => line,
            None => self.place.open_for_writing()?,
        };
        let oldest = batch.iter().map(|queued| queued.since).min().unwrap_or_else(Instant::now);
        line.patience.extend(oldest + self.place.options.busy_timeout);
        let begun = run(&line.connection, "BEGIN IMMEDIATE");
        self.line = Some(line);
        begun.map_err(|error| self.place.fault(&error))
    }

    fn expire(&self, batch: Vec<Queued>) -> Vec<Queued> {
        let timeout = self.place.options.busy_timeout;
        let (expired, waiting): (Vec<_>, Vec<_>) =
            batch.into_iter().partition(|queued| queued.since.elapsed() >= timeout);
        for queued in expired {
            guard::finish(queued.work, Err(StoreError::Locked));
        }
        waiting
    }

    /// Runs the batch in the open transaction and commits it.
    fn commit(&mut self, batch: &mut [Queued]) -> Result<Vec<Result<(), StoreError>>, StoreError> {
        let Some(line) = &self.line else { return Err(StoreError::Closed) };
        let mut session =
            Session { place: &self.place, connection: &line.connection, memo: &mut self.memo };
        let outcomes = match session.together(batch) {
            Ok(()) => Ok(vec![Ok(()); batch.len()]),
            Err(_) => session.apart(batch),
        };
        let outcomes = outcomes.and_then(|outcomes| session.end().map(|()| outcomes));
        if outcomes.is_err() {
            session.roll_back();
        }
        outcomes
    }

    /// Looks after the write-ahead log; the works have their answers already.
    fn tend(&mut self, tend: fn(&Line) -> rusqlite::Result<()>) {
        let Some(line) = &self.line else { return };
        match tend(line).map_err(|error| self.place.fault(&error)) {
            Ok(()) | Err(StoreError::Locked) => {}
            Err(_) => self.line = None,
        }
    }
}

/// An open transaction with what is known in it.
struct Session<'a> {
    place: &'a Place,
    connection: &'a Connection,
    memo: &'a mut Memo,
}

impl Session<'_> {
    /// All works, up to the first that fails.
    fn together(&mut self, batch: &mut [Queued]) -> Result<(), StoreError> {
        batch.iter_mut().try_for_each(|queued| self.attempt(queued))
    }

    /// From the start, each work within a savepoint, so that a failing one takes back only its own.
    fn apart(&mut self, batch: &mut [Queued]) -> Result<Vec<Result<(), StoreError>>, StoreError> {
        self.roll_back();
        self.run("BEGIN IMMEDIATE")?;
        batch.iter_mut().map(|queued| self.alone(queued)).collect()
    }

    /// The outer error is the whole transaction's.
    fn alone(&mut self, queued: &mut Queued) -> Result<Result<(), StoreError>, StoreError> {
        self.run("SAVEPOINT work")?;
        let outcome = self.attempt(queued);
        if let Err(error) = &outcome {
            *self.memo = Memo::default();
            if self.connection.is_autocommit() {
                return Err(error.clone());
            }
            self.run("ROLLBACK TO work")?;
        }
        // The memo may be lost with the next work, and the mark in it.
        self.write_mark()?;
        self.run("RELEASE work")?;
        Ok(outcome)
    }

    fn attempt(&mut self, queued: &mut Queued) -> Result<(), StoreError> {
        let mut transaction = SqliteTransaction::new(self.place, self.connection, self.memo);
        guard::run(queued.work.as_mut(), &mut transaction)?;
        transaction.into_failed()
    }

    fn end(&mut self) -> Result<(), StoreError> {
        self.write_mark()?;
        self.run("COMMIT")?;
        self.memo.end();
        Ok(())
    }

    fn write_mark(&mut self) -> Result<(), StoreError> {
        write_mark(self.connection, self.memo).map_err(|error| self.place.fault(&error))
    }

    fn run(&self, sql: &str) -> Result<(), StoreError> {
        run(self.connection, sql).map_err(|error| self.place.fault(&error))
    }

    fn roll_back(&mut self) {
        *self.memo = Memo::default();
        // Fails where SQLite has rolled back by itself.
        drop(run(self.connection, "ROLLBACK"));
    }
}

fn run(connection: &Connection, sql: &str) -> rusqlite::Result<()> {
    connection.prepare_cached(sql)?.execute([]).map(drop)
}

/// Copies a long write-ahead log into the database.
fn checkpoint(line: &Line) -> rusqlite::Result<()> {
    let log = log_after(line, "PRAGMA wal_checkpoint(NOOP)")?;
    if log.pages - log.copied >= CHECKPOINT_AT {
        log_after(line, "PRAGMA wal_checkpoint(PASSIVE)")?;
    }
    if log.pages >= RESTART_AT {
        line.patience.extend(Instant::now() + RESTART_PATIENCE);
        log_after(line, "PRAGMA wal_checkpoint(RESTART)")?;
    }
    Ok(())
}

/// Whoever opens the database while nobody else has it open must read the whole write-ahead log,
/// and does not learn what of it was copied: so short processes start it afresh in good time. This
/// comes before a write, because the new start lasts only with the next commit. The file keeps its
/// length, because syncing one that grows takes longer.
fn renew(line: &Line) -> rusqlite::Result<()> {
    if log_after(line, "PRAGMA wal_checkpoint(NOOP)")?.pages >= RENEW_AT {
        line.patience.extend(Instant::now());
        log_after(line, "PRAGMA wal_checkpoint(RESTART)")?;
    }
    Ok(())
}

/// How many pages the write-ahead log has, and how many of them were copied into the database.
struct Log {
    pages: i64,
    copied: i64,
}

fn log_after(line: &Line, checkpoint: &str) -> rusqlite::Result<Log> {
    let mut statement = line.connection.prepare_cached(checkpoint)?;
    statement.query_row([], |row| Ok(Log { pages: row.get(1)?, copied: row.get(2)? }))
}
