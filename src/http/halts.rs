//! `/v1/halts`: the stop button.

use super::body::Strict;
use super::caller::Caller;
use super::openapi::ProblemBody;
use super::problem::Problem;
use super::state::State;
use crate::approvals::{HaltScope, HaltView};
use axum::Json;
use axum::extract::State as Of;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What is halted.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Halts {
    /// The halts.
    items: Vec<HaltView>,
}

/// What to halt or resume: everything, one agent, or one session.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Scope {
    /// `true` for every call of everybody; must be said.
    #[serde(default)]
    everything: bool,
    /// This agent, and those that work for it.
    #[serde(default)]
    agent: Option<String>,
    /// This session.
    #[serde(default)]
    session: Option<String>,
    /// Why.
    #[serde(default)]
    reason: String,
}

impl Scope {
    fn scope(&self) -> Result<HaltScope, Problem> {
        match (self.everything, &self.agent, &self.session) {
            (true, None, None) => Ok(HaltScope::Everything),
            (false, Some(agent), None) => Ok(HaltScope::Agent(agent.clone())),
            (false, None, Some(session)) => Ok(HaltScope::Session(session.clone())),
            _ => {
                let detail = "name one of `everything` (as `true`), `agent` and `session`";
                Err(Problem::bad_request(detail))
            }
        }
    }
}

/// List what is halted
#[utoipa::path(get, path = "/v1/halts", tag = "people", responses(
    (status = 200, body = Halts),
    (status = "4XX", body = ProblemBody),
))]
pub(super) async fn list(Of(state): Of<State>) -> Result<Json<Halts>, Problem> {
    let items = state.blocking(|state| state.approvals.halts()).await?;
    Ok(Json(Halts { items }))
}

/// Halt: deny every call in a scope until somebody resumes it
#[utoipa::path(post, path = "/v1/halts", tag = "people", request_body = Scope, responses(
    (status = 201, body = HaltView),
    (status = "4XX", body = ProblemBody),
))]
pub(super) async fn halt(
    Of(state): Of<State>,
    caller: Caller,
    Strict(body): Strict<Scope>,
) -> Result<(StatusCode, Json<HaltView>), Problem> {
    let by = caller.approver()?;
    let halt = state.approvals.halt(&by, body.scope()?, &body.reason).await?;
    Ok((StatusCode::CREATED, Json(halt)))
}

/// Whether there was a halt to end.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Resumed {
    /// Whether there was.
    resumed: bool,
}

/// End a halt
#[utoipa::path(post, path = "/v1/halts/resume", tag = "people", request_body = Scope, responses(
    (status = 200, body = Resumed),
    (status = "4XX", body = ProblemBody),
))]
pub(super) async fn resume(
    Of(state): Of<State>,
    caller: Caller,
    Strict(body): Strict<Scope>,
) -> Result<Json<Resumed>, Problem> {
    let by = caller.approver()?;
    let resumed = state.approvals.resume(&by, body.scope()?, &body.reason).await?;
    Ok(Json(Resumed { resumed }))
}
