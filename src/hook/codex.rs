//! Codex CLI (`codex-rs/hooks`: `engine/output_parser.rs`, `events/`, `engine/discovery.rs`, 2026).
//!
//! Its answers are read strictly: one unknown field, a bare `allow` or an `ask` voids the answer,
//! and the call goes on. So nothing is printed but a denial with its reason, or `allow` with the
//! whole edited input. Codex runs hooks only once its user has trusted them.

use super::claude_code::{self, EVENT};
use super::place::{Layout, Place, Unit};
use super::{Answer, Host, Moment, Reply, Used, fields, names};
use crate::engine::json::{Json, Value};

/// Codex CLI.
#[derive(Debug)]
pub(super) struct Codex;

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
            name => fields::unknown(event, name),
        }
    }

    fn can_edit(&self, event: Value<'_>, _: &Json) -> bool {
        fields::text(event, EVENT) == Some("PreToolUse")
    }

    fn write(&self, event: Value<'_>, answer: &Answer) -> Reply {
        claude_code::write(fields::text(event, EVENT).unwrap_or("PreToolUse"), answer)
    }

    fn blocks(&self, output: Value<'_>) -> bool {
        claude_code::blocks(output)
    }

    fn place(&self) -> &'static Place {
        &PLACE
    }
}
