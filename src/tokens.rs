//! Tokens: what a program or a person shows to say who they are, and what they may do.
//!
//! A token is 256 random bits, shown once and kept as its SHA-256 alone. It has one [`Role`], and
//! the roles are disjoint: nothing that an agent holds can ever approve.

mod book;
mod login;
mod secret;

pub use book::{Book, TokenError};
pub use login::{LOGIN_LASTS, SignIn};
pub use secret::Secret;

use fence_engine::scalar::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// What a token is for. A token has exactly one role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// An agent, or the host that runs it: asks for decisions and claims what was approved.
    Agent,
    /// A person who answers approval requests.
    Approver,
    /// A person or program that reads everything and changes nothing.
    Auditor,
    /// A person who reads everything, and stops and resumes agents. Does not approve.
    Admin,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 4] = [Self::Agent, Self::Approver, Self::Auditor, Self::Admin];

    /// Its name: `agent`, `approver`, `auditor`, `admin`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::Approver => "approver",
            Self::Auditor => "auditor",
            Self::Admin => "admin",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Role {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.into_iter().find(|role| role.as_str() == text);
        found.ok_or_else(|| "a role is `agent`, `approver`, `auditor` or `admin`".to_owned())
    }
}

/// The agent that an agent's token stands for. Calls made with the token carry exactly this.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agency {
    /// Its id.
    pub agent: String,
    /// The agents it works for, nearest first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parents: Option<Vec<String>>,
    /// Its roles in the policies' sense.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub roles: Option<Vec<String>>,
    /// The person it acts for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
}

/// Whom a token stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Holder {
    /// An agent.
    Agent(Agency),
    /// A person with a role other than agent; only an auditor may be nobody in particular.
    Person {
        /// What they may do; never [`Role::Agent`].
        role: Role,
        /// The id of their account, as in `[people]`.
        person: Option<String>,
    },
}

impl Holder {
    /// The role.
    #[must_use]
    pub const fn role(&self) -> Role {
        match self {
            Self::Agent(_) => Role::Agent,
            Self::Person { role, .. } => *role,
        }
    }

    /// The person, for whom the token stands itself.
    #[must_use]
    pub fn person(&self) -> Option<&str> {
        match self {
            Self::Agent(_) => None,
            Self::Person { person, .. } => person.as_deref(),
        }
    }
}

/// A token as it is kept and listed: everything but its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// `t_` and a UUIDv7.
    pub id: TokenId,
    /// Whom it stands for.
    pub holder: Holder,
    /// What its maker noted.
    pub label: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last used, to the hour.
    pub last_used: Option<Timestamp>,
    /// When it stops being accepted; absent: never.
    pub expires_at: Option<Timestamp>,
}

/// Names a token without giving it away: `t_` and a UUIDv7.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TokenId(pub [u8; 16]);

impl fmt::Display for TokenId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "t_{}", uuid::Uuid::from_bytes(self.0))
    }
}

impl FromStr for TokenId {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let uuid = text.strip_prefix("t_").and_then(|rest| uuid::Uuid::try_parse(rest).ok());
        uuid.map(|uuid| Self(uuid.into_bytes()))
            .ok_or_else(|| "a token's id is `t_` and a UUID: see `fence token list`".to_owned())
    }
}
