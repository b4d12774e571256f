//! Events of the doors: what was done to the gate itself, as the record shows it.

use crate::store::Event;
use fence_engine::scalar::Timestamp;
use serde_json::Value;

/// An event with these members; absent ones are left out.
pub(crate) fn note(
    at: Timestamp,
    kind: &'static str,
    members: &[(&'static str, Option<&str>)],
) -> Event {
    let members =
        members.iter().filter_map(|(key, value)| Some(((*key).to_owned(), Value::from((*value)?))));
    Event { at, kind: kind.to_owned(), body: Value::Object(members.collect()).to_string() }
}
