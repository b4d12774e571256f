//! `fence man`: Print the manual page

use super::{Context, Exit, Failure};
use clap::Args;

/// Print the manual page
#[derive(Debug, Args)]
pub(crate) struct Man {}

impl Man {
    pub(crate) fn run(self, _context: &Context) -> Result<Exit, Failure> {
        Err(Failure::usage("not there yet"))
    }
}
