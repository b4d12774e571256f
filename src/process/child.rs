//! One running child: a thread writes its questions, another reads its answers.

use fence_engine::json::{Json, Value};
use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Child, ChildStdin, ChildStdout};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The longest line a child may answer, in bytes.
const MAX_LINE: u64 = 64 << 10;

/// How many questions may wait to be written.
const MAX_QUEUE: usize = 1024;

/// How long a child that never answered yet may take to start, whatever the deadlines.
const START: Duration = Duration::from_secs(10);

/// Who waits for which answer; `None` once the child is gone.
type Waiting = Arc<Mutex<Option<HashMap<u64, SyncSender<String>>>>>;

/// A child and its two threads.
pub(super) struct Running {
    child: Mutex<Child>,
    questions: SyncSender<String>,
    waiting: Waiting,
    started: Instant,
    answered: Arc<std::sync::atomic::AtomicBool>,
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoAnswer {
    /// The child is gone, or talks nonsense.
    Gone,
    /// Not in time; the child had its time to start.
    Late,
    /// Not in time; the child may still be starting.
    Starting,
}

impl Running {
    /// Takes over a child whose standard input and output are piped.
    pub(super) fn new(mut child: Child) -> Option<Self> {
        let (input, output) = (child.stdin.take()?, child.stdout.take()?);
        let (questions, queue) = sync_channel(MAX_QUEUE);
        let waiting: Waiting = Arc::new(Mutex::new(Some(HashMap::new())));
        let answered = Arc::new(std::sync::atomic::AtomicBool::new(false));
        let (theirs, first) = (Arc::clone(&waiting), Arc::clone(&answered));
        let running = Self {
            child: Mutex::new(child),
            questions,
            waiting,
            started: Instant::now(),
            answered,
        };
        std::thread::Builder::new().spawn(move || write(input, &queue)).ok()?;
        std::thread::Builder::new().spawn(move || read(output, &theirs, &first)).ok()?;
        Some(running)
    }

    /// Whether it can still be asked.
    pub(super) fn is_alive(&self) -> bool {
        lock(&self.waiting).is_some()
    }

    /// Asks under an id that was never used before with this child.
    pub(super) fn ask(
        &self,
        id: u64,
        line: String,
        deadline: Duration,
    ) -> Result<String, NoAnswer> {
        let (answer, answers) = sync_channel(1);
        match lock(&self.waiting).as_mut() {
            Some(waiting) => waiting.insert(id, answer),
            None => return Err(NoAnswer::Gone),
        };
        if self.questions.try_send(line).is_err() {
            self.forget(id);
            return Err(NoAnswer::Gone);
        }
        match answers.recv_timeout(deadline) {
            Ok(answer) => Ok(answer),
            Err(RecvTimeoutError::Disconnected) => Err(NoAnswer::Gone),
            Err(RecvTimeoutError::Timeout) => {
                self.forget(id);
                Err(self.lateness())
            }
        }
    }

    fn lateness(&self) -> NoAnswer {
        let answered = self.answered.load(std::sync::atomic::Ordering::Acquire);
        match !answered && self.started.elapsed() < START {
            true => NoAnswer::Starting,
            false => NoAnswer::Late,
        }
    }

    fn forget(&self, id: u64) {
        if let Some(waiting) = lock(&self.waiting).as_mut() {
            waiting.remove(&id);
        }
    }
}

impl Drop for Running {
    /// Nobody waits any longer, and the child ends.
    fn drop(&mut self) {
        end(&self.waiting);
        let child = self.child.get_mut().unwrap_or_else(PoisonError::into_inner);
        let _ = child.kill();
        let _ = child.wait();
    }
}

fn write(mut input: ChildStdin, questions: &Receiver<String>) {
    for line in questions {
        if input.write_all(line.as_bytes()).and_then(|()| input.flush()).is_err() {
            return;
        }
    }
}

/// Hands out answers until the child ends, or says something that is none.
fn read(output: ChildStdout, waiting: &Waiting, answered: &std::sync::atomic::AtomicBool) {
    let mut output = BufReader::new(output);
    let mut line = Vec::new();
    loop {
        line.clear();
        let read = output.by_ref().take(MAX_LINE + 1).read_until(b'\n', &mut line);
        if read.is_err() || line.pop() != Some(b'\n') {
            return end(waiting);
        }
        let Some((id, text)) = answer(&line) else { return end(waiting) };
        answered.store(true, std::sync::atomic::Ordering::Release);
        // An id that nobody waits for is an answer that came too late.
        let asked = lock(waiting).as_mut().and_then(|waiting| waiting.remove(&id));
        if let Some(asked) = asked {
            let _ = asked.try_send(text);
        }
    }
}

fn answer(line: &[u8]) -> Option<(u64, String)> {
    let text = std::str::from_utf8(line).ok()?;
    let json = Json::parse(line).ok()?;
    match json.root().get("id") {
        Some(Value::Number(id)) => Some((id.number().ok()?.to_u64()?, text.to_owned())),
        _ => None,
    }
}

fn end(waiting: &Waiting) {
    *lock(waiting) = None;
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
