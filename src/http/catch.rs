//! A panic in a handler: a refusal, a record, and a server that stays up.

use super::problem::Problem;
use super::state::State;
use axum::extract::{Request, State as Of};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use futures_util::FutureExt as _;
use std::panic::AssertUnwindSafe;
use std::time::Instant;

/// Counts, logs and, where it must, catches.
pub(super) async fn catch(Of(state): Of<State>, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let method = request.method().clone();
    // Never the path as it was sent: it may hold anything.
    let route = route(&request);
    let span = super::trace::span(&method, &route, request.headers());
    let answering = AssertUnwindSafe(next.run(request)).catch_unwind();
    let response = match tracing::Instrument::instrument(answering, span.clone()).await {
        Ok(response) => response,
        Err(_) => fault(&state, method.as_str(), &route).await,
    };
    let status = response.status();
    state.metrics.answered(method.as_str(), &route, status.as_u16());
    let took = started.elapsed();
    span.in_scope(|| tracing::info!(%method, route, status = status.as_u16(), ?took, "answered"));
    response
}

fn route(request: &Request) -> String {
    let matched = request.extensions().get::<axum::extract::MatchedPath>();
    matched.map_or("(unknown)", axum::extract::MatchedPath::as_str).to_owned()
}

async fn fault(state: &State, method: &str, route: &str) -> Response {
    tracing::error!(method, route, "a handler failed");
    state.metrics.panicked();
    let members = [("method", Some(method)), ("route", Some(route))];
    let event = crate::note::note(state.clock.now(), "http.fault", &members);
    // Recorded where that is possible; refused either way.
    let recorded = state.record(event).await.is_ok();
    Problem::fault().member("decision", "deny").member("recorded", recorded).into_response()
}
