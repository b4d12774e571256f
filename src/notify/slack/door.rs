//! Where Slack's buttons come back to: nothing is read before its signature is verified.
//!
//! Source: "Verifying requests from Slack" (<https://docs.slack.dev/authentication/verifying-requests-from-slack>).

use super::Action;
use crate::notify::secret::Secret;
use fence_engine::scalar::Timestamp;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// How far a request's time may be from ours, in seconds.
const WINDOW: i64 = 300;

/// How many signatures are remembered; beyond that everything is refused until some are too old.
const REMEMBERED: usize = 10_000;

/// The longest body that Slack may send.
const LONGEST: usize = 1 << 20;

/// Why a request that claims to be Slack's is refused. All but `Malformed` are 401.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SlackRefusal {
    /// The signature is missing or wrong.
    #[error("the signature is not Slack's")]
    Signature,
    /// Its time is missing, or too far from ours.
    #[error("the request is too old, or its time is wrong")]
    Time,
    /// The very same request was accepted before.
    #[error("the request was accepted before")]
    Replayed,
    /// An account of another workspace.
    #[error("the account belongs to another workspace")]
    Team,
    /// Signed, but nothing that our buttons send.
    #[error("the request is none of a button's")]
    Malformed,
    /// Too many within a few minutes.
    #[error("too many requests within five minutes")]
    Busy,
}

/// Lets a request through whose signature over the raw `body` is right and whose time is within
/// five minutes of `now`. Compares in constant time.
///
/// `timestamp` and `signature` are the headers `X-Slack-Request-Timestamp` and
/// `X-Slack-Signature`, exactly as received.
///
/// # Errors
/// [`SlackRefusal::Time`], [`SlackRefusal::Signature`].
pub fn verify(
    body: &[u8],
    timestamp: &str,
    signature: &str,
    secret: &Secret,
    now: Timestamp,
) -> Result<(), SlackRefusal> {
    let digits = !timestamp.is_empty() && timestamp.bytes().all(|byte| byte.is_ascii_digit());
    let sent = timestamp.parse::<i64>().ok().filter(|_| digits).ok_or(SlackRefusal::Time)?;
    let now = now.micros().div_euclid(1_000_000);
    if now.abs_diff(sent) > WINDOW.unsigned_abs() {
        return Err(SlackRefusal::Time);
    }
    let given = tag(signature).ok_or(SlackRefusal::Signature)?;
    let key = secret.expose().as_bytes();
    let mut mac = Hmac::<Sha256>::new_from_slice(key).map_err(|_| SlackRefusal::Signature)?;
    for part in [b"v0:", timestamp.as_bytes(), b":", body] {
        mac.update(part);
    }
    mac.verify_slice(&given).map_err(|_| SlackRefusal::Signature)
}

/// The bytes of `v0=` and 64 lower-case digits.
fn tag(signature: &str) -> Option<[u8; 32]> {
    let digits = signature.strip_prefix("v0=")?.as_bytes();
    let mut tag = [0; 32];
    if digits.len() != 64 {
        return None;
    }
    for (byte, pair) in tag.iter_mut().zip(digits.chunks_exact(2)) {
        let [high, low] = [digit(*pair.first()?)?, digit(*pair.get(1)?)?];
        *byte = high << 4 | low;
    }
    Some(tag)
}

const fn digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    }
}

/// Verifies what comes back from one Slack app, and remembers it against replays.
pub struct Door {
    secret: Secret,
    team: Option<String>,
    /// When each accepted signature may be forgotten, in seconds.
    seen: Mutex<BTreeMap<[u8; 32], i64>>,
}

impl Door {
    /// A door for the app with this signing secret; where a workspace is named, for its accounts
    /// alone.
    #[must_use]
    pub const fn new(secret: Secret, team: Option<String>) -> Self {
        Self { secret, team, seen: Mutex::new(BTreeMap::new()) }
    }

    /// Verifies and reads one request; `None` for a press that answers nothing. The very same
    /// request is accepted once.
    ///
    /// The account is not yet a person: that is for `People::by_slack` to say.
    ///
    /// # Errors
    /// [`SlackRefusal`]; nothing was read before the signature was found right.
    pub fn receive(
        &self,
        body: &[u8],
        timestamp: &str,
        signature: &str,
        now: Timestamp,
    ) -> Result<Option<Action>, SlackRefusal> {
        if body.len() > LONGEST {
            return Err(SlackRefusal::Malformed);
        }
        verify(body, timestamp, signature, &self.secret, now)?;
        self.once(signature, now)?;
        let action = Action::read(body)?;
        match (&self.team, &action) {
            (Some(team), Some(action)) if action.team.as_ref() != Some(team) => {
                Err(SlackRefusal::Team)
            }
            _ => Ok(action),
        }
    }

    fn once(&self, signature: &str, now: Timestamp) -> Result<(), SlackRefusal> {
        let tag = tag(signature).ok_or(SlackRefusal::Signature)?;
        let now = now.micros().div_euclid(1_000_000);
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.retain(|_, until| *until >= now);
        if seen.contains_key(&tag) {
            return Err(SlackRefusal::Replayed);
        }
        if seen.len() >= REMEMBERED {
            return Err(SlackRefusal::Busy);
        }
        // A request's time may lie ahead of ours by one window and stays valid for another.
        seen.insert(tag, now + 2 * WINDOW);
        Ok(())
    }
}
