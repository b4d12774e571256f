//! The worker that tells what is due.
//!
//! A delivery is marked before it leaves and again after, so a crash in between sends it twice
//! but never loses it. Rows of one request to one channel go one after the other, over all
//! processes; a channel that hangs holds up itself alone.

mod one;
mod steps;

use super::{Channels, Delivery, KIND, PublicUrl, Schedule};
use crate::Gate;
use crate::approvals::{ApprovalError, Approvals, RequestView};
use crate::clock::{Clock, SystemClock};
use crate::people::People;
use crate::random::{Random, SystemRandom};
use crate::store::StoreError;
use crate::store::{Item, Store, perform};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;

/// How many rows are looked at in one round.
const ROUND: u32 = 5_000;

/// After how many rounds old rows are dropped.
const TIDY: u32 = 7_200;

/// Tells the present state of a request.
pub trait Requests: Send + Sync {
    /// The request of this id; `None` where there is none.
    ///
    /// # Errors
    /// Why it cannot be read now.
    fn view(&self, id: &str) -> Result<Option<RequestView>, String>;
}

impl Requests for Approvals {
    fn view(&self, id: &str) -> Result<Option<RequestView>, String> {
        let Ok(id) = id.parse() else { return Ok(None) };
        match self.get(id) {
            Ok(view) => Ok(Some(view)),
            Err(ApprovalError::NotFound(_)) => Ok(None),
            Err(error) => Err(error.to_string()),
        }
    }
}

/// What an outbox works with.
pub struct OutboxOptions {
    /// Where the rows are.
    pub store: Arc<dyn Store>,
    /// Where requests are read.
    pub requests: Arc<dyn Requests>,
    /// The channels.
    pub channels: Channels,
    /// The accounts.
    pub people: People,
    /// What links begin with.
    pub public: Option<PublicUrl>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// What varies the waits.
    pub random: Arc<dyn Random>,
    /// The waits between attempts.
    pub schedule: Schedule,
    /// How many deliveries of one channel may be under way.
    pub at_once: usize,
    /// The pause between two rounds.
    pub pause: Duration,
    /// How long rows that ended are kept.
    pub keep: Duration,
}

/// The worker. Clones share their work.
#[derive(Clone)]
pub struct Outbox(Arc<Inner>);

struct Inner {
    options: OutboxOptions,
    permits: BTreeMap<String, Arc<Semaphore>>,
    under_way: Mutex<BTreeSet<[u8; 16]>>,
    /// The channels that want nothing more, with the reason.
    off: Mutex<BTreeMap<String, String>>,
    wake: Notify,
}

impl Outbox {
    /// A worker for a gate's requests, with the usual waits: rounds twice a second, four
    /// deliveries at once to a channel, rows kept for a week after their end.
    #[must_use]
    pub fn of(gate: &Gate, channels: Channels, public: Option<PublicUrl>) -> Self {
        let approvals = gate.approvals();
        Self::new(OutboxOptions {
            store: Arc::clone(gate.store()),
            channels,
            people: approvals.people().clone(),
            requests: Arc::new(approvals),
            public,
            clock: Arc::new(SystemClock),
            random: Arc::new(SystemRandom),
            schedule: Schedule::default(),
            at_once: 4,
            pause: Duration::from_millis(500),
            keep: Duration::from_hours(7 * 24),
        })
    }

    /// A worker; nothing is told before [`Outbox::run`].
    #[must_use]
    pub fn new(options: OutboxOptions) -> Self {
        let permits = options
            .channels
            .names()
            .map(|name| (name.to_owned(), Arc::new(Semaphore::new(options.at_once.max(1)))));
        let permits = permits.collect();
        Self(Arc::new(Inner {
            options,
            permits,
            under_way: Mutex::default(),
            off: Mutex::default(),
            wake: Notify::new(),
        }))
    }

    /// Looks for due rows at once instead of after the pause.
    pub fn wake(&self) {
        self.0.wake.notify_one();
    }

    /// Tells what is due until `end` resolves; then lets what is under way come to its end, which
    /// the channels' timeouts bound.
    pub async fn run(&self, end: impl Future<Output = ()>) {
        let mut tasks = JoinSet::new();
        let mut round = 0_u32;
        tokio::pin!(end);
        loop {
            self.start(&mut tasks).await;
            if round.is_multiple_of(TIDY) {
                self.tidy().await;
            }
            round = round.wrapping_add(1);
            while tasks.try_join_next().is_some() {}
            tokio::select! {
                () = &mut end => break,
                () = self.0.wake.notified() => {}
                () = tokio::time::sleep(self.0.options.pause) => {}
            }
        }
        while tasks.join_next().await.is_some() {}
    }

    /// Begins every due delivery for which its channel has room.
    async fn start(&self, tasks: &mut JoinSet<()>) {
        let inner = Arc::clone(&self.0);
        let due = blocking(move || inner.due()).await;
        let due = due.unwrap_or_else(|error| {
            tracing::warn!(%error, "the due notifications cannot be read");
            Vec::new()
        });
        for item in due {
            let Some(permit) = self.0.permit(&item) else { continue };
            if !self.0.locked(&self.0.under_way).insert(item.id) {
                continue;
            }
            let inner = Arc::clone(&self.0);
            tasks.spawn(async move {
                one::settle(&inner, &item).await;
                inner.locked(&inner.under_way).remove(&item.id);
                drop(permit);
            });
        }
    }

    /// Drops rows that ended long ago.
    async fn tidy(&self) {
        let options = &self.0.options;
        let before = steps::earlier(options.clock.now(), options.keep);
        let dropped = perform(&*options.store, move |to| to.forget_items(KIND, before));
        if let Err(error) = dropped.await {
            tracing::warn!(%error, "old notifications cannot be dropped");
        }
    }
}

impl Inner {
    fn due(&self) -> Result<Vec<Item>, StoreError> {
        self.options.store.due_items(KIND, self.options.clock.now(), ROUND)
    }

    /// Room on the item's channel. One that is configured no more needs none.
    fn permit(&self, item: &Item) -> Option<Option<OwnedSemaphorePermit>> {
        let delivery = Delivery::of(item);
        let room = delivery.and_then(|delivery| self.permits.get(&delivery.channel));
        match room {
            Some(room) => Arc::clone(room).try_acquire_owned().ok().map(Some),
            None => Some(None),
        }
    }

    /// What a lock guards is whole after every step, so one that panicked left nothing half done.
    fn locked<'a, T>(&self, mutex: &'a Mutex<T>) -> std::sync::MutexGuard<'a, T> {
        mutex.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Runs what may wait for the disk where it holds nothing up.
async fn blocking<T: Send + 'static>(
    run: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    let done = tokio::task::spawn_blocking(run).await;
    done.unwrap_or_else(|error| Err(StoreError::Failed(error.to_string())))
}
