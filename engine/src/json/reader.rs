//! One object, member by member: each value becomes a document of its own, or is passed over, in
//! a single pass over the bytes. Limits and strictness hold for the whole text.

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::cursor::Cursor;
use super::view::Kind;
use super::{Json, JsonError, Limits, parse};

/// Reads a JSON text step by step.
///
/// ```
/// use fence_engine::json::{Limits, Reader};
///
/// let mut reader = Reader::new(br#"{"tool":"x","args":{"to":["a"]}}"#, &Limits::default())?;
/// reader.begin_object()?;
/// while let Some(key) = reader.next_key()? {
///     match key.as_ref() {
///         "tool" => assert_eq!(reader.text()?, "x"),
///         "args" => assert_eq!(reader.value()?.to_string(), r#"{"to":["a"]}"#),
///         other => panic!("unknown key `{other}`"),
///     }
/// }
/// reader.finish()?;
/// # Ok::<(), fence_engine::json::JsonError>(())
/// ```
pub struct Reader<'a> {
    cursor: Cursor<'a>,
    keys: BTreeSet<Cow<'a, str>>,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// The whole text is still to come.
    Start,
    /// Inside the object, before the first key or its end.
    First,
    /// Behind a key and its colon.
    Value,
    /// Behind a value.
    Comma,
    /// Behind the object or the only value.
    End,
}

impl<'a> Reader<'a> {
    /// Starts reading.
    ///
    /// # Errors
    /// Too many bytes, bytes that are not UTF-8, a byte order mark.
    pub fn new(bytes: &'a [u8], limits: &Limits) -> Result<Self, JsonError> {
        let cursor = Cursor::new(bytes, limits)?;
        Ok(Self { cursor, keys: BTreeSet::new(), state: State::Start })
    }

    /// Enters the object that the text is.
    ///
    /// # Errors
    /// The text is something else, or reading has begun already.
    pub fn begin_object(&mut self) -> Result<(), JsonError> {
        match (self.state, self.cursor.peek_token()) {
            (State::Start, Some(b'{')) => {
                self.cursor.count_value()?;
                self.cursor.open()?;
                self.state = State::First;
                Ok(())
            }
            _ => Err(self.cursor.unexpected("an object").into()),
        }
    }

    /// The next key, or `None` behind the last member. A value that was not asked for is passed
    /// over, as strictly as any.
    ///
    /// # Errors
    /// Malformed JSON, a duplicate key.
    pub fn next_key(&mut self) -> Result<Option<Cow<'a, str>>, JsonError> {
        if self.state == State::Value {
            self.value()?;
        }
        match (self.state, self.cursor.peek_token()) {
            (State::Start | State::End | State::Value, _) => return Ok(None),
            (_, Some(b'}')) => {
                self.cursor.close();
                self.state = State::End;
                return Ok(None);
            }
            (State::First, _) => {}
            (State::Comma, Some(b',')) => {
                self.cursor.at += 1;
                self.cursor.peek_token();
            }
            (State::Comma, _) => return Err(self.cursor.unexpected("`,` or `}`").into()),
        }
        self.key().map(Some)
    }

    fn key(&mut self) -> Result<Cow<'a, str>, JsonError> {
        let at = self.cursor.at;
        let key = self.string("a key in quotes")?;
        if !self.keys.insert(key.clone()) {
            return Err(JsonError::DuplicateKey { at, key: key.into_owned() });
        }
        self.cursor.colon()?;
        self.state = State::Value;
        Ok(key)
    }

    fn string(&mut self, expected: &'static str) -> Result<Cow<'a, str>, JsonError> {
        if self.cursor.peek_token() != Some(b'"') {
            return Err(self.cursor.unexpected(expected).into());
        }
        if let Some((from, to)) = self.cursor.plain_string() {
            return Ok(Cow::Borrowed(self.cursor.text.get(from..to).unwrap_or_default()));
        }
        let mut resolved = String::new();
        self.cursor.escaped_string(&mut resolved)?;
        Ok(Cow::Owned(resolved))
    }

    /// The kind of the value that comes next, or `None` where none can begin.
    #[must_use]
    pub fn peek(&mut self) -> Option<Kind> {
        if !self.before_value() {
            return None;
        }
        match self.cursor.peek_token()? {
            b'n' => Some(Kind::Null),
            b't' | b'f' => Some(Kind::Bool),
            b'-' | b'0'..=b'9' => Some(Kind::Number),
            b'"' => Some(Kind::Text),
            b'[' => Some(Kind::List),
            b'{' => Some(Kind::Object),
            _ => None,
        }
    }

    /// The value of the key just read (or the whole text) as a document of its own.
    ///
    /// # Errors
    /// Malformed JSON, or no value can come here.
    pub fn value(&mut self) -> Result<Json, JsonError> {
        if !self.before_value() {
            return Err(self.cursor.unexpected("a key").into());
        }
        let json = parse::document(&mut self.cursor)?;
        self.passed_value();
        Ok(json)
    }

    /// The value of the key just read (or the whole text), which has to be a text; borrowed where
    /// it is written without escapes.
    ///
    /// # Errors
    /// Malformed JSON, something else than a text, or no value can come here.
    pub fn text(&mut self) -> Result<Cow<'a, str>, JsonError> {
        if !self.before_value() {
            return Err(self.cursor.unexpected("a key").into());
        }
        self.cursor.peek_token();
        self.cursor.count_value()?;
        let text = self.string("a text")?;
        self.passed_value();
        Ok(text)
    }

    fn before_value(&self) -> bool {
        matches!(self.state, State::Start | State::Value)
    }

    fn passed_value(&mut self) {
        self.state = if self.state == State::Start { State::End } else { State::Comma };
    }

    /// How many bytes have been read: where an error of the caller's own can point.
    #[must_use]
    pub const fn at(&self) -> usize {
        self.cursor.at
    }

    /// Reads what is left; nothing may follow the value.
    ///
    /// # Errors
    /// Malformed JSON, or anything behind its end.
    pub fn finish(mut self) -> Result<(), JsonError> {
        if self.state == State::Start {
            self.value()?;
        }
        while self.next_key()?.is_some() {}
        Ok(self.cursor.end()?)
    }
}
