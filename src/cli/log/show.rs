//! `fence log show`: one decision in full.

use crate::cli::exact::{escaped, pretty};
use crate::cli::{Context, Exit, Failure};
use crate::store::Store;
use clap::Args;
use fence_engine::json::{Json, Limits};
use uuid::Uuid;

/// Show one decision in full
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  fence log show 01981f7e-5c1b-7cc2-9d0e-2f1a6f3c9b11")]
pub(super) struct Show {
    /// The decision's id
    #[arg(value_name = "ID")]
    id: Uuid,
}

impl Show {
    pub(super) fn run(
        &self,
        context: &Context,
        store: &dyn Store,
        json: bool,
    ) -> Result<Exit, Failure> {
        let found = store.entry(self.id.into_bytes()).map_err(Failure::usage)?;
        let missing = || Failure::usage(format!("there is no decision {}", self.id));
        let body = found.ok_or_else(missing)?.entry.body;
        let limits = Limits { bytes: 16 << 20, depth: 80, values: 1_000_000 };
        match Json::parse_with(body.as_bytes(), &limits) {
            Ok(record) if !json => context.output.line(&pretty(record.root())),
            _ if context.output.is_terminal() => context.output.line(&escaped(&body)),
            _ => context.output.line(&body),
        }
        Ok(Exit::Positive)
    }
}
