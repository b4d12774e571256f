//! `POST /slack/actions`: handed on as it came to what verifies it.

use super::body::read;
use super::problem::Problem;
use super::state::State;
use axum::body::Bytes;
use axum::extract::{Request, State as Of};
use axum::http::HeaderMap;
use axum::response::Response;
use std::pin::Pin;

/// Verifies what Slack sends over its raw bytes, and carries it out.
pub trait SlackActions: Send + Sync {
    /// Answers one request. It is nobody's until its signature is verified.
    fn act<'a>(
        &'a self,
        headers: &'a HeaderMap,
        body: Bytes,
    ) -> Pin<Box<dyn Future<Output = Response> + Send + 'a>>;
}

/// Slack's buttons
#[utoipa::path(post, path = "/slack/actions", tag = "notifications",
    request_body(content = String, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "carried out"),
        (status = 401, description = "not signed by Slack", body = super::openapi::ProblemBody),
        (status = 404, description = "Slack is not set up", body = super::openapi::ProblemBody),
    ))]
pub(super) async fn actions(Of(state): Of<State>, request: Request) -> Result<Response, Problem> {
    let missing = || Problem::not_found("Slack is not set up: see `[notify]` in fence.toml");
    let slack = state.slack.clone().ok_or_else(missing)?;
    let (parts, body) = request.into_parts();
    let body = read(&state, body).await?;
    Ok(slack.act(&parts.headers, body).await)
}
