//! Text → tokens, in one linear pass that never fails: comments, texts, brackets and runs of letters.
//!
//! Finds what only a look at single characters can find: invisible characters, texts that are not
//! closed, escapes that do not exist. What the tokens mean is left to `outline` and the grammar.

use super::words::is_bare;
use crate::diagnostic::{Code, Diagnostic};
use crate::span::{SourceId, Span};

/// The kinds of token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A longest run of the characters a bare pattern may hold: words, numbers, paths, patterns.
    Run,
    /// `"…"`, quotes included.
    Text,
    /// A text that its line does not close.
    OpenText,
    /// `'…'`, which the language does not have.
    SingleQuoted,
    /// `(`, `[` or `{`
    Open,
    /// `)`, `]` or `}`
    Close,
    /// `,`
    Comma,
    /// Any other sign: an operator of one or two characters, or a stray character.
    Sign,
}

/// A piece of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Token {
    /// What it is.
    pub(super) kind: Kind,
    /// Whether nothing but blanks stands before it on its line.
    pub(super) first: bool,
    /// First byte.
    pub(super) start: u32,
    /// One past the last byte.
    pub(super) end: u32,
}

/// All tokens of a text.
#[derive(Debug, Default)]
pub(super) struct Scan {
    /// What has a meaning.
    pub(super) tokens: Vec<Token>,
    /// The comments, `#` included, line end not.
    pub(super) comments: Vec<Token>,
    /// What is wrong with single characters.
    pub(super) diagnostics: Vec<Diagnostic>,
}

/// Cuts `text` into tokens.
pub(super) fn scan(source: SourceId, text: &str) -> Scan {
    let mut scanner = Scanner { source, text, at: 0, first: true, out: Scan::default() };
    while let Some(&byte) = text.as_bytes().get(scanner.at) {
        scanner.step(byte);
    }
    scanner.out
}

struct Scanner<'a> {
    source: SourceId,
    text: &'a str,
    at: usize,
    first: bool,
    out: Scan,
}

