//! What is refused whoever calls: foreign names and pages, tokens in URLs, bodies in disguise.
//!
//! This runs before anything is looked up, for every path, known or not.

use super::problem::Problem;
use super::state::State;
use crate::tokens::Secret;
use axum::extract::{Request, State as Of};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

/// Names under which people put secrets into URLs.
const SECRET_NAMES: [&str; 8] = [
    "token",
    "access_token",
    "auth_token",
    "bearer",
    "api_key",
    "apikey",
    "authorization",
    "secret",
];

/// The outermost layer.
pub(super) async fn check(Of(state): Of<State>, request: Request, next: Next) -> Response {
    let response = match refuse(&state, &request) {
        Some(problem) => problem.into_response(),
        None => next.run(request).await,
    };
    secure(response)
}

fn refuse(state: &State, request: &Request) -> Option<Problem> {
    let headers = request.headers();
    let host = match host(request) {
        Ok(host) => host,
        Err(problem) => return Some(problem),
    };
    if !state.settings.knows_host(&host) {
        let detail = "this server does not go by that name: see `[server] allowed_hosts`";
        return Some(Problem::forbidden("host", detail));
    }
    for origin in headers.get_all(header::ORIGIN) {
        let own = origin.to_str().is_ok_and(|origin| state.settings.is_own_origin(origin, &host));
        if !own {
            return Some(Problem::forbidden("origin", "pages from elsewhere are not answered"));
        }
    }
    in_url(request.uri()).or_else(|| in_disguise(state, headers))
}

/// The one host that is called.
fn host(request: &Request) -> Result<String, Problem> {
    let mut hosts = request.headers().get_all(header::HOST).iter();
    let bad = || Problem::bad_request("a request has one `Host` header");
    let host = hosts.next().and_then(|host| host.to_str().ok()).ok_or_else(bad)?;
    let same = |authority: &axum::http::uri::Authority| authority.as_str() == host;
    let agrees = request.uri().authority().is_none_or(same);
    if hosts.next().is_some() || !agrees {
        return Err(bad());
    }
    Ok(host.to_owned())
}

/// A secret in a URL ends up in logs and histories.
fn in_url(uri: &Uri) -> Option<Problem> {
    let query = uri.query().unwrap_or_default();
    let named = query.split('&').any(|pair| {
        let name = pair.split('=').next().unwrap_or_default();
        SECRET_NAMES.iter().any(|secret| name.eq_ignore_ascii_case(secret))
    });
    let detail = "a token belongs in the header `Authorization: Bearer …`, never in a URL; \
        treat this one as known to others and revoke it";
    let problem = || {
        Problem::new(StatusCode::BAD_REQUEST, "token-in-url", "a token stood in the URL")
            .detail(detail)
    };
    (named || Secret::looks_like(query) || Secret::looks_like(uri.path())).then(problem)
}

fn in_disguise(state: &State, headers: &HeaderMap) -> Option<Problem> {
    if headers.contains_key(header::CONTENT_ENCODING) {
        return Some(Problem::media_type("a body is sent as it is, without `Content-Encoding`"));
    }
    if headers.contains_key(header::TRANSFER_ENCODING) {
        // A length beside it is dropped before this is reached, so both are refused alike.
        let detail = "a body is sent with `Content-Length` alone, without `Transfer-Encoding`";
        return Some(Problem::bad_request(detail).header(header::CONNECTION, CLOSE));
    }
    let length = headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse::<u64>().ok()?;
    let limit = state.settings.max_body;
    let beyond = usize::try_from(length).map_or(true, |length| length > limit);
    beyond.then(|| Problem::too_large(limit).header(header::CONNECTION, CLOSE))
}

const CLOSE: HeaderValue = HeaderValue::from_static("close");

/// What a browser may do with an answer: nothing but show our own pages.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
    connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// The headers that every answer carries.
fn secure(mut response: Response) -> Response {
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (header::X_FRAME_OPTIONS, "DENY"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    response
}
