//! Events of the doors: what was done to the gate itself, as the record shows it.

use crate::approvals::journal::Body;
use crate::store::Event;
use fence_engine::scalar::Timestamp;

/// An event with these members; absent ones are left out.
pub(crate) fn note(
    at: Timestamp,
    kind: &'static str,
    members: &[(&'static str, Option<&str>)],
) -> Event {
    let body = Body::new(at, kind);
    members.iter().fold(body, |body, (key, value)| body.maybe(key, *value)).event(None)
}
