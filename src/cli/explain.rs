//! `fence explain`: Say why a call is decided as it is, and what would change that

use super::{Context, Exit, Failure};
use clap::Args;

/// Say why a call is decided as it is, and what would change that
#[derive(Debug, Args)]
pub(crate) struct Explain {}

impl Explain {
    pub(crate) fn run(self, _context: &Context) -> Result<Exit, Failure> {
        Err(Failure::usage("not there yet"))
    }
}
