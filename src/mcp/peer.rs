//! One end of a session: where messages for it go, and what Fence itself has asked it.

use super::message::{Id, Message};
use super::reply;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::{mpsc, oneshot, watch};

/// So many messages may wait to be written before who sends them waits as well.
const BACKLOG: usize = 64;

/// A message on its way out.
#[derive(Debug)]
pub(super) struct Outgoing {
    pub(super) bytes: Vec<u8>,
    /// The client's request that it belongs to, where it does,
    pub(super) about: Option<Id>,
    /// and whether it is the answer to that.
    pub(super) answers: bool,
}

/// One end.
pub(super) struct Peer {
    out: Mutex<Option<mpsc::Sender<Outgoing>>>,
    prefix: String,
    next: AtomicU64,
    waiting: Mutex<HashMap<Id, oneshot::Sender<Message>>>,
}

/// A request of Fence's own that waits for its answer.
pub(super) struct Question {
    pub(super) id: Id,
    pub(super) answer: oneshot::Receiver<Message>,
}

impl Peer {
    /// An end whose messages come out of the receiver.
    pub(super) fn new(prefix: String) -> (Self, mpsc::Receiver<Outgoing>) {
        let (out, messages) = mpsc::channel(BACKLOG);
        let (next, waiting) = (AtomicU64::new(1), Mutex::default());
        (Self { out: Mutex::new(Some(out)), prefix, next, waiting }, messages)
    }

    /// Sends a message; where nobody is there any more it is lost.
    pub(super) async fn send(&self, bytes: Vec<u8>, about: Option<Id>) {
        self.push(Outgoing { bytes, about, answers: false }).await;
    }

    /// Sends the answer to a request.
    pub(super) async fn answer(&self, bytes: Vec<u8>, to: Id) {
        self.push(Outgoing { bytes, about: Some(to), answers: true }).await;
    }

    async fn push(&self, message: Outgoing) {
        let out = self.out.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(out) = out {
            drop(out.send(message).await);
        }
    }

    /// Nothing more will be sent.
    pub(super) fn close(&self) {
        self.out.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    /// Asks something of Fence's own.
    pub(super) async fn ask(&self, method: &str, params: &str, about: Option<Id>) -> Question {
        let id = Id::own(&self.prefix, self.next.fetch_add(1, Ordering::Relaxed));
        let (answer, received) = oneshot::channel();
        self.waiting().insert(id.clone(), answer);
        self.send(reply::request(&id, method, params), about).await;
        Question { id, answer: received }
    }

    /// Whether an id is in the space of Fence's own.
    pub(super) fn is_own(&self, id: &Id) -> bool {
        id.as_text().is_some_and(|text| text.starts_with(&self.prefix))
    }

    /// Hands over the answer to a question of Fence's own; whether one was waiting for it.
    pub(super) fn answered(&self, id: &Id, answer: Message) -> bool {
        let waiting = self.waiting().remove(id);
        waiting.is_some_and(|waiting| waiting.send(answer).is_ok())
    }

    /// Gives a question up.
    pub(super) fn forget(&self, id: &Id) {
        self.waiting().remove(id);
    }

    /// Nobody will answer any more.
    pub(super) fn lost(&self) {
        self.waiting().clear();
    }

    fn waiting(&self) -> MutexGuard<'_, HashMap<Id, oneshot::Sender<Message>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Resolves when a signal turns true, or nobody can turn it any more.
pub(super) async fn turned(signal: &mut watch::Receiver<bool>) {
    drop(signal.wait_for(|signal| *signal).await);
}
