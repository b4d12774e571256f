//! How a caller waits for its decision, and how the writer hands it over.

use super::GateError;
use super::work::{Made, Settled};
use crate::store::Bell;
use crate::wire::Decision;
use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use tokio::sync::oneshot;

/// Whom the writer answers.
pub(crate) enum Reply {
    /// A task of an asynchronous runtime.
    Task(oneshot::Sender<Settled>),
    /// A thread.
    Thread(Sender),
}

impl Reply {
    /// A reply that is waited for in a thread.
    pub(crate) fn pending() -> (Self, Pending) {
        let slot = Arc::<Slot>::default();
        (Self::Thread(Sender(Arc::clone(&slot))), Pending(slot))
    }

    /// Lets the caller sleep until the bell rings.
    pub(crate) fn listen(&mut self, bell: &Bell) {
        if let Self::Thread(Sender(slot)) = self {
            slot.bell.get_or_init(|| bell.clone());
        }
    }

    /// Hands the decision over.
    pub(crate) fn give(self, settled: Settled) {
        match self {
            Self::Task(task) => drop(task.send(settled)),
            Self::Thread(sender) => sender.0.fill(Held::Settled(settled)),
        }
    }
}

/// The writer's end; dropped without an answer, it tells so.
pub(crate) struct Sender(Arc<Slot>);

impl Drop for Sender {
    fn drop(&mut self) {
        self.0.fill(Held::Lost);
    }
}

/// Where one decision is left for its caller.
#[derive(Default)]
struct Slot {
    bell: OnceLock<Bell>,
    held: Mutex<Held>,
    filled: Condvar,
}

#[derive(Default)]
enum Held {
    #[default]
    Nothing,
    /// Nothing yet, and somebody sleeps until there is.
    Awaited,
    Settled(Settled),
    Lost,
}

impl Slot {
    /// The first of several stays.
    fn fill(&self, new: Held) {
        let mut held = self.held();
        let awaited = matches!(*held, Held::Awaited);
        if awaited || matches!(*held, Held::Nothing) {
            *held = new;
        }
        drop(held);
        // Waking costs a call of the system, whether somebody sleeps or not.
        if awaited {
            self.filled.notify_one();
        }
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A decision on its way to the disk.
pub struct Pending(Arc<Slot>);

impl Pending {
    /// Blocks until the decision is durable.
    ///
    /// # Errors
    /// As [`Gate::decide`](super::Gate::decide).
    pub fn wait(self) -> Result<Decision, GateError> {
        self.wait_made().map(Made::into_decision)
    }

    pub(super) fn wait_made(self) -> Result<Made, GateError> {
        if let Some(bell) = self.0.bell.get() {
            bell.wait();
        }
        let mut held = self.0.held();
        while matches!(*held, Held::Nothing | Held::Awaited) {
            *held = Held::Awaited;
            held = self.0.filled.wait(held).unwrap_or_else(PoisonError::into_inner);
        }
        let held = std::mem::take(&mut *held);
        held.into_made()
    }

    /// The decision if it is durable already, else itself to be waited for.
    ///
    /// # Errors
    /// Itself, while the decision is under way.
    pub fn ready(self) -> Result<Result<Decision, GateError>, Self> {
        let held = std::mem::take(&mut *self.0.held());
        match held {
            Held::Nothing | Held::Awaited => Err(self),
            held => Ok(held.into_made().map(Made::into_decision)),
        }
    }
}

impl fmt::Debug for Pending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pending").finish_non_exhaustive()
    }
}

impl Held {
    fn into_made(self) -> Result<Made, GateError> {
        match self {
            Self::Settled(settled) => settled.into_made(),
            Self::Nothing | Self::Awaited | Self::Lost => Err(GateError::Lost),
        }
    }
}
