//! What a misspelt key was meant to be, from serde's own message.

use fence_engine::diagnostic::nearest;

/// From "unknown field `databse`, expected `database` or `strategies`" the nearest.
pub(crate) fn meant(message: &str) -> Option<&str> {
    let unknown = message.starts_with("unknown field") || message.starts_with("unknown variant");
    let mut quoted = message.split('`').skip(1).step_by(2);
    let written = quoted.next().filter(|_| unknown)?;
    nearest(written, quoted)
}
