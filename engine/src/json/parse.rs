//! Text to tape, in one pass and without recursion.

use super::cursor::Cursor;
use super::error::Refusal;
use super::tape::{NOWHERE, Node, Tag, small};
use super::{Json, JsonError, keys};

/// Reads one value, blanks before it included, and stops right behind it.
pub(super) fn document(cursor: &mut Cursor<'_>) -> Result<Json, Refusal> {
    cursor.peek_token();
    let start = cursor.at;
    let left = cursor.text.len() - start;
    let mut parser = Parser {
        start,
        nodes: Vec::with_capacity((left / 8 + 2).min(64)),
        open: NOWHERE,
        loose: String::new(),
        loose_nodes: Vec::new(),
        cursor,
    };
    while parser.value()? == Next::Value || parser.after_value()? == Next::Value {}
    Ok(parser.finish())
}

/// What has to come next.
#[derive(PartialEq, Eq)]
enum Next {
    Value,
    /// What follows a value: a comma, an end, or nothing.
    Else,
}

/// The tape being written. Texts without escapes are ranges of the text being read, counted from
/// `start`; the others collect in `loose`, which is moved behind that text at the end.
struct Parser<'c, 'a> {
    cursor: &'c mut Cursor<'a>,
    start: usize,
    nodes: Vec<Node>,
    /// The innermost open container.
    open: u32,
    loose: String,
    /// Where a loose node is on the tape, and where its text begins in the document.
    loose_nodes: Vec<(usize, usize)>,
}

impl Parser<'_, '_> {
    /// Reads a scalar, an empty container, or a container's opening with its first key.
    #[inline]
    fn value(&mut self) -> Result<Next, Refusal> {
        let token = self.cursor.peek_token();
        self.cursor.count_value()?;
        let from = self.cursor.at;
        match token {
            Some(b'"') => self.string(Tag::Text, Tag::LooseText)?,
            Some(b'-' | b'0'..=b'9') => {
                self.cursor.number()?;
                self.push(Tag::Number, from - self.start, self.cursor.at - self.start);
            }
            Some(b'{') => return self.open_object(),
            Some(b'[') => return self.open_list(),
            Some(b't') => self.word("true", Tag::True)?,
            Some(b'f') => self.word("false", Tag::False)?,
            Some(b'n') => self.word("null", Tag::Null)?,
            _ => return Err(self.cursor.unexpected("a value")),
        }
        Ok(Next::Else)
    }

    #[inline]
    fn push(&mut self, tag: Tag, from: usize, to: usize) {
        self.nodes.push(Node { tag, from: small(from), to: small(to) });
    }

    fn word(&mut self, word: &str, tag: Tag) -> Result<(), Refusal> {
        self.cursor.word(word)?;
        self.push(tag, 0, 0);
        Ok(())
    }

    /// Reads a text: `plain` when it stands as it is, `loose` when it had escapes.
    #[inline]
    fn string(&mut self, plain: Tag, loose: Tag) -> Result<(), Refusal> {
        match self.cursor.plain_string() {
            Some((from, to)) => {
                self.push(plain, from - self.start, to - self.start);
                Ok(())
            }
            None => self.escaped_string(loose),
        }
    }

    #[cold]
    fn escaped_string(&mut self, tag: Tag) -> Result<(), Refusal> {
        let before = self.loose.len();
        self.loose_nodes.push((self.nodes.len(), self.cursor.at));
        self.cursor.escaped_string(&mut self.loose)?;
        self.push(tag, before, self.loose.len());
        Ok(())
    }

    /// Reads a key and its colon.
    #[inline]
    fn key(&mut self) -> Result<Next, Refusal> {
        self.string(Tag::Key, Tag::LooseKey)?;
        self.cursor.colon()?;
        Ok(Next::Value)
    }

    fn open_list(&mut self) -> Result<Next, Refusal> {
        self.open(Tag::List)?;
        match self.cursor.peek_token() {
            Some(b']') => self.close(0),
            _ => Ok(Next::Value),
        }
    }

