//! The secret part of a token: made, read, hashed; never printed by accident.

use super::Role;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};
use std::fmt;

/// Random bytes in a secret.
const BYTES: usize = 32;

/// A secret as its holder shows it. `Debug` hides it.
#[derive(Clone)]
pub struct Secret {
    text: String,
}

impl Secret {
    /// A new token's secret, `fence_<role>_` and 256 random bits in base64url; nothing where the
    /// operating system has no randomness to give.
    #[must_use]
    pub fn token(role: Role) -> Option<Self> {
        Some(Self { text: format!("fence_{role}_{}", random()?) })
    }

    /// A new login's secret: 256 random bits in base64url.
    pub(super) fn login() -> Option<Self> {
        random().map(|text| Self { text })
    }

    /// A token's secret as somebody shows it, if it has the shape of one.
    #[must_use]
    pub fn read_token(text: &str) -> Option<Self> {
        let (role, rest) = text.strip_prefix("fence_")?.split_once('_')?;
        role.parse::<Role>().ok()?;
        is_random(rest).then(|| Self { text: text.to_owned() })
    }

    /// A login's secret as a browser shows it, if it has the shape of one.
    pub(super) fn read_login(text: &str) -> Option<Self> {
        is_random(text).then(|| Self { text: text.to_owned() })
    }

    /// Whether a text looks like a token, wherever it turns up: it must then not be logged.
    #[must_use]
    pub fn looks_like(text: &str) -> bool {
        Role::ALL.iter().any(|role| text.contains(&format!("fence_{role}_")))
    }

    /// The text, to be shown once.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.text
    }

    /// SHA-256 of the whole text: what is kept.
    #[must_use]
    pub fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.text.as_bytes()).into()
    }

    /// The anti-forgery token that belongs to a login's secret.
    pub(super) fn csrf(&self) -> String {
        let digest = Sha256::new_with_prefix(b"fence csrf\n").chain_update(self.text.as_bytes());
        URL_SAFE_NO_PAD.encode(digest.finalize())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

fn random() -> Option<String> {
    let mut bytes = [0; BYTES];
    getrandom::fill(&mut bytes).ok()?;
    Some(URL_SAFE_NO_PAD.encode(bytes))
}

fn is_random(text: &str) -> bool {
    URL_SAFE_NO_PAD.decode(text).is_ok_and(|bytes| bytes.len() == BYTES)
}

/// Lower-case hexadecimal.
pub(super) fn hex(bytes: &[u8]) -> String {
    use fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_reads_back_and_hides_itself() {
        let secret = Secret::token(Role::Approver).unwrap();
        let read = Secret::read_token(secret.reveal()).unwrap();
        assert_eq!(read.hash(), secret.hash());
        assert_eq!(format!("{secret:?}"), "Secret(…)");
        assert!(Secret::looks_like(&format!("x={}", secret.reveal())));
        assert_ne!(secret.hash(), Secret::token(Role::Approver).unwrap().hash());
    }

    #[test]
    fn what_is_no_token_is_not_looked_up() {
        let body = Secret::login().unwrap().reveal().to_owned();
        for text in ["", "fence_", "fence_agent_", "fence_agent_x", &body] {
            assert!(Secret::read_token(text).is_none(), "{text}");
        }
        assert!(Secret::read_token(&format!("fence_root_{body}")).is_none());
        assert!(Secret::read_token(&format!("fence_agent_{body}A")).is_none());
        assert!(Secret::read_token(&format!("fence_agent_{body}")).is_some());
    }
}
