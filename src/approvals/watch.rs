//! Noticing moves of requests, of this process and of others on the same database.

use super::RequestId;
use crate::store::Store;
use fence_engine::json::Json;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::thread;
use std::time::{Duration, Instant};
use tokio::sync::{broadcast, oneshot};

/// How often other processes' moves are looked for while somebody waits.
const INTERVAL: Duration = Duration::from_millis(20);
/// Changes kept for a subscriber that is slow; beyond that it must read anew.
const BACKLOG: usize = 1_024;
/// Events read at a time.
const PAGE: u32 = 512;

/// Something that happened to a request, or to the gate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Its place among all events.
    pub seq: u64,
    /// The request, where it is about one.
    pub request: Option<RequestId>,
    /// The version of it.
    pub version: u32,
    /// What kind of thing, such as `request.voted` or `halt.begun`.
    pub kind: String,
    /// When, RFC 3339 in UTC.
    pub at: String,
}

/// Watches the events of a store. Cheap to clone; its thread runs while somebody waits.
#[derive(Clone)]
pub struct Watch(Arc<Inner>);

struct Inner {
    store: Weak<dyn Store>,
    changes: broadcast::Sender<Change>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    running: bool,
    /// The newest event that was told of; none before the first look.
    told: Option<u64>,
    waiters: HashMap<RequestId, Vec<Waiter>>,
}

struct Waiter {
    until: Instant,
    wake: oneshot::Sender<()>,
}

impl Waiter {
    /// Whoever gave up waiting hears nothing.
    fn wake(self) {
        let _ = self.wake.send(());
    }
}

impl Watch {
    pub(crate) fn new(store: &Arc<dyn Store>) -> Self {
        let (changes, _) = broadcast::channel(BACKLOG);
        Self(Arc::new(Inner { store: Arc::downgrade(store), changes, state: Mutex::default() }))
    }

    /// Everything that happens from now on.
    pub(crate) fn subscribe(&self) -> broadcast::Receiver<Change> {
        let changes = self.0.changes.subscribe();
        self.start();
        changes
    }

    /// Resolves when something happened to the request, or at `until`.
    pub(crate) fn moved(&self, id: RequestId, until: Instant) -> oneshot::Receiver<()> {
        let (wake, woken) = oneshot::channel();
        self.0.state().waiters.entry(id).or_default().push(Waiter { until, wake });
        self.start();
        woken
    }

    fn start(&self) {
        let mut state = self.0.state();
        if state.running {
            return;
        }
        let Some(store) = self.0.store.upgrade() else { return };
        // What happened before somebody waited is nobody's news.
        state.told = store.newest_event().ok();
        let inner = Arc::clone(&self.0);
        let watching = thread::Builder::new().name("fence-watch".to_owned());
        state.running = watching.spawn(move || inner.serve()).is_ok();
        if !state.running {
            // Without a thread nobody is woken: waiters look for themselves at once.
            state.waiters.clear();
        }
    }
}

impl Inner {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn serve(&self) {
        let mut mark = None;
        loop {
            let Some(store) = self.store.upgrade() else { return self.stop() };
            let present = store.watermark().ok();
            if (present.is_none() || present != mark) && self.tell(&*store) {
                mark = present;
            }
            drop(store);
            let mut state = self.state();
            wake_late(&mut state);
            if state.waiters.is_empty() && self.changes.receiver_count() == 0 {
                state.running = false;
                return;
            }
            drop(state);
            thread::sleep(INTERVAL);
        }
    }

    fn stop(&self) {
        let mut state = self.state();
        state.running = false;
        state.waiters.clear();
    }

    /// Whether all could be read.
    fn tell(&self, store: &dyn Store) -> bool {
        let known = self.state().told;
        let Some(mut told) = known.or_else(|| store.newest_event().ok()) else { return false };
        while let Ok(events) = store.events_after(told, PAGE) {
            for (seq, event) in &events {
                told = *seq;
                let request = event.request.map(RequestId);
                let version = version(&event.body);
                let (kind, at) = (event.kind.clone(), event.at.to_string());
                drop(self.changes.send(Change { seq: *seq, request, version, kind, at }));
                let waiters = request.and_then(|id| self.state().waiters.remove(&id));
                waiters.into_iter().flatten().for_each(Waiter::wake);
            }
            self.state().told = Some(told);
            if events.len() < PAGE as usize {
                return true;
            }
        }
        false
    }
}

fn wake_late(state: &mut State) {
    let now = Instant::now();
    state.waiters.retain(|_, waiters| {
        waiters.retain(|waiter| !waiter.wake.is_closed());
        for late in waiters.extract_if(.., |waiter| waiter.until <= now) {
            late.wake();
        }
        !waiters.is_empty()
    });
}

fn version(body: &str) -> u32 {
    let json: Option<Json> = body.parse().ok();
    let version = json.as_ref().and_then(|json| json.root().get("version")?.as_number()?.to_u64());
    version.and_then(|version| u32::try_from(version).ok()).unwrap_or(0)
}
