//! The door in front of MCP servers: a relay that judges what has effects and passes on the rest as
//! it came.
//!
//! Methods are an allow-list (`method`); a request with effects is decided, held while people
//! answer and forwarded as it was judged (`judge`, `subject`); tools are listed as far as the
//! policy could ever let them through, and pinned (`catalog`, `pins`). A `session` joins one
//! client and one server; how their messages travel is the business of `stdio` and `listen` at the
//! client's end, of `child` and `remote` at the server's.

mod catalog;
mod child;
mod dialog;
mod events;
mod form;
mod headers;
mod hidden;
mod judge;
mod lines;
mod link;
mod listen;
mod members;
mod message;
mod method;
mod peer;
mod pins;
mod record;
mod remote;
mod reply;
mod seal;
mod session;
mod stdio;
mod subject;
mod told;

pub use listen::{Admit, listen};
pub use pins::{Pin, Pinned, accept, held};
pub use remote::Remote;
pub use stdio::serve;

use crate::approvals::RequestView;
use fence_engine::call::{Agent, ToolCall};
use std::ffi::OsString;
use std::sync::Arc;
use std::time::Duration;

/// Lays a request out for the person who must answer it, as plain text.
pub type Card = Arc<dyn Fn(&RequestView) -> String + Send + Sync>;

/// What this door fixes of every call, and how people are asked. Nothing of it comes from a message.
#[derive(Clone)]
pub struct Settings {
    /// What the server is called in policies: its tools are `server/tool` then.
    pub server: Option<String>,
    /// Who makes the calls.
    pub agent: Option<Agent>,
    /// For whom.
    pub user: Option<String>,
    /// In which session.
    pub session: Option<String>,
    /// The one person who answers the client's own forms.
    pub dialog: Option<String>,
    /// What that person is shown.
    pub card: Card,
    /// How long a call is held while people answer elsewhere.
    pub wait: Duration,
}

impl Settings {
    /// What stands before each tool's name.
    fn prefix(&self) -> String {
        self.server.as_ref().map(|server| format!("{server}/")).unwrap_or_default()
    }

    /// A tool's whole name.
    fn tool(&self, name: &str) -> String {
        self.prefix() + name
    }

    /// A call of this tool at this door, without arguments.
    #[must_use]
    pub fn call(&self, name: &str) -> ToolCall {
        let mut call = ToolCall::new(self.tool(name));
        call.agent.clone_from(&self.agent);
        call.user.clone_from(&self.user);
        call.session.clone_from(&self.session);
        call
    }
}

/// The server behind the door.
#[derive(Clone, Debug)]
pub enum Upstream {
    /// A program, started with these words, that speaks on its standard streams.
    Command(Vec<OsString>),
    /// A server that is reached over streamable HTTP.
    Http(Remote),
}

/// Why the door closed before it served anybody.
#[derive(Debug, thiserror::Error)]
pub enum McpError {
    /// The program cannot be started.
    #[error("`{program}` cannot be started: {error}")]
    Start {
        /// Which.
        program: String,
        /// Why.
        error: std::io::Error,
    },
    /// The system gives no randomness.
    #[error("the system gives no random numbers: {0}")]
    Random(#[from] getrandom::Error),
    /// Nothing can be sent over HTTP.
    #[error("the server cannot be reached over HTTP: {0}")]
    Http(#[from] reqwest::Error),
    /// Signals cannot be listened for.
    #[error("{0}")]
    Io(#[from] std::io::Error),
}
