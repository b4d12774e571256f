//! What each host makes of an answer, by its documentation: a second reading, apart from the
//! program's own.

use crate::cli_place::Ran;
use serde_json::Value;

pub(crate) const HOSTS: [&str; 5] = ["claude-code", "codex", "gemini", "cursor", "copilot"];

/// What the host does with the call.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Done {
    /// It makes it, as it was.
    Made,
    /// It makes it with these arguments.
    MadeWith(Value),
    /// It does not make it, and tells the agent why.
    Blocked(String),
}

impl Done {
    pub(crate) fn is_blocked(&self) -> bool {
        matches!(self, Self::Blocked(_))
    }
}

/// What a host does after a run of its hook before a call, without any setting that would close it.
pub(crate) fn done(host: &str, input: &Value, ran: &Ran) -> Done {
    let said = ran.err.trim();
    match (host, ran.code) {
        // Without a reason Codex takes code 2 for a failure, and goes on.
        ("codex", 2) if said.is_empty() => Done::Made,
        ("copilot", code) if code != 0 => Done::Blocked(said.to_owned()),
        (_, 2) => Done::Blocked(said.to_owned()),
        ("claude-code", _) | (_, 0) => answered(host, input, ran.out.trim()),
        _ => Done::Made,
    }
}

fn answered(host: &str, input: &Value, out: &str) -> Done {
    let Ok(json) = serde_json::from_str::<Value>(out) else { return Done::Made };
    let text = |at: &str| json.pointer(at).and_then(Value::as_str).unwrap_or_default().to_owned();
    let edited = |at: &str| json.pointer(at).cloned().map(Done::MadeWith);
    match host {
        // Voided by whatever a login shell prints before it: an answer there is worth nothing.
        "codex" => Done::Made,
        "claude-code" => match &*text("/hookSpecificOutput/permissionDecision") {
            "deny" => Done::Blocked(text("/hookSpecificOutput/permissionDecisionReason")),
            "allow" => edited("/hookSpecificOutput/updatedInput").unwrap_or(Done::Made),
            _ => Done::Made,
        },
        "gemini" => match &*text("/decision") {
            "deny" | "block" => Done::Blocked(text("/reason")),
            _ => match json.pointer("/hookSpecificOutput/tool_input") {
                Some(edit) => Done::MadeWith(merged(input, edit)),
                None => Done::Made,
            },
        },
        "cursor" => match &*text("/permission") {
            "deny" => Done::Blocked(text("/agent_message")),
            _ => edited("/updated_input").unwrap_or(Done::Made),
        },
        "copilot" => match &*text("/permissionDecision") {
            "deny" => Done::Blocked(text("/permissionDecisionReason")),
            _ => edited("/modifiedArgs").unwrap_or(Done::Made),
        },
        _ => panic!("no such host"),
    }
}

fn merged(input: &Value, edit: &Value) -> Value {
    let mut whole = input.as_object().unwrap().clone();
    whole.extend(edit.as_object().unwrap().clone());
    Value::Object(whole)
}
