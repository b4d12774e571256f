//! `POST /v1/sessions`: the host opens a session before calls may name it.
//!
//! Whoever opened it is recorded as the one who started it, and approves none of its requests.

use super::body::Strict;
use super::caller::Caller;
use super::openapi::ProblemBody;
use super::problem::Problem;
use super::state::State;
use crate::note::note;
use crate::store::{Event, Item, StoreError, perform};
use crate::tokens::Agency;
use axum::Json;
use axum::extract::State as Of;
use axum::http::StatusCode;
use fence_engine::scalar::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The kind of item that a session is; its key is the session's id.
pub(super) const KIND: &str = "session";
/// A session that was opened ends after 30 days.
const LASTS: i64 = 30 * 24 * 3600 * 1_000_000;

/// Which session to open.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Open {
    /// Its id, up to 256 bytes; one is made where this is absent.
    #[serde(default)]
    session: Option<String>,
}

/// An open session.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Opened {
    /// What calls name in `session`.
    session: String,
    /// The agent whose calls may name it.
    agent: String,
    /// Who started it: the person the agent acts for, else the agent.
    started_by: String,
    /// When it ends, RFC 3339 in UTC.
    expires_at: String,
}

/// A session as it is kept.
#[derive(Serialize, Deserialize)]
struct Kept {
    agent: String,
    /// Who started it: read by the approvals too.
    by: String,
    token: String,
}

/// Open a session
///
/// Opening one again that the same agent has open answers that one.
#[utoipa::path(post, path = "/v1/sessions", tag = "agents", request_body = Open, responses(
    (status = 201, body = Opened),
    (status = 409, description = "another agent has it open", body = ProblemBody),
))]
pub(super) async fn open(
    Of(state): Of<State>,
    caller: Caller,
    Strict(Open { session }): Strict<Open>,
) -> Result<(StatusCode, Json<Opened>), Problem> {
    let agency = caller.agent()?.clone();
    let session = session.unwrap_or_else(|| format!("s_{}", uuid::Uuid::new_v4()));
    if !is_session(&session) {
        return Err(Problem::bad_request("`session` has 1 to 256 bytes and no control characters"));
    }
    let token = caller.token.id.to_string();
    let now = state.clock.now();
    let due = Timestamp::from_micros(now.micros().saturating_add(LASTS));
    let opening = Opening { session, agency, token, now, due };
    let opened = state.blocking(move |state| opening.run(state)).await?;
    let taken = || {
        Problem::new(StatusCode::CONFLICT, "session-taken", "another agent has this session open")
    };
    opened.map(|opened| (StatusCode::CREATED, Json(opened))).ok_or_else(taken)
}

fn is_session(text: &str) -> bool {
    let call = crate::ToolCall::new("t").session(text);
    call.validate().is_ok() && !text.chars().any(char::is_control)
}

#[derive(Clone)]
struct Opening {
    session: String,
    agency: Agency,
    token: String,
    now: Timestamp,
    due: Timestamp,
}

impl Opening {
    /// The session, unless another agent has it.
    fn run(self, state: &State) -> Result<Option<Opened>, StoreError> {
        let opened = perform::<_, StoreError>(state.store(), move |transaction| {
            let found = transaction.live_items(KIND, &self.session)?;
            let lasts = |item: &&Item| item.due.is_none_or(|due| due > self.now);
            if let Some(item) = found.iter().find(lasts) {
                let kept = read(item)?;
                let ours = kept.agent == self.agency.agent;
                return Ok(ours.then(|| self.opened(kept, item.due)));
            }
            let kept = self.kept();
            transaction.put_item(&self.item(&kept)?)?;
            transaction.event(&self.event(&kept))?;
            Ok(Some(self.opened(kept, Some(self.due))))
        });
        opened.wait()
    }

    fn kept(&self) -> Kept {
        let agent = self.agency.agent.clone();
        let by = self.agency.user.clone().unwrap_or_else(|| agent.clone());
        Kept { agent, by, token: self.token.clone() }
    }

    fn item(&self, kept: &Kept) -> Result<Item, StoreError> {
        let unwritten = |error: serde_json::Error| StoreError::Refused(error.to_string());
        Ok(Item {
            kind: KIND.to_owned(),
            id: *uuid::Uuid::now_v7().as_bytes(),
            key: self.session.clone(),
            due: Some(self.due),
            body: serde_json::to_string(kept).map_err(unwritten)?,
            ended_at: None,
        })
    }

    fn event(&self, kept: &Kept) -> Event {
        let members = [
            ("agent", Some(&*kept.agent)),
            ("session", Some(&*self.session)),
            ("by", Some(&*kept.by)),
            ("token", Some(&*kept.token)),
        ];
        note(self.now, "session.opened", &members)
    }

    fn opened(&self, kept: Kept, due: Option<Timestamp>) -> Opened {
        Opened {
            session: self.session.clone(),
            agent: kept.agent,
            started_by: kept.by,
            expires_at: due.map(|due| due.to_string()).unwrap_or_default(),
        }
    }
}

fn read(item: &Item) -> Result<Kept, StoreError> {
    let unreadable = |_| StoreError::Corrupt("a session cannot be read".to_owned());
    serde_json::from_str(&item.body).map_err(unreadable)
}

/// Whether the caller's agent has these sessions open.
///
/// # Errors
/// 403 for the first that it has not.
pub(super) async fn are_open(
    state: &State,
    caller: &Caller,
    sessions: Vec<String>,
) -> Result<(), Problem> {
    if sessions.is_empty() {
        return Ok(());
    }
    let agent = caller.agent()?.agent.clone();
    let check = move |state: &State| {
        let now = state.clock.now();
        for session in &sessions {
            let items = state.store().live_items(KIND, Some(session))?;
            let mut current = items.iter().filter(|item| item.due.is_none_or(|due| due > now));
            let ours =
                current.next().map(read).transpose()?.is_some_and(|kept| kept.agent == agent);
            if !ours {
                return Err(not_open());
            }
        }
        Ok(())
    };
    state.blocking(check).await
}

fn not_open() -> Problem {
    let detail = "the token's agent has no such session open: open it with `POST /v1/sessions`";
    Problem::forbidden("session", detail)
}
