//! Clients over streamable HTTP, on this machine alone: each message a POST, each answer a stream.
//!
//! Older revisions have sessions, each with a server of its own; all requests of newer ones share
//! one, so there their ids are replaced on the way (`room`).

mod room;

use super::catalog::Catalog;
use super::headers;
use super::message::{Id, Message, Shape};
use super::method::{Era, VERSION_KEY};
use super::record::From;
use super::{McpError, Settings, Upstream, reply};
use crate::Gate;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use fence_engine::json::{Json, Value};
use room::{Room, Stream};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::net::TcpListener;

/// The largest message of a client.
const BODY: usize = 16 << 20;
/// So many sessions, each with a server of its own, may be open at once.
const ROOMS: usize = 32;
/// So long one may be idle where another client wants to begin.
const IDLE: Duration = Duration::from_secs(30 * 60);

const SESSION: &str = "mcp-session-id";

/// Whether a bearer token is one of this door's agent.
pub type Admit = Arc<dyn Fn(&str) -> bool + Send + Sync>;

/// What all requests share.
pub(super) struct Desk {
    gate: Gate,
    settings: Settings,
    upstream: Upstream,
    catalog: Arc<Catalog>,
    admit: Admit,
    rooms: Mutex<HashMap<String, Arc<Room>>>,
    /// Where all requests of the newer revisions meet.
    shared: tokio::sync::Mutex<Option<Arc<Room>>>,
}

/// Serves clients until the process is told to end.
///
/// # Errors
/// Where the socket fails.
pub async fn listen(
    gate: Gate,
    settings: Settings,
    upstream: Upstream,
    (listener, admit): (TcpListener, Admit),
) -> Result<(), McpError> {
    let catalog = Arc::new(Catalog::new(gate.clone(), settings.clone()));
    let (rooms, shared) = (Mutex::default(), tokio::sync::Mutex::default());
    let desk = Arc::new(Desk { gate, settings, upstream, catalog, admit, rooms, shared });
    let app = Router::new()
        .route("/mcp", any(message))
        .layer(DefaultBodyLimit::max(BODY))
        .layer(from_fn_with_state(Arc::clone(&desk), admitted))
        .with_state(Arc::clone(&desk));
    // Streams stay open for as long as their clients like: what is told to end, ends.
    tokio::select! {
        served = async { axum::serve(listener, app).await } => served?,
        _ = tokio::signal::ctrl_c() => {}
        () = terminated() => {}
    }
    desk.close().await;
    Ok(())
}

async fn terminated() {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => drop(terminate.recv().await),
        Err(_) => std::future::pending().await,
    }
}

/// Only this machine by its own names, no page from elsewhere, and whoever has the agent's token.
async fn admitted(State(desk): State<Arc<Desk>>, request: Request, next: Next) -> Response {
    let headers = request.headers();
    let one = |name| {
        let mut values = headers.get_all(name).iter();
        values.next().and_then(|value| value.to_str().ok()).filter(|_| values.next().is_none())
    };
    let Some(host) = one(header::HOST).filter(|host| is_here(host)) else {
        let why = "this server is `127.0.0.1`, `localhost` or `[::1]`";
        return refused(StatusCode::FORBIDDEN, why).into_response();
    };
    let own = |origin: &str| origin.strip_prefix("http://").is_some_and(|rest| rest == host);
    if headers.contains_key(header::ORIGIN) && !one(header::ORIGIN).is_some_and(own) {
        let why = "pages from elsewhere are not answered";
        return refused(StatusCode::FORBIDDEN, why).into_response();
    }
    let token = one(header::AUTHORIZATION).and_then(|value| value.split_once(' '));
    let token = token.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    match token.is_some_and(|(_, token)| (desk.admit)(token.trim())) {
        true => next.run(request).await,
        false => {
            let why = "send `Authorization: Bearer …` with a token of this door's agent";
            let mut refused = refused(StatusCode::UNAUTHORIZED, why).into_response();
            let scheme = HeaderValue::from_static("Bearer");
            refused.headers_mut().insert(header::WWW_AUTHENTICATE, scheme);
            refused
        }
    }
}

