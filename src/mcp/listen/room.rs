//! One server and those who talk to it: which stream each of its messages goes to.

use crate::Gate;
use crate::mcp::catalog::Catalog;
use crate::mcp::link::Link;
use crate::mcp::message::{Id, Message, Shape, one_line};
use crate::mcp::peer::Outgoing;
use crate::mcp::record::From;
use crate::mcp::session::{Opened, Session};
use crate::mcp::{McpError, Settings, Upstream, reply};
use axum::body::Bytes;
use std::collections::HashMap;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, watch};

/// So many events may wait for a client that reads slowly.
const BACKLOG: usize = 64;
/// So long a server may take to end by itself.
const PATIENCE: Duration = Duration::from_secs(3);

type Sender = mpsc::Sender<Vec<u8>>;

/// One server and those who talk to it.
pub(super) struct Room {
    pub(super) session: Arc<Session>,
    /// The requests that wait for their answers, by the id that the session knows.
    asked: Mutex<HashMap<Id, Asked>>,
    /// What is said unasked.
    unasked: Mutex<Option<Sender>>,
    link: tokio::sync::Mutex<Link>,
    stop: watch::Sender<bool>,
    next: AtomicU64,
    over: AtomicBool,
    /// When a client last said something.
    used: Mutex<Instant>,
}

/// A request that waits.
struct Asked {
    stream: Sender,
    /// Its own id and token, where they were replaced.
    own: Option<(Id, Option<Id>)>,
}

impl Room {
    pub(super) fn open(
        gate: &Gate,
        settings: &Settings,
        upstream: &Upstream,
        catalog: &Arc<Catalog>,
    ) -> Result<Arc<Self>, McpError> {
        let opened = Session::open(gate.clone(), settings.clone(), Arc::clone(catalog))?;
        let Opened { session, to_client, to_server } = opened;
        let link = Link::begin(upstream, settings, &session, to_server)?;
        let room = Arc::new(Self {
            session,
            asked: Mutex::default(),
            unasked: Mutex::default(),
            stop: link.stopper(),
            link: tokio::sync::Mutex::new(link),
            next: AtomicU64::new(1),
            over: AtomicBool::new(false),
            used: Mutex::new(Instant::now()),
        });
        tokio::spawn(deal(Arc::downgrade(&room), to_client));
        let watched = Arc::downgrade(&room);
        tokio::spawn(async move {
            let Some(room) = watched.upgrade() else { return };
            room.link.lock().await.ended().await;
            room.over.store(true, Ordering::SeqCst);
            room.session.client.close();
        });
        Ok(room)
    }

    /// Whether its server ended.
    pub(super) fn is_over(&self) -> bool {
        self.over.load(Ordering::SeqCst)
    }

    /// Ends it: its server by itself, or soon after that all the same.
    pub(super) fn close(&self) {
        self.session.server.close();
        self.session.client.close();
        let stop = self.stop.clone();
        tokio::spawn(async move {
            tokio::time::sleep(PATIENCE).await;
            stop.send_replace(true);
        });
    }

    /// How long nobody has said anything here; `None`: somebody waits for an answer.
    pub(super) fn idle(&self) -> Option<Duration> {
        let busy = self.asked().values().any(|asked| !asked.stream.is_closed());
        (!busy).then(|| self.used.lock().unwrap_or_else(PoisonError::into_inner).elapsed())
    }

