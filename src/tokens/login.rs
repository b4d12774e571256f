//! A person signed in with a browser: a secret of its own that ends with the token it came from.

use super::book::{end, ended, json, unreadable};
use super::secret::hex;
use super::{Book, Role, Secret, Token, TokenError, TokenId};
use crate::store::{Item, StoreError, perform};
use fence_engine::scalar::Timestamp;
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq as _;

/// The kind of item that a login is.
const KIND: &str = "login";
/// How long a login lasts, in seconds: twelve hours.
pub const LOGIN_LASTS: u32 = 12 * 3600;

/// A live login.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignIn {
    /// The token it was made with.
    pub token: Token,
    /// What a form must carry besides the cookie, so that no foreign page can send it.
    pub csrf: String,
    id: [u8; 16],
}

#[derive(Serialize, Deserialize)]
struct Kept {
    token: String,
}

impl Book {
    /// Signs a person in: a new secret for their browser's cookie, good for twelve hours and no
    /// longer than the token. Nothing where the token is an agent's: agents have no browser.
    ///
    /// # Errors
    /// Faults of the store.
    pub fn sign_in(&self, token: &Token) -> Result<Option<(Secret, SignIn)>, TokenError> {
        if token.holder.role() == Role::Agent {
            return Ok(None);
        }
        let secret = Secret::login().ok_or(TokenError::NoRandomness)?;
        let lasts = i64::from(LOGIN_LASTS) * 1_000_000;
        let until = Timestamp::from_micros(self.clock.now().micros().saturating_add(lasts));
        let item = Item {
            kind: KIND.to_owned(),
            id: *uuid::Uuid::now_v7().as_bytes(),
            key: hex(&secret.hash()),
            due: Some(token.expires_at.map_or(until, |end| end.min(until))),
            body: json(&Kept { token: token.id.to_string() })?,
            ended_at: None,
        };
        let sign_in = SignIn { token: token.clone(), csrf: secret.csrf(), id: item.id };
        perform::<_, StoreError>(&*self.store, move |transaction| transaction.put_item(&item))
            .wait()?;
        Ok(Some((secret, sign_in)))
    }

    /// The live login that a cookie's text belongs to. A login whose token ended has ended too.
    ///
    /// # Errors
    /// Faults of the store.
    pub fn signed_in(&self, cookie: &str) -> Result<Option<SignIn>, TokenError> {
        let Some(secret) = Secret::read_login(cookie) else { return Ok(None) };
        let (wanted, now) = (hex(&secret.hash()), self.clock.now());
        let items = self.store.live_items(KIND, Some(&wanted))?;
        let same = |item: &&Item| bool::from(item.key.as_bytes().ct_eq(wanted.as_bytes()));
        let Some(item) = items.iter().find(same).filter(|item| !ended(item.due, now)) else {
            return Ok(None);
        };
        let token = self.get(token_of(item)?)?;
        Ok(token.map(|token| SignIn { token, csrf: secret.csrf(), id: item.id }))
    }

    /// Ends a login.
    ///
    /// # Errors
    /// Faults of the store.
    pub fn sign_out(&self, sign_in: &SignIn) -> Result<(), TokenError> {
        let (id, now): (_, Timestamp) = (sign_in.id, self.clock.now());
        let ended = perform::<_, StoreError>(&*self.store, move |transaction| {
            end(transaction, KIND, id, now)
        });
        Ok(ended.wait()?)
    }
}

impl SignIn {
    /// Whether a form's anti-forgery token belongs to this login, compared in constant time.
    #[must_use]
    pub fn accepts(&self, csrf: &str) -> bool {
        bool::from(self.csrf.as_bytes().ct_eq(csrf.as_bytes()))
    }
}

fn token_of(item: &Item) -> Result<TokenId, StoreError> {
    let kept: Kept = serde_json::from_str(&item.body).map_err(|_| unreadable("login"))?;
    kept.token.parse().map_err(|_| unreadable("login"))
}
