//! A clock for tests.

use crate::errors::UsageError;
use fence::clock::ManualClock as Manual;
use fence::engine::scalar::Timestamp;
use pyo3::prelude::*;
use std::sync::Arc;
use std::time::Duration;

/// A clock that stands still until it is moved.
#[pyclass(frozen, module = "fence.testing")]
pub(crate) struct ManualClock(pub(crate) Arc<Manual>);

#[pymethods]
impl ManualClock {
    #[new]
    fn new(at: &str) -> PyResult<Self> {
        Ok(Self(Arc::new(Manual::new(time(at)?))))
    }

    /// Sets it.
    fn set(&self, at: &str) -> PyResult<()> {
        self.0.set(time(at)?);
        Ok(())
    }

    /// Moves it forward.
    fn advance(&self, seconds: f64) -> PyResult<()> {
        let by = Duration::try_from_secs_f64(seconds);
        self.0.advance(by.map_err(|error| UsageError::new_err(error.to_string()))?);
        Ok(())
    }
}

fn time(text: &str) -> PyResult<Timestamp> {
    Timestamp::parse(text).ok_or_else(|| {
        UsageError::new_err(format!("`{text}` is no time such as `2026-03-23T10:00:00+01:00`"))
    })
}
