//! What is told: one thing that happened to a request, and the request as it is now.

use super::PublicUrl;
use crate::approvals::{NeedView, RequestView};
use crate::people::{People, Person};
use fence_engine::scalar::Timestamp;
use std::collections::BTreeSet;

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum What {
    /// A request, or a new version of it, waits for people.
    Opened,
    /// It waited too long and others are asked as well.
    Escalated,
    /// The dry run's result is there.
    Preview,
    /// Somebody voted or took a vote back, and it still waits: only cards show it.
    Voted,
    /// Somebody approved alone by breaking the glass; those who were skipped learn of it.
    BrokenGlass,
    /// It no longer waits for people, whatever the outcome.
    Ended,
}

impl What {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Opened, Self::Escalated, Self::Preview, Self::Voted, Self::BrokenGlass, Self::Ended];

    /// Its name in deliveries and webhooks.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Escalated => "escalated",
            Self::Preview => "preview",
            Self::Voted => "voted",
            Self::BrokenGlass => "broken-glass",
            Self::Ended => "ended",
        }
    }

    /// The one of this name.
    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|what| what.word() == word)
    }

    /// What people are told of an event of this kind, such as `request.opened`; most only change
    /// what the agent does.
    #[must_use]
    pub fn of_event(kind: &str) -> Option<Self> {
        Some(match kind.strip_prefix("request.")? {
            "opened" => Self::Opened,
            "escalated" => Self::Escalated,
            "previewed" => Self::Preview,
            "glass_broken" => Self::BrokenGlass,
            "voted" | "vote_withdrawn" => Self::Voted,
            "released" | "refused" | "expired" | "cancelled" | "superseded" | "overruled"
            | "revoked" => Self::Ended,
            _ => return None,
        })
    }

    /// Whether it asks people for something, so that it is void once the request ended.
    #[must_use]
    pub const fn asks(self) -> bool {
        matches!(self, Self::Opened | Self::Escalated | Self::Preview)
    }

    /// Whether it tells how a request ended.
    #[must_use]
    pub const fn ends(self) -> bool {
        matches!(self, Self::BrokenGlass | Self::Ended)
    }

    /// What is told of it when the request does or does not wait any more: any vote may have been
    /// the last one.
    #[must_use]
    pub const fn by_now(self, waits: bool) -> Self {
        match self {
            Self::Voted if !waits => Self::Ended,
            other => other,
        }
    }
}

/// One notice for one channel. Its texts are raw: each channel escapes them.
#[derive(Clone, Debug)]
pub struct Notice {
    /// Names the delivery: the same at every attempt, so that a receiver can tell a repeat.
    pub delivery: String,
    /// What happened.
    pub what: What,
    /// The time of this attempt.
    pub at: Timestamp,
    /// The request as it is now.
    pub request: RequestView,
    /// Its page; absent where no public address is configured.
    pub link: Option<String>,
    /// Whose answer could still count, or, once it ended, whose could have.
    pub asked: Vec<Person>,
}

impl Notice {
    /// Whether the request still waits for people.
    #[must_use]
    pub fn pending(&self) -> bool {
        self.request.state == "pending"
    }
}

/// The page of a request under the configured address; never made of anything a client sent.
#[must_use]
pub fn link(public: Option<&PublicUrl>, request: &RequestView) -> Option<String> {
    public.map(|public| public.request(&request.id))
}

/// The accounts that the request's needs name at `now`: the members of each seat, those of an
/// escalation once it is due; without those who voted already, as long as it waits.
#[must_use]
pub fn asked(request: &RequestView, people: &People, now: Timestamp) -> Vec<Person> {
    let waits = request.state == "pending";
    let mut ids = BTreeSet::new();
    let mut found = Vec::new();
    let mut add = |person: &Person| {
        let voted = request.votes.iter().any(|vote| vote.by.eq_ignore_ascii_case(&person.id));
        if !(waits && voted) && ids.insert(person.id.to_ascii_lowercase()) {
            found.push(person.clone());
        }
    };
    let due = |need: &&NeedView| match &need.escalation_at {
        Some(at) => Timestamp::parse(at).is_none_or(|at| at <= now),
        None => true,
    };
    for need in request.needs.iter().filter(due).filter(|need| !waits || need.missing > 0) {
        need.members.iter().filter_map(|id| people.find(id)).for_each(&mut add);
    }
    found
}
