//! Waiting without a thread for each: futures run beside the interpreter and tell Python when done.

use crate::alive::with_python;
use crate::errors::Unavailable;
use pyo3::prelude::*;
use std::future::Future;
use std::sync::{Mutex, PoisonError};
use std::thread;
use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;
use tokio::task::AbortHandle;

/// Where the futures of one policy run: a thread, started when first needed, ended with the policy.
#[derive(Default)]
pub(crate) struct Soon(Mutex<Option<Running>>);

struct Running {
    handle: Handle,
    /// Dropped, it ends the thread.
    _end: oneshot::Sender<()>,
}

impl Soon {
    /// Runs a future; then `notify(value, error)` is called once, from that thread.
    pub(crate) fn run<T: Send + 'static>(
        &self,
        notify: Py<PyAny>,
        future: impl Future<Output = T> + Send + 'static,
        finish: impl FnOnce(Python<'_>, T) -> PyResult<Py<PyAny>> + Send + 'static,
    ) -> PyResult<Task> {
        let notify = Notify(Some(notify));
        let task = self.handle()?.spawn(async move {
            let found = future.await;
            notify.tell(|py| finish(py, found));
        });
        Ok(Task(task.abort_handle()))
    }

    fn handle(&self) -> PyResult<Handle> {
        let mut running = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(Running { handle, .. }) = &*running {
            return Ok(handle.clone());
        }
        let failed = |error: std::io::Error| {
            Unavailable::new_err(format!("denied: no thread can be started: {error}"))
        };
        let runtime = Builder::new_current_thread().build().map_err(failed)?;
        let (handle, (end, ended)) = (runtime.handle().clone(), oneshot::channel());
        let serve = move || drop(runtime.block_on(ended));
        thread::Builder::new().name("fence-python".to_owned()).spawn(serve).map_err(failed)?;
        *running = Some(Running { handle: handle.clone(), _end: end });
        Ok(handle)
    }
}

/// Something that runs beside the interpreter.
#[pyclass(frozen, module = "fence._fence")]
pub(crate) struct Task(AbortHandle);

#[pymethods]
impl Task {
    /// Ends it; where it is done already, nothing happens.
    fn stop(&self) {
        self.0.abort();
    }
}

/// Tells Python once, also where the future is lost: nobody is left waiting.
struct Notify(Option<Py<PyAny>>);

impl Notify {
    fn tell(mut self, found: impl FnOnce(Python<'_>) -> PyResult<Py<PyAny>>) {
        call(self.0.take(), found);
    }
}

impl Drop for Notify {
    fn drop(&mut self) {
        let lost = "denied: the wait ended without an answer";
        call(self.0.take(), |_| Err(Unavailable::new_err(lost)));
    }
}

fn call(notify: Option<Py<PyAny>>, found: impl FnOnce(Python<'_>) -> PyResult<Py<PyAny>>) {
    let Some(notify) = notify else { return };
    // An interpreter that is ending has nobody left who waits.
    let _ended = with_python(|py| {
        let told = match found(py) {
            Ok(value) => notify.call1(py, (value, py.None())),
            Err(error) => notify.call1(py, (py.None(), error)),
        };
        told.map(drop)
    });
}
