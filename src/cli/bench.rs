//! `fence bench`: Measure how fast a policy decides

use super::{Context, Exit, Failure};
use clap::Args;

/// Measure how fast a policy decides
#[derive(Debug, Args)]
pub(crate) struct Bench {}

impl Bench {
    pub(crate) fn run(self, _context: &Context) -> Result<Exit, Failure> {
        Err(Failure::usage("not there yet"))
    }
}
