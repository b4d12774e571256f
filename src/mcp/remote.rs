//! A server that is reached over streamable HTTP: each message a POST of its own, each answer one
//! message or a stream of them.

use super::catalog::Catalog;
use super::events::Events;
use super::headers;
use super::message::{Id, LIMITS, Message, Shape};
use super::method::{Era, VERSION_KEY};
use super::peer::{Outgoing, turned};
use super::session::Session;
use fence_engine::json::{Json, Value};
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Client, Method, RequestBuilder, Response, Url};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::task::AbortHandle;

const SESSION: &str = "mcp-session-id";
const LAST_EVENT: &str = "last-event-id";
const STREAM: &str = "text/event-stream";
const BOTH: &str = "application/json, text/event-stream";

/// How long a connection may take, and a message that wants no answer,
const PATIENCE: Duration = Duration::from_secs(30);
/// and how long to wait before a stream that ended is asked for again.
const PAUSE: Duration = Duration::from_secs(1);

/// Where a server is, and what it wants to see with every message.
#[derive(Clone, Debug)]
pub struct Remote {
    /// Its one endpoint.
    pub url: Url,
    /// Headers of every request: a token, for one.
    pub headers: HeaderMap,
}

/// A remote server at work for one session.
pub(super) struct Wire {
    remote: Remote,
    client: Client,
    session: Arc<Session>,
    catalog: Arc<Catalog>,
    begun: Mutex<Begun>,
    posts: Mutex<HashMap<Id, (Era, AbortHandle)>>,
}

/// What the server said when the session began.
#[derive(Clone, Debug, Default)]
struct Begun {
    id: Option<HeaderValue>,
    version: Option<HeaderValue>,
}

