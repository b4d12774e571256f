//! `fence version`: Print versions

use super::{Context, Exit, Failure};
use clap::Args;

/// Print versions
#[derive(Debug, Args)]
pub(crate) struct Version {}

impl Version {
    pub(crate) fn run(self, _context: &Context) -> Result<Exit, Failure> {
        Err(Failure::usage("not there yet"))
    }
}
