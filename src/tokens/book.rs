//! The book of tokens, kept in the store: made, listed, looked up, revoked.

use super::secret::hex;
use super::{Agency, Holder, Role, Secret, Token, TokenId};
use crate::clock::Clock;
use crate::note::note;
use crate::people::People;
use crate::store::{Event, Item, Store, StoreError, Transaction, perform};
use fence_engine::scalar::Timestamp;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use subtle::ConstantTimeEq as _;

/// The kind of item that a token is.
const KIND: &str = "token";
/// A token's last use is written down at most so often.
const USE_NOTED: i64 = 3_600_000_000;

/// Why a token cannot be made, found or ended.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// It is for a person whom the settings do not know.
    #[error("`{0}` is nobody in `[people]`: add `[people.\"{0}\"]` to fence.toml first")]
    Nobody(String),
    /// It is for a person who is not to approve.
    #[error("`{0}` is no approver: their account says `approver = false`")]
    NoApprover(String),
    /// A role of people without a person.
    #[error("a token for the role `{0}` needs the person it is for")]
    NoPerson(Role),
    /// An agent's token without a proper agent.
    #[error("an agent's token needs the agent's id, in the words that policies use for agents")]
    NoAgent,
    /// No live token has this id.
    #[error("there is no live token `{0}`")]
    Unknown(String),
    /// The operating system gave no randomness.
    #[error("no random bits could be had, so no secret can be made")]
    NoRandomness,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The tokens and logins of one store. Cheap to clone; every method may block on the disk.
#[derive(Clone)]
pub struct Book {
    pub(super) store: Arc<dyn Store>,
    pub(super) clock: Arc<dyn Clock>,
}

/// A token's body as it is kept.
#[derive(Serialize, Deserialize)]
struct Kept {
    role: Role,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    person: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    agency: Option<Agency>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    label: Option<String>,
    created_at: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    last_used: Option<String>,
}

impl Book {
    /// The book kept in `store`, reading `clock`.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock }
    }

    /// Makes a token and records that it was made. The secret is in the answer and nowhere else.
    ///
    /// # Errors
    /// Where the holder is not known to `people` or makes no sense; faults of the store.
    pub fn create(
        &self,
        people: &People,
        holder: &Holder,
        label: Option<&str>,
        expires_at: Option<Timestamp>,
    ) -> Result<(Secret, Token), TokenError> {
        let holder = known(people, holder)?;
        let secret = Secret::token(holder.role()).ok_or(TokenError::NoRandomness)?;
        let token = Token {
            id: TokenId(*uuid::Uuid::now_v7().as_bytes()),
            holder,
            label: label.map(str::to_owned),
            created_at: self.clock.now(),
            last_used: None,
            expires_at,
        };
        let item = item(&token, &secret)?;
        let event = self.event("token.created", &token);
        perform::<_, StoreError>(&*self.store, move |transaction| {
            transaction.put_item(&item)?;
            transaction.event(&event)
        })
        .wait()?;
        Ok((secret, token))
    }

    /// Every token that is neither revoked nor expired, oldest first.
    ///
    /// # Errors
    /// Faults of the store.
    pub fn list(&self) -> Result<Vec<Token>, TokenError> {
        let now = self.clock.now();
        let items = self.store.live_items(KIND, None)?;
        let mut tokens = items.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        tokens.retain(|token| !ended(token.expires_at, now));
        tokens.sort_by_key(|token| token.id.0);
        Ok(tokens)
    }

    /// Ends a token; logins made with it end too.
    ///
    /// # Errors
    /// [`TokenError::Unknown`] where it has ended already; faults of the store.
    pub fn revoke(&self, id: TokenId) -> Result<Token, TokenError> {
        let found = self.store.item(KIND, id.0)?.filter(|item| item.ended_at.is_none());
        let token = read(&found.ok_or_else(|| TokenError::Unknown(id.to_string()))?)?;
        let (now, event) = (self.clock.now(), self.event("token.revoked", &token));
        perform::<_, StoreError>(&*self.store, move |transaction| {
            end(transaction, KIND, id.0, now)?;
            transaction.event(&event)
        })
        .wait()?;
        Ok(token)
    }

    /// The live token that this secret belongs to.
    ///
    /// # Errors
    /// Faults of the store.
    pub fn find(&self, secret: &Secret) -> Result<Option<Token>, TokenError> {
        let wanted = hex(&secret.hash());
        let now = self.clock.now();
        for item in self.store.live_items(KIND, Some(&wanted))? {
            // The index already found it by its hash; equality is still decided in constant time.
            if bool::from(item.key.as_bytes().ct_eq(wanted.as_bytes())) {
                return Ok(Some(read(&item)?).filter(|token| !ended(token.expires_at, now)));
            }
        }
        Ok(None)
    }

    /// The live token of this id.
    ///
    /// # Errors
    /// Faults of the store.
    pub fn get(&self, id: TokenId) -> Result<Option<Token>, TokenError> {
        let now = self.clock.now();
        let item = self.store.item(KIND, id.0)?.filter(|item| item.ended_at.is_none());
        let token = item.as_ref().map(read).transpose()?;
        Ok(token.filter(|token| !ended(token.expires_at, now)))
    }

    /// Whether a use now need not be noted: one within the last hour was.
    #[must_use]
    pub fn use_is_noted(&self, token: &Token) -> bool {
        let now = self.clock.now().micros();
        token.last_used.is_some_and(|at| now.saturating_sub(at.micros()) < USE_NOTED)
    }

    /// Notes that a token was used, unless that was noted within the last hour.
    ///
    /// # Errors
    /// Faults of the store.
    pub fn note_use(&self, token: &Token) -> Result<(), TokenError> {
        let (now, id) = (self.clock.now(), token.id.0);
        if self.use_is_noted(token) {
            return Ok(());
        }
        // Read again inside the transaction: a token revoked meanwhile stays revoked.
        let noted = perform::<_, StoreError>(&*self.store, move |transaction| {
            let Some(mut item) = transaction.item(KIND, id)? else { return Ok(()) };
            let mut kept = kept(&item)?;
            kept.last_used = Some(now.to_string());
            item.body = json(&kept)?;
            transaction.put_item(&item)
        });
        Ok(noted.wait()?)
    }

    fn event(&self, kind: &'static str, token: &Token) -> Event {
        let agent = match &token.holder {
            Holder::Agent(agency) => Some(&*agency.agent),
            Holder::Person { .. } => None,
        };
        let members = [
            ("agent", agent),
            ("label", token.label.as_deref()),
            ("person", token.holder.person()),
            ("role", Some(token.holder.role().as_str())),
            ("token", Some(&*token.id.to_string())),
        ];
        note(self.clock.now(), kind, &members)
    }
}

