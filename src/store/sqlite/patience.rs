//! How a connection waits for another's lock: short, uneven naps until a deadline.
//!
//! SQLite's own handler backs off to naps of 100 ms, so that under many short processes a late
//! comer overtakes one that has been waiting for long. Here nobody sleeps longer than a few
//! milliseconds, and no two sleep in step.

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// The longest nap.
const LONGEST_MICROS: u64 = 2_000;

/// The deadline shared by a connection's busy handler and whoever uses the connection.
#[derive(Clone, Debug)]
pub(super) struct Patience {
    origin: Instant,
    deadline: Arc<AtomicU64>,
}

impl Patience {
    /// Patience until this instant.
    pub(super) fn until(deadline: Instant) -> Self {
        let patience = Self { origin: Instant::now(), deadline: Arc::default() };
        patience.extend(deadline);
        patience
    }

    /// Moves the deadline.
    pub(super) fn extend(&self, deadline: Instant) {
        let micros = deadline.saturating_duration_since(self.origin).as_micros();
        self.deadline.store(u64::try_from(micros).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// Naps and answers `true`, or answers `false` once the deadline has passed.
    pub(super) fn nap(&self) -> bool {
        let deadline = Duration::from_micros(self.deadline.load(Ordering::Relaxed));
        let left = deadline.saturating_sub(self.origin.elapsed());
        if left.is_zero() {
            return false;
        }
        let random = RandomState::new().hash_one(0_u8);
        let nap = Duration::from_micros(LONGEST_MICROS / 8 + random % LONGEST_MICROS);
        std::thread::sleep(nap.min(left));
        true
    }
}
