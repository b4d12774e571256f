//! A place in the text being read: blanks, words, numbers, and what is left of the limits. Texts
//! in quotes are in `string`.

use super::error::Refusal;
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
        match self.peek() {
            Some(b' ' | b'\n' | b'\r' | b'\t') => self.skip_blanks(),
            other => other,
        }
    }

    fn skip_blanks(&mut self) -> Option<u8> {
        let blank = |byte: &u8| matches!(byte, b' ' | b'\n' | b'\r' | b'\t');
        let rest = self.text.as_bytes().get(self.at..)?;
        self.at += rest.iter().take_while(|byte| blank(byte)).count();
        self.peek()
    }

    /// Nothing but blanks may follow.
    pub(super) fn end(&mut self) -> Result<(), Refusal> {
        match self.peek_token() {
            None => Ok(()),
            Some(_) => Err(JsonError::Trailing { at: self.at }.into()),
        }
    }

    /// The error that something else than `expected` stands here.
    #[cold]
    pub(super) fn unexpected(&self, expected: &'static str) -> Refusal {
        match self.text.get(self.at..).and_then(|rest| rest.chars().next()) {
            Some(found) => JsonError::Unexpected { at: self.at, found, expected }.into(),
            None => JsonError::Ended { at: self.at, expected }.into(),
        }
    }

    /// Counts one more value.
    #[inline]
    pub(super) fn count_value(&mut self) -> Result<(), Refusal> {
        if self.values >= self.limits.values {
            return Err(JsonError::TooMany { at: self.at, limit: self.limits.values }.into());
        }
        self.values += 1;
        Ok(())
    }

    /// Passes the bracket that opens a list or object.
    #[inline]
    pub(super) fn open(&mut self) -> Result<(), Refusal> {
        if self.depth >= self.limits.depth {
            return Err(JsonError::TooDeep { at: self.at, limit: self.limits.depth }.into());
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
    pub(super) fn word(&mut self, word: &str) -> Result<(), Refusal> {
        if !self.text.as_bytes()[self.at..].starts_with(word.as_bytes()) {
            return Err(self.unexpected("a value"));
        }
        self.at += word.len();
        Ok(())
    }

    /// Passes the `:` between key and value.
    #[inline]
    pub(super) fn colon(&mut self) -> Result<(), Refusal> {
        match self.peek_token() {
            Some(b':') => self.at += 1,
            _ => return Err(self.unexpected("`:`")),
        }
        Ok(())
    }

    /// Passes a number token.
    #[inline]
    pub(super) fn number(&mut self) -> Result<(), Refusal> {
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

    fn leading_zero(&mut self) -> Result<(), Refusal> {
        self.at += 1;
        match self.peek() {
            Some(b'0'..=b'9') => {
                let problem = "a number must not begin with a needless zero, as it does";
                Err(JsonError::Number { at: self.at - 1, problem }.into())
            }
            _ => Ok(()),
        }
    }

    fn exponent(&mut self) -> Result<(), Refusal> {
        self.at += 1;
        if let Some(b'+' | b'-') = self.peek() {
            self.at += 1;
        }
        let start = self.at;
        self.digits()?;
        if self.at - start > MAX_EXPONENT_DIGITS {
            let problem = "a number's exponent has more than 36 digits";
            return Err(JsonError::Number { at: start, problem }.into());
        }
        Ok(())
    }

    /// Passes one or more digits.
    #[inline]
    fn digits(&mut self) -> Result<(), Refusal> {
        let bytes = self.text.as_bytes();
        let mut at = self.at;
        while bytes.get(at).is_some_and(u8::is_ascii_digit) {
            at += 1;
        }
        if at == self.at {
            return Err(self.unexpected("a digit"));
        }
        self.at = at;
        Ok(())
    }
}
