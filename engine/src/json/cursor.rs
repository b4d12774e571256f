//! A place in the text being read: blanks, texts, numbers, and what is left of the limits.

use super::{JsonError, Limits};
use crate::number::MAX_EXPONENT_DIGITS;

/// Where reading stands, and what may still come.
pub(super) struct Cursor<'a> {
    pub(super) text: &'a str,
    pub(super) at: usize,
    /// How many containers are open.
    pub(super) depth: usize,
    values: usize,
    limits: Limits,
}

/// What ends a run of ordinary characters in a text.
enum Stop {
    Quote,
    Backslash,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(bytes: &'a [u8], limits: &Limits) -> Result<Self, JsonError> {
        let limit = limits.bytes.min(u32::MAX as usize / 2);
        if bytes.len() > limit {
            return Err(JsonError::TooLong { limit });
        }
        let text = std::str::from_utf8(bytes)
            .map_err(|error| JsonError::NotUtf8 { at: error.valid_up_to() })?;
        if text.starts_with('\u{feff}') {
            return Err(JsonError::ByteOrderMark);
        }
        let limits = Limits { bytes: limit, depth: limits.depth.min(Limits::DEEPEST), ..*limits };
        Ok(Self { text, at: 0, depth: 0, values: 0, limits })
    }

    #[inline]
    pub(super) fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// The next byte that is not blank.
    #[inline]
    pub(super) fn peek_token(&mut self) -> Option<u8> {
        loop {
            match self.peek() {
                Some(b' ' | b'\n' | b'\r' | b'\t') => self.at += 1,
                other => return other,
            }
        }
    }

    /// Nothing but blanks may follow.
    pub(super) fn end(&mut self) -> Result<(), JsonError> {
        match self.peek_token() {
            None => Ok(()),
            Some(_) => Err(JsonError::Trailing { at: self.at }),
        }
    }

    /// The error that something else than `expected` stands here.
    #[cold]
    pub(super) fn unexpected(&self, expected: &'static str) -> JsonError {
        match self.text.get(self.at..).and_then(|rest| rest.chars().next()) {
            Some(found) => JsonError::Unexpected { at: self.at, found, expected },
            None => JsonError::Ended { at: self.at, expected },
        }
    }

    /// Counts one more value.
    #[inline]
    pub(super) fn count_value(&mut self) -> Result<(), JsonError> {
        if self.values >= self.limits.values {
            return Err(JsonError::TooMany { at: self.at, limit: self.limits.values });
        }
        self.values += 1;
        Ok(())
    }

    /// Passes the bracket that opens a list or object.
    #[inline]
    pub(super) fn open(&mut self) -> Result<(), JsonError> {
        if self.depth >= self.limits.depth {
            return Err(JsonError::TooDeep { at: self.at, limit: self.limits.depth });
        }
        self.depth += 1;
        self.at += 1;
        Ok(())
    }

    /// Passes the bracket that closes a list or object.
    #[inline]
    pub(super) fn close(&mut self) {
        self.depth = self.depth.saturating_sub(1);
        self.at += 1;
    }

    /// Passes `word`.
    pub(super) fn word(&mut self, word: &str) -> Result<(), JsonError> {
        if !self.text.as_bytes()[self.at..].starts_with(word.as_bytes()) {
            return Err(self.unexpected("a value"));
        }
        self.at += word.len();
        Ok(())
    }

    /// Passes the `:` between key and value.
    #[inline]
    pub(super) fn colon(&mut self) -> Result<(), JsonError> {
        match self.peek_token() {
            Some(b':') => self.at += 1,
            _ => return Err(self.unexpected("`:`")),
        }
        Ok(())
    }

