//! The door of coding agents' hooks: a host sends an event, the gate judges the call in it, and the
//! answer takes the form that really blocks in that host.
//!
//! One host is one file and one line in [`HOSTS`]. A host reads its own events and writes its own
//! answers; what becomes of a call is the same for all of them (`judge`).

mod claude_code;
mod codex;
mod copilot;
mod cursor;
pub(crate) mod deadline;
pub(crate) mod fault;
mod fields;
mod gemini;
pub(crate) mod judge;
mod names;
pub(crate) mod place;
mod text;

use fence_engine::json::{Json, Value};
use place::Place;

/// Every host, by the name that the command line gives it.
pub(crate) static HOSTS: [&dyn Host; 5] =
    [&claude_code::ClaudeCode, &codex::Codex, &gemini::Gemini, &cursor::Cursor, &copilot::Copilot];

/// A program that runs agents and asks hooks about their calls.
pub(crate) trait Host: std::fmt::Debug + Send + Sync {
    /// What the command line calls it.
    fn name(&self) -> &'static str;

    /// What an event is about.
    ///
    /// # Errors
    /// Why it cannot be understood: the call in it is then blocked.
    fn read(&self, event: Value<'_>) -> Result<Moment, String>;

    /// Whether it can make the call `approved` in place of the one in the event.
    fn can_edit(&self, event: Value<'_>, approved: &Json) -> bool;

    /// The answer to an event, as this host understands it.
    fn write(&self, event: Value<'_>, answer: &Answer) -> Reply;

    /// The answer where there is no decision; no event where it could not even be read.
    fn fault(&self, _event: Option<Value<'_>>, reason: &str) -> Reply {
        Reply::blocked(reason)
    }

    /// Whether an answer on standard output blocks the call of the event.
    fn blocks(&self, output: Value<'_>) -> bool;

    /// Where it keeps its hooks, and how they are written there.
    fn place(&self) -> &'static Place;
}

/// What an event is about.
#[derive(Clone, Debug)]
pub(crate) enum Moment {
    /// A tool is about to be used: this is judged.
    Before(Proposed),
    /// The host is about to ask its user about a call, after it was judged as `Before`.
    Question(Proposed),
    /// A tool was used.
    After(Proposed, Used),
    /// Nothing that has an effect.
    Other,
}

/// How the use of a tool ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Used {
    /// It went well.
    Done,
    /// It failed.
    Failed,
}

/// A call as the host describes it.
#[derive(Clone, Debug)]
pub(crate) struct Proposed {
    /// `tool` for a built-in one, `server/tool` for one of an MCP server.
    pub(crate) tool: String,
    /// Its arguments.
    pub(crate) args: Json,
    /// The host's session.
    pub(crate) session: Option<String>,
    /// The kind of subagent that makes it, where the host says so.
    pub(crate) subagent: Option<String>,
}

/// What becomes of an event.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Answer {
    /// The call goes on, under the user's own rules.
    Pass,
    /// The call goes on with these arguments, as people approved them.
    Edited(Json),
    /// The call is blocked: why, for the agent.
    Refuse(String),
}

impl Answer {
    /// A refusal that says something: a host may take one without a reason for none.
    pub(crate) fn refuse(reason: String) -> Self {
        match reason.trim().is_empty() {
            true => Self::Refuse("the policy does not allow this call".to_owned()),
            false => Self::Refuse(reason),
        }
    }
}

/// What the process leaves behind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Reply {
    /// Standard output; nothing where it is empty.
    pub(crate) out: String,
    /// The exit code.
    pub(crate) code: u8,
    /// Standard error.
    pub(crate) err: String,
}

impl Reply {
    /// An answer that is read from standard output.
    fn json(value: &serde_json::Value) -> Self {
        Self { out: value.to_string(), ..Self::default() }
    }

    /// The exit that blocks in every host: code 2 with a reason.
    pub(crate) fn blocked(reason: &str) -> Self {
        Self { out: String::new(), code: BLOCKED, err: reason.to_owned() }
    }
}

/// The exit code that blocks a call in every host.
pub(crate) const BLOCKED: u8 = 2;
