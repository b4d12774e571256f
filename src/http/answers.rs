//! What people answer: approve, reject, withdraw a vote, revoke, cancel.

use super::body::Strict;
use super::caller::Caller;
use super::openapi::ProblemBody;
use super::problem::Problem;
use super::refusal::{precondition, standing};
use super::requests::{request_id, seen, tagged};
use super::state::State;
use crate::approvals::{
    Approval, Canceller, FieldEdit, Receipt, RequestId, RequestView, Target, digest, read_offer,
};
use axum::extract::{Path, State as Of};
use axum::http::{HeaderMap, header};
use axum::response::Response;
use fence_engine::json::Json as Exact;
use serde::Deserialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

/// What an approver was looking at, and what they say.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Approve {
    /// The version that was shown, here or in `If-Match`; another one is refused.
    #[serde(default)]
    version: Option<u32>,
    /// The digest that was shown; another one is refused.
    #[serde(default)]
    digest: Option<String>,
    /// The person's words.
    #[serde(default)]
    note: Option<String>,
    /// What of the call is to be different; the edited call is judged again.
    #[serde(default)]
    edits: Vec<Edit>,
    /// A grant that the rule offers: `once`, `session`, `1h`, `10`.
    #[serde(default)]
    grant: Option<String>,
    /// The person for whom this one votes, by delegation.
    #[serde(default)]
    on_behalf_of: Option<String>,
    /// Approve for everybody, in an emergency: needs the right and a note.
    #[serde(default)]
    break_glass: bool,
}

/// One field with its new value.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Edit {
    /// The field as a policy writes it, such as `args.to`.
    field: String,
    /// What it is to be: any JSON, taken exactly.
    #[schema(value_type = Object)]
    value: Box<RawValue>,
}

/// A refusal, or another answer that needs a reason.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Because {
    /// The version that was shown; another one is refused.
    #[serde(default)]
    version: Option<u32>,
    /// The digest that was shown; another one is refused.
    #[serde(default)]
    digest: Option<String>,
    /// Why.
    #[serde(default)]
    reason: String,
    /// The person for whom this one refuses, by delegation.
    #[serde(default)]
    on_behalf_of: Option<String>,
}

/// Approve a request
///
/// Counts as the vote of the token's person. The same vote again changes nothing. A request that
/// has changed since it was shown answers 409 (412 with `If-Match`) with its new `version`; one that
/// ended, 409 with its `state`; one that expired, 410.
#[utoipa::path(post, path = "/v1/requests/{id}/approve", tag = "people", request_body = Approve,
    params(("id" = String, Path), ("if-match" = Option<String>, Header, description = "the version")),
    responses((status = 200, body = RequestView), (status = "4XX", body = ProblemBody)))]
pub(super) async fn approve(
    Of(state): Of<State>,
    caller: Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
    Strict(body): Strict<Approve>,
) -> Result<Response, Problem> {
    let by = caller.approver()?;
    let shown = Shown::new(&id, &headers, body.version, body.digest.as_deref())?;
    if shown.target.version.is_none() {
        let unseen = "say what was looked at: give the `version`, or `If-Match`";
        return Err(Problem::bad_request(unseen));
    }
    let offer = |text: String| {
        let wrong = "`grant` is `once`, `session`, a duration such as `1h`, or a number of calls";
        read_offer(&text).ok_or_else(|| Problem::bad_request(wrong))
    };
    let with = Approval {
        note: body.note,
        edits: body.edits.into_iter().map(edit).collect::<Result<_, _>>()?,
        grant: body.grant.map(offer).transpose()?,
        on_behalf_of: body.on_behalf_of,
        break_glass: body.break_glass,
    };
    shown.settle(&state, state.approvals.approve(&by, &shown.target, with)).await
}

fn edit(edit: Edit) -> Result<FieldEdit, Problem> {
    let value = Exact::parse(edit.value.get().as_bytes());
    let value = value.map_err(|error| Problem::bad_request(error.to_string()))?;
    Ok(FieldEdit { field: edit.field, value })
}

/// Refuse a request
///
/// One refusal is enough. A reason is needed.
#[utoipa::path(post, path = "/v1/requests/{id}/reject", tag = "people", request_body = Because,
    params(("id" = String, Path), ("if-match" = Option<String>, Header, description = "the version")),
    responses((status = 200, body = RequestView), (status = "4XX", body = ProblemBody)))]