impl Scanner<'_> {
    fn step(&mut self, byte: u8) {
        let start = self.at;
        match byte {
            b'\n' => {
                self.first = true;
                self.at += 1;
            }
            b' ' | b'\t' => self.at += 1,
            b'\r' if self.next_is(b'\n') => self.at += 1,
            b'#' => {
                self.comment();
                let token = self.token(Kind::Run, start);
                self.out.comments.push(token);
            }
            b'"' => self.quoted(start),
            b'\'' => self.single_quoted(start),
            b'(' | b'[' | b'{' => self.push(Kind::Open, start, 1),
            b')' | b']' | b'}' => self.push(Kind::Close, start, 1),
            b',' => self.push(Kind::Comma, start, 1),
            _ if is_bare(byte) => {
                let rest = &self.text.as_bytes()[start..];
                let length = rest.iter().position(|byte| !is_bare(*byte)).unwrap_or(rest.len());
                self.push(Kind::Run, start, length);
            }
            _ => self.sign(start),
        }
    }

    fn token(&self, kind: Kind, start: usize) -> Token {
        let span = Span::new(self.source, start, self.at);
        Token { kind, first: self.first, start: span.start, end: span.end }
    }

    fn push(&mut self, kind: Kind, start: usize, length: usize) {
        self.at = start + length;
        let token = self.token(kind, start);
        self.out.tokens.push(token);
        self.first = false;
    }

    fn next_is(&self, byte: u8) -> bool {
        self.text.as_bytes().get(self.at + 1) == Some(&byte)
    }

    /// A sign of one or two characters, or a character that has no business here.
    fn sign(&mut self, start: usize) {
        let rest = &self.text[start..];
        let pairs = ["==", "!=", "<=", ">=", "=>", "=<", "<>", "&&", "||"];
        if pairs.iter().any(|pair| rest.starts_with(pair)) {
            return self.push(Kind::Sign, start, 2);
        }
        let Some(character) = rest.chars().next() else { return };
        if self.refuse_invisible(start, character, false) {
            self.at = start + character.len_utf8();
            return;
        }
        let letters = rest.char_indices().find(|(_, c)| !c.is_alphanumeric());
        let length = letters.map_or(rest.len(), |(at, _)| at).max(character.len_utf8());
        self.push(Kind::Sign, start, length);
    }

    fn comment(&mut self) {
        let end = self.line_end();
        self.check_characters(self.at, end, false);
        self.at = end;
    }

    /// Where the line ends, its `\r\n` or `\n` not included.
    fn line_end(&self) -> usize {
        let rest = &self.text.as_bytes()[self.at..];
        let length = rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
        let carriage = length < rest.len() && length > 0 && rest[length - 1] == b'\r';
        self.at + length - usize::from(carriage)
    }

    fn quoted(&mut self, start: usize) {
        let bytes = self.text.as_bytes();
        let mut at = start + 1;
        loop {
            match bytes.get(at) {
                Some(b'"') => {
                    self.check_characters(start, at + 1, true);
                    return self.push(Kind::Text, start, at + 1 - start);
                }
                Some(b'\\') => at += self.escape(at),
                None | Some(b'\n') => return self.open_text(start),
                Some(_) => at += 1,
            }
        }
    }

    fn open_text(&mut self, start: usize) {
        self.at = start;
        let end = self.line_end();
        self.check_characters(start, end, true);
        let span = Span::new(self.source, start, start + 1);
        self.out.diagnostics.push(
            Diagnostic::error(Code::UNTERMINATED, span, "this text is not closed on its line")
                .label("opened here")
                .help("close it with `\"`; a line break inside a text is written `\\n`"),
        );
        self.push(Kind::OpenText, start, end - start);
    }

    /// Checks the escape at `at` and answers its length.
    fn escape(&mut self, at: usize) -> usize {
        let rest = &self.text[at + 1..];
        let Some(character) = rest.chars().next().filter(|c| !matches!(c, '\n' | '\r')) else {
            return 1;
        };
        let length = 1 + character.len_utf8();
        match character {
            '"' | '\\' | 'n' | 't' => length,
            'u' => match unicode_escape(rest) {
                Ok((_, used)) => 1 + used,
                Err(used) => {
                    let help = "write the code point in hexadecimal: `\\u{200B}`";
                    self.bad_escape(at, 1 + used, help, None);
                    length
                }
            },
            _ => {
                let help =
                    "there are `\\\"`, `\\\\`, `\\n`, `\\t` and `\\u{…}`; a backslash is `\\\\`";
                self.bad_escape(at, length, help, Some("\\\\"));
                length
            }
        }
    }

    fn bad_escape(&mut self, at: usize, length: usize, help: &str, backslash: Option<&str>) {
        let span = Span::new(self.source, at, at + length);
        let written = &self.text[at..at + length];
        let mut found =
            Diagnostic::error(Code::BAD_ESCAPE, span, format!("there is no escape `{written}`"))
                .help(help);
        if let Some(backslash) = backslash {
            found = found.fix(Span::new(self.source, at, at + 1), backslash);
        }
        self.out.diagnostics.push(found);
    }

    /// `'…'` on one line as one token, so that its words start no statements; else the sign alone.
    fn single_quoted(&mut self, start: usize) {
        let rest = self.text.as_bytes().iter().enumerate().skip(start + 1);
        let end = rest.into_iter().find(|(_, byte)| matches!(byte, b'\'' | b'\n'));
        match end {
            Some((end, b'\'')) => {
                self.check_characters(start, end + 1, false);
                self.push(Kind::SingleQuoted, start, end + 1 - start);
            }
            _ => self.push(Kind::Sign, start, 1),
        }
    }

    /// Reports every invisible character in a range; inside a text an escape can replace it.
    fn check_characters(&mut self, start: usize, end: usize, in_text: bool) {
        let text = self.text;
        let piece = &text.as_bytes()[start..end];
        if piece.iter().all(|byte| matches!(byte, b' '..=b'~' | b'\t')) {
            return;
        }
        for (offset, character) in text[start..end].char_indices() {
            self.refuse_invisible(start + offset, character, in_text);
        }
    }

    /// Reports `character` if nobody could see it, and says whether it did.
    fn refuse_invisible(&mut self, at: usize, character: char, in_text: bool) -> bool {
        if !crate::show::is_invisible(character) {
            return false;
        }
        let span = Span::new(self.source, at, at + character.len_utf8());
        let code = u32::from(character);
        let what = describe(character);
        let found =
            Diagnostic::error(Code::INVISIBLE, span, format!("{what} (U+{code:04X}) stands here"));
        self.out.diagnostics.push(if in_text {
            let escape = format!("\\u{{{code:X}}}");
            found.help(format!("if it is meant, write it as `{escape}`")).fix(span, escape)
        } else {
            let blank =
                if matches!(character, '\u{A0}' | '\u{2000}'..='\u{200A}') { " " } else { "" };
            found.help("remove it, or put a plain blank there").fix(span, blank)
        });
        true
    }
}

