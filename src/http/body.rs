//! Bodies of requests: bounded, of the type they say, strict JSON.

use super::problem::Problem;
use super::state::State;
use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, StatusCode, header};
use fence_engine::json::{Json, Limits};
use serde::de::DeserializeOwned;

/// Reads a whole body within the limits of size and time.
///
/// # Errors
/// 413, 408, or 400 where it broke off.
pub(super) async fn read(state: &State, body: Body) -> Result<Bytes, Problem> {
    let (limit, within) = (state.settings.max_body, state.settings.request_timeout);
    match tokio::time::timeout(within, axum::body::to_bytes(body, limit)).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(error)) if is_too_large(&error) => Err(Problem::too_large(limit)),
        Ok(Err(_)) => Err(Problem::bad_request("the body broke off")),
        Err(_) => {
            let title = "the request took too long to arrive";
            Err(Problem::new(StatusCode::REQUEST_TIMEOUT, "too-slow", title))
        }
    }
}

fn is_too_large(error: &axum::Error) -> bool {
    let cause = std::error::Error::source(error);
    matches!(cause, Some(cause) if cause.is::<http_body_util::LengthLimitError>())
}

/// The media type of a request, without its parameters; nothing where there is none.
pub(super) fn media_type(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::CONTENT_TYPE)?.to_str().unwrap_or_default();
    let media_type = value.split(';').next().unwrap_or_default();
    Some(media_type.trim().to_ascii_lowercase())
}

/// A JSON body of a known shape. Strict: no duplicate or unknown keys. An absent one is `{}`.
#[derive(Debug)]
pub(super) struct Strict<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequest<State> for Strict<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &State) -> Result<Self, Problem> {
        let media_type = media_type(request.headers());
        let bytes = read(state, request.into_body()).await?;
        match media_type.as_deref() {
            Some("application/json") | None if bytes.is_empty() => parse(b"{}").map(Self),
            Some("application/json") => parse(&bytes).map(Self),
            _ => Err(Problem::media_type("send `Content-Type: application/json`")),
        }
    }
}

/// Reads strict JSON of a known shape.
///
/// # Errors
/// 400, with what is wrong.
pub(super) fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    // The strict reader sees the text first, so that both readers can only agree on it.
    let limits = Limits { bytes: usize::MAX >> 1, ..Limits::CALL };
    let strict = Json::parse_with(bytes, &limits);
    let strict = strict.map_err(|error| Problem::bad_request(error.to_string()))?;
    if strict.root().as_object().is_none() {
        return Err(Problem::bad_request("the body is a JSON object"));
    }
    let shape = |error: serde_json::Error| {
        Problem::bad_request(fence_engine::show::printable(&error.to_string(), 300))
    };
    serde_json::from_slice(bytes).map_err(shape)
}
