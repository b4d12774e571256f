//! Processes that were forked: threads stay behind in the parent, so a gate of the parent is dead.

use crate::errors::Unavailable;
use pyo3::prelude::*;
use std::sync::atomic::{AtomicU32, Ordering};

static FORKS: AtomicU32 = AtomicU32::new(0);

/// To be called in a child that was just forked.
#[pyfunction]
pub(crate) fn forked() {
    FORKS.fetch_add(1, Ordering::Relaxed);
}

/// The process in which something was made.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Process(u32);

impl Process {
    /// This one.
    pub(crate) fn present() -> Self {
        Self(FORKS.load(Ordering::Relaxed))
    }

    /// Whether it is this one.
    pub(crate) fn is_present(self) -> bool {
        self == Self::present()
    }

    /// # Errors
    /// Where it is not.
    pub(crate) fn check(self) -> PyResult<()> {
        match self.is_present() {
            true => Ok(()),
            false => Err(Unavailable::new_err(
                "denied: this policy was made before the process was forked: make it in the child",
            )),
        }
    }
}
