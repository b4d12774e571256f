//! `Idempotency-Key`: a write that is sent again is answered again, not done again.
//!
//! The answer is kept for a day under the token and the key, with a digest of the request.

use super::body;
use super::caller::Caller;
use super::problem::Problem;
use super::state::State;
use crate::store::{Item, StoreError, Transaction, perform};
use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fence_engine::scalar::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// The header.
pub(super) const HEADER: &str = "idempotency-key";
/// The kind of item that a kept answer is.
const KIND: &str = "reply";
/// Answers are kept for a day.
const KEPT: i64 = 24 * 3600 * 1_000_000;
/// The longest key.
const MAX_KEY: usize = 255;
/// The largest answer, in bytes; answers are not larger than what was asked, and a little.
const MAX_ANSWER: usize = 64 << 20;

/// A kept answer.
#[derive(Serialize, Deserialize)]
struct Kept {
    /// Of method, path and body, in base64.
    digest: String,
    /// The server run that began it.
    run: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    answer: Option<Answer>,
}

#[derive(Clone, Serialize, Deserialize)]
struct Answer {
    status: u16,
    #[serde(default)]
    content_type: Option<String>,
    /// In base64.
    body: String,
}

/// What was found under a key.
enum Found {
    /// Nothing: this request is the first.
    First([u8; 16]),
    /// The answer.
    Answered(Answer),
    /// Another request.
    Other,
    /// The same, still under way.
    Running,
}

/// Answers from what was kept, or lets the request through and keeps its answer.
pub(super) async fn once(state: &State, request: Request, next: Next) -> Response {
    match kept_or_new(state, request, next).await {
        Ok(response) => response,
        Err(problem) => problem.into_response(),
    }
}

async fn kept_or_new(state: &State, request: Request, next: Next) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let key = key(parts.headers.get(HEADER), parts.extensions.get::<Caller>())?;
    let bytes = body::read(state, body).await?;
    let digest = digest(&parts.method, &parts.uri, &bytes);
    let place = match begin(state, key, digest).await? {
        Found::First(place) => place,
        Found::Answered(answer) => return Ok(replay(answer)),
        Found::Other => {
            let title = "this key was used for another request";
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            let detail = "give every request an `Idempotency-Key` of its own";
            return Err(Problem::new(status, "idempotency-key-reused", title).detail(detail));
        }
        Found::Running => {
            let title = "the same request is still under way";
            let problem = Problem::new(StatusCode::CONFLICT, "still-running", title);
            return Err(problem.header(header::RETRY_AFTER, HeaderValue::from_static("1")));
        }
    };
    let (state, request) = (state.clone(), Request::from_parts(parts, Body::from(bytes)));
    // In a task of its own, so that it ends with its answer kept even where nobody waits any more.
    let answering = tokio::spawn(async move {
        let mut unfinished = Unfinished { state: state.clone(), place: Some(place) };
        let response = next.run(request).await;
        unfinished.place = None;
        finish(&state, place, response).await
    });
    match answering.await {
        Ok(outcome) => outcome,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => Err(Problem::fault()),
        },
    }
}

/// Frees the key of a request whose handler failed: it may be sent again.
struct Unfinished {
    state: State,
    place: Option<[u8; 16]>,
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        let Some(place) = self.place else { return };
        let state = self.state.clone();
        drop(tokio::task::spawn_blocking(move || settle(&state, place, None)));
    }
}

/// The key within its token's own space, hashed.
fn key(given: Option<&HeaderValue>, caller: Option<&Caller>) -> Result<String, Problem> {
    let text = given.and_then(|value| value.to_str().ok()).map(str::trim).unwrap_or_default();
    if text.is_empty() || text.len() > MAX_KEY {
        let detail = "an `Idempotency-Key` has 1 to 255 visible characters";
        return Err(Problem::bad_request(detail));
    }
    let nobody = || Problem::bad_request("an `Idempotency-Key` needs a token");
    let token = caller.ok_or_else(nobody)?.token.id;
    let digest = Sha256::new_with_prefix(token.0).chain_update(text.as_bytes());
    Ok(STANDARD.encode(digest.finalize()))
}