fn is_here(host: &str) -> bool {
    let name = host.rsplit_once(':').filter(|(_, port)| port.bytes().all(|b| b.is_ascii_digit()));
    let name = name.map_or(host, |(name, _)| name);
    matches!(name, "127.0.0.1" | "[::1]") || name.eq_ignore_ascii_case("localhost")
}

/// What is answered to a message that goes nowhere.
struct Refusal {
    status: StatusCode,
    body: Vec<u8>,
}

impl Refusal {
    fn new(status: StatusCode, id: Option<&Id>, code: i32, why: &str) -> Self {
        Self { status, body: reply::error(id, code, why) }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let json = [(header::CONTENT_TYPE, "application/json")];
        (self.status, json, self.body).into_response()
    }
}

fn refused(status: StatusCode, why: &str) -> Refusal {
    Refusal::new(status, None, reply::INVALID, why)
}

async fn message(
    State(desk): State<Arc<Desk>>,
    method: Method,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let room = headers.get(SESSION).and_then(|id| id.to_str().ok()).map(|id| desk.room(id));
    let answer = match (method, room) {
        (Method::POST, room) => desk.post(&headers, body, room).await,
        (_, Some(None)) => Err(refused(StatusCode::NOT_FOUND, "there is no session of this id")),
        (Method::GET, Some(Some(room))) => Ok(events(room.listen(), None)),
        (Method::DELETE, Some(Some(room))) => {
            desk.rooms().retain(|_, other| !Arc::ptr_eq(other, &room));
            room.close();
            Ok(StatusCode::NO_CONTENT.into_response())
        }
        _ => Err(refused(StatusCode::METHOD_NOT_ALLOWED, "send each message by POST")),
    };
    answer.unwrap_or_else(Refusal::into_response)
}

impl Desk {
    fn rooms(&self) -> MutexGuard<'_, HashMap<String, Arc<Room>>> {
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn room(&self, id: &str) -> Option<Arc<Room>> {
        self.rooms().get(id).cloned()
    }

    async fn post(
        &self,
        headers: &HeaderMap,
        body: Bytes,
        room: Option<Option<Arc<Room>>>,
    ) -> Result<Response, Refusal> {
        let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        let is_json = |kind: &str| {
            kind.split(';')
                .next()
                .is_some_and(|k| k.trim().eq_ignore_ascii_case("application/json"))
        };
        if !kind.is_some_and(is_json) || headers.contains_key(header::CONTENT_ENCODING) {
            return Err(refused(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "a message is `application/json`",
            ));
        }
        let message = Message::read(compact(&body)).map_err(|unreadable| {
            let code = if unreadable.is_json { reply::INVALID } else { reply::PARSE };
            Refusal::new(StatusCode::BAD_REQUEST, unreadable.id.as_ref(), code, &unreadable.why)
        })?;
        let modern = message.meta(VERSION_KEY).is_some();
        let (room, new) = match (modern, room) {
            (true, _) => (self.shared().await?, None),
            (false, Some(Some(room))) => (room, None),
            (false, Some(None)) => {
                return Err(refused(StatusCode::NOT_FOUND, "there is no session of this id"));
            }
            (false, None) if message.method() == "initialize" => {
                let (id, room) = self.begin()?;
                (room, Some(id))
            }
            (false, None) => {
                return Err(refused(StatusCode::BAD_REQUEST, "a session begins with `initialize`"));
            }
        };
        room.touch();
        self.agrees(&room, headers, &message).await?;
        let unknown = modern && Era::of(&message).is_err();
        match &message.shape {
            Shape::Request(..) if unknown => {
                Err(Refusal { status: StatusCode::BAD_REQUEST, body: room.answer(message).await })
            }
            Shape::Request(..) => Ok(events(room.ask(message, modern).await, new)),
            _ => {
                room.say(message, modern).await;
                Ok(StatusCode::ACCEPTED.into_response())
            }
        }
    }

