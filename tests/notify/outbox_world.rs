//! A store on disk, a request, a clock that is set, and channels that answer by a script.

use super::sample::{ana, request};
use fence::approvals::{Announcement, RequestId, RequestView};
use fence::clock::{Clock as _, ManualClock};
use fence::engine::scalar::Timestamp;
use fence::notify::{
    Channel, Channels, Delivering, Delivery, DeliveryError, KIND, Notice, Outbox, OutboxOptions,
    PublicUrl, Receipt, Requests, Schedule, State, What, deliveries,
};
use fence::people::People;
use fence::random::SystemRandom;
use fence::store::{Item, SqliteStore, Store, StoreError, Transaction, perform};
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::Semaphore;

const START: i64 = 1_774_260_000_000_000;

pub(super) type Told = Result<Option<Receipt>, DeliveryError>;

/// A channel that answers by a script and remembers what it was told.
pub(super) struct Scripted {
    told: Mutex<Vec<(What, &'static str, Vec<Receipt>)>>,
    answers: Mutex<VecDeque<Told>>,
    /// Each delivery needs one permit to come to its end.
    pub(super) gate: Semaphore,
}

impl Scripted {
    pub(super) fn new(answers: impl IntoIterator<Item = Told>) -> Arc<Self> {
        Self::gated(answers, Semaphore::MAX_PERMITS)
    }

    pub(super) fn gated(answers: impl IntoIterator<Item = Told>, permits: usize) -> Arc<Self> {
        let answers = Mutex::new(answers.into_iter().collect());
        Arc::new(Self { told: Mutex::default(), answers, gate: Semaphore::new(permits) })
    }

    pub(super) fn told(&self) -> Vec<(What, &'static str, Vec<Receipt>)> {
        self.told.lock().unwrap().clone()
    }

    pub(super) fn kinds(&self) -> Vec<What> {
        self.told().into_iter().map(|(what, ..)| what).collect()
    }
}

impl Channel for Scripted {
    fn deliver<'a>(&'a self, notice: &'a Notice, earlier: &'a [Receipt]) -> Delivering<'a> {
        let state = notice.request.state;
        self.told.lock().unwrap().push((notice.what, state, earlier.to_vec()));
        Box::pin(async move {
            self.gate.acquire().await.unwrap().forget();
            self.answers.lock().unwrap().pop_front().unwrap_or(Ok(None))
        })
    }
}

#[derive(Default)]
pub(super) struct Book(Mutex<BTreeMap<String, RequestView>>);

impl Requests for Book {
    fn view(&self, id: &str) -> Result<Option<RequestView>, String> {
        Ok(self.0.lock().unwrap().get(id).cloned())
    }
}

/// A store, a request in it, a clock, and channels.
pub(super) struct World {
    pub(super) store: Arc<dyn Store>,
    _folder: tempfile::TempDir,
    book: Arc<Book>,
    pub(super) clock: Arc<ManualClock>,
    pub(super) channels: Channels,
    schedule: Schedule,
    pub(super) at_once: usize,
}

impl World {
    pub(super) fn new(channels: &[(&str, Arc<dyn Channel>)]) -> Self {
        let clock = Arc::new(ManualClock::new(Timestamp::from_micros(START)));
        let mut all = Channels::default();
        for (name, channel) in channels {
            all.add(name, Arc::clone(channel), None);
        }
        let book = Arc::<Book>::default();
        let folder = tempfile::tempdir().unwrap();
        let world = Self {
            store: Arc::new(SqliteStore::open(folder.path().join("fence.db")).unwrap()),
            _folder: folder,
            book,
            clock,
            channels: all,
            schedule: Schedule::default(),
            at_once: 4,
        };
        world.now_is(request("{}"));
        world
    }

    pub(super) fn now_is(&self, view: RequestView) {
        self.book.0.lock().unwrap().insert(view.id.clone(), view);
    }

    /// Writes down what is to be told, as a move does.
    pub(super) async fn happens(&self, what: What, version: u32) -> Vec<[u8; 16]> {
        let kind = match what {
            What::Opened => "request.opened",
            What::Escalated => "request.escalated",
            What::Preview => "request.previewed",
            What::Voted => "request.voted",
            What::BrokenGlass => "request.glass_broken",
            What::Ended => "request.refused",
        };
        let request: RequestId = request("{}").id.parse().unwrap();
        let at = self.clock.now();
        let happened = Announcement { kind, request, version, channels: None, at };
        let items = deliveries(&happened, self.channels.names());
        self.put(items.clone()).await;
        items.iter().map(|item| item.id).collect()
    }

    pub(super) async fn put(&self, items: Vec<Item>) {
        let put = move |to: &mut dyn Transaction| -> Result<(), StoreError> {
            items.iter().try_for_each(|item| to.put_item(item))
        };
        perform(&*self.store, put).await.unwrap();
    }

    pub(super) fn outbox(&self) -> Outbox {
        Outbox::new(OutboxOptions {
            store: Arc::clone(&self.store),
            requests: Arc::clone(&self.book) as Arc<dyn Requests>,
            channels: self.channels.clone(),
            people: People::new(vec![ana()]).unwrap(),
            public: PublicUrl::parse("https://fence.example.com").ok(),
            clock: Arc::clone(&self.clock) as Arc<dyn fence::clock::Clock>,
            random: Arc::new(SystemRandom),
            schedule: self.schedule,
            at_once: self.at_once,
            pause: Duration::from_millis(2),
            keep: Duration::from_hours(24),
        })
    }

    /// Starts a worker; dropping what it gives kills it where it stands.
    pub(super) fn work(&self) -> Worker {
        let outbox = self.outbox();
        Worker(tokio::spawn(async move { outbox.run(std::future::pending()).await }))
    }

    pub(super) fn item(&self, id: [u8; 16]) -> Item {
        self.store.item(KIND, id).unwrap().unwrap()
    }

    pub(super) fn delivery(&self, id: [u8; 16]) -> Delivery {
        Delivery::of(&self.item(id)).unwrap()
    }

    pub(super) async fn state(&self, id: [u8; 16], state: State) -> Delivery {
        until(|| self.delivery(id).state == state, || format!("{:?}", self.delivery(id))).await;
        self.delivery(id)
    }
}

pub(super) struct Worker(pub(super) tokio::task::JoinHandle<()>);

impl Drop for Worker {
    fn drop(&mut self) {
        self.0.abort();
    }
}

pub(super) async fn until(done: impl Fn() -> bool, or: impl Fn() -> String) {
    for _ in 0..2_000 {
        if done() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    panic!("it did not come to that: {}", or());
}

/// Long enough for a worker to have done what it should not do.
pub(super) async fn a_while() {
    tokio::time::sleep(Duration::from_millis(60)).await;
}