fn digest(method: &Method, uri: &Uri, body: &[u8]) -> String {
    let path = uri.path_and_query().map_or("", |path| path.as_str());
    let head = format!("{method} {path}\n");
    STANDARD.encode(Sha256::new_with_prefix(head.as_bytes()).chain_update(body).finalize())
}

/// Claims the key, in one transaction: of two requests at once one is the first.
async fn begin(state: &State, key: String, digest: String) -> Result<Found, Problem> {
    let (now, run) = (state.clock.now(), state.run.to_string());
    let begun = perform::<_, StoreError>(state.store(), move |transaction| {
        claim(transaction, &key, &digest, &run, now)
    });
    Ok(begun.await?)
}

fn claim(
    transaction: &mut dyn Transaction,
    key: &str,
    digest: &str,
    run: &str,
    now: Timestamp,
) -> Result<Found, StoreError> {
    let mut id = *uuid::Uuid::now_v7().as_bytes();
    for item in transaction.live_items(KIND, key)? {
        let kept: Kept = read(&item)?;
        let current = item.due.is_none_or(|due| due > now);
        match kept.answer {
            _ if !current => {}
            _ if kept.digest != digest => return Ok(Found::Other),
            Some(answer) => return Ok(Found::Answered(answer)),
            None if kept.run == run => return Ok(Found::Running),
            // That run of the server ended without an answer; the request is made again.
            None => {}
        }
        id = item.id;
    }
    let kept = Kept { digest: digest.to_owned(), run: run.to_owned(), answer: None };
    transaction.put_item(&Item {
        kind: KIND.to_owned(),
        id,
        key: key.to_owned(),
        due: Some(Timestamp::from_micros(now.micros().saturating_add(KEPT))),
        body: write(&kept)?,
        ended_at: None,
    })?;
    Ok(Found::First(id))
}

/// Keeps the answer, unless it says that the server could not do its work now.
async fn finish(state: &State, place: [u8; 16], response: Response) -> Result<Response, Problem> {
    let (parts, body) = response.into_parts();
    let bytes = axum::body::to_bytes(body, MAX_ANSWER).await.map_err(|_| Problem::fault())?;
    let again = parts.status.is_server_error() || parts.status == StatusCode::TOO_MANY_REQUESTS;
    let content_type = parts.headers.get(header::CONTENT_TYPE);
    let answer = Answer {
        status: parts.status.as_u16(),
        content_type: content_type.and_then(|value| value.to_str().ok()).map(str::to_owned),
        body: STANDARD.encode(&bytes),
    };
    let answer = (!again).then_some(answer);
    state.blocking(move |state| settle(state, place, answer)).await?;
    Ok(Response::from_parts(parts, Body::from(bytes)))
}

/// Puts the answer in its place; without one, frees the key.
fn settle(state: &State, place: [u8; 16], answer: Option<Answer>) -> Result<(), StoreError> {
    let now = state.clock.now();
    let settled = perform::<_, StoreError>(state.store(), move |transaction| {
        let Some(mut item) = transaction.item(KIND, place)? else { return Ok(()) };
        match answer.clone() {
            Some(answer) => {
                let kept: Kept = read(&item)?;
                item.body = write(&Kept { answer: Some(answer), ..kept })?;
            }
            None => item.ended_at = Some(now),
        }
        transaction.put_item(&item)
    });
    settled.wait()
}

fn replay(answer: Answer) -> Response {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK);
    let body = STANDARD.decode(&answer.body).unwrap_or_default();
    let mut response = (status, body).into_response();
    let headers = response.headers_mut();
    headers.remove(header::CONTENT_TYPE);
    if let Some(value) = answer.content_type.and_then(|text| HeaderValue::from_str(&text).ok()) {
        headers.insert(header::CONTENT_TYPE, value);
    }
    headers.insert("idempotency-replayed", HeaderValue::from_static("true"));
    response
}

fn read(item: &Item) -> Result<Kept, StoreError> {
    let unreadable = |_| StoreError::Corrupt("a kept answer cannot be read".to_owned());
    serde_json::from_str(&item.body).map_err(unreadable)
}

fn write(kept: &Kept) -> Result<String, StoreError> {
    serde_json::to_string(kept).map_err(|error| StoreError::Refused(error.to_string()))
}
