//! `GET /v1/events`: what happens, as it happens: server-sent events read from the record, so that a
//! stream resumes after any event it knows.

use super::caller::Caller;
use super::openapi::ProblemBody;
use super::problem::Problem;
use super::query::Query;
use super::state::{State, WaitUnderWay};
use crate::approvals::RequestId;
use crate::store::Event as Recorded;
use axum::extract::State as Of;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse as _, Response};
use futures_util::stream::{self, Stream};
use serde::Deserialize;
use std::collections::VecDeque;
use std::convert::Infallible;
use std::time::Duration;
use tokio::sync::watch;
use utoipa::IntoParams;

/// Events read at a time.
const PAGE: u32 = 256;
/// How soon another process's events are noticed without being told.
const LOOK: Duration = Duration::from_millis(250);

/// Where a stream begins.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct From {
    /// After this event; `0` for all there are; without it or `Last-Event-ID`: from now on
    after: Option<u64>,
}

/// Follow what happens
///
/// Server-sent events: `id` is the event's place in the record, `event` its kind (such as
/// `request.opened`), `data` the event as JSON with `seq`, `at`, `kind`, `request` and `body`.
/// A browser resumes by itself with `Last-Event-ID`.
#[utoipa::path(get, path = "/v1/events", tag = "records",
    params(From, ("last-event-id" = Option<u64>, Header, description = "resume after this event")),
    responses(
        (status = 200, description = "the stream", content_type = "text/event-stream", body = String),
        (status = 429, description = "too many streams for this token", body = ProblemBody),
    ))]
pub(super) async fn follow(
    Of(state): Of<State>,
    caller: Caller,
    Query(from): Query<From>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let under_way = state.begin_wait(caller.token.id)?;
    let newest = state.newest_event();
    let last = last_event_id(&headers)?.or(from.after).unwrap_or(*newest.borrow());
    let heartbeat = KeepAlive::new().interval(state.settings.heartbeat).text("still here");
    let follower = Follower { state, newest, last, read: VecDeque::new(), _under_way: under_way };
    let mut response = Sse::new(follower.stream()).keep_alive(heartbeat).into_response();
    // A proxy that collects answers would hold the stream back.
    response.headers_mut().insert("x-accel-buffering", HeaderValue::from_static("no"));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

fn last_event_id(headers: &HeaderMap) -> Result<Option<u64>, Problem> {
    let wrong = || Problem::bad_request("`Last-Event-ID` is the number of an event");
    let Some(value) = headers.get("last-event-id") else { return Ok(None) };
    let text = value.to_str().map_err(|_| wrong())?;
    text.parse().map(Some).map_err(|_| wrong())
}

/// One stream, at its place in the record.
struct Follower {
    state: State,
    newest: watch::Receiver<u64>,
    last: u64,
    read: VecDeque<(u64, Recorded)>,
    _under_way: WaitUnderWay,
}

impl Follower {
    fn stream(self) -> impl Stream<Item = Result<Event, Infallible>> {
        stream::unfold(self, async |mut follower| {
            let (seq, event) = follower.next().await?;
            follower.last = seq;
            Some((Ok(shown(seq, &event)), follower))
        })
    }

    /// The next event; nothing when the server stops or the store fails: the browser then comes
    /// back with the last id it saw.
    async fn next(&mut self) -> Option<(u64, Recorded)> {
        loop {
            if let Some(next) = self.read.pop_front() {
                return Some(next);
            }
            self.newest.borrow_and_update();
            let (state, last) = (self.state.clone(), self.last);
            let page = state.blocking(move |state| state.store().events_after(last, PAGE));
            self.read = page.await.ok()?.into();
            if self.read.is_empty() {
                tokio::select! {
                    changed = self.newest.changed() => changed.ok()?,
                    () = self.state.stopped() => return None,
                }
            }
        }
    }
}

fn shown(seq: u64, event: &Recorded) -> Event {
    Event::default().id(seq.to_string()).event(one_line(&event.kind)).data(data(seq, event))
}

fn one_line(text: &str) -> String {
    text.replace(['\r', '\n', '\0'], " ")
}

/// The event as one line of JSON.
fn data(seq: u64, event: &Recorded) -> String {
    let text = |text: &str| serde_json::Value::from(text).to_string();
    let body = match serde_json::from_str::<&serde_json::value::RawValue>(&event.body) {
        Ok(_) => one_line(&event.body),
        Err(_) => "null".to_owned(),
    };
    let at = text(&event.at.to_string());
    let request = event.request.map(|id| text(&RequestId(id).to_string()));
    let request = request.unwrap_or_else(|| "null".to_owned());
    let kind = text(&event.kind);
    format!(r#"{{"seq":{seq},"at":{at},"kind":{kind},"request":{request},"body":{body}}}"#)
}

/// Looks for new events, whoever recorded them, until the server stops.
pub(super) async fn tail(state: State) {
    let mut changes = state.approvals.subscribe();
    loop {
        match state.blocking(|state| state.store().newest_event()).await {
            Ok(newest) => state.saw_event(newest),
            Err(problem) => tracing::warn!(?problem, "events cannot be read"),
        }
        tokio::select! {
            () = state.stopped() => return,
            _ = changes.recv() => {}
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}
