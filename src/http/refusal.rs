//! What the approvals refuse, as problem details, with where the request stands now.

use super::problem::Problem;
use super::state::State;
use crate::approvals::{ApprovalError, RequestId, RequestView};
use axum::http::{HeaderValue, StatusCode, header};
use fence_engine::approval::Refusal;

impl From<ApprovalError> for Problem {
    fn from(error: ApprovalError) -> Self {
        if let ApprovalError::Store(error) = &error {
            return Self::store(error);
        }
        let (status, title) = kind(error.code());
        let problem = Self::new(status, error.code(), title).detail(error.to_string());
        match status {
            StatusCode::SERVICE_UNAVAILABLE => {
                problem.header(header::RETRY_AFTER, HeaderValue::from_static("5"))
            }
            _ => problem,
        }
    }
}

/// The status and title of each kind of refusal.
fn kind(code: &str) -> (StatusCode, &'static str) {
    match code {
        "not-found" | "not-yours" => (StatusCode::NOT_FOUND, "there is no such thing"),
        "stale" => (StatusCode::CONFLICT, "the request has changed since it was shown"),
        "expired" => (StatusCode::GONE, "the request has expired"),
        "ended" | "not-approved" | "not-pending" | "not-claimed" | "not-due" => {
            (StatusCode::CONFLICT, "the request does not stand so that this can be done")
        }
        "contrary" | "represented" | "no-vote" => {
            (StatusCode::CONFLICT, "this contradicts an answer that was given")
        }
        "no-preview" => (StatusCode::CONFLICT, "a dry run is missing"),
        "same-call" => (StatusCode::CONFLICT, "another request is open for the same call"),
        "other-call" => (StatusCode::CONFLICT, "another call was approved"),
        "halted" => (StatusCode::CONFLICT, "this is halted"),
        "not-asked" | "requester" | "not-delegated" | "no-break-glass" => {
            (StatusCode::FORBIDDEN, "this person may not answer this request")
        }
        "denied" => (StatusCode::FORBIDDEN, "the policy denies the call"),
        "edit" => (StatusCode::UNPROCESSABLE_ENTITY, "the edit is outside its bounds"),
        "grant" => (StatusCode::UNPROCESSABLE_ENTITY, "this grant cannot be given"),
        "clock" => (StatusCode::SERVICE_UNAVAILABLE, "no deadline can be told"),
        _ => (StatusCode::BAD_REQUEST, "the request makes no sense"),
    }
}

/// The refusal with where the request stands, so that whoever lost learns to what.
pub(super) async fn standing(state: &State, id: RequestId, error: ApprovalError) -> Problem {
    let problem = Problem::from(error);
    if !matches!(problem.status, StatusCode::CONFLICT | StatusCode::GONE) {
        return problem;
    }
    match state.blocking(move |state| state.approvals.get(id)).await {
        // Whether or not the sweeper came by already.
        Ok(view) if view.state == "expired" => {
            let expired = ApprovalError::from(Refusal::Expired).into();
            stands(expired, &view)
        }
        Ok(view) => stands(problem, &view),
        Err(_) => problem,
    }
}

fn stands(problem: Problem, view: &RequestView) -> Problem {
    problem
        .member("version", view.version)
        .member("state", view.state)
        .member("digest", view.digest.as_str())
}

/// 412 in place of 409 where the caller said what it had seen in `If-Match`.
pub(super) fn precondition(problem: Problem) -> Problem {
    match problem.code {
        "stale" => problem.status(StatusCode::PRECONDITION_FAILED),
        _ => problem,
    }
}
