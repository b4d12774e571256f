//! Messages as lines: one JSON text each, as the stdio transport has them.

use super::message::{LIMITS, one_line};
use super::peer::Outgoing;
use std::io;
use tokio::io::{AsyncBufRead, AsyncBufReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::sync::mpsc;

/// What stood on the next line.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// A text.
    Text(Vec<u8>),
    /// So many bytes, more than a message may have; they are gone.
    TooLong(usize),
    /// Nothing: the stream ended.
    End,
}

/// Reads the next line that is not blank, without its end.
pub(super) async fn next(from: &mut (impl AsyncBufRead + Unpin)) -> io::Result<Line> {
    loop {
        let (text, bytes, ended) = one(from).await?;
        if bytes > LIMITS.bytes {
            return Ok(Line::TooLong(bytes));
        }
        match text.iter().all(u8::is_ascii_whitespace) {
            false => return Ok(Line::Text(text)),
            true if ended => return Ok(Line::End),
            true => {}
        }
    }
}

/// A line, how many bytes it had, and whether the stream ended with it.
async fn one(from: &mut (impl AsyncBufRead + Unpin)) -> io::Result<(Vec<u8>, usize, bool)> {
    let (mut text, mut bytes) = (Vec::new(), 0);
    loop {
        let read = from.fill_buf().await?;
        let ends = read.contains(&b'\n');
        let end = ends.then(|| read.iter().position(|byte| *byte == b'\n')).flatten();
        let piece = &read[..end.unwrap_or(read.len())];
        bytes += piece.len();
        if bytes <= LIMITS.bytes {
            text.extend_from_slice(piece);
        }
        let (used, ended) = (piece.len() + usize::from(end.is_some()), read.is_empty());
        from.consume(used);
        if end.is_some() || ended {
            if text.last() == Some(&b'\r') {
                text.pop();
            }
            return Ok((text, bytes, ended));
        }
    }
}

/// Writes messages as lines until there are no more, or nobody reads them.
pub(super) async fn write(
    mut to: impl AsyncWrite + Unpin,
    mut messages: mpsc::Receiver<Outgoing>,
) -> io::Result<()> {
    while let Some(message) = messages.recv().await {
        let mut line = one_line(&message.bytes).into_owned();
        line.push(b'\n');
        to.write_all(&line).await?;
        if messages.is_empty() {
            to.flush().await?;
        }
    }
    to.shutdown().await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::block_on;

    fn lines(text: &[u8]) -> Vec<Line> {
        let mut from = text;
        let mut lines = Vec::new();
        loop {
            let line = block_on(next(&mut from)).unwrap();
            if line == Line::End {
                return lines;
            }
            lines.push(line);
        }
    }

    #[test]
    fn lines_end_with_or_without_a_carriage_return_and_blank_ones_say_nothing() {
        let text = |text: &str| Line::Text(text.as_bytes().to_vec());
        assert_eq!(lines(b"{}\r\n\n  \r\n[]\nlast"), [text("{}"), text("[]"), text("last")]);
        assert_eq!(lines(b"a\rb\n"), [text("a\rb")]);
    }

    #[test]
    fn a_line_without_an_end_is_not_kept() {
        let mut long = vec![b'x'; LIMITS.bytes + 5];
        long.extend_from_slice(b"\n{}");
        assert_eq!(lines(&long), [Line::TooLong(LIMITS.bytes + 5), Line::Text(b"{}".to_vec())]);
    }
}
