//! What every handler can reach: the gate, the people, the tokens, the settings, the counters.

use super::metrics::Metrics;
use super::problem::Problem;
use super::reload::Loads;
use super::settings::Settings;
use crate::Gate;
use crate::approvals::Approvals;
use crate::clock::Clock;
use crate::notify::Channels;
use crate::people::People;
use crate::store::{Event, Store, StoreError, perform};
use crate::tokens::{Book, TokenId};
use std::collections::HashMap;
use std::ops::Deref;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::watch;

/// The server's state. Cheap to clone.
#[derive(Clone)]
pub struct State(Arc<Inner>);

/// What is in it.
pub struct Inner {
    /// Decides.
    pub gate: Gate,
    /// Answers requests.
    pub approvals: Approvals,
    /// Who may approve.
    pub people: People,
    /// How the server was set up.
    pub settings: Settings,
    /// Tokens and logins.
    pub tokens: Book,
    /// What is counted.
    pub metrics: Metrics,
    /// How the policies were loaded.
    pub loads: Loads,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Through what people are told.
    pub channels: Channels,
    /// Tells this server run from others that wrote to the same store.
    pub run: uuid::Uuid,
    stop: watch::Sender<bool>,
    newest: watch::Sender<u64>,
    waits: Mutex<HashMap<TokenId, usize>>,
    refusals: Mutex<HashMap<TokenId, i64>>,
}

impl Deref for State {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

impl State {
    /// The state of a server around `gate`.
    #[must_use]
    pub fn new(
        gate: Gate,
        settings: Settings,
        channels: Channels,
        clock: Arc<dyn Clock>,
        loads: Loads,
    ) -> Self {
        let approvals = gate.approvals();
        Self(Arc::new(Inner {
            people: approvals.people().clone(),
            approvals,
            tokens: Book::new(Arc::clone(gate.store()), Arc::clone(&clock)),
            gate,
            settings,
            metrics: Metrics::new(),
            loads,
            clock,
            channels,
            run: uuid::Uuid::new_v4(),
            stop: watch::Sender::new(false),
            newest: watch::Sender::new(0),
            waits: Mutex::default(),
            refusals: Mutex::default(),
        }))
    }

    /// Runs what may block on the disk, off the runtime's own threads.
    ///
    /// # Errors
    /// What `run` answers; a fault where it panicked.
    pub async fn blocking<T: Send + 'static, E: Into<Problem> + Send + 'static>(
        &self,
        run: impl FnOnce(&Self) -> Result<T, E> + Send + 'static,
    ) -> Result<T, Problem> {
        let state = self.clone();
        match tokio::task::spawn_blocking(move || run(&state)).await {
            Ok(outcome) => outcome.map_err(Into::into).inspect_err(|problem: &Problem| {
                if problem.code == "store" {
                    self.metrics.store_failed();
                }
            }),
            Err(_) => Err(Problem::fault()),
        }
    }

    /// Records an event.
    ///
    /// # Errors
    /// Faults of the store.
    pub async fn record(&self, event: Event) -> Result<(), Problem> {
        let recorded =
            perform::<_, StoreError>(self.store(), move |transaction| transaction.event(&event));
        recorded.await.map_err(|error| {
            self.metrics.store_failed();
            error.into()
        })
    }

    /// Ends every wait and stream, now and from now on.
    pub fn stop(&self) {
        self.stop.send_replace(true);
    }

    /// Resolves when the server stops.
    pub async fn stopped(&self) {
        let mut stop = self.stop.subscribe();
        // The sender lives as long as this state.
        let _ = stop.wait_for(|stopped| *stopped).await;
    }

    /// Resolves after `time`, or at once when the server stops; answers whether it stops.
    pub(super) async fn stops_within(&self, time: std::time::Duration) -> bool {
        tokio::time::timeout(time, self.stopped()).await.is_ok()
    }

    /// The place of the newest event known.
    #[must_use]
    pub fn newest_event(&self) -> watch::Receiver<u64> {
        self.newest.subscribe()
    }

    /// Says that there is an event at `place`.
    pub(super) fn saw_event(&self, place: u64) {
        self.newest.send_if_modified(|newest| {
            let newer = place > *newest;
            *newest = place.max(*newest);
            newer
        });
    }

    /// Takes one of the waits that a token may have under way.
    ///
    /// # Errors
    /// 429 where it has as many as it may.
    pub(super) fn begin_wait(&self, token: TokenId) -> Result<WaitUnderWay, Problem> {
        let mut waits = self.waits.lock().unwrap_or_else(PoisonError::into_inner);
        let count = waits.entry(token).or_default();
        if *count >= self.settings.max_waits {
            let detail = "this token has as many waits and streams under way as it may have";
            return Err(Problem::too_many(detail, 1));
        }
        *count += 1;
        Ok(WaitUnderWay { state: self.clone(), token })
    }

    /// Whether a token's refusal is to be recorded: once a minute, so that no log is flooded.
    pub(super) fn records_refusal(&self, token: TokenId) -> bool {
        const MINUTE: i64 = 60_000_000;
        let now = self.clock.now().micros();
        let mut refusals = self.refusals.lock().unwrap_or_else(PoisonError::into_inner);
        refusals.retain(|_, at| now.saturating_sub(*at) < MINUTE);
        let first = !refusals.contains_key(&token);
        refusals.entry(token).or_insert(now);
        first
    }

    /// The store, for what is read from it as it is.
    pub(super) fn store(&self) -> &dyn Store {
        &**self.gate.store()
    }
}

/// A wait under way; it ends when this is dropped.
pub(super) struct WaitUnderWay {
    state: State,
    token: TokenId,
}

impl Drop for WaitUnderWay {
    fn drop(&mut self) {
        let mut waits = self.state.waits.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = waits.get_mut(&self.token) {
            *count -= 1;
            if *count == 0 {
                waits.remove(&self.token);
            }
        }
    }
}

/// Whether the store answers; writes nothing.
pub(super) fn store_answers(store: &dyn Store) -> Result<(), StoreError> {
    store.entry([0; 16]).map(drop)
}
