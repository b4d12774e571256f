//! Cursor (docs/hooks.md, 2026).
//!
//! `preToolUse` is judged for every tool but those of MCP servers, whose server it does not name;
//! these are judged at `beforeMCPExecution`. So the installed matcher of `preToolUse` leaves out
//! `MCP:`, and where one arrives there all the same without its server, it is refused.

use super::claude_code::EVENT;
use super::place::{Layout, Place, Unit};
use super::{Answer, Host, Moment, Proposed, Reply, Used, fields};
use crate::engine::json::{Builder, Json, Value};
use serde_json::json;

/// Cursor.
#[derive(Debug)]
pub(super) struct Cursor;

/// What `preToolUse` is asked about: whatever is not of an MCP server.
const NOT_MCP: &str = "^(?!MCP:)";

/// What it does beside calls.
const NEUTRAL: [&str; 12] = [
    "afterAgentResponse",
    "afterAgentThought",
    "afterFileEdit",
    "afterMCPExecution",
    "afterShellExecution",
    "afterTabFileEdit",
    "beforeSubmitPrompt",
    "preCompact",
    "sessionEnd",
    "sessionStart",
    "stop",
    "subagentStop",
];

static PLACE: Place = Place {
    user: ".cursor/hooks.json",
    project: ".cursor/hooks.json",
    also: &[],
    before: &[("preToolUse", Some(NOT_MCP)), ("beforeMCPExecution", None)],
    after: &["postToolUse", "postToolUseFailure"],
    layout: Layout::Flat,
    command: "command",
    timeout: ("timeout", Unit::Seconds),
    closed: Some(("failClosed", "true")),
    default: None,
    moved: None,
    any_shell: false,
    version: true,
};

impl Host for Cursor {
    fn name(&self) -> &'static str {
        "cursor"
    }

    fn read(&self, event: Value<'_>) -> Result<Moment, String> {
        match fields::must(event, EVENT)? {
            "preToolUse" | "beforeMCPExecution" => Ok(Moment::Before(any(event)?)),
            "beforeShellExecution" => made(event, "Shell", &["command", "cwd"]).map(Moment::Before),
            "beforeReadFile" | "beforeTabFileRead" => {
                made(event, "Read", &["file_path"]).map(Moment::Before)
            }
            "postToolUse" => Ok(Moment::After(any(event)?, Used::Done)),
            "postToolUseFailure" => Ok(Moment::After(any(event)?, Used::Failed)),
            name => fields::other(name, &NEUTRAL),
        }
    }

    fn can_edit(&self, event: Value<'_>, _: &Json) -> bool {
        fields::text(event, EVENT) == Some("preToolUse")
    }

    fn write(&self, _: Value<'_>, answer: &Answer) -> Reply {
        match answer {
            Answer::Pass => Reply::json(&json!({"permission": "allow"})),
            Answer::Refuse(reason) => Reply::json(&json!({
                "permission": "deny", "user_message": reason, "agent_message": reason,
            })),
            Answer::Edited(args) => Reply {
                out: format!(r#"{{"permission":"allow","updated_input":{args}}}"#),
                ..Reply::default()
            },
        }
    }

    fn blocks(&self, output: Value<'_>) -> bool {
        fields::text(output, "permission") == Some("deny")
    }

    fn place(&self) -> &'static Place {
        &PLACE
    }
}

/// The call of an event that names its tool.
fn any(event: Value<'_>) -> Result<Proposed, String> {
    let name = fields::must(event, "tool_name")?;
    let server = fields::text(event, "mcp_server_name");
    let of_mcp = name.strip_prefix("MCP:");
    let tool = match (server, of_mcp) {
        (Some(server), tool) => {
            let tool = fields::bare(tool.unwrap_or(name))?;
            format!("{}/{tool}", fields::bare(server)?)
        }
        (None, None) if fields::text(event, EVENT) != Some("beforeMCPExecution") => {
            fields::bare(name)?
        }
        (None, _) => {
            return Err("the event does not say which MCP server the tool belongs to".to_owned());
        }
    };
    of(event, tool, fields::arguments(event, "tool_input")?)
}

/// The call of an event that is made for one tool: its arguments are fields of the event.
fn made(event: Value<'_>, tool: &str, keys: &[&str]) -> Result<Proposed, String> {
    let mut args = Builder::new();
    args.begin_object();
    for key in keys {
        args.key(key);
        args.text(fields::must(event, key)?);
    }
    args.end_object();
    of(event, tool.to_owned(), args.finish().map_err(|error| error.to_string())?)
}

fn of(event: Value<'_>, tool: String, args: Json) -> Result<Proposed, String> {
    let own = |key| fields::text(event, key).map(str::to_owned);
    Ok(Proposed { tool, args, session: own("conversation_id"), subagent: None })
}
