//! One wake-up for everyone who waits for the same commit.

use std::sync::{Arc, OnceLock};

/// Rings once, after the works that share a commit were told their outcomes.
///
/// Waking sleeping threads one by one costs the one writer more than writing their decisions does.
#[derive(Clone, Debug, Default)]
pub struct Bell(Arc<OnceLock<()>>);

impl Bell {
    /// Sleeps until it rings; never, if it rang already.
    pub fn wait(&self) {
        self.0.wait();
    }

    /// Wakes all who wait, with one call to the system.
    #[cfg_attr(
        not(feature = "sqlite"),
        expect(dead_code, reason = "only SQLite's commits are shared")
    )]
    pub(super) fn ring(&self) {
        self.0.get_or_init(|| ());
    }
}