    pub(super) fn touch(&self) {
        *self.used.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    fn asked(&self) -> MutexGuard<'_, HashMap<Id, Asked>> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn unasked(&self) -> MutexGuard<'_, Option<Sender>> {
        self.unasked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The stream of what is said unasked.
    pub(super) fn listen(&self) -> Stream {
        let (stream, events) = mpsc::channel(BACKLOG);
        *self.unasked() = Some(stream);
        Stream { events, watch: None }
    }

    /// Hands over what wants no answer. `shared`: only leaving its stream cancels a request, for
    /// others' ids can be guessed.
    pub(super) async fn say(&self, message: Message, shared: bool) {
        if message.method() == "notifications/cancelled" {
            if shared {
                let why = "a request is cancelled by leaving its stream";
                let recorder = &self.session.recorder;
                return recorder.refused(From::Client, message.method(), why).await;
            }
            let id = message.param("requestId").and_then(Id::read);
            id.and_then(|id| self.asked().remove(&id));
        }
        self.session.from_client(message.into_raw()).await;
    }

    /// Hands a request over; its answer, and what belongs to it, comes on the stream. `shared`:
    /// others may use the same ids.
    pub(super) async fn ask(self: &Arc<Self>, message: Message, shared: bool) -> Stream {
        let (stream, events) = mpsc::channel(BACKLOG);
        let Shape::Request(own, _) = message.shape.clone() else {
            return Stream { events, watch: None };
        };
        if !shared {
            if !self.waits(&own, &stream) {
                let why = "another request has this id, and no answer yet";
                self.session.recorder.refused(From::Client, message.method(), why).await;
                let bytes = reply::error(Some(&own), reply::INVALID, why);
                drop(stream.send(event(&bytes)).await);
                return Stream { events, watch: None };
            }
            drop(stream);
            self.session.from_client(message.into_raw()).await;
            return Stream { events, watch: None };
        }
        let id = Id::own("h", self.next.fetch_add(1, Ordering::Relaxed));
        let token = message.meta("progressToken").and_then(Id::read);
        match message.renamed(&id, token.as_ref().map(|_| &id)) {
            Ok(bytes) => {
                self.asked().insert(id.clone(), Asked { stream, own: Some((own, token)) });
                self.session.from_client(bytes).await;
            }
            Err(error) => {
                let bytes = reply::error(Some(&own), reply::INVALID, &error.to_string());
                drop(stream.send(event(&bytes)).await);
            }
        }
        Stream { events, watch: Some((Arc::downgrade(self), id)) }
    }

    /// Has a request's answer come on this stream; `false`: another's of this id already does.
    fn waits(&self, id: &Id, stream: &Sender) -> bool {
        let mut asked = self.asked();
        let is_new = !asked.contains_key(id);
        if is_new {
            asked.insert(id.clone(), Asked { stream: stream.clone(), own: None });
        }
        is_new
    }

    /// The answer alone, to what is refused at once.
    pub(super) async fn answer(self: &Arc<Self>, message: Message) -> Vec<u8> {
        let mut stream = self.ask(message, true).await;
        let event = stream.events.recv().await.unwrap_or_default();
        event.strip_prefix(b"data: ").unwrap_or_default().trim_ascii_end().to_vec()
    }

    /// Sends a message to whoever it is for: what belongs to a request that is gone, to nobody.
    async fn deal(&self, message: Outgoing) {
        let found = message.about.as_ref().and_then(|id| match message.answers {
            true => self.asked().remove(id),
            false => {
                let asked = self.asked();
                let asked = asked.get(id)?;
                Some(Asked { stream: asked.stream.clone(), own: asked.own.clone() })
            }
        });
        let Some(Asked { stream, own }) = found else {
            if message.about.is_some() {
                return;
            }
            let unasked = self.unasked().clone();
            let any = || self.asked().values().next().map(|asked| asked.stream.clone());
            if let Some(stream) = unasked.or_else(any) {
                drop(stream.send(event(&message.bytes)).await);
            }
            return;
        };
        let bytes = match &own {
            Some((id, token)) => Message::read(message.bytes)
                .ok()
                .and_then(|message| message.renamed(id, token.as_ref()).ok())
                .unwrap_or_default(),
            None => message.bytes,
        };
        drop(stream.send(event(&bytes)).await);
    }

    /// Nobody reads the answer to a request any more: that cancels it.
    async fn left(&self, id: &Id) {
        if self.asked().remove(id).is_some() && self.session.cancel(id) {
            let params = format!(r#"{{"requestId":{id}}}"#);
            let bytes = reply::notification("notifications/cancelled", &params);
            self.session.server.send(bytes, None).await;
        }
    }
}

async fn deal(room: Weak<Room>, mut messages: mpsc::Receiver<Outgoing>) {
    while let Some(message) = messages.recv().await {
        let Some(room) = room.upgrade() else { return };
        room.deal(message).await;
    }
    if let Some(room) = room.upgrade() {
        room.asked().clear();
        room.unasked().take();
    }
}

fn event(message: &[u8]) -> Vec<u8> {
    [b"data: ", &*one_line(message), b"\n\n"].concat()
}

/// Events for one client.
pub(super) struct Stream {
    events: mpsc::Receiver<Vec<u8>>,
    /// The request that is cancelled where the client leaves.
    watch: Option<(Weak<Room>, Id)>,
}

impl futures_util::Stream for Stream {
    type Item = Result<Bytes, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.events.poll_recv(context).map(|event| event.map(|event| Ok(Bytes::from(event))))
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        let Some((room, id)) = self.watch.take() else { return };
        let Some(room) = room.upgrade() else { return };
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move { room.left(&id).await });
        }
    }
}
