//! Strategies in JavaScript: `auto via NAME(…)` asks a function of the host.
//!
//! The function runs on the thread of its environment. A decision that waits in another thread can
//! wait for it; one that blocks that very thread cannot, and learns so at once.

use fence::process::ProcessStrategy;
use fence::service::Service;
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use napi_derive::napi;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::ThreadId;
use std::time::Duration;

use fence::engine::strategy::{Parameter, ParameterKind};

/// What a decision is told that would wait for itself.
const CANNOT_WAIT: &str = r#"{"outcome":"unknown","reason":"`check` cannot wait for a strategy in JavaScript: use `checkAsync`"}"#;

/// Asks JavaScript: the number of the question, the strategy, the question as JSON.
pub type Ask = ThreadsafeFunction<
    napi::bindgen_prelude::FnArgs<(u32, String, String)>,
    (),
    napi::bindgen_prelude::FnArgs<(u32, String, String)>,
    napi::Status,
    false,
    true,
>;

/// One strategy as the package's JavaScript describes it.
#[napi(object, object_to_js = false)]
pub struct Described {
    pub name: String,
    pub summary: String,
    pub deadline: u32,
    pub parameters: Vec<DescribedParameter>,
}

/// One of its parameters.
#[napi(object, object_to_js = false)]
pub struct DescribedParameter {
    pub name: String,
    pub kind: String,
    pub required: bool,
}

impl Described {
    /// The strategy, for policies to name.
    pub fn strategy(&self) -> Result<ProcessStrategy, String> {
        let parameters = self.parameters.iter().map(DescribedParameter::parameter);
        let deadline = Duration::from_millis(u64::from(self.deadline));
        let parameters = parameters.collect::<Result<_, _>>()?;
        Ok(ProcessStrategy::new(&*self.name, &*self.summary, parameters, deadline))
    }
}

impl DescribedParameter {
    fn parameter(&self) -> Result<Parameter, String> {
        let Self { name, kind, required } = self;
        let known = || ParameterKind::WORDS.join(", ");
        let kind = ParameterKind::parse(kind).ok_or_else(|| {
            format!("`{kind}` is no kind of parameter: use {} or list<…> of one", known())
        })?;
        let (name, summary) = (name.clone().into(), "".into());
        Ok(Parameter { name, kind, required: *required, summary })
    }
}

/// Questions on their way to JavaScript.
pub struct Questions {
    ask: Ask,
    home: ThreadId,
    next: AtomicU32,
    waiting: Mutex<HashMap<u32, SyncSender<String>>>,
}

impl Questions {
    /// Questions to this function, which runs on the present thread.
    pub fn new(ask: Ask) -> Self {
        let (next, waiting) = (AtomicU32::new(1), Mutex::default());
        Self { ask, home: std::thread::current().id(), next, waiting }
    }

    /// Hands an answer to whoever waits for it; one that comes too late is dropped.
    pub fn answer(&self, id: u32, answer: String) {
        if let Some(asked) = self.waiting().remove(&id) {
            drop(asked.try_send(answer));
        }
    }

    fn waiting(&self) -> MutexGuard<'_, HashMap<u32, SyncSender<String>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One strategy's questions.
pub struct Strategy {
    pub name: String,
    pub questions: Arc<Questions>,
}

impl Service for Strategy {
    fn ask(&self, question: &str, deadline: Duration) -> Option<String> {
        let Questions { ask, home, next, .. } = &*self.questions;
        if *home == std::thread::current().id() {
            return Some(CANNOT_WAIT.to_owned());
        }
        let id = next.fetch_add(1, Ordering::Relaxed);
        let (answer, answered) = sync_channel(1);
        self.questions.waiting().insert(id, answer);
        let question = (id, self.name.clone(), question.to_owned()).into();
        ask.call(question, ThreadsafeFunctionCallMode::NonBlocking);
        let answer = answered.recv_timeout(deadline).ok();
        self.questions.waiting().remove(&id);
        answer
    }
}
