//! Requests for approval, as they are stored and asked for.

use fence_engine::approval::RequestState;
use fence_engine::scalar::Timestamp;

/// One version of a request for approval.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredRequest {
    /// Its place among all, from 1; the store's to give.
    pub number: u64,
    /// UUIDv7; all versions share it.
    pub id: [u8; 16],
    /// Counted from 1; an edit makes the next.
    pub version: u32,
    /// The decision that opened it.
    pub decision: [u8; 16],
    /// What an approval is bound to.
    pub digest: [u8; 32],
    /// The tool.
    pub tool: String,
    /// The agent, where the call named one.
    pub agent: Option<String>,
    /// The session, where the call named one.
    pub session: Option<String>,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// When it ends as expired, if nobody answers.
    pub expires_at: Timestamp,
    /// The merged terms, the requester and the policy's digest in canonical JSON.
    pub terms: String,
    /// Where it stands.
    pub state: RequestState,
    /// How often it moved or was voted on.
    pub moves: u32,
    /// When something is due by itself: escalation, expiry, the end of an approval or claim.
    pub wake_at: Option<Timestamp>,
    /// When it stopped being pending.
    pub settled_at: Option<Timestamp>,
    /// Whether a person refused it.
    pub refused: bool,
}

impl StoredRequest {
    /// Whether it is open at `now`: pending before its end, or approved and still to be used.
    #[must_use]
    pub fn is_open(&self, now: Timestamp) -> bool {
        match self.state {
            RequestState::Pending => self.expires_at > now,
            RequestState::Approved => self.wake_at.is_none_or(|end| end > now),
            _ => false,
        }
    }
}

/// In which order requests are given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// Newest first.
    #[default]
    Newest,
    /// The one that expires next first.
    Deadline,
}

/// Which requests are wanted; absent fields do not narrow.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RequestFilter {
    /// In one of these states; none: in any.
    pub states: Vec<RequestState>,
    /// Of this agent, exactly.
    pub agent: Option<String>,
    /// For this tool, exactly.
    pub tool: Option<String>,
    /// In this session, exactly.
    pub session: Option<String>,
    /// Whose opening decision has this rule, exactly.
    pub rule: Option<String>,
    /// Whose opening decision's record holds this text, ASCII case ignored.
    pub text: Option<String>,
    /// In which order.
    pub order: Order,
    /// So many are passed over.
    pub skip: u64,
    /// At most so many.
    pub limit: u32,
}
