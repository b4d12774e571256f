//! `fence check`: Find everything that is wrong with policies

use super::{Context, Exit, Failure};
use clap::Args;

/// Find everything that is wrong with policies
#[derive(Debug, Args)]
pub(crate) struct Check {}

impl Check {
    pub(crate) fn run(self, _context: &Context) -> Result<Exit, Failure> {
        Err(Failure::usage("not there yet"))
    }
}
