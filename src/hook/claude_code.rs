//! Claude Code (hooks reference of August 2026; `sdk.d.ts` of the Agent SDK 0.3.332, November 2026).
//!
//! Judged: `PreToolUse` for every tool, and `PreSkillShellCommand`, the commands that a skill's own
//! text runs. `defer` is never answered: outside a headless run with a single call it is ignored,
//! and the call goes on. Nor is `ask`: a hook is not told what the person answered.

use super::place::{Layout, Place, Unit};
use super::{Answer, Host, Moment, Reply, Used, fields, names};
use crate::engine::json::{Json, Value};
use serde_json::json;

/// Claude Code.
#[derive(Debug)]
pub(super) struct ClaudeCode;

static PLACE: Place = Place {
    user: ".claude/settings.json",
    project: ".claude/settings.json",
    also: &[".claude/settings.local.json"],
    before: &[("PreToolUse", Some("*"))],
    after: &["PostToolUse", "PostToolUseFailure"],
    layout: Layout::Groups,
    command: "command",
    timeout: ("timeout", Unit::Seconds),
    closed: Some(("onFailure", "block")),
    default: Some(600.0),
    moved: Some("CLAUDE_CONFIG_DIR"),
    any_shell: false,
    version: false,
};

impl Host for ClaudeCode {
    fn name(&self) -> &'static str {
        "claude-code"
    }

    fn read(&self, event: Value<'_>) -> Result<Moment, String> {
        let call = || {
            let server = event.get("mcp_server").and_then(|server| fields::text(server, "name"));
            let tool = names::tool(fields::must(event, "tool_name")?, server)?;
            fields::proposed(event, tool)
        };
        match fields::must(event, EVENT)? {
            "PreToolUse" | "PreSkillShellCommand" => call().map(Moment::Before),
            QUESTION => call().map(Moment::Question),
            "PostToolUse" => call().map(|call| Moment::After(call, Used::Done)),
            "PostToolUseFailure" => call().map(|call| Moment::After(call, Used::Failed)),
            name => fields::other(name, &NEUTRAL),
        }
    }

    fn can_edit(&self, event: Value<'_>, _: &Json) -> bool {
        fields::text(event, EVENT) == Some("PreToolUse")
    }

    fn write(&self, event: Value<'_>, answer: &Answer) -> Reply {
        let name = fields::text(event, EVENT).unwrap_or("PreToolUse");
        write(name, answer)
    }

    /// The exit code does not answer a question.
    fn fault(&self, event: Option<Value<'_>>, reason: &str) -> Reply {
        let blocked = Reply::blocked(reason);
        match event.map(|event| fields::text(event, EVENT)) {
            None => {
                Reply { out: write(QUESTION, &Answer::Refuse(reason.to_owned())).out, ..blocked }
            }
            Some(Some(QUESTION)) => {
                Reply { err: blocked.err, ..write(QUESTION, &Answer::Refuse(reason.to_owned())) }
            }
            Some(_) => blocked,
        }
    }

    fn blocks(&self, output: Value<'_>) -> bool {
        blocks(output)
    }

    fn place(&self) -> &'static Place {
        &PLACE
    }
}

/// The field with the event's name.
pub(super) const EVENT: &str = "hook_event_name";

/// The host's own question to its user.
const QUESTION: &str = "PermissionRequest";

/// What it does beside calls, and nothing in it can be blocked that has an effect.
const NEUTRAL: [&str; 19] = [
    "CwdChanged",
    "FileChanged",
    "InstructionsLoaded",
    "Notification",
    "PermissionDenied",
    "PostCompact",
    "PostToolBatch",
    "PreCompact",
    "SessionEnd",
    "SessionStart",
    "Setup",
    "Stop",
    "StopFailure",
    "SubagentStart",
    "SubagentStop",
    "TaskCompleted",
    "TaskCreated",
    "TeammateIdle",
    "UserPromptSubmit",
];

/// Where an answer to a call stands.
const SPECIFIC: &str = "hookSpecificOutput";

/// The forms that Claude Code and those who follow it read. Silence keeps the user's own rules.
pub(super) fn write(event: &str, answer: &Answer) -> Reply {
    match (answer, event) {
        (Answer::Pass, _) => Reply::default(),
        (Answer::Refuse(reason), QUESTION) => Reply::json(&json!({SPECIFIC: {
            "hookEventName": event,
            "decision": {"behavior": "deny", "message": reason},
        }})),
        (Answer::Refuse(reason), _) => Reply::json(&json!({SPECIFIC: {
            "hookEventName": event,
            "permissionDecision": "deny",
            "permissionDecisionReason": reason,
        }})),
        (Answer::Edited(args), _) => edited(event, args),
    }
}

/// The whole input is replaced. Written by hand because every digit of the arguments must stay.
fn edited(event: &str, args: &Json) -> Reply {
    let out = format!(
        r#"{{"{SPECIFIC}":{{"hookEventName":"{event}","permissionDecision":"allow","updatedInput":{args}}}}}"#
    );
    Reply { out, ..Reply::default() }
}

pub(super) fn blocks(output: Value<'_>) -> bool {
    let Some(specific) = output.get(SPECIFIC) else { return false };
    let denied = fields::text(specific, "permissionDecision") == Some("deny");
    let behavior = specific.get("decision").and_then(|decision| fields::text(decision, "behavior"));
    denied || behavior == Some("deny")
}
