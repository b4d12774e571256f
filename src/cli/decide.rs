//! `fence decide`: Decide calls from standard input and record them

use super::{Context, Exit, Failure};
use clap::Args;

/// Decide calls from standard input and record them
#[derive(Debug, Args)]
pub(crate) struct Decide {}

impl Decide {
    pub(crate) fn run(self, _context: &Context) -> Result<Exit, Failure> {
        Err(Failure::usage("not there yet"))
    }
}
