//! `/v1/delegations`: for a time, somebody votes for somebody else.

use super::body::Strict;
use super::caller::Caller;
use super::decisions::time;
use super::openapi::ProblemBody;
use super::problem::Problem;
use super::state::State;
use crate::approvals::DelegationView;
use axum::Json;
use axum::extract::{Path, State as Of};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The delegations that have not ended.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Delegations {
    /// The delegations.
    items: Vec<DelegationView>,
}

/// To whom, and how long.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Delegate {
    /// The person who is to vote.
    to: String,
    /// From when, RFC 3339; from now on where absent.
    #[serde(default)]
    from: Option<String>,
    /// Until when, RFC 3339.
    until: String,
}

/// List delegations
#[utoipa::path(get, path = "/v1/delegations", tag = "people", responses(
    (status = 200, body = Delegations),
    (status = "4XX", body = ProblemBody),
))]
pub(super) async fn list(Of(state): Of<State>) -> Result<Json<Delegations>, Problem> {
    let items = state.blocking(|state| state.approvals.delegations()).await?;
    Ok(Json(Delegations { items }))
}

/// Let somebody vote for oneself, for a time
#[utoipa::path(post, path = "/v1/delegations", tag = "people", request_body = Delegate, responses(
    (status = 201, body = DelegationView),
    (status = "4XX", body = ProblemBody),
))]
pub(super) async fn create(
    Of(state): Of<State>,
    caller: Caller,
    Strict(body): Strict<Delegate>,
) -> Result<(StatusCode, Json<DelegationView>), Problem> {
    let by = caller.approver()?;
    let from = body.from.map(|text| time("from", &text)).transpose()?;
    let from = from.unwrap_or_else(|| state.clock.now());
    let until = time("until", &body.until)?;
    let given = state.approvals.delegate(&by, &body.to, from, until).await?;
    Ok((StatusCode::CREATED, Json(given)))
}

/// End a delegation; either person may
#[utoipa::path(delete, path = "/v1/delegations/{id}", tag = "people",
    params(("id" = String, Path)),
    responses((status = 200, body = DelegationView), (status = "4XX", body = ProblemBody)))]
pub(super) async fn end(
    Of(state): Of<State>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<DelegationView>, Problem> {
    let by = caller.approver()?;
    Ok(Json(state.approvals.end_delegation(&by, &id).await?))
}
