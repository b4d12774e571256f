//! `fence test`: Run the tests in policies

use super::{Context, Exit, Failure};
use clap::Args;

/// Run the tests in policies
#[derive(Debug, Args)]
pub(crate) struct Test {}

impl Test {
    pub(crate) fn run(self, _context: &Context) -> Result<Exit, Failure> {
        Err(Failure::usage("not there yet"))
    }
}
