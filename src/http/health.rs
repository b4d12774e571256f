//! `/healthz`, `/livez`, `/readyz`, `/metrics`.

use super::metrics::MEDIA_TYPE;
use super::problem::Problem;
use super::state::{State, store_answers};
use axum::Json;
use axum::extract::State as Of;
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use serde::Serialize;
use utoipa::ToSchema;

/// That the server is well.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Health {
    /// `ok`.
    status: &'static str,
}

const OK: Json<Health> = Json(Health { status: "ok" });

/// Is the server up, and does its store answer
#[utoipa::path(get, path = "/healthz", tag = "operation", responses(
    (status = 200, body = Health),
    (status = 503, body = super::openapi::ProblemBody),
))]
pub(super) async fn healthz(of: Of<State>) -> Result<Json<Health>, Problem> {
    readyz(of).await
}

/// Is the server up
#[utoipa::path(get, path = "/livez", tag = "operation", responses((status = 200, body = Health)))]
pub(super) async fn livez() -> Json<Health> {
    OK
}

/// Can the server decide: does its store answer
#[utoipa::path(get, path = "/readyz", tag = "operation", responses(
    (status = 200, body = Health),
    (status = 503, body = super::openapi::ProblemBody),
))]
pub(super) async fn readyz(Of(state): Of<State>) -> Result<Json<Health>, Problem> {
    state.blocking(|state| store_answers(state.store())).await?;
    Ok(OK)
}

/// What Prometheus reads
#[utoipa::path(get, path = "/metrics", tag = "operation", responses(
    (status = 200, description = "OpenMetrics text", body = String),
    (status = "4XX", body = super::openapi::ProblemBody),
))]
pub(super) async fn metrics(Of(state): Of<State>) -> Result<Response, Problem> {
    let count = |state: &State| open_requests(state);
    let open = state.blocking(count).await?;
    state.metrics.open_requests(open);
    let text = state.metrics.expose().map_err(|_| Problem::fault())?;
    Ok(([(header::CONTENT_TYPE, MEDIA_TYPE)], text).into_response())
}

fn open_requests(state: &State) -> Result<u64, Problem> {
    let query = crate::approvals::RequestQuery { limit: Some(1), ..Default::default() };
    Ok(state.approvals.list(&query)?.open)
}
