//! `fence explain`: every rule that mentions a call, the value of each condition, and what decided.

mod human;
mod view;

use super::moment::DecisionTime;
use super::{Context, Exit, Failure, load};
use crate::gate::Mode;
use crate::policies::read_regular;
use crate::store::{MemoryStore, Store};
use crate::wire::Request;
use clap::Args;
use fence_engine::call::ToolCall;
use fence_engine::eval::report;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use view::View;

/// More than any call may have.
const MOST_BYTES: u64 = 2 << 20;

const EXAMPLE: &str = r#"Examples:
  fence explain content.fence --call '{"tool":"email_send","args":{"to":["x@list.test"]}}'
  fence explain content.fence --call @call.json --db fence.db --at 2026-03-23T10:00:00Z

`--call -` reads the call from standard input. Nothing is recorded; without `--db` every counter
stands at zero."#;

/// Explain how one call is decided
#[derive(Debug, Args)]
#[command(after_help = EXAMPLE)]
pub(crate) struct Explain {
    /// The policies, judging together
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The call: JSON, `@` and a file, or `-`
    #[arg(long, value_name = "JSON")]
    call: String,
    /// Read counters from this database
    #[arg(long, value_name = "FILE")]
    db: Option<PathBuf>,
    /// Decide as if it were this time; without an offset, on the first policy's wall clock
    #[arg(long, value_name = "TIME", value_parser = DecisionTime::parse)]
    at: Option<DecisionTime>,
    /// The explanation as JSON
    #[arg(long)]
    json: bool,
}

impl Explain {
    pub(crate) fn run(self, context: &Context) -> Result<Exit, Failure> {
        let loaded = load::load(context, &self.files)?;
        let call = self.read_call()?;
        let store: Arc<dyn Store> = match &self.db {
            None => Arc::new(MemoryStore::new()),
            db => Arc::new(load::reading(context, &self.files, db.as_deref())?),
        };
        let gate = loaded.gate().shared_store(store).build().map_err(Failure::usage)?;
        let at = self.at.and_then(|at| at.within(&gate.layers()));
        let mode = Mode { at, ..Mode::default() };
        let gathered = gate.gather_blocking(&call, mode).map_err(Failure::usage)?;
        let layers = gate.layers();
        let report = report(&layers, &call, &gathered.facts());
        let view = View::new(&report, &call, gathered.now);
        match self.json {
            true => context.output.line(&serde_json::to_string(&view).map_err(Failure::usage)?),
            false => context.output.line(human::of(&view).trim_end()),
        }
        Ok(Exit::Positive)
    }

    fn read_call(&self) -> Result<ToolCall, Failure> {
        let text = match self.call.strip_prefix('@') {
            Some(path) => {
                let unreadable = |error| Failure::usage(format!("{path} cannot be read: {error}"));
                read_regular(Path::new(path)).map_err(unreadable)?
            }
            None if self.call == "-" => {
                let mut text = Vec::new();
                let mut input = std::io::stdin().lock().take(MOST_BYTES);
                input.read_to_end(&mut text).map_err(Failure::usage)?;
                text
            }
            None => self.call.clone().into_bytes(),
        };
        Request::parse(&text).map(|request| request.call).map_err(Failure::usage)
    }
}
