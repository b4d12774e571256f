//! Gemini CLI (`docs/hooks/reference.md` and `packages/core/src/hooks/types.ts`, 2026).
//!
//! An edited input is merged into the original one, so nothing can be taken away; then the agent is
//! told what was approved, and makes that call itself. Timeouts are in milliseconds.

use super::claude_code::EVENT;
use super::place::{Layout, Place, Unit};
use super::{Answer, Host, Moment, Proposed, Reply, Used, fields};
use crate::engine::json::{Json, Value};
use serde_json::json;

/// Gemini CLI.
#[derive(Debug)]
pub(super) struct Gemini;

/// What it does beside calls.
const NEUTRAL: [&str; 9] = [
    "AfterAgent",
    "AfterModel",
    "BeforeAgent",
    "BeforeModel",
    "BeforeToolSelection",
    "Notification",
    "PreCompress",
    "SessionEnd",
    "SessionStart",
];

static PLACE: Place = Place {
    user: ".gemini/settings.json",
    project: ".gemini/settings.json",
    also: &[],
    before: &[("BeforeTool", None)],
    after: &["AfterTool"],
    layout: Layout::Groups,
    command: "command",
    timeout: ("timeout", Unit::Milliseconds),
    closed: None,
    default: Some(60.0),
    moved: None,
    any_shell: false,
    version: false,
};

impl Host for Gemini {
    fn name(&self) -> &'static str {
        "gemini"
    }

    fn read(&self, event: Value<'_>) -> Result<Moment, String> {
        let call = || fields::proposed(event, tool(event)?);
        match fields::must(event, EVENT)? {
            "BeforeTool" => call().map(Moment::Before),
            "AfterTool" => call().map(|call| after(event, call)),
            name => fields::other(name, &NEUTRAL),
        }
    }

    fn can_edit(&self, event: Value<'_>, approved: &Json) -> bool {
        let original = event.get("tool_input").and_then(Value::as_object);
        let stays = |(key, _)| approved.root().get(key).is_some();
        original.is_some_and(|original| original.iter().all(stays))
    }

    fn write(&self, _: Value<'_>, answer: &Answer) -> Reply {
        match answer {
            Answer::Pass => Reply::json(&json!({})),
            Answer::Refuse(reason) => Reply::json(&json!({"decision": "deny", "reason": reason})),
            Answer::Edited(args) => Reply {
                out: format!(
                    r#"{{"hookSpecificOutput":{{"hookEventName":"BeforeTool","tool_input":{args}}}}}"#
                ),
                ..Reply::default()
            },
        }
    }

    fn blocks(&self, output: Value<'_>) -> bool {
        matches!(fields::text(output, "decision"), Some("deny" | "block"))
    }

    fn place(&self) -> &'static Place {
        &PLACE
    }
}

/// `mcp_SERVER_TOOL` cannot be told apart, so an MCP tool is known by its context alone.
fn tool(event: Value<'_>) -> Result<String, String> {
    let name = fields::must(event, "tool_name")?;
    match event.get("mcp_context") {
        Some(context) => {
            let server = fields::bare(fields::must(context, "server_name")?)?;
            let tool = fields::bare(fields::must(context, "tool_name")?)?;
            Ok(format!("{server}/{tool}"))
        }
        None if name.starts_with("mcp_") => {
            Err("the event does not say which MCP server the tool belongs to".to_owned())
        }
        None => fields::bare(name),
    }
}

fn after(event: Value<'_>, call: Proposed) -> Moment {
    let error = event.get("tool_response").and_then(|response| response.get("error"));
    let failed = error.is_some_and(|error| !error.is_null());
    Moment::After(call, if failed { Used::Failed } else { Used::Done })
}
