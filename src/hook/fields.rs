//! Reading a host's event: fields of the right type, or the reason why there are none.

use super::{Moment, Proposed};
use crate::engine::json::{Json, Limits, Value};
use crate::engine::show::printable;

/// A field that holds a text.
pub(super) fn text<'a>(event: Value<'a>, key: &str) -> Option<&'a str> {
    event.get(key)?.as_text()
}

/// As [`text`], for a field that must be there.
pub(super) fn must<'a>(event: Value<'a>, key: &str) -> Result<&'a str, String> {
    text(event, key).ok_or_else(|| format!("the event has no text `{key}`"))
}

/// The arguments of a call: an object, or a text that holds one. Within the limits of a call.
pub(super) fn arguments(event: Value<'_>, key: &str) -> Result<Json, String> {
    let wrong = |why: &str| format!("`{key}` {why}");
    let text = match event.get(key) {
        Some(Value::Text(text)) => text.to_owned(),
        Some(object @ Value::Object(_)) => object.to_string(),
        Some(_) => return Err(wrong("holds no arguments")),
        None => return Err(wrong("is missing")),
    };
    let json = Json::parse_with(text.as_bytes(), &Limits::CALL);
    let json = json.map_err(|error| wrong(&format!("is no strict JSON: {error}")))?;
    match json.root() {
        Value::Object(_) => Ok(json),
        _ => Err(wrong("holds no object")),
    }
}

/// An event that is not about a call this Fence knows: blocked unless it is one of the `neutral`
/// ones, because it may have an effect.
pub(super) fn other(name: &str, neutral: &[&str]) -> Result<Moment, String> {
    match neutral.contains(&name) {
        true => Ok(Moment::Other),
        false => Err(format!("this Fence does not know the event `{}`", printable(name, 80))),
    }
}

/// The name of a tool that belongs to no server. A `/` in it would make it another's.
pub(super) fn bare(name: &str) -> Result<String, String> {
    match name.contains('/') {
        true => Err("the tool's name holds a `/`".to_owned()),
        false => Ok(name.to_owned()),
    }
}

/// The call of a host that writes `session_id`, `tool_input`, `agent_type`.
pub(super) fn proposed(event: Value<'_>, tool: String) -> Result<Proposed, String> {
    let own = |key| text(event, key).map(str::to_owned);
    let subagent = own("agent_id").map(|id| own("agent_type").unwrap_or(id));
    Ok(Proposed {
        tool,
        args: arguments(event, "tool_input")?,
        session: own("session_id"),
        subagent,
    })
}
