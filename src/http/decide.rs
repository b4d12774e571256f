//! `POST /v1/decide`: one call, or many as JSON Lines.

use super::body::{media_type, read};
use super::caller::Caller;
use super::identity::{Contradiction, identify};
use super::openapi::{CallBody, DecisionBody, ProblemBody};
use super::problem::Problem;
use super::sessions;
use super::state::State;
use crate::gate::{Mode, Pending};
use crate::wire::{Decision, Request as Call};
use crate::{GateError, ToolCall, Trust};
use axum::body::Bytes;
use axum::extract::{Request, State as Of};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use std::collections::{HashSet, VecDeque};
use std::time::Instant;

/// Calls under way at once for one body: as many share a commit.
const IN_FLIGHT: usize = 256;
/// Calls in one body.
const MAX_CALLS: usize = 10_000;

/// Decide one call, or many as JSON Lines
///
/// Every decision is recorded before it is answered. The token fixes agent, parents, roles and
/// user; a session must have been opened. With `Content-Type: application/jsonl` each line is one
/// call and each line of the answer its decision, in the same order.
#[utoipa::path(post, path = "/v1/decide", tag = "agents",
    request_body(content((CallBody = "application/json"), (String = "application/jsonl"))),
    responses(
        (status = 200, description = "the decision, whatever it is; a malformed call is denied",
            content((DecisionBody = "application/json"), (String = "application/jsonl"))),
        (status = 403, description = "the call contradicts the token", body = ProblemBody),
        (status = 503, description = "not recorded, so not allowed", body = ProblemBody),
    ))]
pub(super) async fn decide(
    Of(state): Of<State>,
    caller: Caller,
    headers: HeaderMap,
    request: Request,
) -> Result<Response, Problem> {
    let body = match media_type(&headers).as_deref() {
        Some("application/json") => {
            let body = read(&state, request.into_body()).await?;
            return one(&state, &caller, &body).await;
        }
        Some("application/jsonl" | "application/x-ndjson") => {
            read(&state, request.into_body()).await?
        }
        _ => {
            let detail = "send `Content-Type: application/json` for one call, \
                `application/jsonl` for many";
            return Err(Problem::media_type(detail));
        }
    };
    let lines = many(&state, caller, body).await?;
    Ok(([(header::CONTENT_TYPE, "application/jsonl")], lines).into_response())
}

async fn one(state: &State, caller: &Caller, body: &Bytes) -> Result<Response, Problem> {
    let started = Instant::now();
    let decision = match read_call(caller, body)? {
        Read::Call(call) => {
            let session: Vec<_> = call.session.clone().into_iter().collect();
            sessions::are_open(state, caller, session).await?;
            state.gate.decide_in(&call, Mode::default()).await?.into_decision()
        }
        Read::Malformed => {
            let body = body.clone();
            let refuse = move |state: &State| {
                state.gate.decide_json_blocking(body.trim_ascii(), Trust::default())
            };
            state.blocking(refuse).await?
        }
    };
    state.metrics.decided(&decision, started.elapsed());
    Ok(axum::Json(decision).into_response())
}

/// A body or line as it was read.
enum Read {
    /// A call, in the name of the token's agent.
    Call(Box<ToolCall>),
    /// Nothing that could be judged; it is denied by the text.
    Malformed,
}

fn read_call(caller: &Caller, text: &[u8]) -> Result<Read, Problem> {
    let Ok(Call { call, .. }) = Call::parse(text.trim_ascii()) else { return Ok(Read::Malformed) };
    let call = identify(caller.agent()?, call).map_err(Contradiction::into_problem)?;
    Ok(Read::Call(Box::new(call)))
}

/// Every line's decision. Nothing is decided where one line contradicts the token.
async fn many(state: &State, caller: Caller, body: Bytes) -> Result<String, Problem> {
    let mut reads = Vec::new();
    for (line, number) in body.split(|byte| *byte == b'\n').zip(1_u64..) {
        if line.trim_ascii().is_empty() {
            continue;
        }
        if reads.len() == MAX_CALLS {
            let detail = format!("at most {MAX_CALLS} calls are decided at once");
            return Err(Problem::bad_request(detail));
        }
        let read = read_call(&caller, line).map_err(|problem| problem.member("line", number))?;
        reads.push((read, body.slice_ref(line)));
    }
    let sessions: HashSet<_> = reads.iter().filter_map(|(read, _)| session(read)).collect();
    sessions::are_open(state, &caller, sessions.into_iter().collect()).await?;
    state.blocking(move |state| Ok::<_, Problem>(decide_all(state, reads))).await
}

fn session(read: &Read) -> Option<String> {
    match read {
        Read::Call(call) => call.session.clone(),
        Read::Malformed => None,
    }
}

/// Decides in order, many under way at once.
fn decide_all(state: &State, reads: Vec<(Read, Bytes)>) -> String {
    let mut lines = String::new();
    let mut under_way: VecDeque<(Instant, Pending)> = VecDeque::with_capacity(IN_FLIGHT);
    let mut answer = |(started, pending): (Instant, Pending)| {
        let refuse = |error: GateError| Decision::unrecorded(&error, &state.gate.layers());
        let decision = pending.wait().unwrap_or_else(refuse);
        state.metrics.decided(&decision, started.elapsed());
        lines.push_str(&line(&decision));
        lines.push('\n');
    };
    for (read, text) in reads {
        if under_way.len() == IN_FLIGHT {
            under_way.pop_front().into_iter().for_each(&mut answer);
        }
        let pending = match read {
            Read::Call(call) => state.gate.submit_call(&call),
            Read::Malformed => state.gate.submit_json(text.trim_ascii(), Trust::default()),
        };
        under_way.push_back((Instant::now(), pending));
    }
    under_way.into_iter().for_each(answer);
    lines
}

fn line(decision: &Decision) -> String {
    serde_json::to_string(decision)
        .unwrap_or_else(|_| r#"{"decision":"deny","because":"no answer could be written"}"#.into())
}
