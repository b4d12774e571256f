//! `fence log events`: what people did to the gate itself and to requests.

use crate::approvals::RequestId;
use crate::cli::exact::escaped;
use crate::cli::paint::inline;
use crate::cli::{Context, Exit, Failure};
use crate::store::{Event, Store};
use clap::Args;
use serde::Serialize;
use serde_json::value::RawValue;

const EXAMPLE: &str = "Examples:
  fence log events --json
  fence log events --request r_01981f7e-5c1b-7cc2-9d0e-2f1a6f3c9b11";

/// List what people did to the gate itself and to requests
#[derive(Debug, Args)]
#[command(after_help = EXAMPLE)]
pub(super) struct Events {
    /// The story of this request alone
    #[arg(long, value_name = "ID", value_parser = str::parse::<RequestId>)]
    request: Option<RequestId>,
}

#[derive(Serialize)]
struct Line<'a> {
    at: String,
    kind: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    request: Option<String>,
    body: &'a RawValue,
}

impl Events {
    pub(super) fn run(
        &self,
        context: &Context,
        store: &dyn Store,
        json: bool,
    ) -> Result<Exit, Failure> {
        let events = match self.request {
            Some(request) => store.events_of(request.0).map_err(Failure::usage)?,
            None => store.events().map_err(Failure::usage)?,
        };
        if let (Some(request), true) = (self.request, events.is_empty()) {
            return Err(Failure::usage(format!("there is no request {request}")));
        }
        for event in &events {
            context.output.line(&line(event, json)?);
        }
        Ok(Exit::Positive)
    }
}

fn line(event: &Event, json: bool) -> Result<String, Failure> {
    let (at, kind) = (event.at.to_string(), &*event.kind);
    let request = event.request.map(|request| RequestId(request).to_string());
    if !json {
        let about = request.map(|request| format!("  {request}")).unwrap_or_default();
        return Ok(format!("{at}  {kind}{about}  {}", inline(&escaped(&event.body), 400)));
    }
    let body: &RawValue = serde_json::from_str(&event.body).map_err(Failure::usage)?;
    let line = Line { at, kind, request, body };
    serde_json::to_string(&line).map(|text| escaped(&text)).map_err(Failure::usage)
}