/// Reads `u{…}` and answers the character and the bytes used, or how many bytes are wrong.
pub(super) fn unicode_escape(rest: &str) -> Result<(char, usize), usize> {
    let Some(digits) = rest.strip_prefix("u{") else { return Err(1) };
    let length = digits.bytes().take_while(u8::is_ascii_hexdigit).count();
    let wrong = 2 + length + usize::from(digits.as_bytes().get(length) == Some(&b'}'));
    if !(1..=6).contains(&length) || digits.as_bytes().get(length) != Some(&b'}') {
        return Err(wrong);
    }
    let code = u32::from_str_radix(&digits[..length], 16).ok().and_then(char::from_u32);
    code.map(|character| (character, 3 + length)).ok_or(wrong)
}

fn describe(character: char) -> &'static str {
    match character {
        '\u{FEFF}' => "a byte order mark",
        '\r' => "a carriage return without a line feed",
        '\0'..='\u{1F}' | '\u{7F}'..='\u{9F}' => "a control character",
        '\u{61C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{206F}' => {
            "a character that changes the direction of text"
        }
        '\u{A0}' | '\u{1680}' | '\u{2000}'..='\u{200A}' | '\u{202F}' | '\u{205F}' | '\u{3000}' => {
            "a blank that is not the plain one"
        }
        _ => "an invisible character",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &str) -> Vec<(Kind, &str)> {
        let tokens = scan(SourceId(0), text).tokens;
        tokens.iter().map(|t| (t.kind, &text[t.start as usize..t.end as usize])).collect()
    }

    #[test]
    fn a_rule_in_tokens() {
        use Kind::{Close, Comma, Open, Run, Sign, Text};
        assert_eq!(
            kinds("ask a/*, \"b # c\" { by x } # d\n== é"),
            [
                (Run, "ask"),
                (Run, "a/*"),
                (Comma, ","),
                (Text, "\"b # c\""),
                (Open, "{"),
                (Run, "by"),
                (Run, "x"),
                (Close, "}"),
                (Sign, "=="),
                (Sign, "é"),
            ]
        );
    }

    #[test]
    fn single_quotes_hold_their_words_together() {
        assert_eq!(
            kinds("'do not deny' x"),
            [(Kind::SingleQuoted, "'do not deny'"), (Kind::Run, "x")]
        );
        assert_eq!(kinds("it's"), [(Kind::Run, "it"), (Kind::Sign, "'"), (Kind::Run, "s")]);
    }

    #[test]
    fn an_open_text_ends_with_its_line() {
        assert_eq!(kinds("\"a b\nc"), [(Kind::OpenText, "\"a b"), (Kind::Run, "c")]);
        assert_eq!(kinds("\"a\\"), [(Kind::OpenText, "\"a\\")]);
        assert_eq!(kinds("\"a\\\r\nb"), [(Kind::OpenText, "\"a\\"), (Kind::Run, "b")]);
    }

    #[test]
    fn escapes_end_where_they_are_closed() {
        assert_eq!(unicode_escape("u{41}z"), Ok(('A', 5)));
        assert_eq!(unicode_escape("u{}"), Err(3));
        assert_eq!(unicode_escape("u{D800}"), Err(7));
        assert_eq!(unicode_escape("u41"), Err(1));
        assert_eq!(unicode_escape("u{1234567}"), Err(10));
    }
}
