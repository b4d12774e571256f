//! GitHub Copilot: CLI and cloud agent (`content/copilot/reference/hooks-reference.md`, 2026).
//!
//! Its own events carry no name: what they hold tells them apart. A tool of an MCP server is not
//! marked as one; it is judged under the name that Copilot gives it.

use super::claude_code::EVENT;
use super::place::{Layout, Place, Unit};
use super::{Answer, Host, Moment, Proposed, Reply, Used, fields};
use crate::engine::json::{Json, Value};
use serde_json::json;

/// GitHub Copilot.
#[derive(Debug)]
pub(super) struct Copilot;

static PLACE: Place = Place {
    user: ".copilot/hooks/fence.json",
    project: ".github/hooks/fence.json",
    also: &[".github/copilot/settings.json", ".github/copilot/settings.local.json"],
    before: &[("preToolUse", None)],
    after: &["postToolUse", "postToolUseFailure"],
    layout: Layout::Flat,
    command: "bash",
    timeout: ("timeoutSec", Unit::Seconds),
    closed: None,
    default: Some(30.0),
    moved: None,
    any_shell: false,
    version: true,
};

/// Which of its events it is.
enum Kind {
    Before,
    Question,
    After(Used),
}

impl Host for Copilot {
    fn name(&self) -> &'static str {
        "copilot"
    }

    fn read(&self, event: Value<'_>) -> Result<Moment, String> {
        let Some(kind) = kind(event) else {
            return other(event);
        };
        let call = proposed(event)?;
        Ok(match kind {
            Kind::Before => Moment::Before(call),
            Kind::Question => Moment::Question(call),
            Kind::After(used) => Moment::After(call, used),
        })
    }

    fn can_edit(&self, event: Value<'_>, _: &Json) -> bool {
        matches!(kind(event), Some(Kind::Before))
    }

    fn write(&self, event: Value<'_>, answer: &Answer) -> Reply {
        match (answer, kind(event)) {
            (Answer::Pass, _) => Reply::json(&json!({})),
            (Answer::Refuse(reason), Some(Kind::Question)) => {
                Reply::json(&json!({"behavior": "deny", "message": reason}))
            }
            (Answer::Refuse(reason), _) => Reply::json(&json!({
                "permissionDecision": "deny", "permissionDecisionReason": reason,
            })),
            (Answer::Edited(args), _) => Reply {
                out: format!(r#"{{"permissionDecision":"allow","modifiedArgs":{args}}}"#),
                ..Reply::default()
            },
        }
    }

    fn blocks(&self, output: Value<'_>) -> bool {
        let says = |key| fields::text(output, key) == Some("deny");
        says("permissionDecision") || says("behavior")
    }

    fn place(&self) -> &'static Place {
        &PLACE
    }
}

/// What it does beside calls: known by its name, or where it has none by what it holds.
const NEUTRAL: [&str; 8] = [
    "ErrorOccurred",
    "Notification",
    "PreCompact",
    "SessionEnd",
    "SessionStart",
    "Stop",
    "SubagentStop",
    "UserPromptSubmit",
];
const HOLD: [&str; 6] = ["error", "prompt", "reason", "source", "stopReason", "trigger"];

fn other(event: Value<'_>) -> Result<Moment, String> {
    let has = |key: &&str| event.get(key).is_some();
    match fields::text(event, EVENT) {
        Some(name) => fields::other(name, &NEUTRAL),
        None if HOLD.iter().any(has) && !["toolArgs", "toolInput"].iter().any(has) => {
            Ok(Moment::Other)
        }
        None => fields::other("without a name", &NEUTRAL),
    }
}

/// By the event's name where it has one (events configured in PascalCase), else by its fields.
fn kind(event: Value<'_>) -> Option<Kind> {
    let has = |key: &str| event.get(key).is_some();
    match fields::text(event, EVENT) {
        Some("PreToolUse") => Some(Kind::Before),
        Some("PermissionRequest" | "permissionRequest") => Some(Kind::Question),
        Some("PostToolUse") => Some(Kind::After(Used::Done)),
        Some("PostToolUseFailure") => Some(Kind::After(Used::Failed)),
        Some(_) => None,
        None if !has("toolName") => None,
        None if has("toolResult") => Some(Kind::After(Used::Done)),
        None if has("error") => Some(Kind::After(Used::Failed)),
        None if has("toolArgs") => Some(Kind::Before),
        None => Some(Kind::Question),
    }
}

fn proposed(event: Value<'_>) -> Result<Proposed, String> {
    let either = |keys: [&'static str; 2]| {
        keys.into_iter().find(|key| event.get(key).is_some()).unwrap_or(keys[0])
    };
    let args = ["toolArgs", "toolInput", "tool_input"];
    let args = args.into_iter().find(|key| event.get(key).is_some()).unwrap_or(args[0]);
    let session = fields::text(event, either(["sessionId", "session_id"]));
    Ok(Proposed {
        tool: fields::bare(fields::must(event, either(["toolName", "tool_name"]))?)?,
        args: fields::arguments(event, args)?,
        session: session.map(str::to_owned),
        subagent: None,
    })
}