impl Wire {
    /// Ready to send; nothing is connected yet.
    ///
    /// # Errors
    /// Where the system's certificates cannot be read.
    pub(super) fn new(
        remote: Remote,
        session: Arc<Session>,
        catalog: Arc<Catalog>,
    ) -> reqwest::Result<Arc<Self>> {
        let client = Client::builder()
            .user_agent(concat!("fence/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .connect_timeout(PATIENCE)
            .build()?;
        let (begun, posts) = (Mutex::default(), Mutex::default());
        Ok(Arc::new(Self { remote, client, session, catalog, begun, posts }))
    }

    /// Sends messages until there are no more, or it was told to stop.
    pub(super) async fn run(
        self: Arc<Self>,
        mut messages: mpsc::Receiver<Outgoing>,
        mut stop: watch::Receiver<bool>,
    ) {
        let sending = async {
            while let Some(message) = messages.recv().await {
                self.send(message.bytes).await;
            }
        };
        tokio::select! {
            () = sending => {}
            () = turned(&mut stop) => {}
        }
        self.posts().drain().for_each(|(_, (_, post))| post.abort());
        if self.begun().id.is_some() {
            drop(self.request(Method::DELETE).timeout(Duration::from_secs(2)).send().await);
        }
        self.session.server_ended().await;
    }

    async fn send(self: &Arc<Self>, bytes: Vec<u8>) {
        // Fence forwards nothing that it could not read.
        let Ok(message) = Message::read(bytes) else { return };
        match message.shape.clone() {
            Shape::Request(id, _) => {
                let (era, wire) = (Era::of(&message).unwrap_or(Era::Legacy), Arc::clone(self));
                let of = id.clone();
                let mut posts = self.posts();
                let post = tokio::spawn(async move { wire.exchange(of, message).await });
                posts.insert(id, (era, post.abort_handle()));
            }
            Shape::Notification(method) => {
                if method == "notifications/cancelled" && self.breaks_off(&message) {
                    return;
                }
                self.tell(&message).await;
                if method == "notifications/initialized" {
                    let wire = Arc::clone(self);
                    tokio::spawn(async move { wire.listen().await });
                }
            }
            Shape::Response(_) => self.tell(&message).await,
        }
    }

    /// In the newer revision a request is cancelled by no longer reading its answer.
    fn breaks_off(&self, message: &Message) -> bool {
        let id = message.param("requestId").and_then(Id::read);
        let mut posts = self.posts();
        let modern = |id: &Id| posts.get(id).is_some_and(|(era, _)| *era == Era::Modern);
        let Some(id) = id.filter(modern) else { return false };
        if let Some((_, post)) = posts.remove(&id) {
            post.abort();
        }
        true
    }

    /// Sends what wants no answer, in its place among the others.
    async fn tell(&self, message: &Message) {
        let request = self.post(message, &Vec::new()).timeout(PATIENCE);
        drop(request.send().await);
    }

    async fn exchange(self: Arc<Self>, id: Id, message: Message) {
        let tool = message.param("name").and_then(Value::as_text).unwrap_or_default();
        let mirrored = match message.method() {
            "tools/call" => self.catalog.mirrored(tool).await,
            _ => Vec::new(),
        };
        let begins = message.method() == "initialize";
        let outcome = match self.post(&message, &mirrored).send().await {
            Ok(response) => self.answered(response, begins).await,
            Err(error) => Err(format!("the server cannot be reached: {}", root(&error))),
        };
        let why = outcome.err().unwrap_or_else(|| "the server's answer broke off".to_owned());
        self.posts().remove(&id);
        // One that was answered waits for nothing more.
        self.session.no_answer(&id, &why).await;
    }

    async fn answered(&self, response: Response, begins: bool) -> Result<(), String> {
        let status = response.status();
        if begins && status.is_success() {
            self.begun().id = response.headers().get(SESSION).cloned();
        }
        if status.is_success() && is_stream(&response) {
            return self.stream(response, &mut Events::default(), begins).await;
        }
        let body = body(response).await?;
        if body.iter().all(u8::is_ascii_whitespace) || !self.deliver(body, begins).await {
            return Err(format!("the server answered {status}"));
        }
        Ok(())
    }

    async fn stream(
        &self,
        mut response: Response,
        events: &mut Events,
        begins: bool,
    ) -> Result<(), String> {
        let broken =
            |error: reqwest::Error| format!("the server's answer broke off: {}", root(&error));
        while let Some(piece) = response.chunk().await.map_err(broken)? {
            let ended = events.feed(&piece);
            let ended = ended.map_err(|_| "the server's answer is too long".to_owned())?;
            for data in ended.into_iter().filter(|data| !data.is_empty()) {
                self.deliver(data, begins).await;
            }
        }
        Ok(())
    }

    /// Hands a message to the session; whether it is one.
    async fn deliver(&self, mut bytes: Vec<u8>, begins: bool) -> bool {
        let read = Json::parse_with(&bytes, &LIMITS);
        if let Ok(json) = &read {
            // Laid out over lines, as a body may be, it would be several messages elsewhere.
            if bytes.iter().any(|byte| matches!(byte, b'\n' | b'\r')) {
                bytes = json.to_string().into_bytes();
            }
            let version =
                json.root().get("result").and_then(|r| r.get("protocolVersion")?.as_text());
            if let Some(version) = version.filter(|_| begins) {
                self.begun().version = HeaderValue::from_str(version).ok();
            }
        }
        let is_message = read.is_ok_and(|json| json.root().get("jsonrpc").is_some());
        self.session.from_server(bytes).await;
        is_message
    }

    /// What the server says unasked, in the older revisions; many say nothing.
    async fn listen(&self) {
        let mut events = Events::default();
        loop {
            let request = self.request(Method::GET).header(ACCEPT, STREAM);
            let request = match &events.last_id {
                Some(id) => request.header(LAST_EVENT, id),
                None => request,
            };
            match request.send().await {
                Ok(response) if response.status().is_success() && is_stream(&response) => {
                    drop(self.stream(response, &mut events, false).await);
                }
                _ => return,
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    fn post(&self, message: &Message, mirrored: &headers::Mirrored) -> RequestBuilder {
        let request = self.request(Method::POST).header(ACCEPT, BOTH);
        let request = request.header(CONTENT_TYPE, "application/json");
        let request = match message.meta(VERSION_KEY) {
            Some(_) => request.headers(headers::made(message, mirrored)),
            None => request,
        };
        request.body(message.raw().to_vec())
    }

    fn request(&self, method: Method) -> RequestBuilder {
        let request = self.client.request(method, self.remote.url.clone());
        let mut headers = self.remote.headers.clone();
        let Begun { id, version } = self.begun().clone();
        headers.extend(id.map(|id| (reqwest::header::HeaderName::from_static(SESSION), id)));
        let name = reqwest::header::HeaderName::from_static(headers::VERSION);
        headers.extend(version.map(|version| (name, version)));
        request.headers(headers)
    }

    fn begun(&self) -> MutexGuard<'_, Begun> {
        self.begun.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn posts(&self) -> MutexGuard<'_, HashMap<Id, (Era, AbortHandle)>> {
        self.posts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_stream(response: &Response) -> bool {
    let kind = response.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    kind.is_some_and(|kind| kind.trim_start().to_ascii_lowercase().starts_with(STREAM))
}

async fn body(mut response: Response) -> Result<Vec<u8>, String> {
    let mut body = Vec::new();
    let broken = |error: reqwest::Error| format!("the server's answer broke off: {}", root(&error));
    while let Some(piece) = response.chunk().await.map_err(broken)? {
        if body.len() + piece.len() > LIMITS.bytes {
            return Err("the server's answer is too long".to_owned());
        }
        body.extend_from_slice(&piece);
    }
    Ok(body)
}

/// What lies beneath an error, without the URL, which may hold a secret.
fn root(error: &reqwest::Error) -> String {
    let mut at: &dyn std::error::Error = error;
    while let Some(source) = at.source() {
        at = source;
    }
    at.to_string()
}
