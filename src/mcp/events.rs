//! Server-sent events, as far as this protocol uses them: the data of each, and the last id.

use super::message::LIMITS;

/// Reads events from pieces of a stream.
#[derive(Debug, Default)]
pub(super) struct Events {
    line: Vec<u8>,
    data: Option<Vec<u8>>,
    after_return: bool,
    /// The id of the newest event that had one.
    pub(super) last_id: Option<String>,
}

/// An event is larger than any message may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TooLong;

impl Events {
    /// Takes a piece in and gives back the data of the events that it ends.
    pub(super) fn feed(&mut self, piece: &[u8]) -> Result<Vec<Vec<u8>>, TooLong> {
        let mut ended = Vec::new();
        for byte in piece {
            match byte {
                b'\n' if self.after_return => {}
                b'\n' | b'\r' => ended.extend(self.end_line()),
                _ => self.line.push(*byte),
            }
            self.after_return = *byte == b'\r';
            if self.line.len() + self.data.as_ref().map_or(0, Vec::len) > LIMITS.bytes {
                return Err(TooLong);
            }
        }
        Ok(ended)
    }

    /// Ends a line; an empty one ends an event.
    fn end_line(&mut self) -> Option<Vec<u8>> {
        let line = std::mem::take(&mut self.line);
        if line.is_empty() {
            return self.data.take();
        }
        let colon = line.iter().position(|byte| *byte == b':').unwrap_or(line.len());
        let (field, value) = line.split_at(colon);
        let value = value.strip_prefix(b":").unwrap_or(value);
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match field {
            b"data" => match &mut self.data {
                Some(data) => {
                    data.push(b'\n');
                    data.extend_from_slice(value);
                }
                None => self.data = Some(value.to_vec()),
            },
            b"id" => self.last_id = String::from_utf8(value.to_vec()).ok(),
            _ => {}
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(stream: &str, size: usize) -> Vec<String> {
        let mut events = Events::default();
        let pieces = stream.as_bytes().chunks(size);
        let data = pieces.flat_map(|piece| events.feed(piece).unwrap()).collect::<Vec<_>>();
        data.into_iter().map(|data| String::from_utf8(data).unwrap()).collect()
    }

    #[test]
    fn events_come_whole_however_the_stream_is_cut() {
        let stream = ": hello\n\nid: 1\r\nevent: message\r\ndata: {\"a\":\r\ndata:1}\r\n\r\ndata: 2\r\rdata: cut";
        for size in 1..stream.len() {
            assert_eq!(read(stream, size), ["{\"a\":\n1}", "2"], "pieces of {size}");
        }
    }
}
