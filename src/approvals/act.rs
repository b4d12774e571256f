//! One act on a request: its transaction, and the record of an attempt that was refused.

use super::{ApprovalError, Approvals, Receipt, RequestId, journal};
use crate::gate::{CLOCK_TOLERANCE_MICROS, Shared};
use crate::store::{StoreError, Transaction, Work};
use fence_engine::scalar::Timestamp;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::oneshot;

/// How long the same attempt is recorded but once,
const ONCE_MICROS: i64 = 60_000_000;
/// and how many are remembered for that.
const MOST_ATTEMPTS: usize = 10_000;

type Settle<T> = oneshot::Sender<Result<T, ApprovalError>>;

/// What is recorded where the act is refused.
#[derive(Clone, Debug)]
pub(crate) struct Attempt {
    /// What was attempted, as one word.
    pub(crate) what: &'static str,
    /// By whom.
    pub(crate) who: String,
    /// On which request.
    pub(crate) on: Option<RequestId>,
}

impl Approvals {
    /// Runs an act in one transaction; an error of its own undoes all and is recorded.
    pub(crate) fn act<T: Send + 'static>(
        &self,
        attempt: Attempt,
        run: impl FnMut(&mut dyn Transaction, &Shared) -> Result<T, ApprovalError> + Send + 'static,
    ) -> Receipt<T> {
        let (settle, receipt) = Receipt::new();
        let shared = Arc::clone(&self.gate.shared);
        let store = Arc::clone(&shared.store);
        store.submit(Box::new(Act { shared, attempt, run, made: None, settle }));
        receipt
    }

    /// An agent's credential was used where only people answer: always
    /// [`ApprovalError::Agent`], and recorded as an attempt. `what`: one word, such as `approve`.
    pub fn refuse_agent(
        &self,
        what: &'static str,
        agent: &str,
        on: Option<RequestId>,
    ) -> Receipt<()> {
        let attempt = Attempt { what, who: agent.to_owned(), on };
        self.act(attempt, |_, _| Err(ApprovalError::Agent))
    }
}

/// The time of an act.
///
/// # Errors
/// While the clock lies behind newer decisions no deadline can be told, so nothing is accepted.
pub(crate) fn now(
    transaction: &mut dyn Transaction,
    shared: &Shared,
) -> Result<Timestamp, ApprovalError> {
    let now = shared.clock.now();
    match transaction.clock_mark()? {
        Some(mark) if mark.micros() - now.micros() > CLOCK_TOLERANCE_MICROS => {
            Err(ApprovalError::Clock)
        }
        _ => Ok(now),
    }
}

/// The attempts that were recorded lately: whoever tries the same again and again is recorded once
/// a minute.
#[derive(Debug, Default)]
pub(crate) struct Attempts(Mutex<HashMap<String, Timestamp>>);

impl Attempts {
    fn is_news(&self, attempt: &Attempt, error: &ApprovalError, now: Timestamp) -> bool {
        let Attempt { what, who, on } = attempt;
        let key = format!("{what}\n{who}\n{}\n{on:?}", error.code());
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST_ATTEMPTS {
            known.clear();
        }
        let long_ago = |then: &Timestamp| now.micros() - then.micros() >= ONCE_MICROS;
        match known.get(&key) {
            Some(then) if !long_ago(then) => false,
            _ => known.insert(key, now).is_none_or(|then| long_ago(&then)),
        }
    }
}

struct Act<T, F> {
    shared: Arc<Shared>,
    attempt: Attempt,
    run: F,
    made: Option<Result<T, ApprovalError>>,
    settle: Settle<T>,
}

impl<T, F> Work for Act<T, F>
where
    T: Send + 'static,
    F: FnMut(&mut dyn Transaction, &Shared) -> Result<T, ApprovalError> + Send,
{
    fn run(&mut self, transaction: &mut dyn Transaction) -> Result<(), StoreError> {
        let made = (self.run)(transaction, &self.shared);
        let outcome = match &made {
            Ok(_) => Ok(()),
            Err(ApprovalError::Store(error)) => Err(error.clone()),
            Err(error) => Err(StoreError::Refused(error.to_string())),
        };
        self.made = Some(made);
        outcome
    }

    fn finish(self: Box<Self>, outcome: Result<(), StoreError>) {
        let Self { shared, attempt, made, settle, .. } = *self;
        let error = match (made, outcome) {
            (Some(Ok(made)), Ok(())) => return drop(settle.send(Ok(made))),
            (Some(Err(error)), Err(StoreError::Refused(_))) => error,
            (_, Err(error)) => error.into(),
            (_, Ok(())) => StoreError::Closed.into(),
        };
        match error.is_attempt() && shared.attempts.is_news(&attempt, &error, shared.clock.now()) {
            true => {
                let store = Arc::clone(&shared.store);
                store.submit(Box::new(RecordAttempt { shared, attempt, error, settle }));
            }
            false => drop(settle.send(Err(error))),
        }
    }
}

/// Records an attempt, then tells of its refusal.
struct RecordAttempt<T> {
    shared: Arc<Shared>,
    attempt: Attempt,
    error: ApprovalError,
    settle: Settle<T>,
}

impl<T: Send> Work for RecordAttempt<T> {
    fn run(&mut self, transaction: &mut dyn Transaction) -> Result<(), StoreError> {
        let Attempt { what, who, on } = &self.attempt;
        let request = on.map(|id| id.0);
        let stored = request.map(|id| transaction.request(id)).transpose()?.flatten();
        let version = stored.as_ref().map_or(0, |request| request.version);
        let now = self.shared.clock.now();
        let body = journal::attempt(now, version, what, who, &self.error);
        transaction.event(&body.event(stored.map(|request| request.id)))
    }

    fn finish(self: Box<Self>, _: Result<(), StoreError>) {
        // The act was refused whether or not that could be recorded.
        drop(self.settle.send(Err(self.error)));
    }
}