/// Ends an item, if it is still live.
pub(super) fn end(
    transaction: &mut dyn Transaction,
    kind: &str,
    id: [u8; 16],
    now: Timestamp,
) -> Result<(), StoreError> {
    let found = transaction.item(kind, id)?.filter(|item| item.ended_at.is_none());
    let Some(mut item) = found else { return Ok(()) };
    item.ended_at = Some(now);
    transaction.put_item(&item)
}

pub(super) fn ended(expires_at: Option<Timestamp>, now: Timestamp) -> bool {
    expires_at.is_some_and(|at| at <= now)
}

/// The holder in the words of `people`.
fn known(people: &People, holder: &Holder) -> Result<Holder, TokenError> {
    let (role, person) = match holder {
        Holder::Agent(agency) if is_id(&agency.agent) => return Ok(holder.clone()),
        Holder::Agent(_) | Holder::Person { role: Role::Agent, .. } => {
            return Err(TokenError::NoAgent);
        }
        Holder::Person { role, person } => (*role, person.as_deref()),
    };
    let Some(id) = person else {
        return match role {
            Role::Auditor => Ok(holder.clone()),
            _ => Err(TokenError::NoPerson(role)),
        };
    };
    let person = people.find(id).ok_or_else(|| TokenError::Nobody(id.to_owned()))?;
    if role == Role::Approver && !person.approver {
        return Err(TokenError::NoApprover(id.to_owned()));
    }
    Ok(Holder::Person { role, person: Some(person.id.clone()) })
}

fn is_id(text: &str) -> bool {
    crate::ToolCall::new("t").agent(text).validate().is_ok()
}

fn item(token: &Token, secret: &Secret) -> Result<Item, StoreError> {
    let (person, agency) = match &token.holder {
        Holder::Agent(agency) => (None, Some(agency.clone())),
        Holder::Person { person, .. } => (person.clone(), None),
    };
    let kept = Kept {
        role: token.holder.role(),
        person,
        agency,
        label: token.label.clone(),
        created_at: token.created_at.to_string(),
        last_used: None,
    };
    Ok(Item {
        kind: KIND.to_owned(),
        id: token.id.0,
        key: hex(&secret.hash()),
        due: token.expires_at,
        body: json(&kept)?,
        ended_at: None,
    })
}

pub(super) fn json(value: &impl Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::Refused(error.to_string()))
}

pub(super) fn unreadable(what: &str) -> StoreError {
    StoreError::Corrupt(format!("a {what} cannot be read"))
}

fn kept(item: &Item) -> Result<Kept, StoreError> {
    serde_json::from_str(&item.body).map_err(|_| unreadable("token"))
}

fn read(item: &Item) -> Result<Token, StoreError> {
    let kept = kept(item)?;
    let time = |text: &str| Timestamp::parse(text).ok_or_else(|| unreadable("token"));
    let holder = match (kept.role, kept.agency) {
        (Role::Agent, Some(agency)) => Holder::Agent(agency),
        (Role::Agent, None) => return Err(unreadable("token")),
        (role, _) => Holder::Person { role, person: kept.person },
    };
    Ok(Token {
        id: TokenId(item.id),
        holder,
        label: kept.label,
        created_at: time(&kept.created_at)?,
        last_used: kept.last_used.as_deref().map(time).transpose()?,
        expires_at: item.due,
    })
}
