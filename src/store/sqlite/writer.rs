//! The writer thread: what queued up during the last commit goes with the next.
//!
//! A lone work is committed at once. Works that arrive together share one sync.

use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rusqlite::Connection;

use super::connect::{Line, Place};
use super::queue::{Batch, Closing, Queue, Queued};
use super::teller::{Outcomes, Teller};
use super::transaction::{Memo, SqliteTransaction, write_mark};
use crate::store::{StoreError, Work, guard};

/// Pages in the write-ahead log that are worth copying into the database.
const CHECKPOINT_AT: i64 = 1000;

/// So many that a process starts it afresh before its first write.
const RENEW_AT: i64 = 64;

/// So many that new readers are held up for a moment, in order to start the log afresh.
const RESTART_AT: i64 = 16 * CHECKPOINT_AT;

/// The longest that writing stands still for that.
const RESTART_PATIENCE: Duration = Duration::from_millis(20);

/// The queue's end that takes work in.
pub(super) struct Writer {
    queue: Arc<Queue>,
    limit: usize,
    /// The writer, and the teller, which ends after it.
    threads: Vec<JoinHandle<()>>,
}

impl Writer {
    /// Starts the thread, which writes through `line`.
    pub(super) fn start(place: Place, line: Line) -> Result<Self, StoreError> {
        let (queue, limit) = (Arc::<Queue>::default(), place.options.batch_limit);
        let none = |error| StoreError::Failed(format!("no thread to write with: {error}"));
        let (teller, telling) = Teller::start().map_err(none)?;
        let (memo, last, works) = (Memo::default(), Last::default(), Arc::clone(&queue));
        let scribe = Scribe { place, line: Some(line), memo, last, teller };
        let thread = thread::Builder::new().name("fence-store".to_owned());
        let writing = thread.spawn(move || scribe.serve(&works)).map_err(none)?;
        Ok(Self { queue, limit, threads: vec![writing, telling] })
    }

    /// Queues work.
    pub(super) fn submit(&self, work: Box<dyn Work>) {
        self.queue.put(work, self.limit);
    }
}

impl std::fmt::Debug for Writer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Writer").field("threads", &self.threads).finish_non_exhaustive()
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.queue.close();
        for thread in self.threads.drain(..) {
            // The last owner may be a work's `finish`, on one of the threads itself; the teller
            // may wait for the writer's end, but not the writer for the teller's.
            if thread.thread().id() == thread::current().id() {
                break;
            }
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
    teller: Teller,
}

/// What the last batch was like.
#[derive(Clone, Copy, Debug, Default)]
struct Last {
    works: usize,
    commit: Duration,
}

/// Who is expected to join a batch: callers that were answered together come back together.
///
/// The writer runs each work as it arrives. While fewer are in the batch than the last one had, it
/// waits for more, in all no longer than that one took to commit, and only until running the works
/// has taken as long: a commit shared by so many is paid for, and callers who come later use the
/// time it takes. A lone caller never waits.
struct Company {
    expected: usize,
    worth: Duration,
    waited: Duration,
    begun: Instant,
}

impl Company {
    fn after(last: Last) -> Self {
        let (expected, worth) = (last.works, last.commit);
        Self { expected, worth, waited: Duration::ZERO, begun: Instant::now() }
    }

    /// Waits for the next work where `works` are too few to commit.
    fn expects_more(&mut self, works: usize, queue: &Queue) -> bool {
        let waiting = Instant::now();
        let ran = waiting.duration_since(self.begun).saturating_sub(self.waited);
        if works >= self.expected || ran >= self.worth {
            return false;
        }
        while !queue.is_ready() {
            if self.waited + waiting.elapsed() >= self.worth {
                return false;
            }
            thread::yield_now();
        }
        self.waited += waiting.elapsed();
        true
    }
}

impl Scribe {
    fn serve(mut self, queue: &Queue) {
        let _closing = Closing(queue);
        let mut begun = false;
        while queue.wait() {
            if !std::mem::replace(&mut begun, true) {
                self.tend(renew);
            }
            let mut batch = Batch::default();
            queue.take(&mut batch);
            while let Some(waiting) = self.write(batch, queue) {
                batch = waiting;
            }
            self.tend(checkpoint);
        }
    }

    /// Writes the batch and has its works told; gives back those that may wait for a lock longer.
    fn write(&mut self, mut batch: Batch, queue: &Queue) -> Option<Batch> {
        let outcomes = match self.begin(&batch.works) {
            Ok(()) => self.commit(&mut batch, queue),
            Err(StoreError::Locked) => {
                queue.seal(&mut batch);
                return self.expire(batch);
            }
            Err(error) => Err(error),
        };
        queue.seal(&mut batch);
        if outcomes.is_err() {
            // Never trusted again, least of all to repeat a failed sync and call it success.
            self.line = None;
        }
        let outcomes = outcomes.unwrap_or_else(|error| vec![Err(error); batch.works.len()]);
        self.teller.tell(batch, outcomes);
        None
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

    fn expire(&self, mut batch: Batch) -> Option<Batch> {
        let timeout = self.place.options.busy_timeout;
        for queued in batch.works.extract_if(.., |queued| queued.since.elapsed() >= timeout) {
            guard::finish(queued.work, Err(StoreError::Locked));
        }
        batch.ring();
        (!batch.works.is_empty()).then_some(batch)
    }

    /// Runs the batch in the open transaction, with all that join it, and commits it.
    fn commit(&mut self, batch: &mut Batch, queue: &Queue) -> Result<Outcomes, StoreError> {
        let Some(line) = &self.line else { return Err(StoreError::Closed) };
        let mut session =
            Session { place: &self.place, connection: &line.connection, memo: &mut self.memo };
        let company = Company::after(self.last);
        let outcomes = match session.together(batch, queue, company) {
            Ok(()) => Ok(vec![Ok(()); batch.works.len()]),
            Err(_) => {
                queue.seal(batch);
                session.apart(&mut batch.works)
            }
        };
        let begun = Instant::now();
        let outcomes = outcomes.and_then(|outcomes| session.end().map(|()| outcomes));
        if outcomes.is_err() {
            session.roll_back();
        }
        self.last = Last { works: batch.works.len(), commit: begun.elapsed() };
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
    /// All works, up to the first that fails, and those that arrive meanwhile.
    fn together(
        &mut self,
        batch: &mut Batch,
        queue: &Queue,
        mut company: Company,
    ) -> Result<(), StoreError> {
        let mut ran = 0;
        loop {
            batch.works[ran..].iter_mut().try_for_each(|queued| self.attempt(queued))?;
            ran = batch.works.len();
            if !batch.is_open() {
                return Ok(());
            }
            match company.expects_more(ran, queue) {
                true => queue.take(batch),
                false => queue.seal(batch),
            }
        }
    }

    /// From the start, each work within a savepoint, so that a failing one takes back only its own.
    fn apart(&mut self, batch: &mut [Queued]) -> Result<Outcomes, StoreError> {
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
