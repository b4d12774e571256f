//! `requestState`: what a client carries from a question to its answer and can neither make, change,
//! use for another call, nor use twice.

use crate::approvals::{Claimant, RequestId};
use crate::store::{Item, Store, StoreError, perform};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use fence_engine::call::hex_digest;
use fence_engine::scalar::Timestamp;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

/// What every state of Fence's begins with.
const OURS: &str = "fence1.";
/// Used ones are remembered as items of this kind,
const KIND: &str = "mcp.answer";
/// until nobody could use them again anyway.
const REMEMBERED_MICROS: i64 = 7 * 86_400_000_000;

/// What a state says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Carried {
    /// The request that the person was asked about.
    pub(super) request: String,
    /// The version that was shown.
    pub(super) version: u32,
    /// `sha256:` of the call that brings it back.
    digest: String,
    /// `sha256:` of the call that was shown: another where it was edited.
    pub(super) shown: String,
    /// Until when it may be used, in microseconds.
    until: i64,
    agent: Option<String>,
    user: Option<String>,
    session: Option<String>,
}

impl Carried {
    pub(super) fn new(
        (request, version, shown): (RequestId, u32, &str),
        digest: &[u8; 32],
        by: &Claimant,
        until: Timestamp,
    ) -> Self {
        Self {
            request: request.to_string(),
            version,
            digest: hex_digest(digest),
            shown: shown.to_owned(),
            until: until.micros(),
            agent: by.agent.clone(),
            user: by.user.clone(),
            session: by.session.clone(),
        }
    }

    fn is_of(&self, by: &Claimant) -> bool {
        self.agent == by.agent && self.user == by.user && self.session == by.session
    }
}

/// The key of this process.
pub(super) struct Seal([u8; 64]);

/// Why a state counts for nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Broken {
    #[error("it was not made by this gate")]
    Foreign,
    #[error("it belongs to somebody else")]
    Principal,
    #[error("it belongs to another call")]
    Call,
    #[error("it has expired")]
    Expired,
    #[error("it was used already")]
    Used,
    #[error("it cannot be told whether it was used already")]
    Store,
}

impl Seal {
    /// A key that nobody else knows.
    ///
    /// # Errors
    /// Where the system gives no randomness.
    pub(super) fn new() -> Result<Self, getrandom::Error> {
        let mut key = [0; 64];
        getrandom::fill(&mut key)?;
        Ok(Self(key))
    }

    /// Whether a state claims to be Fence's.
    pub(super) fn is_ours(state: &str) -> bool {
        state.starts_with(OURS)
    }

    /// The state that carries this.
    pub(super) fn close(&self, carried: &Carried) -> String {
        let payload = serde_json::to_vec(carried).unwrap_or_default();
        let tag = self.tag(&payload).finalize().into_bytes();
        let (payload, tag) = (URL_SAFE_NO_PAD.encode(payload), URL_SAFE_NO_PAD.encode(tag));
        format!("{OURS}{payload}.{tag}")
    }

    /// What a state carries, if it is for this call of this side, now; it is used up by that.
    pub(super) async fn open(
        &self,
        store: &dyn Store,
        state: &str,
        (by, digest): (&Claimant, &[u8; 32]),
        now: Timestamp,
    ) -> Result<Carried, Broken> {
        let (payload, tag) = split(state).ok_or(Broken::Foreign)?;
        self.tag(&payload).verify_slice(&tag).map_err(|_| Broken::Foreign)?;
        let carried: Carried = serde_json::from_slice(&payload).map_err(|_| Broken::Foreign)?;
        if !carried.is_of(by) {
            return Err(Broken::Principal);
        }
        if carried.digest != hex_digest(digest) {
            return Err(Broken::Call);
        }
        if now.micros() >= carried.until {
            return Err(Broken::Expired);
        }
        match spend(store, &tag, now).await {
            Ok(true) => Ok(carried),
            Ok(false) => Err(Broken::Used),
            Err(_) => Err(Broken::Store),
        }
    }

    fn tag(&self, payload: &[u8]) -> Hmac<Sha256> {
        let mut tag = Hmac::<Sha256>::new(&self.0.into());
        tag.update(payload);
        tag
    }
}

fn split(state: &str) -> Option<(Vec<u8>, Vec<u8>)> {
    let (payload, tag) = state.strip_prefix(OURS)?.split_once('.')?;
    Some((URL_SAFE_NO_PAD.decode(payload).ok()?, URL_SAFE_NO_PAD.decode(tag).ok()?))
}

/// Whether this is the first use.
async fn spend(store: &dyn Store, tag: &[u8], now: Timestamp) -> Result<bool, StoreError> {
    let mut id = [0; 16];
    id.copy_from_slice(tag.get(..16).unwrap_or(&[0; 16]));
    let long_ago = Timestamp::from_micros(now.micros() - REMEMBERED_MICROS);
    perform(store, move |transaction| {
        if transaction.item(KIND, id)?.is_some() {
            return Ok(false);
        }
        transaction.forget_items(KIND, long_ago)?;
        let (kind, key, ended_at) = (KIND.to_owned(), String::new(), Some(now));
        let item = Item { kind, id, key, due: None, body: "{}".to_owned(), ended_at };
        transaction.put_item(&item)?;
        Ok::<_, StoreError>(true)
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MemoryStore;
    use crate::store::block_on;

    fn side(agent: &str) -> Claimant {
        Claimant { agent: Some(agent.to_owned()), ..Claimant::default() }
    }

    fn at(micros: i64) -> Timestamp {
        Timestamp::from_micros(micros)
    }

    #[test]
    fn a_state_counts_once_for_its_call_its_side_and_its_time() {
        let (seal, store) = (Seal::new().unwrap(), MemoryStore::new());
        let carried =
            Carried::new((RequestId([7; 16]), 2, "sha256:2"), &[1; 32], &side("a"), at(100));
        let state = seal.close(&carried);
        let open = |state: &str, by: &str, digest: [u8; 32], now: i64| {
            block_on(seal.open(&store, state, (&side(by), &digest), at(now)))
        };
        assert_eq!(open(&state, "b", [1; 32], 50), Err(Broken::Principal));
        assert_eq!(open(&state, "a", [2; 32], 50), Err(Broken::Call));
        assert_eq!(open(&state, "a", [1; 32], 100), Err(Broken::Expired));
        let other = Seal::new().unwrap().close(&carried);
        assert_eq!(open(&other, "a", [1; 32], 50), Err(Broken::Foreign));
        assert_eq!(open("fence1.e30.e30", "a", [1; 32], 50), Err(Broken::Foreign));
        assert_eq!(open(&state, "a", [1; 32], 50), Ok(carried));
        assert_eq!(open(&state, "a", [1; 32], 50), Err(Broken::Used));
    }
}
