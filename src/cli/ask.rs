//! Asking the person at the terminal for a whole word: no single key does anything.

use super::exact::word;
use super::{Context, Failure};
use nix::sys::termios::{FlushArg, tcflush};
use std::io::{BufRead as _, IsTerminal as _};

/// Whether somebody is there to be asked.
pub(crate) fn is_possible() -> bool {
    std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

/// Whether the person types one of these words.
pub(crate) fn typed(context: &Context, words: &[&str]) -> Result<bool, Failure> {
    let written: Vec<String> = words.iter().map(|text| format!("`{}`", word(text))).collect();
    let written = written.join(" or ");
    // What was typed before the question was asked does not answer it.
    tcflush(std::io::stdin(), FlushArg::TCIFLUSH).map_err(Failure::usage)?;
    context.output.note(&format!("Type {written} to go on; anything else changes nothing:"));
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line).map_err(Failure::usage)?;
    Ok(words.contains(&line.trim()))
}
