//! `fence clock`: Declare the system clock right again

use super::{Context, Exit, Failure};
use clap::Args;

/// Declare the system clock right again
#[derive(Debug, Args)]
pub(crate) struct Clock {}

impl Clock {
    pub(crate) fn run(self, _context: &Context) -> Result<Exit, Failure> {
        Err(Failure::usage("not there yet"))
    }
}
