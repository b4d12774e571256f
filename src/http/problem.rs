//! Errors as RFC 9457 problem details: `application/problem+json` with a stable `type`.

use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value};

/// The media type of an error.
pub(super) const MEDIA_TYPE: &str = "application/problem+json";
/// What every `type` starts with; the rest names the kind of problem and never changes.
pub(super) const TYPE: &str = "urn:fence:problem:";

/// One error as it is answered.
#[derive(Clone, Debug)]
pub struct Problem {
    /// The HTTP status.
    pub status: StatusCode,
    /// What kind of problem, in kebab-case: the end of its `type`.
    pub code: &'static str,
    members: Map<String, Value>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl Problem {
    /// A problem with a title: the same for every problem of this kind.
    #[must_use]
    pub fn new(status: StatusCode, code: &'static str, title: &str) -> Self {
        let mut members = Map::new();
        members.insert("type".to_owned(), format!("{TYPE}{code}").into());
        members.insert("status".to_owned(), status.as_u16().into());
        members.insert("title".to_owned(), title.into());
        Self { status, code, members, headers: Vec::new() }
    }

    /// What is wrong with this request in particular.
    #[must_use]
    pub fn detail(self, detail: impl Into<String>) -> Self {
        let detail: String = detail.into();
        self.member("detail", detail)
    }

    /// The same with another status.
    #[must_use]
    pub(super) fn status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self.member("status", status.as_u16())
    }

    /// One more member of the answer.
    #[must_use]
    pub fn member(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.members.insert(name.to_owned(), value.into());
        self
    }

    /// One more header of the answer.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// 400: the request makes no sense.
    #[must_use]
    pub fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad-request", "the request makes no sense")
            .detail(detail)
    }

    /// 401: nobody, or nobody known.
    #[must_use]
    pub fn unauthorized(detail: &str) -> Self {
        let challenge = HeaderValue::from_static("Bearer realm=\"fence\"");
        Self::new(StatusCode::UNAUTHORIZED, "unauthorized", "a valid token is needed")
            .detail(detail)
            .header(header::WWW_AUTHENTICATE, challenge)
    }

    /// 403: somebody who may not.
    #[must_use]
    pub fn forbidden(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, code, "this is not allowed").detail(detail)
    }

    /// 404: there is no such thing, or none that the caller may know of.
    #[must_use]
    pub fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not-found", "there is no such thing").detail(detail)
    }

    /// 415: a body that is not read.
    #[must_use]
    pub fn media_type(detail: impl Into<String>) -> Self {
        let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
        Self::new(status, "media-type", "the body is of a type that is not read").detail(detail)
    }

    /// 413: a body beyond the limit.
    #[must_use]
    pub fn too_large(limit: usize) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", "the body is too large")
            .detail(format!("at most {limit} bytes are read; `[server] max_body` sets the limit"))
            .member("limit", limit)
    }

    /// 503: the store failed; whatever was asked for did not happen.
    #[must_use]
    pub fn store(error: &crate::store::StoreError) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "store", "the store does not answer")
            .detail(error.to_string())
            .header(header::RETRY_AFTER, HeaderValue::from_static("1"))
    }

    /// 429: later, after so many seconds.
    #[must_use]
    pub fn too_many(detail: &str, seconds: u32) -> Self {
        Self::new(StatusCode::TOO_MANY_REQUESTS, "too-many", "too much at once")
            .detail(detail)
            .header(header::RETRY_AFTER, seconds.into())
    }

    /// 500: a fault of Fence itself; nothing was allowed.
    #[must_use]
    pub fn fault() -> Self {
        let title = "Fence itself made a mistake; nothing was allowed";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "fault", title)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = Value::Object(self.members).to_string();
        let mut response = (self.status, body).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
        for (name, value) in self.headers {
            headers.insert(name, value);
        }
        response
    }
}

impl From<crate::store::StoreError> for Problem {
    fn from(error: crate::store::StoreError) -> Self {
        Self::store(&error)
    }
}

impl From<crate::gate::GateError> for Problem {
    fn from(error: crate::gate::GateError) -> Self {
        match error {
            crate::gate::GateError::Store(error) => Self::store(&error),
            crate::gate::GateError::Lost => Self::store(&crate::store::StoreError::Closed),
        }
    }
}

impl From<crate::tokens::TokenError> for Problem {
    fn from(error: crate::tokens::TokenError) -> Self {
        match error {
            crate::tokens::TokenError::Store(error) => Self::store(&error),
            other => Self::bad_request(other.to_string()),
        }
    }
}
