//! What an agent does with its requests: claims what was approved, says what became of it, gives a
//! dry-run result.

use super::body::Strict;
use super::caller::Caller;
use super::openapi::{CallBody, ProblemBody};
use super::problem::Problem;
use super::refusal::standing;
use super::requests::{request_id, seen, tagged};
use super::state::State;
use crate::ToolCall;
use crate::approvals::{Claimed, Finish, RequestView, digest, raw_json};
use axum::Json;
use axum::extract::{Path, State as Of};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use fence_engine::json::Json as Exact;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;

/// Which call the agent means to make.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Claim {
    /// Its digest, as the decision named it; another call than the approved one is refused.
    #[serde(default)]
    digest: Option<String>,
}

/// A released call: this one and no other, now and not again.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Released {
    /// The call to make, perhaps as people edited it.
    #[schema(value_type = CallBody)]
    call: CallOut,
    /// The request.
    request: RequestView,
}

/// A call as it leaves, every argument exact.
#[derive(Debug, Serialize)]
struct CallOut {
    tool: String,
    #[serde(serialize_with = "raw_json")]
    args: Exact,
    #[serde(skip_serializing_if = "Option::is_none")]
    agent: Option<AgentBody>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "raw")]
    context: Option<Exact>,
    #[serde(skip_serializing_if = "Option::is_none")]
    call_id: Option<String>,
}

#[derive(Debug, Serialize)]
struct AgentBody {
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    parents: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    roles: Option<Vec<String>>,
}

#[expect(clippy::ref_option, reason = "serde passes a reference")]
fn raw<S: serde::Serializer>(json: &Option<Exact>, to: S) -> Result<S::Ok, S::Error> {
    match json {
        Some(json) => raw_json(json, to),
        None => to.serialize_none(),
    }
}

impl From<ToolCall> for CallOut {
    fn from(call: ToolCall) -> Self {
        let agent = call.agent.map(|agent| AgentBody {
            id: agent.id,
            parents: agent.parents,
            roles: agent.roles,
        });
        Self {
            tool: call.tool,
            args: call.args,
            agent,
            user: call.user,
            session: call.session,
            context: call.context,
            call_id: call.call_id,
        }
    }
}

/// Claim an approved call
///
/// Answers 200 with the call to make, once; whoever comes second gets 409. The call is judged
/// again first: where today's policy asks for more, 409 `asked-again` with the new version; where
/// it denies, 403 `denied`.
#[utoipa::path(post, path = "/v1/requests/{id}/claim", tag = "agents", request_body = Claim,
    params(("id" = String, Path)),
    responses((status = 200, body = Released), (status = "4XX", body = ProblemBody)))]
pub(super) async fn claim(
    Of(state): Of<State>,
    caller: Caller,
    Path(id): Path<String>,
    Strict(body): Strict<Claim>,
) -> Result<Response, Problem> {
    let id = request_id(&id)?;
    let wrong = || Problem::bad_request("`digest` is `sha256:` and 64 hexadecimal digits");
    let meant = body.digest.map(|text| digest(&text).ok_or_else(wrong)).transpose()?;
    let by = caller.claimant(&seen(&state, &caller, id).await?)?;
    // What outside strategies say is asked before the claim, which may take its time.
    let receipt =
        state.blocking(move |state| Ok::<_, Problem>(state.approvals.claim(&by, id, meant)));
    match receipt.await?.await {
        Ok(Claimed::Released(call, request)) => {
            Ok(Json(Released { call: (*call).into(), request: *request }).into_response())
        }
        Ok(Claimed::Asked(request)) => Err(asked_again(&request)),
        Ok(Claimed::Denied(request)) => Err(denied(&request)),
        Err(error) => Err(standing(&state, id, error).await),
    }
}

fn asked_again(request: &RequestView) -> Problem {
    let title = "today's policy asks for more than was approved: people are asked anew";
    Problem::new(StatusCode::CONFLICT, "asked-again", title)
        .member("version", request.version)
        .member("state", request.state)
        .member("digest", request.digest.as_str())
}

fn denied(request: &RequestView) -> Problem {
    let reason = request.outcome.as_ref().and_then(|outcome| outcome.reason.clone());
    let title = "today's policy denies the call: the approval is void";
    Problem::new(StatusCode::FORBIDDEN, "denied", title)
        .detail(reason.unwrap_or_else(|| title.to_owned()))
        .member("state", request.state)
}

/// What became of a released call.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Outcome {
    /// `done` or `failed`.
    result: Became,
    /// What there is to say of it.
    #[serde(default)]
    note: Option<String>,
}

/// Whether the call was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Became {
    /// It was made.
    Done,
    /// It failed.
    Failed,
}

/// Say what became of a released call
///
/// A call that nobody says anything of ends as `unknown`.
#[utoipa::path(post, path = "/v1/requests/{id}/result", tag = "agents", request_body = Outcome,
    params(("id" = String, Path)),
    responses((status = 200, body = RequestView), (status = "4XX", body = ProblemBody)))]
pub(super) async fn result(
    Of(state): Of<State>,
    caller: Caller,
    Path(id): Path<String>,
    Strict(body): Strict<Outcome>,
) -> Result<Response, Problem> {
    let id = request_id(&id)?;
    let by = caller.claimant(&seen(&state, &caller, id).await?)?;
    let finish = Finish { failed: body.result == Became::Failed, note: body.note };
    match state.approvals.result(&by, id, finish).await {
        Ok(view) => Ok(tagged(view)),
        Err(error) => Err(standing(&state, id, error).await),
    }
}

/// A dry-run result.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Preview {
    /// What the call would do: any JSON, taken exactly.
    #[schema(value_type = Object)]
    preview: Box<RawValue>,
}

/// Give a dry-run result for people to look at
///
/// Another one than before makes a new version, without votes.
#[utoipa::path(post, path = "/v1/requests/{id}/preview", tag = "agents", request_body = Preview,
    params(("id" = String, Path)),
    responses((status = 200, body = RequestView), (status = "4XX", body = ProblemBody)))]
pub(super) async fn preview(
    Of(state): Of<State>,
    caller: Caller,
    Path(id): Path<String>,
    Strict(body): Strict<Preview>,
) -> Result<Response, Problem> {
    let id = request_id(&id)?;
    let preview = Exact::parse(body.preview.get().as_bytes());
    let preview = preview.map_err(|error| Problem::bad_request(error.to_string()))?;
    let by = caller.claimant(&seen(&state, &caller, id).await?)?;
    match state.approvals.preview(&by, id, preview).await {
        Ok(view) => Ok(tagged(view)),
        Err(error) => Err(standing(&state, id, error).await),
    }
}
