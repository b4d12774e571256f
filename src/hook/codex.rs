//! Codex CLI (`codex-rs/hooks`: `engine/output_parser.rs`, `events/`, `engine/discovery.rs`, 2026).
//!
//! Its answers are read strictly: one unknown field, or one line that the user's shell prints first,
//! voids the answer, and the call goes on. So nothing is ever printed: a denial is the exit code with
//! its reason, and a call that people changed is made anew by the agent. Codex runs hooks in the
//! user's own shell, and only once its user has trusted them.

use super::claude_code::EVENT;
use super::place::{Layout, Place, Unit};
use super::{Answer, Host, Moment, Reply, Used, fields, names};
use crate::engine::json::{Json, Value};

/// Codex CLI.
#[derive(Debug)]
pub(super) struct Codex;

/// What it does beside calls.
const NEUTRAL: [&str; 7] = [
    "PostCompact",
    "PreCompact",
    "SessionEnd",
    "SessionStart",
    "Stop",
    "SubagentStop",
    "UserPromptSubmit",
];

static PLACE: Place = Place {
    user: ".codex/hooks.json",
    project: ".codex/hooks.json",
    also: &[],
    before: &[("PreToolUse", None)],
    after: &["PostToolUse"],
    layout: Layout::Groups,
    command: "command",
    timeout: ("timeout", Unit::Seconds),
    closed: None,
    default: Some(600.0),
    moved: Some("CODEX_HOME"),
    any_shell: true,
    version: false,
};

impl Host for Codex {
    fn name(&self) -> &'static str {
        "codex"
    }

    fn read(&self, event: Value<'_>) -> Result<Moment, String> {
        let call = || {
            let tool = names::tool(fields::must(event, "tool_name")?, None)?;
            fields::proposed(event, tool)
        };
        match fields::must(event, EVENT)? {
            "PreToolUse" => call().map(Moment::Before),
            "PermissionRequest" => call().map(Moment::Question),
            "PostToolUse" => call().map(|call| Moment::After(call, Used::Done)),
            name => fields::other(name, &NEUTRAL),
        }
    }

    fn can_edit(&self, _: Value<'_>, _: &Json) -> bool {
        false
    }

    fn write(&self, _: Value<'_>, answer: &Answer) -> Reply {
        match answer {
            Answer::Pass => Reply::default(),
            Answer::Refuse(reason) => Reply::blocked(reason),
            Answer::Edited(_) => Reply::blocked("the approved changes cannot be made here"),
        }
    }

    fn blocks(&self, _: Value<'_>) -> bool {
        false
    }

    fn place(&self) -> &'static Place {
        &PLACE
    }
}
