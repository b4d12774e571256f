//! The members that messages have, by their spelling: some readers do not tell `URI` from `uri`, and
//! what is judged must be what they read.

use fence_engine::json::{Object, Value};
use std::collections::HashSet;

/// The names that the protocol gives members around what people and tools write.
const KNOWN: [&str; 64] = [
    "_meta",
    "argument",
    "arguments",
    "audience",
    "capabilities",
    "clientInfo",
    "completion",
    "content",
    "contents",
    "context",
    "cursor",
    "data",
    "elicitationId",
    "error",
    "id",
    "includeContext",
    "inputRequests",
    "inputResponses",
    "io.modelcontextprotocol/clientCapabilities",
    "io.modelcontextprotocol/clientInfo",
    "io.modelcontextprotocol/logLevel",
    "io.modelcontextprotocol/protocolVersion",
    "io.modelcontextprotocol/related-task",
    "io.modelcontextprotocol/subscriptionId",
    "isError",
    "jsonrpc",
    "level",
    "maxTokens",
    "message",
    "messages",
    "metadata",
    "method",
    "mode",
    "model",
    "modelPreferences",
    "name",
    "nextCursor",
    "notifications",
    "params",
    "progress",
    "progressToken",
    "prompts",
    "promptsListChanged",
    "protocolVersion",
    "ref",
    "requestId",
    "requestState",
    "requestedSchema",
    "resourceSubscriptions",
    "resources",
    "resourcesListChanged",
    "result",
    "resultType",
    "roots",
    "stopSequences",
    "structuredContent",
    "systemPrompt",
    "task",
    "taskId",
    "tasks",
    "tools",
    "toolsListChanged",
    "uri",
    "url",
];

/// Keys of `_meta` that are about the exchange itself.
const PROTOCOLS: [&str; 7] = [
    "io.modelcontextprotocol/clientCapabilities",
    "io.modelcontextprotocol/clientInfo",
    "io.modelcontextprotocol/logLevel",
    "io.modelcontextprotocol/protocolVersion",
    "io.modelcontextprotocol/related-task",
    "io.modelcontextprotocol/subscriptionId",
    "progressToken",
];

/// Parameters that hold members of their own.
const HOLDERS: [&str; 7] =
    ["_meta", "notifications", "ref", "argument", "context", "task", "modelPreferences"];

/// Whether a key of `_meta` is the protocol's own.
pub(super) fn is_protocols(key: &str) -> bool {
    PROTOCOLS.contains(&key)
}

/// Checks the members of a message, as far as the protocol names them. A tool's arguments, results
/// and what is logged are their writers' own.
///
/// # Errors
/// Which member is spelled so that readers could take it for another.
pub(super) fn check(root: Object<'_>) -> Result<(), String> {
    spelled(root)?;
    let method = root.get("method").and_then(Value::as_text).unwrap_or_default();
    if let Some(params) = root.get("params").and_then(Value::as_object) {
        exchange(params)?;
        for (key, value) in params {
            let own = matches!(
                (method, key),
                ("tools/call", "arguments") | ("notifications/message", "data")
            );
            if !own {
                distinct(value)?;
            }
        }
    }
    match root.get("result").and_then(Value::as_object) {
        Some(result) => exchange(result),
        None => Ok(()),
    }
}

/// Parameters, or a result, and the members that these hold.
fn exchange(object: Object<'_>) -> Result<(), String> {
    spelled(object)?;
    for (_, value) in object.iter().filter(|(key, _)| HOLDERS.contains(key)) {
        value.as_object().map_or(Ok(()), spelled)?;
    }
    let requests = object.get("inputRequests").and_then(Value::as_object);
    for (_, request) in requests.into_iter().flatten() {
        let Some(request) = request.as_object() else { continue };
        spelled(request)?;
        if let Some(params) = request.get("params").and_then(Value::as_object) {
            exchange(params)?;
            params.iter().try_for_each(|(_, value)| distinct(value))?;
        }
    }
    Ok(())
}

/// Whether a server wants something where nobody judges it: anywhere but at the head of a result,
/// or in another shape than an object.
pub(super) fn wants_elsewhere(value: Value<'_>) -> bool {
    match value {
        Value::Object(object) => {
            object.iter().any(|(key, value)| key == "inputRequests" || wants_elsewhere(value))
        }
        Value::List(list) => list.iter().any(wants_elsewhere),
        _ => false,
    }
}

/// No two keys are the same, and none is a known one, in another spelling.
fn spelled(object: Object<'_>) -> Result<(), String> {
    let mut seen = HashSet::new();
    for (key, _) in object {
        let name = bare(key);
        let other = KNOWN.iter().any(|known| *known != key && bare(known) == name);
        if other || !seen.insert(name) {
            return Err(respelled(key));
        }
    }
    Ok(())
}

/// No two keys of an object, however deep, are the same but for case.
fn distinct(value: Value<'_>) -> Result<(), String> {
    match value {
        Value::Object(object) => {
            let mut seen = HashSet::new();
            object.iter().try_for_each(|(key, value)| match seen.insert(folded(key)) {
                true => distinct(value),
                false => Err(respelled(key)),
            })
        }
        Value::List(list) => list.iter().try_for_each(distinct),
        _ => Ok(()),
    }
}

fn respelled(key: &str) -> String {
    format!("`{}` is another member's name in another spelling", super::message::shown(key))
}

/// A key as readers see it that do not mind case: upper first, for `ſ` is an `s` to them.
fn folded(key: &str) -> String {
    match key.is_ascii() {
        true => key.to_ascii_lowercase(),
        false => key.to_uppercase().to_lowercase(),
    }
}

/// A key as the laxest readers see it, which skip `_` and `-` as well.
fn bare(key: &str) -> String {
    let mut key = folded(key);
    key.retain(|letter| letter != '_' && letter != '-');
    key
}

#[cfg(test)]
mod tests {
    use super::*;
    use fence_engine::json::Json;

    fn checked(text: &str) -> Result<(), String> {
        let json: Json = text.parse().unwrap();
        check(json.root().as_object().unwrap())
    }

    #[test]
    fn members_in_another_spelling_are_refused_and_arguments_are_not() {
        for wrong in [
            r#"{"id":1,"ID":2}"#,
            r#"{"Method":"x"}"#,
            r#"{"params":{"uri":"a","URI":"b"}}"#,
            r#"{"params":{"Name":"a"}}"#,
            r#"{"params":{"input_requests":{}}}"#,
            r#"{"params":{"notifications":{"re\u017fourceSubscriptions":[]}}}"#,
            r#"{"params":{"_meta":{"ProgressToken":1}}}"#,
            r#"{"params":{"x":[{"a":1,"A":2}]}}"#,
            r#"{"result":{"InputRequests":{}}}"#,
            r#"{"result":{"inputRequests":{"a":{"method":"x","METHOD":"y"}}}}"#,
            r#"{"result":{"inputRequests":{"a":{"params":{"\u212aey":1,"key":2}}}}}"#,
        ] {
            assert!(checked(wrong).is_err(), "{wrong}");
        }
        for right in [
            r#"{"method":"tools/call","params":{"name":"x","arguments":{"URI":1,"uri":2}}}"#,
            r#"{"method":"prompts/get","params":{"name":"x","arguments":{"Name":"y"}}}"#,
            r#"{"result":{"structuredContent":{"A":1,"a":2},"_meta":{"traceparent":"x"}}}"#,
        ] {
            assert_eq!(checked(right), Ok(()), "{right}");
        }
    }
}
