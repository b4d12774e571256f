//! `fence log`: Read the decision log

use super::{Context, Exit, Failure};
use clap::Args;

/// Read the decision log
#[derive(Debug, Args)]
pub(crate) struct Log {}

impl Log {
    pub(crate) fn run(self, _context: &Context) -> Result<Exit, Failure> {
        Err(Failure::usage("not there yet"))
    }
}
