//! Lines of input and output for commands that stream.

use super::Context;
use super::output::ColorChoice;
use anstream::{AutoStream, ColorChoice as Stream};
use sha2::{Digest as _, Sha256};
use std::io::{BufRead, BufWriter, StdoutLock, Write as _};

/// Standard output with a buffer. A reader that went away ends the process quietly.
pub(crate) struct Lines {
    out: BufWriter<AutoStream<StdoutLock<'static>>>,
}

impl Lines {
    /// For lines that may be coloured.
    pub(crate) fn new(context: &Context) -> Self {
        Self::colored(match context.global.color {
            ColorChoice::Auto => AutoStream::choice(&std::io::stdout()),
            ColorChoice::Always => Stream::Always,
            ColorChoice::Never => Stream::Never,
        })
    }

    /// For lines that never are: nothing is searched for colours to be taken out.
    pub(crate) fn plain() -> Self {
        Self::colored(Stream::AlwaysAnsi)
    }

    fn colored(choice: Stream) -> Self {
        let out = AutoStream::new(std::io::stdout().lock(), choice);
        Self { out: BufWriter::with_capacity(64 << 10, out) }
    }

    /// One line; it leaves with the next [`Lines::flush`] at the latest.
    pub(crate) fn line(&mut self, line: &str) {
        let written = self.out.write_all(line.as_bytes()).and_then(|()| self.out.write_all(b"\n"));
        quit_on(&written);
    }

    /// What is buffered leaves now.
    pub(crate) fn flush(&mut self) {
        let flushed = self.out.flush();
        quit_on(&flushed);
    }
}

fn quit_on(outcome: &std::io::Result<()>) {
    if outcome.is_err() {
        std::process::exit(0);
    }
}

/// One line as it was read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Line {
    /// The whole line, without its end.
    Text(Vec<u8>),
    /// A line beyond the limit: its length and SHA-256.
    TooLong(usize, [u8; 32]),
}

/// Reads the next line, keeping at most `limit` bytes of it in memory; `None` at the end.
pub(crate) fn next_line(input: &mut impl BufRead, limit: usize) -> std::io::Result<Option<Line>> {
    let mut line = Vec::new();
    let mut beyond: Option<(usize, Sha256)> = None;
    let mut started = false;
    loop {
        let chunk = input.fill_buf()?;
        let end = chunk.iter().position(|byte| *byte == b'\n');
        let piece = &chunk[..end.unwrap_or(chunk.len())];
        started |= !chunk.is_empty();
        match &mut beyond {
            Some((length, hash)) => {
                *length += piece.len();
                hash.update(piece);
            }
            None if line.len() + piece.len() > limit => {
                let mut hash = Sha256::new_with_prefix(&line);
                hash.update(piece);
                beyond = Some((line.len() + piece.len(), hash));
                line = Vec::new();
            }
            None => line.extend_from_slice(piece),
        }
        let (at_end, used) = (chunk.is_empty(), piece.len() + usize::from(end.is_some()));
        input.consume(used);
        if at_end || end.is_some() {
            break;
        }
    }
    Ok(started.then(|| match beyond {
        Some((length, hash)) => Line::TooLong(length, hash.finalize().into()),
        None => Line::Text(line),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lines_are_counted_and_digested_but_not_kept() {
        let mut input = std::io::BufReader::with_capacity(3, &b"ab\n\n0123456789\nxy"[..]);
        let mut next = || next_line(&mut input, 4).unwrap();
        assert_eq!(next(), Some(Line::Text(b"ab".to_vec())));
        assert_eq!(next(), Some(Line::Text(Vec::new())));
        let digest = Sha256::digest(b"0123456789").into();
        assert_eq!(next(), Some(Line::TooLong(10, digest)));
        assert_eq!(next(), Some(Line::Text(b"xy".to_vec())));
        assert_eq!(next(), None);
    }
}
