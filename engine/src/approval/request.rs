//! What a request is at any moment, and what can happen to it.

use super::Terms;
use crate::scalar::{Duration, Timestamp};
use std::fmt;

/// How long a claimed call may run before nobody knows what became of it.
const RESULT_WITHIN: Duration = match Duration::from_seconds(3_600) {
    Some(duration) => duration,
    None => Duration::MAX,
};

/// Where a request stands, as one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RequestState {
    /// People are asked.
    Pending,
    /// Enough people agreed; nobody has made the call yet.
    Approved,
    /// The call was released to whoever makes it.
    Claimed,
    /// The call was made.
    Done,
    /// The call was made and failed.
    Failed,
    /// The call was released and nobody said what became of it.
    Unknown,
    /// A person refused, or today's policy denies.
    Denied,
    /// Nobody answered, or nobody used the approval, in time.
    Expired,
    /// The agent no longer wants it, or its session is over.
    Cancelled,
    /// A new version took its place.
    Superseded,
    /// The approval was taken back before it was used.
    Revoked,
}

impl RequestState {
    /// Each with its word.
    pub const TABLE: [(Self, &'static str); 11] = [
        (Self::Pending, "pending"),
        (Self::Approved, "approved"),
        (Self::Claimed, "claimed"),
        (Self::Done, "done"),
        (Self::Failed, "failed"),
        (Self::Unknown, "unknown"),
        (Self::Denied, "denied"),
        (Self::Expired, "expired"),
        (Self::Cancelled, "cancelled"),
        (Self::Superseded, "superseded"),
        (Self::Revoked, "revoked"),
    ];

    /// The word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        Self::TABLE.iter().find(|(state, _)| *state == self).map_or("unknown", |(_, word)| word)
    }

    /// Whether nothing more can happen.
    #[must_use]
    pub const fn is_end(self) -> bool {
        !matches!(self, Self::Pending | Self::Approved | Self::Claimed)
    }
}

impl fmt::Display for RequestState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A word that is no state of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a state of a request")]
pub struct UnknownState;

impl std::str::FromStr for RequestState {
    type Err = UnknownState;

    fn from_str(text: &str) -> Result<Self, UnknownState> {
        Self::TABLE
            .iter()
            .find(|(_, word)| *word == text)
            .map(|(state, _)| *state)
            .ok_or(UnknownState)
    }
}

/// What stays the same while a version of a request lives.
#[derive(Clone, Debug, PartialEq)]
pub struct Opening {
    /// The terms, with the members of every seat as they were when it was opened.
    pub terms: Terms,
    /// The agent, its parents, its user and whoever started the session: none of them approves
    /// unless the terms say so.
    pub requester: Vec<String>,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// When it ends unless people answered.
    pub expires_at: Timestamp,
}

/// One person's approval.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vote {
    /// Who.
    pub by: String,
    /// For whom, where that person delegated it.
    pub on_behalf_of: Option<String>,
    /// When.
    pub at: Timestamp,
}

impl Vote {
    /// The person, then whoever is represented.
    pub fn people(&self) -> impl Iterator<Item = &str> {
        std::iter::once(&*self.by).chain(self.on_behalf_of.as_deref())
    }
}

/// What is known while people are asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pending {
    /// Who approved so far.
    pub votes: Vec<Vote>,
    /// The digest of the newest dry-run result.
    pub preview: Option<[u8; 32]>,
    /// How many of the escalations, in the order in which they come due, were told of it.
    pub escalated: usize,
}

/// What is known once enough people agreed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Released {
    /// Who approved.
    pub votes: Vec<Vote>,
    /// The digest of the dry-run result they saw.
    pub preview: Option<[u8; 32]>,
    /// When it was approved.
    pub at: Timestamp,
    /// When the approval ends unused.
    pub use_by: Timestamp,
    /// Whether the last vote broke the glass: it stands alone for all.
    pub broke_glass: bool,
}

/// What is known of a request that ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct End {
    /// How.
    pub state: RequestState,
    /// When.
    pub at: Timestamp,
    /// The person who ended it, where one did.
    pub by: Option<String>,
}

/// Where a request stands, with what is known there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// People are asked.
    Pending(Pending),
    /// Enough people agreed.
    Approved(Released),
    /// The call was released at this time.
    Claimed(Timestamp),
    /// It is over.
    Ended(End),
}

impl State {
    /// A request as it is opened.
    #[must_use]
    pub fn opened(preview: Option<[u8; 32]>) -> Self {
        Self::Pending(Pending { preview, ..Pending::default() })
    }

    /// As one word.
    #[must_use]
    pub const fn name(&self) -> RequestState {
        match self {
            Self::Pending(_) => RequestState::Pending,
            Self::Approved(_) => RequestState::Approved,
            Self::Claimed(_) => RequestState::Claimed,
            Self::Ended(end) => end.state,
        }
    }

    /// Who approved so far.
    #[must_use]
    pub fn votes(&self) -> &[Vote] {
        match self {
            Self::Pending(pending) => &pending.votes,
            Self::Approved(released) => &released.votes,
            Self::Claimed(_) | Self::Ended(_) => &[],
        }
    }

    /// When something is due by itself: an escalation, or an end.
    #[must_use]
    pub fn wake_at(&self, opening: &Opening) -> Option<Timestamp> {
        match self {
            Self::Pending(pending) => {
                let next = opening.escalation_times().into_iter().nth(pending.escalated);
                Some(next.map_or(opening.expires_at, |next| next.min(opening.expires_at)))
            }
            Self::Approved(released) => Some(released.use_by),
            Self::Claimed(at) => Some(at.saturating_add(RESULT_WITHIN)),
            Self::Ended(_) => None,
        }
    }
}

impl Opening {
    /// When each escalation comes due, earliest first.
    #[must_use]
    pub fn escalation_times(&self) -> Vec<Timestamp> {
        let all = self.terms.requirements.iter().flat_map(|requirement| &requirement.escalations);
        let mut times: Vec<_> =
            all.map(|escalation| self.opened_at.saturating_add(escalation.after)).collect();
        times.sort_unstable();
        times
    }

    /// Whether this person is among the requesters and may not approve for that.
    #[must_use]
    pub fn bars(&self, person: &str) -> bool {
        !self.terms.or_self
            && self.requester.iter().any(|requester| requester.eq_ignore_ascii_case(person))
    }
}

/// What can happen to a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A person approves.
    Approve(Vote),
    /// A person with that right approves for everybody.
    BreakGlass(Vote),
    /// A person takes the own vote back.
    Withdraw {
        /// Who.
        by: String,
    },
    /// A person refuses.
    Refuse {
        /// Who.
        by: String,
        /// For whom.
        on_behalf_of: Option<String>,
    },
    /// The host gives a dry-run result.
    Preview {
        /// Its digest.
        digest: [u8; 32],
    },
    /// The next people are asked as well.
    Escalate,
    /// Its time is over.
    Expire,
    /// It is no longer wanted.
    Cancel {
        /// The person who withdrew it, where one did.
        by: Option<String>,
    },
    /// A new version takes its place.
    Supersede {
        /// The person who edited it, where one did.
        by: Option<String>,
    },
    /// Today's policy denies the call.
    Overrule,
    /// Today's policy allows the call, as an approver edited it, without anybody's approval.
    Release,
    /// The approval is taken back.
    Revoke {
        /// Who.
        by: String,
    },
    /// The call is released.
    Claim,
    /// The call was made.
    Finish {
        /// Whether it failed.
        failed: bool,
    },
    /// Nobody said in time what became of the call.
    Lose,
}
