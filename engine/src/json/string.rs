//! Texts in quotes: the plain ones at eight bytes a step, escapes one by one.

use super::JsonError;
use super::cursor::Cursor;
use super::error::Refusal;

impl Cursor<'_> {
    /// Passes the text whose opening quote is the next byte and answers where it begins and ends,
    /// quotes excluded, if it stands there as it is. Otherwise passes nothing: there are escapes,
    /// or it is broken.
    #[inline]
    pub(super) fn plain_string(&mut self) -> Option<(usize, usize)> {
        let bytes = self.text.as_bytes();
        let start = self.at + 1;
        let end = start + ordinary(bytes.get(start..)?);
        if bytes.get(end) != Some(&b'"') {
            return None;
        }
        self.at = end + 1;
        Some((start, end))
    }

    /// Passes the text whose opening quote is the next byte and appends what it says to `out`.
    #[inline(never)]
    pub(super) fn escaped_string(&mut self, out: &mut String) -> Result<(), Refusal> {
        self.at += 1;
        loop {
            let run = self.text.get(self.at..).unwrap_or_default();
            let run = run.get(..ordinary(run.as_bytes())).unwrap_or_default();
            out.push_str(run);
            self.at += run.len();
            match self.peek() {
                Some(b'"') => break,
                Some(b'\\') => out.push(self.escape()?),
                Some(code) => return Err(JsonError::Control { at: self.at, code }.into()),
                None => return Err(self.unexpected("`\"`")),
            }
        }
        self.at += 1;
        Ok(())
    }

    /// Passes an escape and answers its character.
    fn escape(&mut self) -> Result<char, Refusal> {
        let start = self.at;
        self.at += 2;
        match self.text.as_bytes().get(start + 1) {
            Some(b'"') => Ok('"'),
            Some(b'\\') => Ok('\\'),
            Some(b'/') => Ok('/'),
            Some(b'b') => Ok('\u{8}'),
            Some(b'f') => Ok('\u{c}'),
            Some(b'n') => Ok('\n'),
            Some(b'r') => Ok('\r'),
            Some(b't') => Ok('\t'),
            Some(b'u') => self.unicode_escape(start),
            _ => Err(JsonError::Escape { at: start }.into()),
        }
    }

    /// The rest of `\uXXXX`, and of a second one where the first is half of a pair.
    fn unicode_escape(&mut self, start: usize) -> Result<char, Refusal> {
        let first = self.hex().ok_or(JsonError::Escape { at: start })?;
        let code = match first {
            0xd800..0xdc00 if self.text.as_bytes()[self.at..].starts_with(b"\\u") => {
                let second = self.at;
                self.at += 2;
                match self.hex().ok_or(JsonError::Escape { at: second })? {
                    low @ 0xdc00..0xe000 => 0x1_0000 + ((first - 0xd800) << 10) + (low - 0xdc00),
                    _ => first,
                }
            }
            other => other,
        };
        // A surrogate that is still one here had no partner.
        Ok(char::from_u32(code).ok_or(JsonError::LoneSurrogate { at: start })?)
    }

    /// Passes four hexadecimal digits.
    fn hex(&mut self) -> Option<u32> {
        let digits = self.text.get(self.at..self.at + 4)?;
        self.at += 4;
        digits.bytes().try_fold(0, |value, byte| {
            char::from(byte).to_digit(16).map(|digit| value * 16 + digit)
        })
    }
}

/// How many bytes stand before the first quote, backslash or control character.
#[inline]
pub(super) fn ordinary(bytes: &[u8]) -> usize {
    let mut rest = bytes;
    while let Some((chunk, behind)) = rest.split_first_chunk() {
        let hits = special_bytes(u64::from_le_bytes(*chunk));
        if hits != 0 {
            return bytes.len() - rest.len() + (hits.trailing_zeros() / 8) as usize;
        }
        rest = behind;
    }
    bytes.len() - rest.len() + ordinary_at_the_end(rest)
}

/// [`ordinary`] for fewer than eight bytes.
#[inline(never)]
fn ordinary_at_the_end(bytes: &[u8]) -> usize {
    bytes.iter().take_while(|byte| !matches!(byte, b'"' | b'\\' | ..0x20)).count()
}

/// Marks, by the top bit of its byte, the first of eight bytes (lowest first) that is a quote, a
/// backslash or below 0x20; bytes after it may be marked wrongly. 0: there is none.
/// After the test for a zero byte in "Hacker's Delight" (Warren), section 6-1.
#[inline]
const fn special_bytes(word: u64) -> u64 {
    const ONES: u64 = u64::from_le_bytes([1; 8]);
    const TOPS: u64 = u64::from_le_bytes([0x80; 8]);
    let quote = (word ^ (ONES * b'"' as u64)).wrapping_sub(ONES);
    let backslash = (word ^ (ONES * b'\\' as u64)).wrapping_sub(ONES);
    let control = word.wrapping_sub(ONES * 0x20);
    (quote | backslash | control) & !word & TOPS
}
