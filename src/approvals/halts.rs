//! The stop button: halts of everything, an agent or a session, and the breaker that halts a session
//! by itself after repeated refusals.

use super::act::{self, Attempt};
use super::journal::Body;
use super::step::Case;
use super::vote::{check_known, check_note};
use super::{ApprovalError, Approvals, Approver, Receipt};
use crate::store::{Item, StoreError, Transaction};
use fence_engine::call::{Agent, ToolCall};
use fence_engine::scalar::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

const KIND: &str = "halt";

/// So many refusals by people in a row halt a session,
const IN_A_ROW: u64 = 3;
/// and so many
const AMONG: usize = 10;
/// among its newest calls.
const CALLS: u64 = 50;

/// What is halted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HaltScope {
    /// Every call.
    Everything,
    /// The calls of this agent and of those that work for it.
    Agent(String),
    /// The calls in this session.
    Session(String),
}

impl HaltScope {
    fn key(&self) -> String {
        match self {
            Self::Everything => "everything".to_owned(),
            Self::Agent(agent) => format!("agent {}", agent.to_ascii_lowercase()),
            Self::Session(session) => format!("session {session}"),
        }
    }

    /// One scope is one item, whether it lasts or ended: it remembers when it was last resumed.
    fn id(&self) -> [u8; 16] {
        let digest: [u8; 32] = Sha256::digest(self.key()).into();
        let mut id = [0; 16];
        id.copy_from_slice(&digest[..16]);
        id
    }
}

/// A halt as it is shown, and as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct HaltView {
    /// `everything`, `agent …` or `session …`.
    pub scope: String,
    /// Who halted it; `fence` for the breaker.
    pub by: String,
    /// Why.
    pub reason: String,
    /// Since when, RFC 3339 in UTC.
    pub since: String,
}

impl Approvals {
    /// Denies every call in a scope until somebody resumes it.
    pub fn halt(&self, by: &Approver, scope: HaltScope, reason: &str) -> Receipt<HaltView> {
        let attempt = Attempt { what: "halt", who: by.person.clone(), on: None };
        let (by, reason) = (by.person.clone(), reason.to_owned());
        self.act(attempt, move |transaction, shared| {
            check_note(Some(&reason), true)?;
            Ok(halt(transaction, &scope, &by, &reason, shared.clock.now())?)
        })
    }

    /// Ends the halt of a scope; answers whether there was one.
    pub fn resume(&self, by: &Approver, scope: HaltScope, reason: &str) -> Receipt<bool> {
        let attempt = Attempt { what: "resume", who: by.person.clone(), on: None };
        let (by, reason) = (by.person.clone(), reason.to_owned());
        self.act(attempt, move |transaction, shared| {
            check_note(Some(&reason), true)?;
            check_known(shared, &by)?;
            let now = act::now(transaction, shared)?;
            let halted = transaction.item(KIND, scope.id())?;
            let Some(item) = halted.filter(|item| item.ended_at.is_none()) else {
                return Ok(false);
            };
            transaction.put_item(&Item { ended_at: Some(now), ..item })?;
            let body = Body::new(now, "halt.resumed").with("by", &by).with("reason", &reason);
            transaction.event(&body.with("scope", &scope.key()).event(None))?;
            Ok(true)
        })
    }

    /// What is halted.
    ///
    /// # Errors
    /// Any fault of the store.
    pub fn halts(&self) -> Result<Vec<HaltView>, ApprovalError> {
        let items = self.shared().store.live_items(KIND, None)?;
        Ok(items.iter().map(read).collect())
    }
}

/// What cannot be read halts all the same.
fn read(item: &Item) -> HaltView {
    serde_json::from_str(&item.body).unwrap_or_else(|_| HaltView {
        scope: item.key.clone(),
        by: String::new(),
        reason: "the halt's record cannot be read".to_owned(),
        since: String::new(),
    })
}

/// Why the call is halted, if it is.
pub(crate) fn halted(
    transaction: &mut dyn Transaction,
    call: &ToolCall,
) -> Result<Option<String>, StoreError> {
    if !transaction.any_live_item(KIND)? {
        return Ok(None);
    }
    let agents = call.agent.iter().flat_map(Agent::path);
    let agents = agents.map(|agent| HaltScope::Agent(agent.to_owned()));
    let session = call.session.iter().map(|session| HaltScope::Session(session.clone()));
    for scope in std::iter::once(HaltScope::Everything).chain(session).chain(agents) {
        if let Some(item) = transaction.live_items(KIND, &scope.key())?.first() {
            let HaltView { scope, by, reason, .. } = read(item);
            return Ok(Some(format!("{scope} is halted by {by}: {reason}")));
        }
    }
    Ok(None)
}

fn halt(
    transaction: &mut dyn Transaction,
    scope: &HaltScope,
    by: &str,
    reason: &str,
    now: Timestamp,
) -> Result<HaltView, StoreError> {
    let view = HaltView {
        scope: scope.key(),
        by: by.to_owned(),
        reason: reason.to_owned(),
        since: now.to_string(),
    };
    if let Some(item) = transaction.live_items(KIND, &scope.key())?.first() {
        return Ok(read(item));
    }
    let body = serde_json::to_string(&view).unwrap_or_default();
    let (kind, key) = (KIND.to_owned(), scope.key());
    transaction.put_item(&Item { kind, id: scope.id(), key, due: None, body, ended_at: None })?;
    let body = Body::new(now, "halt.begun").with("by", by).with("reason", reason);
    transaction.event(&body.with("scope", &scope.key()).event(None))?;
    Ok(view)
}

/// Halts the session of a call that was just refused, where people have refused it too often since
/// it was last resumed. Calls outside a session are not counted together.
pub(super) fn trip(
    transaction: &mut dyn Transaction,
    case: &Case,
    now: Timestamp,
) -> Result<(), ApprovalError> {
    let Some(session) = &case.stored.session else { return Ok(()) };
    let scope = HaltScope::Session(session.clone());
    let resumed = transaction.item(KIND, scope.id())?.and_then(|item| item.ended_at);
    let mut answered = transaction.answered_in(session, CALLS)?;
    answered.retain(|request| resumed.is_none_or(|at| request.settled_at > Some(at)));
    let in_a_row = answered.iter().take_while(|request| request.refused).count() as u64;
    let mut refused = answered.iter().filter(|request| request.refused);
    let reason = if in_a_row >= IN_A_ROW {
        format!("people refused {in_a_row} of its requests in a row")
    } else if let Some(tenth) = refused.nth(AMONG - 1)
        && transaction.calls_since(session, tenth.decision, CALLS + 1)? <= CALLS
    {
        format!("people refused {AMONG} of its last {CALLS} calls")
    } else {
        return Ok(());
    };
    halt(transaction, &scope, "fence", &reason, now)?;
    Ok(())
}
