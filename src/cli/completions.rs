//! `fence completions`: what a shell needs to complete this command line.

use super::{Cli, Context, Exit, Failure};
use clap::{Args, CommandFactory as _};
use clap_complete::Shell;

/// Print completions for a shell
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  fence completions bash > ~/.local/share/bash-completion/completions/fence
  fence completions zsh > ~/.zfunc/_fence
  fence completions fish > ~/.config/fish/completions/fence.fish")]
pub(crate) struct Completions {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

impl Completions {
    pub(crate) fn run(self, context: &Context) -> Result<Exit, Failure> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "fence", &mut script);
        context.output.raw(&String::from_utf8_lossy(&script));
        Ok(Exit::Positive)
    }
}
