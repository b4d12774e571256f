//! The service behind a process: started when first asked, and again after it failed.

use super::child::{NoAnswer, Running};
use crate::service::Service;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// What of the environment a child gets; secrets stay behind.
const ENVIRONMENT: &[&str] =
    &["PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "SystemRoot", "TEMP", "PATHEXT"];

/// A long-lived child that answers JSON lines with JSON lines.
///
/// It is started when first asked, and again when it ended, said something that is no answer, or
/// missed a deadline. Its standard error is this process's, unless it is [`quiet`](Self::quiet).
pub struct ProcessService {
    command: Vec<String>,
    folder: PathBuf,
    quiet: bool,
    running: Mutex<Option<Arc<Running>>>,
    next: AtomicU64,
}

impl ProcessService {
    /// The program and its arguments, to be run in `folder`. A program written with a `/` is
    /// looked for from there, any other on the `PATH`.
    #[must_use]
    pub fn new(command: Vec<String>, folder: impl Into<PathBuf>) -> Self {
        let (running, next) = (Mutex::new(None), AtomicU64::new(1));
        Self { command, folder: folder.into(), quiet: false, running, next }
    }

    /// Without standard error: for a process whose caller waits until nobody holds it any more.
    #[must_use]
    pub fn quiet(self) -> Self {
        Self { quiet: true, ..self }
    }

    /// The child that runs, or a new one.
    fn running(&self) -> Option<Arc<Running>> {
        let mut current = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(running) = current.as_ref().filter(|running| running.is_alive()) {
            return Some(Arc::clone(running));
        }
        // The old child ends before a new one begins.
        *current = None;
        let started = Arc::new(self.start()?);
        *current = Some(Arc::clone(&started));
        Some(started)
    }

    fn start(&self) -> Option<Running> {
        let (program, arguments) = self.command.split_first()?;
        let program = match program.contains('/') {
            true => self.folder.join(program),
            false => Path::new(program).to_path_buf(),
        };
        let mut command = Command::new(program);
        command.args(arguments).current_dir(&self.folder).env_clear();
        let kept = ENVIRONMENT.iter().filter_map(|key| Some((key, std::env::var_os(key)?)));
        let errors = if self.quiet { Stdio::null() } else { Stdio::inherit() };
        command.envs(kept).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(errors);
        Running::new(command.spawn().ok()?)
    }

    /// Ends this child, unless another one runs already.
    fn stop(&self, failed: &Arc<Running>) {
        let mut current = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if current.as_ref().is_some_and(|running| Arc::ptr_eq(running, failed)) {
            *current = None;
        }
    }
}

impl Service for ProcessService {
    fn ask(&self, question: &str, deadline: Duration) -> Option<String> {
        let begun = Instant::now();
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let members = question.strip_prefix('{').filter(|rest| *rest != "}")?;
        let line = format!("{{\"id\":{id},{members}\n");
        let running = self.running()?;
        match running.ask(id, line, deadline.saturating_sub(begun.elapsed())) {
            Ok(answer) => Some(answer),
            Err(NoAnswer::Starting) => None,
            Err(NoAnswer::Gone | NoAnswer::Late) => {
                self.stop(&running);
                None
            }
        }
    }
}

impl std::fmt::Debug for ProcessService {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ProcessService").field("command", &self.command).finish_non_exhaustive()
    }
}
