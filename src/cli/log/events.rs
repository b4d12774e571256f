//! `fence log events`: what people did to the gate itself.

use crate::cli::paint::inline;
use crate::cli::{Context, Exit, Failure};
use crate::store::{Event, Store};
use clap::Args;
use serde::Serialize;

/// List what people did to the gate itself
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  fence log events --json")]
pub(super) struct Events {}

#[derive(Serialize)]
struct Line<'a> {
    at: String,
    kind: &'a str,
    body: serde_json::Value,
}

impl Events {
    pub(super) fn run(
        &self,
        context: &Context,
        store: &dyn Store,
        json: bool,
    ) -> Result<Exit, Failure> {
        for event in store.events().map_err(Failure::usage)? {
            context.output.line(&line(&event, json)?);
        }
        Ok(Exit::Positive)
    }
}

fn line(event: &Event, json: bool) -> Result<String, Failure> {
    let (at, kind) = (event.at.to_string(), &*event.kind);
    if !json {
        return Ok(format!("{at}  {kind}  {}", inline(&event.body, 400)));
    }
    let body = serde_json::from_str(&event.body).map_err(Failure::usage)?;
    serde_json::to_string(&Line { at, kind, body }).map_err(Failure::usage)
}
