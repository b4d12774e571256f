//! `/v1/grants`: approvals that cover later calls, listed and revoked. They are given with an
//! approval, never by themselves.

use super::body::Strict;
use super::caller::Caller;
use super::openapi::ProblemBody;
use super::problem::Problem;
use super::state::State;
use crate::approvals::GrantView;
use axum::Json;
use axum::extract::{Path, State as Of};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Every grant that has not ended.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Grants {
    /// The grants.
    items: Vec<GrantView>,
}

/// List the grants in force
#[utoipa::path(get, path = "/v1/grants", tag = "people", responses(
    (status = 200, body = Grants),
    (status = "4XX", body = ProblemBody),
))]
pub(super) async fn list(Of(state): Of<State>) -> Result<Json<Grants>, Problem> {
    let items = state.blocking(|state| state.approvals.grants()).await?;
    Ok(Json(Grants { items }))
}

/// Why something ends.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Reason {
    /// Why.
    #[serde(default)]
    reason: String,
}

/// Revoke a grant
#[utoipa::path(post, path = "/v1/grants/{id}/revoke", tag = "people", request_body = Reason,
    params(("id" = String, Path)),
    responses((status = 200, body = GrantView), (status = "4XX", body = ProblemBody)))]
pub(super) async fn revoke(
    Of(state): Of<State>,
    caller: Caller,
    Path(id): Path<String>,
    Strict(body): Strict<Reason>,
) -> Result<Json<GrantView>, Problem> {
    let by = caller.approver()?;
    Ok(Json(state.approvals.revoke_grant(&by, &id, &body.reason).await?))
}

/// Revoke a grant, the short way
#[utoipa::path(delete, path = "/v1/grants/{id}", tag = "people",
    params(("id" = String, Path)),
    responses((status = 200, body = GrantView), (status = "4XX", body = ProblemBody)))]
pub(super) async fn delete(
    Of(state): Of<State>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<GrantView>, Problem> {
    let by = caller.approver()?;
    Ok(Json(state.approvals.revoke_grant(&by, &id, "revoked over HTTP without a reason").await?))
}
