//! The process's own deadline, well below every host's: whatever hangs, the call is blocked in time.
//!
//! A host that loses patience lets the call through, so the process must never be slower than it.

use super::{BLOCKED, Reply};
use std::io::{self, Write as _};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

/// How long an answer may take, the time apart for which people are waited for.
pub(crate) const ALLOWANCE: Duration = Duration::from_millis(1_500);

/// Why there is no answer at the deadline.
pub(crate) const LATE: &str = "there was no decision in time";

/// What blocks the event at hand, where that is not the exit code alone.
static OTHERWISE: OnceLock<Reply> = OnceLock::new();

/// From now on this is what the process leaves behind where it has no answer.
pub(crate) fn otherwise(reply: Reply) {
    let _ = OTHERWISE.set(reply);
}

/// Ends the process in the way that blocks, unless an answer was given in time.
#[derive(Clone, Debug)]
pub(crate) struct Deadline(Arc<State>);

#[derive(Debug)]
struct State {
    began: Instant,
    /// Microseconds from then on.
    allowed: AtomicU64,
    answered: AtomicBool,
}

impl Deadline {
    /// Starts the clock, in a thread of its own.
    ///
    /// # Errors
    /// When no thread can be started.
    pub(crate) fn start() -> io::Result<Self> {
        let allowed = AtomicU64::new(micros(ALLOWANCE));
        let state = State { began: Instant::now(), allowed, answered: AtomicBool::new(false) };
        let deadline = Self(Arc::new(state));
        let own = deadline.clone();
        std::thread::Builder::new().name("fence-deadline".to_owned()).spawn(move || own.watch())?;
        Ok(deadline)
    }

    /// Gives so much more time: people are waited for.
    pub(crate) fn extend(&self, by: Duration) {
        self.0.allowed.fetch_add(micros(by), Ordering::SeqCst);
    }

    /// The answer is out: nothing is blocked any more.
    pub(crate) fn answered(&self) {
        self.0.answered.store(true, Ordering::SeqCst);
    }

    fn watch(&self) {
        loop {
            let allowed = Duration::from_micros(self.0.allowed.load(Ordering::SeqCst));
            match allowed.checked_sub(self.0.began.elapsed()) {
                Some(left) if !left.is_zero() => std::thread::sleep(left),
                _ if self.0.answered.load(Ordering::SeqCst) => return,
                _ => block(LATE),
            }
        }
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX / 4)
}

/// Ends the process so that the call is blocked, with the reason.
pub(crate) fn block(reason: &str) -> ! {
    let _ = writeln!(io::stderr(), "blocked by Fence: {reason}");
    let reply = OTHERWISE.get();
    if let Some(reply) = reply.filter(|reply| !reply.out.is_empty()) {
        let _ = writeln!(io::stdout(), "{}", reply.out);
    }
    std::process::exit(reply.map_or(i32::from(BLOCKED), |reply| i32::from(reply.code)));
}

/// From now on a panic in any thread blocks the call.
pub(crate) fn block_on_panic() {
    std::panic::set_hook(Box::new(|panic| block(&format!("a fault in Fence: {panic}"))));
}
