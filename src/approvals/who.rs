//! Who acts on a request, and on which one.

use crate::store::Item;
use fence_engine::call::ToolCall;
use fence_engine::scalar::Timestamp;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use uuid::Uuid;

/// The id of a request: `r_` and a UUIDv7. All versions of a request share it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RequestId(pub [u8; 16]);

/// A text that is no id of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an id of a request is `r_` and a UUID")]
pub struct BadRequestId;

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "r_{}", Uuid::from_bytes(self.0))
    }
}

impl FromStr for RequestId {
    type Err = BadRequestId;

    fn from_str(text: &str) -> Result<Self, BadRequestId> {
        let id = text.strip_prefix("r_").filter(|id| id.len() == 36).ok_or(BadRequestId)?;
        Uuid::try_parse(id).map(|id| Self(id.into_bytes())).map_err(|_| BadRequestId)
    }
}

/// Through which door somebody acted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Via {
    /// The command line, as the owner of a system account or a token.
    Cli,
    /// The HTTP API.
    Http,
    /// The dashboard.
    Dashboard,
    /// A button in Slack.
    Slack,
    /// A dialog beside the agent, or a callback of the embedding program.
    Local,
    /// Fence itself.
    Fence,
}

impl Via {
    /// As it is recorded.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Cli => "cli",
            Self::Http => "http",
            Self::Dashboard => "dashboard",
            Self::Slack => "slack",
            Self::Local => "local",
            Self::Fence => "fence",
        }
    }
}

/// A person who acts, authenticated by the door: a name in a message is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approver {
    /// The person's id.
    pub person: String,
    /// Through which door.
    pub via: Via,
}

impl Approver {
    /// This person, through this door, which vouches for the identity.
    pub fn new(person: impl Into<String>, via: Via) -> Self {
        Self { person: person.into(), via }
    }
}

/// Who acts for the agent's side, as the door vouches.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Claimant {
    /// The agent.
    pub agent: Option<String>,
    /// The person for whom it acts.
    pub user: Option<String>,
    /// The session.
    pub session: Option<String>,
}

impl Claimant {
    /// The agent, user and session of a call.
    #[must_use]
    pub fn of(call: &ToolCall) -> Self {
        let agent = call.agent.as_ref().map(|agent| agent.id.clone());
        Self { agent, user: call.user.clone(), session: call.session.clone() }
    }

    /// How the record names the agent's side.
    pub(crate) fn name(&self) -> String {
        self.agent.clone().unwrap_or_else(|| "the agent".to_owned())
    }

    /// Whether this is the side that made the call. Agents are compared without regard to case.
    pub(crate) fn made(&self, call: &ToolCall) -> bool {
        let agent = call.agent.as_ref().map(|agent| &*agent.id);
        let same_agent = match (self.agent.as_deref(), agent) {
            (Some(own), Some(agent)) => own.eq_ignore_ascii_case(agent),
            (None, None) => true,
            _ => false,
        };
        same_agent && self.user == call.user && self.session == call.session
    }
}

/// Who withdraws a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Canceller {
    /// The side that made the call.
    Agent(Claimant),
    /// A person.
    Person(Approver),
}

/// Which request, and what of it was looked at: where that has changed, nothing is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target {
    /// The request.
    pub id: RequestId,
    /// The version that was shown.
    pub version: Option<u32>,
    /// The digest of the call that was shown.
    pub digest: Option<[u8; 32]>,
}

impl Target {
    /// The request as it stands, whatever was shown of it.
    #[must_use]
    pub const fn id(id: RequestId) -> Self {
        Self { id, version: None, digest: None }
    }

    /// This version of the request.
    #[must_use]
    pub const fn version(id: RequestId, version: u32) -> Self {
        Self { id, version: Some(version), digest: None }
    }
}

/// Something that people may be told of.
#[derive(Clone, Debug)]
pub struct Announcement<'a> {
    /// What happened, such as `request.opened`.
    pub kind: &'a str,
    /// To which request.
    pub request: RequestId,
    /// To which version of it.
    pub version: u32,
    /// The channels that the terms name; none: all that are configured.
    pub channels: Option<&'a [Box<str>]>,
    /// When.
    pub at: Timestamp,
}

/// Makes the items to be kept with an event: the deliveries that are due for it.
pub type Announce = Arc<dyn Fn(&Announcement<'_>) -> Vec<Item> + Send + Sync>;
