//! `fence clock`: declares the system clock right again.

use super::{Context, Exit, Failure};
use crate::clock::SystemClock;
use crate::gate::{Accepted, accept_clock};
use crate::store::SqliteStore;
use clap::{Args, Subcommand};
use std::path::PathBuf;

const EXAMPLE: &str = "Example:
  fence clock accept --reason 'the time server was wrong on Monday'

While the clock lies behind the newest decision, whatever depends on the time is unknown. Accepting
it says that the clock is right now; who reads the log finds the reason under `fence log events`.";

/// Declare the system clock right again
#[derive(Debug, Args)]
#[command(after_help = EXAMPLE)]
pub(crate) struct Clock {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Accept the clock as it is, after it ran ahead and was set back
    #[command(after_help = EXAMPLE)]
    Accept {
        /// Why; kept in the record
        #[arg(long, value_name = "TEXT")]
        reason: String,
        /// The database
        #[arg(long, value_name = "FILE")]
        db: Option<PathBuf>,
    },
}

impl Clock {
    pub(crate) fn run(self, context: &Context) -> Result<Exit, Failure> {
        let Action::Accept { reason, db } = self.action;
        let path = context.settings(&[])?.database(db.as_deref()).map_err(Failure::usage)?;
        if !path.exists() {
            return Err(Failure::usage(format!("there is no database at {}", path.display())));
        }
        if reason.trim().is_empty() {
            return Err(Failure::usage("a reason is needed").help("say why with `--reason TEXT`"));
        }
        let store = SqliteStore::open(&path).map_err(Failure::usage)?;
        match accept_clock(&store, &SystemClock, &reason).map_err(Failure::usage)? {
            Accepted::NotBehind => context.output.line("the clock is not behind any decision"),
            Accepted::SetBack { from, to } => {
                context.output.line(&format!("accepted {to}; the newest decision was at {from}"));
            }
        }
        Ok(Exit::Positive)
    }
}
