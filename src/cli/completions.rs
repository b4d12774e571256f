//! `fence completions`: Print completions for a shell

use super::{Context, Exit, Failure};
use clap::Args;

/// Print completions for a shell
#[derive(Debug, Args)]
pub(crate) struct Completions {}

impl Completions {
    pub(crate) fn run(self, _context: &Context) -> Result<Exit, Failure> {
        Err(Failure::usage("not there yet"))
    }
}
