//! Works on their way to the writer, in the batches they will be written in.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use crate::store::{Bell, StoreError, Work, guard};

/// A work in line.
pub(super) struct Queued {
    pub(super) work: Box<dyn Work>,
    pub(super) since: Instant,
}

/// Works that go with one commit, as the writer has them.
#[derive(Default)]
pub(super) struct Batch {
    pub(super) works: Vec<Queued>,
    /// The bell their callers wait for; absent while more may still join.
    bell: Option<Bell>,
}

impl Batch {
    /// Whether more may join.
    pub(super) fn is_open(&self) -> bool {
        self.bell.is_none()
    }

    /// Wakes the callers whose works are finished. Those whose works are not go on waiting, each
    /// for its own.
    pub(super) fn ring(&self) {
        if let Some(bell) = &self.bell {
            bell.ring();
        }
    }
}

impl Drop for Batch {
    fn drop(&mut self) {
        self.works.clear();
        self.ring();
    }
}

/// Works that will go with one commit, as the callers have them.
#[derive(Default)]
struct Waiting {
    works: Vec<Queued>,
    /// How many the writer has taken already.
    taken: usize,
    bell: Bell,
}

impl Waiting {
    fn is_full(&self, limit: usize) -> bool {
        self.taken + self.works.len() >= limit
    }
}

/// The line: callers put works in, the one writer takes them out.
#[derive(Default)]
pub(super) struct Queue {
    line: Mutex<Line>,
    arrived: Condvar,
    /// Whether the first batch has works to take, for a look without the lock.
    ready: AtomicBool,
}

#[derive(Default)]
struct Line {
    batches: VecDeque<Waiting>,
    closed: bool,
    /// Whether the writer sleeps.
    idle: bool,
}

impl Queue {
    /// Puts a work in line, into a batch of at most `limit`.
    pub(super) fn put(&self, work: Box<dyn Work>, limit: usize) {
        let queued = Queued { work, since: Instant::now() };
        if let Err(Queued { work, .. }) = self.line_up(queued, limit) {
            guard::finish(work, Err(StoreError::Closed));
        }
    }

    fn line_up(&self, mut queued: Queued, limit: usize) -> Result<(), Queued> {
        let mut line = self.line();
        if line.closed {
            return Err(queued);
        }
        if line.batches.back().is_none_or(|last| last.is_full(limit)) {
            line.batches.push_back(Waiting::default());
        }
        if let Some(batch) = line.batches.back_mut() {
            guard::listen(queued.work.as_mut(), &batch.bell);
            batch.works.push(queued);
        }
        self.look(&line);
        let idle = std::mem::take(&mut line.idle);
        drop(line);
        if idle {
            self.arrived.notify_one();
        }
        Ok(())
    }

    /// Waits for a work; `false` once the line is closed and empty.
    pub(super) fn wait(&self) -> bool {
        let mut line = self.line();
        while line.batches.is_empty() && !line.closed {
            line.idle = true;
            line = self.arrived.wait(line).unwrap_or_else(PoisonError::into_inner);
        }
        line.idle = false;
        !line.batches.is_empty()
    }

    /// Whether there is a work to take.
    pub(super) fn is_ready(&self) -> bool {
        self.ready.load(Ordering::Relaxed)
    }

    /// Moves the works that are there into an open batch, which stays open.
    pub(super) fn take(&self, batch: &mut Batch) {
        let mut line = self.line();
        if let Some(waiting) = line.batches.front_mut().filter(|_| batch.is_open()) {
            waiting.taken += waiting.works.len();
            batch.works.append(&mut waiting.works);
        }
        self.look(&line);
    }

    /// The same, and lets no more into the batch.
    pub(super) fn seal(&self, batch: &mut Batch) {
        let mut line = self.line();
        if batch.is_open()
            && let Some(mut waiting) = line.batches.pop_front()
        {
            batch.works.append(&mut waiting.works);
            batch.bell = Some(waiting.bell);
        }
        self.look(&line);
    }

    /// Lets nothing more in.
    pub(super) fn close(&self) {
        self.line().closed = true;
        self.arrived.notify_one();
    }

    fn look(&self, line: &Line) {
        let ready = line.batches.front().is_some_and(|first| !first.works.is_empty());
        self.ready.store(ready, Ordering::Relaxed);
    }

    fn line(&self) -> MutexGuard<'_, Line> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Closes the line when the writer ends, for whatever reason; works still in it get no answer.
pub(super) struct Closing<'a>(pub(super) &'a Queue);

impl Drop for Closing<'_> {
    fn drop(&mut self) {
        self.0.close();
        while !self.0.line().batches.is_empty() {
            self.0.seal(&mut Batch::default());
        }
    }
}