    /// Passes a number token.
    #[inline]
    pub(super) fn number(&mut self) -> Result<(), JsonError> {
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        match self.peek() {
            Some(b'0') => self.leading_zero()?,
            _ => self.digits()?,
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        match self.peek() {
            Some(b'e' | b'E') => self.exponent(),
            _ => Ok(()),
        }
    }

    fn leading_zero(&mut self) -> Result<(), JsonError> {
        self.at += 1;
        match self.peek() {
            Some(b'0'..=b'9') => {
                let problem = "a number must not begin with a needless zero, as it does";
                Err(JsonError::Number { at: self.at - 1, problem })
            }
            _ => Ok(()),
        }
    }

    fn exponent(&mut self) -> Result<(), JsonError> {
        self.at += 1;
        if let Some(b'+' | b'-') = self.peek() {
            self.at += 1;
        }
        let start = self.at;
        self.digits()?;
        if self.at - start > MAX_EXPONENT_DIGITS {
            let problem = "a number's exponent has more than 36 digits";
            return Err(JsonError::Number { at: start, problem });
        }
        Ok(())
    }

    /// Passes one or more digits.
    #[inline]
    fn digits(&mut self) -> Result<(), JsonError> {
        let start = self.at;
        while let Some(b'0'..=b'9') = self.peek() {
            self.at += 1;
        }
        if self.at == start {
            return Err(self.unexpected("a digit"));
        }
        Ok(())
    }

    /// Passes a text whose opening quote is the next byte. Answers the range between the quotes
    /// when that is the text as it stands; otherwise appends the text, escapes resolved, to `out`.
    #[inline]
    pub(super) fn string(
        &mut self,
        out: &mut String,
    ) -> Result<Option<std::ops::Range<usize>>, JsonError> {
        self.at += 1;
        let start = self.at;
        match self.run()? {
            Stop::Quote => {
                self.at += 1;
                Ok(Some(start..self.at - 1))
            }
            Stop::Backslash => self.escaped(start, out).map(|()| None),
        }
    }

    /// The rest of a text from its first backslash on.
    fn escaped(&mut self, start: usize, out: &mut String) -> Result<(), JsonError> {
        let mut start = start;
        loop {
            let stop = self.run()?;
            out.push_str(self.text.get(start..self.at).unwrap_or_default());
            match stop {
                Stop::Backslash => out.push(self.escape()?),
                Stop::Quote => {
                    self.at += 1;
                    return Ok(());
                }
            }
            start = self.at;
        }
    }

    /// Passes ordinary characters up to a quote or backslash.
    #[inline]
    fn run(&mut self) -> Result<Stop, JsonError> {
        let bytes = self.text.as_bytes();
        while let Some(chunk) = bytes.get(self.at..).and_then(<[u8]>::first_chunk) {
            let hits = special_bytes(u64::from_le_bytes(*chunk));
            if hits != 0 {
                self.at += (hits.trailing_zeros() / 8) as usize;
                break;
            }
            self.at += 8;
        }
        loop {
            match self.peek() {
                Some(b'"') => return Ok(Stop::Quote),
                Some(b'\\') => return Ok(Stop::Backslash),
                Some(code @ ..0x20) => return Err(JsonError::Control { at: self.at, code }),
                Some(_) => self.at += 1,
                None => return Err(self.unexpected("`\"`")),
            }
        }
    }

    /// Passes an escape and answers its character.
    fn escape(&mut self) -> Result<char, JsonError> {
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
            _ => Err(JsonError::Escape { at: start }),
        }
    }

    /// The rest of `\uXXXX`, and of a second one where the first is half of a pair.
    fn unicode_escape(&mut self, start: usize) -> Result<char, JsonError> {
        let first = self.hex().ok_or(JsonError::Escape { at: start })?;
        let code = match first {
            0xd800..0xdc00 if self.text.as_bytes()[self.at..].starts_with(b"\\u") => {
                self.at += 2;
                match self.hex().ok_or(JsonError::Escape { at: self.at - 2 })? {
                    low @ 0xdc00..0xe000 => 0x1_0000 + ((first - 0xd800) << 10) + (low - 0xdc00),
                    _ => first,
                }
            }
            other => other,
        };
        // A surrogate that is still one here had no partner.
        char::from_u32(code).ok_or(JsonError::LoneSurrogate { at: start })
    }

    /// Passes four hexadecimal digits.
    fn hex(&mut self) -> Option<u32> {
        let digits = self.text.get(self.at..self.at + 4)?;
        let value = digits.bytes().try_fold(0, |value, byte| {
            char::from(byte).to_digit(16).map(|digit| value * 16 + digit)
        });
        self.at += 4;
        value
    }
}

/// Marks, by the top bit of its byte, the first of eight bytes (lowest first) that is a quote, a
/// backslash or below 0x20; bytes after it may be marked wrongly. 0: there is none.
/// The test for a zero byte is from "Hacker's Delight" (Warren), section 6-1.
#[inline]
const fn special_bytes(word: u64) -> u64 {
    const ONES: u64 = u64::from_le_bytes([1; 8]);
    const TOPS: u64 = u64::from_le_bytes([0x80; 8]);
    let quote = word ^ (ONES * b'"' as u64);
    let backslash = word ^ (ONES * b'\\' as u64);
    let below = word.wrapping_sub(ONES * 0x20) & !word;
    (quote.wrapping_sub(ONES) & !quote | backslash.wrapping_sub(ONES) & !backslash | below) & TOPS
}
