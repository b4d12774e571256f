//! The messages that Fence writes itself.

use super::message::Id;
use super::method::Era;
use serde_json::{Value, json};

/// The message could not be read as JSON.
pub(super) const PARSE: i32 = -32_700;
/// It is no request that can be answered.
pub(super) const INVALID: i32 = -32_600;
/// No such method passes here.
pub(super) const NO_METHOD: i32 = -32_601;
/// The parameters are wrong.
pub(super) const PARAMS: i32 = -32_602;
/// The policy, or a person, refuses.
pub(super) const REFUSED: i32 = -32_000;
/// What the headers say is not what the body says.
pub(super) const HEADERS: i32 = -32_020;
/// A revision that is not known here.
pub(super) const VERSION: i32 = -32_022;

fn message(id: Option<&Id>, rest: &str) -> Vec<u8> {
    let id = id.map_or("null".to_owned(), ToString::to_string);
    format!(r#"{{"jsonrpc":"2.0","id":{id},{rest}}}"#).into_bytes()
}

/// The error that answers a request.
pub(super) fn error(id: Option<&Id>, code: i32, why: &str) -> Vec<u8> {
    error_with(id, &json!({ "code": code, "message": why }))
}

/// As [`error`], with the error's members.
pub(super) fn error_with(id: Option<&Id>, error: &Value) -> Vec<u8> {
    message(id, &format!(r#""error":{error}"#))
}

/// A revision that is not known here, and those that are.
pub(super) fn unknown_version(id: &Id, requested: &str) -> Vec<u8> {
    let supported: Vec<_> =
        super::method::MODERN.into_iter().chain(super::method::LEGACY).collect();
    let data = json!({ "supported": supported, "requested": requested });
    let why = "this revision of the protocol is not known to Fence";
    error_with(Some(id), &json!({ "code": VERSION, "message": why, "data": data }))
}

/// The result that answers a request.
pub(super) fn result(id: &Id, result: &str) -> Vec<u8> {
    message(Some(id), &format!(r#""result":{result}"#))
}

/// A refusal in the form that reaches the model: of a tool call a result, of others an error.
pub(super) fn refusal(id: &Id, method: &str, era: Era, why: &str) -> Vec<u8> {
    if method != "tools/call" {
        return error(Some(id), REFUSED, why);
    }
    let mut answer = json!({ "content": [{ "type": "text", "text": why }], "isError": true });
    if era == Era::Modern {
        answer["resultType"] = json!("complete");
    }
    result(id, &answer.to_string())
}

/// A request of Fence's own.
pub(super) fn request(id: &Id, method: &str, params: &str) -> Vec<u8> {
    message(Some(id), &format!(r#""method":"{method}","params":{params}"#))
}

/// A notification of Fence's own.
pub(super) fn notification(method: &str, params: &str) -> Vec<u8> {
    format!(r#"{{"jsonrpc":"2.0","method":"{method}","params":{params}}}"#).into_bytes()
}

/// The error that a server gave, for another request.
pub(super) fn raw_error(id: &Id, error: &str) -> Vec<u8> {
    message(Some(id), &format!(r#""error":{error}"#))
}
