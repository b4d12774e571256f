//! `fence import-tools`: Make tool declarations from an MCP tools/list result

use super::{Context, Exit, Failure};
use clap::Args;

/// Make tool declarations from an MCP tools/list result
#[derive(Debug, Args)]
pub(crate) struct ImportTools {}

impl ImportTools {
    pub(crate) fn run(self, _context: &Context) -> Result<Exit, Failure> {
        Err(Failure::usage("not there yet"))
    }
}
