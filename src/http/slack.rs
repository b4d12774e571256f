//! `POST /slack/actions`: presses of Slack's buttons, nobody's until their signature is verified.

use super::body::read;
use super::problem::Problem;
use super::state::State;
use crate::notify::slack::{SlackRefusal, carry_out};
use axum::extract::{Request, State as Of};
use axum::http::{HeaderMap, StatusCode};

/// Slack's buttons
#[utoipa::path(post, path = "/slack/actions", tag = "notifications",
    request_body(content = String, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "carried out"),
        (status = 401, description = "not signed by Slack", body = super::openapi::ProblemBody),
        (status = 404, description = "Slack is not set up", body = super::openapi::ProblemBody),
    ))]
pub(super) async fn actions(Of(state): Of<State>, request: Request) -> Result<StatusCode, Problem> {
    if !state.channels.takes_slack() {
        return Err(Problem::not_found("Slack is not set up: see `[notify]` in fence.toml"));
    }
    let (parts, body) = request.into_parts();
    let body = read(&state, body).await?;
    let timestamp = header(&parts.headers, "x-slack-request-timestamp");
    let signature = header(&parts.headers, "x-slack-signature");
    let received = state.channels.slack(&body, timestamp, signature, state.clock.now());
    let action = received.map_err(|refusal| match refusal {
        SlackRefusal::Malformed => Problem::bad_request(refusal.to_string()),
        _ => Problem::unauthorized(&refusal.to_string()),
    })?;
    if let Some(action) = action {
        // How it ended, the card tells: Slack shows nothing of this answer.
        drop(carry_out(&state.approvals, &action).await);
    }
    Ok(StatusCode::OK)
}

fn header<'h>(headers: &'h HeaderMap, name: &str) -> &'h str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}
