//! Where results and messages go: data to standard output, the rest to standard error.

use super::Failure;
use anstream::{AutoStream, ColorChoice as Stream};
use clap::ValueEnum;
use std::io::{IsTerminal as _, Write as _};

/// When to use colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum ColorChoice {
    /// On a terminal, unless `NO_COLOR` says otherwise.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// The two streams of a command.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Output {
    color: ColorChoice,
}

impl Output {
    pub(crate) const fn new(color: ColorChoice) -> Self {
        Self { color }
    }

    /// Whether standard output is a terminal: tables and aligned lines are for people.
    pub(crate) fn is_terminal(self) -> bool {
        std::io::stdout().is_terminal()
    }

    /// Whether messages are coloured.
    pub(crate) fn colored(self) -> bool {
        match self.color {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => AutoStream::choice(&std::io::stderr()) != Stream::Never,
        }
    }

    /// One line of result. A reader that went away ends the process quietly.
    pub(crate) fn line(self, line: &str) {
        self.raw(line);
        self.raw("\n");
    }

    /// Result as it is.
    pub(crate) fn raw(self, text: &str) {
        let choice = match self.color {
            ColorChoice::Auto => AutoStream::choice(&std::io::stdout()),
            ColorChoice::Always => Stream::Always,
            ColorChoice::Never => Stream::Never,
        };
        let mut out = AutoStream::new(std::io::stdout().lock(), choice);
        if out.write_all(text.as_bytes()).is_err() {
            std::process::exit(0);
        }
    }

    /// A message for the person at the terminal.
    pub(crate) fn note(self, text: &str) {
        let choice = if self.colored() { Stream::Always } else { Stream::Never };
        let mut err = AutoStream::new(std::io::stderr().lock(), choice);
        let _ = writeln!(err, "{text}");
    }

    /// Why the command could not do its work.
    pub(crate) fn failure(self, failure: &Failure) {
        self.note(&format!("\x1b[1;31merror\x1b[0m: {}", failure.message));
        if let Some(help) = &failure.help {
            self.note(&format!("  \x1b[1mhelp\x1b[0m: {help}"));
        }
    }
}
