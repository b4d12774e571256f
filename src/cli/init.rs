//! `fence init`: Write a commented starter policy with tests

use super::{Context, Exit, Failure};
use clap::Args;

/// Write a commented starter policy with tests
#[derive(Debug, Args)]
pub(crate) struct Init {}

impl Init {
    pub(crate) fn run(self, _context: &Context) -> Result<Exit, Failure> {
        Err(Failure::usage("not there yet"))
    }
}
