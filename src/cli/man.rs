//! `fence man`: the manual page, made of what `--help` says.

use super::{Cli, Context, Exit, Failure};
use clap::{Args, CommandFactory as _};
use clap_mangen::Man as Page;

/// Print the manual page
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  fence man | man -l -
  fence man check > fence-check.1")]
pub(crate) struct Man {
    /// The page of one command
    #[arg(value_name = "COMMAND")]
    command: Option<String>,
}

impl Man {
    pub(crate) fn run(self, context: &Context) -> Result<Exit, Failure> {
        let mut root = Cli::command();
        root.build();
        let command = match &self.command {
            None => root,
            Some(name) => root
                .find_subcommand(name)
                .cloned()
                .ok_or_else(|| Failure::usage(format!("there is no command `{name}`")))?,
        };
        let mut page = Vec::new();
        Page::new(command).render(&mut page).map_err(Failure::usage)?;
        context.output.raw(&String::from_utf8_lossy(&page));
        Ok(Exit::Positive)
    }
}