pub(super) async fn reject(
    Of(state): Of<State>,
    caller: Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
    Strict(body): Strict<Because>,
) -> Result<Response, Problem> {
    let by = caller.approver()?;
    let shown = Shown::new(&id, &headers, body.version, body.digest.as_deref())?;
    let on_behalf_of = body.on_behalf_of.as_deref();
    let refused = state.approvals.refuse(&by, &shown.target, on_behalf_of, &body.reason);
    shown.settle(&state, refused).await
}

/// Take a vote back while the request still waits
#[utoipa::path(post, path = "/v1/requests/{id}/withdraw", tag = "people", request_body = Because,
    params(("id" = String, Path), ("if-match" = Option<String>, Header, description = "the version")),
    responses((status = 200, body = RequestView), (status = "4XX", body = ProblemBody)))]
pub(super) async fn withdraw(
    Of(state): Of<State>,
    caller: Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
    Strict(body): Strict<Because>,
) -> Result<Response, Problem> {
    let by = caller.approver()?;
    let shown = Shown::new(&id, &headers, body.version, body.digest.as_deref())?;
    shown.settle(&state, state.approvals.withdraw_vote(&by, &shown.target)).await
}

/// Take an approval back before it is used
#[utoipa::path(post, path = "/v1/requests/{id}/revoke", tag = "people", request_body = Because,
    params(("id" = String, Path), ("if-match" = Option<String>, Header, description = "the version")),
    responses((status = 200, body = RequestView), (status = "4XX", body = ProblemBody)))]
pub(super) async fn revoke(
    Of(state): Of<State>,
    caller: Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
    Strict(body): Strict<Because>,
) -> Result<Response, Problem> {
    let by = caller.approver()?;
    let shown = Shown::new(&id, &headers, body.version, body.digest.as_deref())?;
    shown.settle(&state, state.approvals.revoke(&by, &shown.target, &body.reason)).await
}

/// Withdraw a request that is no longer wanted
///
/// The agent that made it may, and people may.
#[utoipa::path(post, path = "/v1/requests/{id}/cancel", tag = "people", request_body = Because,
    params(("id" = String, Path)),
    responses((status = 200, body = RequestView), (status = "4XX", body = ProblemBody)))]
pub(super) async fn cancel(
    Of(state): Of<State>,
    caller: Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
    Strict(body): Strict<Because>,
) -> Result<Response, Problem> {
    let shown = Shown::new(&id, &headers, body.version, body.digest.as_deref())?;
    let view = seen(&state, &caller, shown.target.id).await?;
    let by = match caller.agency() {
        Some(_) => Canceller::Agent(caller.claimant(&view)?),
        None => Canceller::Person(caller.approver()?),
    };
    shown.settle(&state, state.approvals.cancel(&by, shown.target.id, &body.reason)).await
}

/// What the caller was looking at.
struct Shown {
    target: Target,
    /// Whether `If-Match` said so.
    conditional: bool,
}

impl Shown {
    fn new(
        id: &str,
        headers: &HeaderMap,
        version: Option<u32>,
        shown: Option<&str>,
    ) -> Result<Self, Problem> {
        let id: RequestId = request_id(id)?;
        let tag = headers.get(header::IF_MATCH).map(if_match).transpose()?.flatten();
        let conditional = tag.is_some();
        if tag.is_some() && version.is_some() && tag != version {
            return Err(Problem::bad_request("`If-Match` and `version` name different versions"));
        }
        let wrong = || Problem::bad_request("`digest` is `sha256:` and 64 hexadecimal digits");
        let digest = shown.map(|text| digest(text).ok_or_else(wrong)).transpose()?;
        Ok(Self { target: Target { id, version: tag.or(version), digest }, conditional })
    }

    /// The request as it is afterwards, or why nothing changed.
    async fn settle(
        &self,
        state: &State,
        receipt: Receipt<RequestView>,
    ) -> Result<Response, Problem> {
        match receipt.await {
            Ok(view) => Ok(tagged(view)),
            Err(error) => {
                let problem = standing(state, self.target.id, error).await;
                Err(if self.conditional { precondition(problem) } else { problem })
            }
        }
    }
}

/// The version in `If-Match: "3"`; nothing for `*`.
fn if_match(value: &axum::http::HeaderValue) -> Result<Option<u32>, Problem> {
    let wrong = || Problem::bad_request("`If-Match` is a version in quotes, as in `ETag`");
    let text = value.to_str().map_err(|_| wrong())?.trim();
    if text == "*" {
        return Ok(None);
    }
    let version = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
    version.and_then(|version| version.parse().ok()).map(Some).ok_or_else(wrong)
}
