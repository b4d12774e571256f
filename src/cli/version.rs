//! `fence version`: what this binary is made of.

use super::{Context, Exit, Failure};
use clap::Args;
use serde::Serialize;

/// Print versions
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  fence version
  fence version --json")]
pub(crate) struct Version {
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Versions {
    schema: u32,
    fence: &'static str,
    edition: u32,
    sqlite: &'static str,
    time_zones: &'static str,
}

impl Version {
    pub(crate) fn run(self, context: &Context) -> Result<Exit, Failure> {
        let versions = Versions {
            schema: 1,
            fence: env!("CARGO_PKG_VERSION"),
            edition: 1,
            sqlite: rusqlite::version(),
            time_zones: chrono_tz::IANA_TZDB_VERSION,
        };
        if self.json {
            let text = serde_json::to_string(&versions).map_err(Failure::usage)?;
            context.output.line(&text);
            return Ok(Exit::Positive);
        }
        context.output.line(&format!("fence {}", versions.fence));
        context.output.line(&format!("language edition {}", versions.edition));
        context.output.line(&format!("SQLite {}", versions.sqlite));
        context.output.line(&format!("time zones {}", versions.time_zones));
        Ok(Exit::Positive)
    }
}
