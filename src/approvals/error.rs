//! Why an answer, a claim or another act on a request is not accepted.

use crate::store::StoreError;
use fence_engine::approval::{EditError, Refusal};

/// Why nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ApprovalError {
    /// There is no such request, grant, halt or delegation.
    #[error("there is no {0} of this id")]
    NotFound(&'static str),
    /// What was looked at is no longer what would run.
    #[error("the request has changed since it was shown: look at version {version}")]
    Stale {
        /// The version that stands.
        version: u32,
    },
    /// The life of a request does not allow it.
    #[error("{0}")]
    Life(#[from] Refusal),
    /// No delegation from that person is in force.
    #[error("`{0}` has not delegated to you")]
    NotDelegated(String),
    /// The person has no right to decide alone in an emergency.
    #[error("you have no right to break the glass")]
    NoBreakGlass,
    /// The act needs a reason.
    #[error("a reason is needed")]
    ReasonNeeded,
    /// An edit outside its bounds.
    #[error("{0}")]
    Edit(#[from] EditError),
    /// A name of a field that is none.
    #[error("`{0}` is no field: write `args.to`")]
    BadField(String),
    /// Another open request is for the same call.
    #[error("{0} is open for exactly this call")]
    SameCall(String),
    /// The policy denies the edited call.
    #[error("the policy denies the edited call: {0}")]
    Denied(String),
    /// The agent, its session or everything is halted.
    #[error("{0}")]
    Halted(String),
    /// The call to be made is not the one that was approved.
    #[error("the approval is for another call")]
    OtherCall,
    /// Another agent's or session's request.
    #[error("the request was made by another agent or in another session")]
    NotYours,
    /// An agent's credential, where only people answer.
    #[error("an agent's credential never answers a request")]
    Agent,
    /// The person is not known.
    #[error("`{0}` is nobody that this gate knows")]
    Unknown(String),
    /// The grant cannot be given.
    #[error("this grant cannot be given: {0}")]
    Grant(String),
    /// A text that is too long, or a time that makes no sense.
    #[error("{0}")]
    Invalid(String),
    /// The clock lies behind newer decisions, so no deadline can be told.
    #[error("the clock is behind the newest decision: set it right, or `fence clock accept`")]
    Clock,
    /// It could not be made durable, or not be read.
    #[error("{0}")]
    Store(#[from] StoreError),
}

impl ApprovalError {
    /// A stable word for programs.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotFound(_) => "not-found",
            Self::Stale { .. } => "stale",
            Self::Life(refusal) => match refusal {
                Refusal::Expired => "expired",
                Refusal::Ended(_) => "ended",
                Refusal::NotApproved(_) => "not-approved",
                Refusal::NotPending(_) => "not-pending",
                Refusal::NotClaimed(_) => "not-claimed",
                Refusal::NotDue => "not-due",
                Refusal::NotAsked => "not-asked",
                Refusal::Requester => "requester",
                Refusal::NoPreview => "no-preview",
                Refusal::Contrary => "contrary",
                Refusal::Represented => "represented",
                Refusal::NoVote => "no-vote",
            },
            Self::NotDelegated(_) => "not-delegated",
            Self::NoBreakGlass => "no-break-glass",
            Self::ReasonNeeded => "reason-needed",
            Self::Edit(_) | Self::BadField(_) => "edit",
            Self::SameCall(_) => "same-call",
            Self::Denied(_) => "denied",
            Self::Halted(_) => "halted",
            Self::OtherCall => "other-call",
            Self::NotYours => "not-yours",
            Self::Agent => "agent",
            Self::Unknown(_) => "unknown-person",
            Self::Grant(_) => "grant",
            Self::Invalid(_) => "invalid",
            Self::Clock => "clock",
            Self::Store(_) => "store",
        }
    }

    /// Whether it is an attempt that the record must show.
    pub(crate) const fn is_attempt(&self) -> bool {
        !matches!(self, Self::NotFound(_) | Self::Store(_) | Self::Stale { .. })
    }
}
