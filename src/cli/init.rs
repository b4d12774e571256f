//! `fence init`: a commented starter policy with tests. Never overwrites anything.

use super::{Context, Exit, Failure};
use crate::policies::plain_reason;
use clap::{Args, ValueEnum};
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// Write a commented starter policy with tests
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  fence init
  fence init policies --kind mail

Nothing is overwritten: if a file is there already, nothing is written and the exit code is 2.")]
pub(crate) struct Init {
    /// The folder to write to; made if it is not there
    #[arg(default_value = ".", value_name = "DIR")]
    folder: PathBuf,
    /// What the agent does
    #[arg(long, value_enum, default_value_t)]
    kind: Kind,
}

/// The starter policies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// Writes and publishes posts
    #[default]
    Content,
    /// Reads and sends mail
    Mail,
    /// Changes code and runs commands
    Coding,
    /// Moves money
    Payments,
}

/// The settings every kind starts with.
const SETTINGS: &str = include_str!("init/fence.toml");

impl Kind {
    /// The file's name and text.
    const fn template(self) -> (&'static str, &'static str) {
        match self {
            Self::Content => ("content.fence", include_str!("init/content.fence")),
            Self::Mail => ("mail.fence", include_str!("init/mail.fence")),
            Self::Coding => ("coding.fence", include_str!("init/coding.fence")),
            Self::Payments => ("payments.fence", include_str!("init/payments.fence")),
        }
    }
}

impl Init {
    pub(crate) fn run(self, context: &Context) -> Result<Exit, Failure> {
        let (name, text) = self.kind.template();
        let files = [(self.folder.join(name), text), (self.folder.join("fence.toml"), SETTINGS)];
        if let Some((taken, _)) = files.iter().find(|(file, _)| file.symlink_metadata().is_ok()) {
            let message = format!("{} is there already; nothing was written", taken.display());
            return Err(Failure::usage(message).help("give another folder: `fence init DIR`"));
        }
        std::fs::create_dir_all(&self.folder).map_err(|error| refused(&self.folder, &error))?;
        for (file, text) in &files {
            create(file, text).map_err(|error| refused(file, &error))?;
            context.output.line(&file.display().to_string());
        }
        let policy = files[0].0.display();
        context.output.note(&format!(
            "\nNext: put your own people, tools and limits into {policy}, then\n\
             \n  fence check {policy}\n  fence test {policy}\n  \
             fence import-tools tools.json > tools.fence    # so that misspelt fields are errors\n  \
             echo '{{\"tool\":\"read_me\"}}' | fence decide {policy}"
        ));
        Ok(Exit::Positive)
    }
}

/// A new file; one that appeared in the meantime stays as it is.
fn create(file: &Path, text: &str) -> std::io::Result<()> {
    let mut new = std::fs::File::create_new(file)?;
    new.write_all(text.as_bytes())
}

fn refused(path: &Path, error: &std::io::Error) -> Failure {
    Failure::usage(format!("{} cannot be written: {}", path.display(), plain_reason(error)))
}
