//! Decisions that JavaScript still has a use for.
//!
//! An object of the add-on for each decision would cost more than the decision itself; a number
//! costs nothing, and JavaScript says when it is done with it.

use crate::verdict::Verdict;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Decisions by their handles. Cheap to clone.
#[derive(Clone, Default)]
pub struct Kept(Arc<Mutex<Slots>>);

#[derive(Default)]
struct Slots {
    verdicts: Vec<Option<Verdict>>,
    free: Vec<u32>,
}

impl Kept {
    /// Keeps a decision; answers four times its handle, and its effect.
    pub fn keep(&self, verdict: Verdict) -> u32 {
        let effect = verdict.effect() as u32;
        let mut slots = self.slots();
        let handle = match slots.free.pop() {
            Some(handle) => {
                slots.verdicts[handle as usize] = Some(verdict);
                handle
            }
            None => {
                slots.verdicts.push(Some(verdict));
                u32::try_from(slots.verdicts.len() - 1).unwrap_or(u32::MAX)
            }
        };
        handle * 4 + effect
    }

    /// Reads a decision.
    pub fn read<T>(&self, handle: u32, read: impl FnOnce(&Verdict) -> T) -> Option<T> {
        self.slots().verdicts.get(handle as usize)?.as_ref().map(read)
    }

    /// Forgets a decision.
    pub fn release(&self, handle: u32) {
        let mut slots = self.slots();
        if let Some(slot) = slots.verdicts.get_mut(handle as usize)
            && slot.take().is_some()
        {
            slots.free.push(handle);
        }
    }

    fn slots(&self) -> MutexGuard<'_, Slots> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
