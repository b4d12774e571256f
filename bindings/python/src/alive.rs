//! Calling Python from threads that are not Python's, as long as there is a Python to call.
//!
//! An interpreter that ends kills threads inside its calls, and with them the process. So before it
//! ends it says so, no call begins after that, and it waits for those that have begun.

use pyo3::prelude::*;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::thread;
use std::time::{Duration, Instant};

static ENDING: AtomicBool = AtomicBool::new(false);
static CALLS: AtomicUsize = AtomicUsize::new(0);

/// How long the end waits for calls that have begun.
const PATIENCE: Duration = Duration::from_secs(2);

/// What Python answers; nothing where it is ending.
pub(crate) fn with_python<T>(call: impl FnOnce(Python<'_>) -> T) -> Option<T> {
    let _counted = Counted::new();
    match ENDING.load(SeqCst) {
        true => None,
        false => Python::try_attach(call),
    }
}

/// To be called before the interpreter ends.
#[pyfunction]
pub(crate) fn ending(py: Python<'_>) {
    py.detach(|| {
        ENDING.store(true, SeqCst);
        let begun = Instant::now();
        while CALLS.load(SeqCst) > 0 && begun.elapsed() < PATIENCE {
            thread::sleep(Duration::from_millis(1));
        }
    });
}

/// One call under way.
struct Counted;

impl Counted {
    fn new() -> Self {
        CALLS.fetch_add(1, SeqCst);
        Self
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        CALLS.fetch_sub(1, SeqCst);
    }
}
