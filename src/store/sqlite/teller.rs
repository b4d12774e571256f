//! Telling many works their outcomes, beside the writer.
//!
//! Waking the callers of a large batch takes as long as writing it, so the writer goes on with the
//! next meanwhile. A small batch is told at once, because waking the teller takes longer.

use std::sync::mpsc::{self, Sender};
use std::thread::{self, JoinHandle};

use super::queue::Batch;
use crate::store::{StoreError, guard};

/// So many works are told by the teller.
const CROWD: usize = 32;

/// The outcomes of a batch's works, in order.
pub(super) type Outcomes = Vec<Result<(), StoreError>>;

/// The writer's end: whom it gives finished batches to.
pub(super) struct Teller(Sender<(Batch, Outcomes)>);

impl Teller {
    /// Starts the thread; it ends with the last batch after its `Teller` is gone.
    pub(super) fn start() -> std::io::Result<(Self, JoinHandle<()>)> {
        let (finished, batches) = mpsc::channel();
        let thread = thread::Builder::new().name("fence-teller".to_owned()).spawn(move || {
            for (batch, outcomes) in batches {
                tell(batch, outcomes);
            }
        })?;
        Ok((Self(finished), thread))
    }

    /// Tells the works their outcomes and wakes those who wait for them.
    pub(super) fn tell(&self, batch: Batch, outcomes: Outcomes) {
        if batch.works.len() < CROWD {
            return tell(batch, outcomes);
        }
        if let Err(unsent) = self.0.send((batch, outcomes)) {
            let (batch, outcomes) = unsent.0;
            tell(batch, outcomes);
        }
    }
}

fn tell(mut batch: Batch, outcomes: Outcomes) {
    for (queued, outcome) in batch.works.drain(..).zip(outcomes) {
        guard::finish(queued.work, outcome);
    }
    batch.ring();
}
