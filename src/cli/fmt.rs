//! `fence fmt`: Lay policies out in the one way

use super::{Context, Exit, Failure};
use clap::Args;

/// Lay policies out in the one way
#[derive(Debug, Args)]
pub(crate) struct Fmt {}

impl Fmt {
    pub(crate) fn run(self, _context: &Context) -> Result<Exit, Failure> {
        Err(Failure::usage("not there yet"))
    }
}
