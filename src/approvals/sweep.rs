//! What time alone does to requests. Nothing depends on it being done punctually: expiry is
//! computed whenever a request is read or voted on.

use super::journal::Note;
use super::step::Case;
use super::{ApprovalError, Approvals, RequestId, act};
use crate::gate::Shared;
use crate::store::{StoreError, Transaction, perform};
use fence_engine::approval::{Event, RequestState, State};
use std::sync::Arc;

/// So many requests are looked at in one sweep.
const AT_ONCE: u32 = 256;

/// What a sweep did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Requests that ended as expired.
    pub expired: usize,
    /// Requests of which the next people were told.
    pub escalated: usize,
    /// Claimed calls of which nobody knows what became.
    pub lost: usize,
}

impl Approvals {
    /// Does what is due at this moment: expires, escalates, gives up lost calls. Blocks. To be
    /// called every second or so where people are to be told; nothing else waits for it.
    ///
    /// # Errors
    /// Any fault of the store.
    pub fn sweep(&self) -> Result<Swept, ApprovalError> {
        let (mut swept, mut damaged) = (Swept::default(), None);
        loop {
            let now = self.shared().clock.now();
            let due = self.shared().store.due_requests(now, AT_ONCE)?;
            let more = due.len() == AT_ONCE as usize;
            let before = swept;
            for request in due {
                match self.pass_time(RequestId(request.id), request.version) {
                    Ok(Some(RequestState::Expired)) => swept.expired += 1,
                    Ok(Some(RequestState::Pending)) => swept.escalated += 1,
                    Ok(Some(RequestState::Unknown)) => swept.lost += 1,
                    Ok(_) => {}
                    // One that cannot be read keeps no other from its end.
                    Err(error @ ApprovalError::Store(StoreError::Corrupt(_))) => {
                        damaged = Some(error);
                    }
                    Err(error) => return Err(error),
                }
            }
            if !more || swept == before {
                return damaged.map_or(Ok(swept), Err);
            }
        }
    }

    /// Lets time act on one request; answers its new state if that did anything.
    pub(super) fn pass_time(
        &self,
        id: RequestId,
        version: u32,
    ) -> Result<Option<RequestState>, ApprovalError> {
        let shared = Arc::clone(&self.gate.shared);
        let store = Arc::clone(&shared.store);
        let passed = perform(&*store, move |transaction| passed(transaction, &shared, id, version));
        match passed.wait() {
            // Somebody else was first, the clock is behind, or nothing is due: not an error.
            Err(ApprovalError::Life(_) | ApprovalError::Stale { .. } | ApprovalError::Clock) => {
                Ok(None)
            }
            outcome => outcome,
        }
    }
}

fn passed(
    transaction: &mut dyn Transaction,
    shared: &Shared,
    id: RequestId,
    version: u32,
) -> Result<Option<RequestState>, ApprovalError> {
    let now = act::now(transaction, shared)?;
    let mut case = Case::load(transaction, id)?;
    if case.stored.version != version {
        return Ok(None);
    }
    let event = match &case.state {
        State::Pending(_) if now < case.opening.expires_at => Event::Escalate,
        State::Pending(_) | State::Approved(_) => Event::Expire,
        State::Claimed(_) => Event::Lose,
        State::Ended(_) => return Ok(None),
    };
    case.step(transaction, shared, &event, &Note::default(), now)?;
    Ok(Some(case.stored.state))
}
