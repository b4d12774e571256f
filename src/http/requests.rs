//! `GET /v1/requests`, `GET /v1/requests/{id}`: who waits for an answer; one request in full, now or
//! when it was answered.

use super::caller::Caller;
use super::openapi::ProblemBody;
use super::problem::Problem;
use super::query::Query;
use super::state::State;
use crate::approvals::{ApprovalError, RequestId, RequestQuery, RequestSummary, RequestView};
use axum::Json;
use axum::extract::{Path, State as Of};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use fence_engine::approval::RequestState;
use fence_engine::scalar::Duration as Wait;
use serde::{Deserialize, Serialize};
use std::time::{Duration, Instant};
use utoipa::{IntoParams, ToSchema};

/// Which requests are wanted.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Filter {
    /// In these states, with commas between; `all` for any; without it those that wait: `pending`
    state: Option<String>,
    /// Of this agent; an agent sees its own alone
    agent: Option<String>,
    /// For this tool, exactly
    tool: Option<String>,
    /// In this session, exactly
    session: Option<String>,
    /// That this rule asks for, exactly
    rule: Option<String>,
    /// Whose record holds this text
    text: Option<String>,
    /// So many are passed over: `next` of the page before
    after: Option<u64>,
    /// At most so many (50; at most 500)
    limit: Option<u32>,
}

/// Requests: those that wait, next deadline first; others newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Requests {
    /// The requests.
    items: Vec<RequestSummary>,
    /// `after` for the next page; absent on the last.
    next: Option<u64>,
    /// How many requests wait for people, of whomever; absent for an agent.
    open: Option<u64>,
}

/// List requests for approval
#[utoipa::path(get, path = "/v1/requests", tag = "people", params(Filter), responses(
    (status = 200, body = Requests),
    (status = "4XX", body = ProblemBody),
))]
pub(super) async fn list(
    Of(state): Of<State>,
    caller: Caller,
    Query(filter): Query<Filter>,
) -> Result<Json<Requests>, Problem> {
    let mut query = filter.query()?;
    let agency = caller.agency();
    if let Some(agency) = agency {
        query.agent = Some(agency.agent.clone());
    }
    let page = state.blocking(move |state| state.approvals.list(&query)).await?;
    let open = agency.is_none().then_some(page.open);
    Ok(Json(Requests { items: page.items, next: page.next, open }))
}

impl Filter {
    fn query(self) -> Result<RequestQuery, Problem> {
        let all = self.state.as_deref() == Some("all");
        let states = self.state.as_deref().filter(|_| !all).map(states).transpose()?;
        Ok(RequestQuery {
            states: states.unwrap_or_default(),
            all,
            agent: self.agent,
            tool: self.tool,
            session: self.session,
            rule: self.rule,
            text: self.text,
            skip: self.after.unwrap_or(0),
            limit: self.limit,
        })
    }
}

fn states(text: &str) -> Result<Vec<RequestState>, Problem> {
    let state = |word: &str| {
        let found = RequestState::TABLE.iter().find(|(_, known)| *known == word.trim());
        found.map(|(state, _)| *state)
    };
    let known: Vec<_> = RequestState::TABLE.iter().map(|(_, word)| *word).collect();
    let wrong =
        || Problem::bad_request(format!("`state` is `all` or some of {}", known.join(", ")));
    text.split(',').map(|word| state(word).ok_or_else(wrong)).collect()
}

/// How one request is wanted.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Look {
    /// Wait so long for an outcome, such as `30s`; the server sets a limit (60 s)
    wait: Option<String>,
    /// This version; without it the newest
    version: Option<u32>,
}

/// One request in full
///
/// With `wait` the answer comes as soon as the request no longer waits for people, and after that
/// time at the latest, however it stands then. `ETag` is the version, for `If-Match`.
#[utoipa::path(get, path = "/v1/requests/{id}", tag = "people",
    params(Look, ("id" = String, Path, description = "the request's id")),
    responses(
        (status = 200, body = RequestView, headers(("etag", description = "the version"))),
        (status = 429, description = "too many waits for this token", body = ProblemBody),
        (status = "4XX", body = ProblemBody),
    ))]
pub(super) async fn one(
    Of(state): Of<State>,
    caller: Caller,
    Path(id): Path<String>,
    Query(look): Query<Look>,
) -> Result<Response, Problem> {
    let id = request_id(&id)?;
    let view = match look.version {
        Some(version) => {
            let view = state.blocking(move |state| state.approvals.version(id, version)).await?;
            visible(&caller, &view)?;
            view
        }
        None => seen(&state, &caller, id).await?,
    };
    let view = match (&look.wait, view.state) {
        (Some(wait), "pending") if look.version.is_none() => {
            let within = duration(wait)?.min(state.settings.max_wait);
            let _under_way = state.begin_wait(caller.token.id)?;
            wait_for(&state, id, within).await?
        }
        _ => view,
    };
    Ok(tagged(view))
}

/// The request as it stands when it was answered, the time is over, or the server stops.
async fn wait_for(state: &State, id: RequestId, within: Duration) -> Result<RequestView, Problem> {
    let until = Instant::now() + within;
    let waited = tokio::select! {
        view = state.approvals.wait(id, Some(until)) => Some(view?),
        () = state.stopped() => None,
    };
    match waited {
        Some(view) => Ok(view),
        None => state.blocking(move |state| state.approvals.get(id)).await,
    }
}

fn duration(text: &str) -> Result<Duration, Problem> {
    let seconds = Wait::parse(text).map(Wait::seconds);
    let seconds = seconds.or_else(|| text.parse().ok());
    let wrong = || Problem::bad_request("`wait` is a duration such as `30s`");
    seconds.map(Duration::from_secs).ok_or_else(wrong)
}

/// The answer that shows a request, with its version as `ETag`.
pub(super) fn tagged(view: RequestView) -> Response {
    let tag = HeaderValue::from_str(&format!("\"{}\"", view.version)).ok();
    let mut response = Json(view).into_response();
    if let Some(tag) = tag {
        response.headers_mut().insert(header::ETAG, tag);
    }
    response
}

/// The id in a path.
///
/// # Errors
/// 404: whatever is no id names nothing.
pub(super) fn request_id(text: &str) -> Result<RequestId, Problem> {
    text.parse().map_err(|_| missing())
}

/// The request, if the caller may know of it.
///
/// # Errors
/// 404 where there is none, or it is another agent's.
pub(super) async fn seen(
    state: &State,
    caller: &Caller,
    id: RequestId,
) -> Result<RequestView, Problem> {
    let view = match state.blocking(move |state| state.approvals.get(id)).await {
        Err(problem) if problem.code == "not-found" => return Err(missing()),
        other => other?,
    };
    visible(caller, &view).map(|()| view)
}

/// An agent learns nothing of other agents' requests, not even that there are any.
fn visible(caller: &Caller, view: &RequestView) -> Result<(), Problem> {
    let Some(agency) = caller.agency() else { return Ok(()) };
    let own = view.agent.as_deref().is_some_and(|agent| agent.eq_ignore_ascii_case(&agency.agent));
    if own && view.user == agency.user { Ok(()) } else { Err(missing()) }
}

fn missing() -> Problem {
    Problem::from(ApprovalError::NotFound("request"))
}