    fn open_object(&mut self) -> Result<Next, Refusal> {
        self.open(Tag::Object)?;
        match self.cursor.peek_token() {
            Some(b'}') => self.close(0),
            Some(b'"') => self.key(),
            _ => Err(self.cursor.unexpected("a key in quotes or `}`")),
        }
    }

    fn open(&mut self, tag: Tag) -> Result<(), Refusal> {
        self.cursor.open()?;
        let node = self.nodes.len();
        self.nodes.push(Node { tag, from: 0, to: self.open });
        self.open = small(node);
        Ok(())
    }

    /// Closes the innermost container, which holds `last` more items than counted.
    fn close(&mut self, last: u32) -> Result<Next, Refusal> {
        self.cursor.close();
        let (at, end) = (self.open as usize, small(self.nodes.len()));
        let node = &mut self.nodes[at];
        self.open = node.to;
        node.from += last;
        node.to = end;
        if node.tag == Tag::Object { self.refuse_repeated(at) } else { Ok(Next::Else) }
    }

    #[inline]
    fn refuse_repeated(&self, object: usize) -> Result<Next, Refusal> {
        let repeated = if self.loose_nodes.is_empty() {
            let plain = self.cursor.text.as_bytes().get(self.start..).unwrap_or_default();
            keys::repeated(&self.nodes, object, |key| plain.get(key.range()).unwrap_or_default())
        } else {
            keys::repeated(&self.nodes, object, |key| self.text(key).as_bytes())
        };
        match repeated {
            None => Ok(Next::Else),
            Some(at) => Err(self.duplicate(at)),
        }
    }

    #[cold]
    fn duplicate(&self, at: usize) -> Refusal {
        let node = self.nodes[at];
        let place = match self.loose_nodes.iter().find(|(index, _)| *index == at) {
            Some((_, place)) => *place,
            // The range of a plain key begins behind its quote.
            None => node.from as usize + self.start - 1,
        };
        JsonError::DuplicateKey { at: place, key: self.text(node).to_owned() }.into()
    }

    /// What a key says; escapes are resolved in `loose` only.
    fn text(&self, node: Node) -> &str {
        let plain = self.cursor.text.get(self.start..).unwrap_or_default();
        let all = if node.tag == Tag::LooseKey { &self.loose } else { plain };
        all.get(node.range()).unwrap_or_default()
    }

    /// Reads commas and ends until another value has to come or the document is whole.
    #[inline]
    fn after_value(&mut self) -> Result<Next, Refusal> {
        while self.open != NOWHERE {
            let token = self.cursor.peek_token();
            let container = &mut self.nodes[self.open as usize];
            match (token, container.tag) {
                (Some(b','), tag) => {
                    container.from += 1;
                    self.cursor.at += 1;
                    return if tag == Tag::Object { self.next_key() } else { Ok(Next::Value) };
                }
                (Some(b'}'), Tag::Object) | (Some(b']'), Tag::List) => self.close(1)?,
                (_, Tag::Object) => return Err(self.cursor.unexpected("`,` or `}`")),
                _ => return Err(self.cursor.unexpected("`,` or `]`")),
            };
        }
        Ok(Next::Else)
    }

    #[inline]
    fn next_key(&mut self) -> Result<Next, Refusal> {
        match self.cursor.peek_token() {
            Some(b'"') => self.key(),
            _ => Err(self.cursor.unexpected("a key in quotes")),
        }
    }

    fn finish(self) -> Json {
        let Self { cursor, start, mut nodes, loose, loose_nodes, .. } = self;
        let text = cursor.text.get(start..cursor.at).unwrap_or_default();
        let mut strings = String::with_capacity(text.len() + loose.len());
        strings.push_str(text);
        strings.push_str(&loose);
        let shift = small(text.len());
        for (at, _) in loose_nodes {
            let node = &mut nodes[at];
            node.tag = if node.tag == Tag::LooseKey { Tag::Key } else { Tag::Text };
            node.from += shift;
            node.to += shift;
        }
        Json { strings, nodes }
    }
}