    /// What the headers mirror must be what the message says.
    async fn agrees(
        &self,
        room: &Room,
        headers: &HeaderMap,
        message: &Message,
    ) -> Result<(), Refusal> {
        let tool = message.param("name").and_then(Value::as_text);
        let tool = tool.filter(|_| message.method() == "tools/call");
        let mirrored = match tool {
            Some(tool) => {
                // Reads the server's tools, where they are not known yet.
                self.catalog.barred(&room.session.server, message, tool).await;
                self.catalog.mirrored(tool).await
            }
            None => Vec::new(),
        };
        let Err(why) = headers::check(headers, message, &mirrored) else { return Ok(()) };
        room.session.recorder.refused(From::Client, message.method(), &why).await;
        let id = match &message.shape {
            Shape::Request(id, _) => Some(id),
            _ => None,
        };
        Err(Refusal::new(StatusCode::BAD_REQUEST, id, reply::HEADERS, &why))
    }

    fn begin(&self) -> Result<(String, Arc<Room>), Refusal> {
        self.make_place()?;
        let id = uuid::Uuid::new_v4().to_string();
        let room = self.open()?;
        self.rooms().insert(id.clone(), Arc::clone(&room));
        Ok((id, room))
    }

    /// Ends sessions that nobody has used for long; where there are still too many, the one that has
    /// been idle longest.
    fn make_place(&self) -> Result<(), Refusal> {
        let mut rooms = self.rooms();
        rooms.retain(|_, room| {
            let lasts = !room.is_over() && room.idle().is_none_or(|idle| idle < IDLE);
            if !lasts {
                room.close();
            }
            lasts
        });
        if rooms.len() < ROOMS {
            return Ok(());
        }
        let idle = rooms.iter().filter_map(|(id, room)| Some((room.idle()?, id.clone())));
        let Some(room) = idle.max().and_then(|(_, id)| rooms.remove(&id)) else {
            let why = "there are too many sessions, and all of them wait for answers";
            return Err(refused(StatusCode::SERVICE_UNAVAILABLE, why));
        };
        room.close();
        Ok(())
    }

    async fn shared(&self) -> Result<Arc<Room>, Refusal> {
        let mut shared = self.shared.lock().await;
        if let Some(room) = shared.as_ref().filter(|room| !room.is_over()) {
            return Ok(Arc::clone(room));
        }
        let room = self.open()?;
        *shared = Some(Arc::clone(&room));
        Ok(room)
    }

    fn open(&self) -> Result<Arc<Room>, Refusal> {
        self.rooms().retain(|_, room| !room.is_over());
        Room::open(&self.gate, &self.settings, &self.upstream, &self.catalog)
            .map_err(|error| refused(StatusCode::BAD_GATEWAY, &error.to_string()))
    }

    async fn close(&self) {
        let rooms: Vec<_> = self.rooms().drain().map(|(_, room)| room).collect();
        let shared = self.shared.lock().await.take();
        for room in rooms.into_iter().chain(shared) {
            room.close();
        }
    }
}

/// A body on one line: laid out over several it is still one message.
fn compact(body: &Bytes) -> Vec<u8> {
    match body.contains(&b'\n') || body.contains(&b'\r') {
        false => body.to_vec(),
        true => match Json::parse_with(body, &super::message::LIMITS) {
            Ok(json) => json.to_string().into_bytes(),
            Err(_) => body.to_vec(),
        },
    }
}

/// A stream of messages; `new`: the session that begins with it.
fn events(stream: Stream, new: Option<String>) -> Response {
    let mut response = Response::new(Body::from_stream(stream));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    if let Some(id) = new.and_then(|id| HeaderValue::from_str(&id).ok()) {
        headers.insert(SESSION, id);
    }
    response
}
