//! Tokens → statements: where each begins, and which brackets belong together.
//!
//! The grammar reads one statement, term or step at a time, so that a mistake stays where it was made.
//! Nesting is bounded here, before anything recursive looks at the text.

use std::ops::Range;

use super::MAX_DIAGNOSTICS;
use super::scan::{Kind, Scan, Token};
use super::words::{self, CLAUSES, CONTINUING, LEADING, STEPS, TERMS};
use crate::diagnostic::{Code, Diagnostic};
use crate::span::{SourceId, Span};

/// How deep brackets, `not` and quantifiers may nest, together.
pub(super) const MAX_DEPTH: usize = 64;

/// A text, its tokens, and what the first look at them found.
#[derive(Debug)]
pub(super) struct Outline<'a> {
    /// The file.
    pub(super) source: SourceId,
    /// Its text.
    pub(super) text: &'a str,
    /// Its tokens.
    pub(super) tokens: Vec<Token>,
    /// Its comments.
    pub(super) comments: Vec<Token>,
    /// What is wrong so far.
    pub(super) diagnostics: Vec<Diagnostic>,
    /// For every opening bracket the token that closes it; itself when there is none.
    partner: Vec<u32>,
    /// The first token of every statement.
    starts: Vec<usize>,
    /// Where something was refused that the grammar would trip over.
    broken: Vec<u32>,
    /// Where the nesting becomes too deep.
    deep: Vec<u32>,
}

impl<'a> Outline<'a> {
    /// Finds statements and brackets.
    pub(super) fn new(source: SourceId, text: &'a str, scan: Scan) -> Self {
        let Scan { tokens, comments, diagnostics } = scan;
        let partner = (0..).take(tokens.len()).collect();
        let breaking = [Code::UNTERMINATED, Code::INVISIBLE];
        let found = diagnostics.iter().filter(|found| breaking.contains(&found.code));
        let broken = found.map(|found| found.span.start).collect();
        let (starts, deep) = (Vec::new(), Vec::new());
        let outline =
            Self { source, text, tokens, comments, diagnostics, partner, starts, broken, deep };
        let (open, told_depth) = (Vec::new(), false);
        Pairing { outline, open, overflow: 0, prefixes: 0, quantifiers: 0, told_depth }.run()
    }

    /// The statements, as ranges of tokens.
    pub(super) fn statements(&self) -> impl Iterator<Item = Range<usize>> + '_ {
        let ends = self.starts.iter().skip(1).copied().chain([self.tokens.len()]);
        self.starts.iter().copied().zip(ends).map(|(start, end)| start..end)
    }

    /// The lines of a block: its terms or steps, as ranges of tokens.
    pub(super) fn items(&self, body: Range<usize>, starters: &[&str]) -> Vec<Range<usize>> {
        let mut starts = Vec::new();
        let mut at = body.start;
        while at < body.end {
            if at == body.start || self.starts_item(at, body.start, starters) {
                starts.push(at);
            }
            at = self.after(at);
        }
        let ends = starts.iter().skip(1).copied().chain([body.end]).collect::<Vec<_>>();
        starts.into_iter().zip(ends).map(|(start, end)| start..end).collect()
    }

    /// The first `{` of `range` outside other brackets.
    pub(super) fn block(&self, range: &Range<usize>) -> Option<usize> {
        let mut at = range.start;
        while at < range.end {
            if self.str(at) == "{" {
                return Some(at);
            }
            at = self.after(at);
        }
        None
    }

    /// What the `{` at `open` holds, and where its statement goes on after it.
    pub(super) fn body(&self, open: usize, end: usize) -> (Range<usize>, usize) {
        match self.closing(open) {
            Some(close) if close < end => (open + 1..close, close + 1),
            _ => (open + 1..end, end),
        }
    }

    /// The token that closes the bracket at `open`.
    pub(super) fn closing(&self, open: usize) -> Option<usize> {
        let partner = *self.partner.get(open)? as usize;
        (partner != open).then_some(partner)
    }

    /// The text of the token at `index`; empty past the end.
    pub(super) fn str(&self, index: usize) -> &'a str {
        let range = self.tokens.get(index).map(|token| token.start as usize..token.end as usize);
        range.and_then(|range| self.text.get(range)).unwrap_or_default()
    }

    /// The range of bytes of a range of tokens.
    pub(super) fn bytes(&self, tokens: &Range<usize>) -> Range<usize> {
        match (self.tokens.get(tokens.start), self.tokens.get(tokens.end.wrapping_sub(1))) {
            (Some(first), Some(last)) if tokens.start < tokens.end => {
                first.start as usize..last.end as usize
            }
            _ => self.text.len()..self.text.len(),
        }
    }

    /// Where the token at `index` stands; the text's end past the last.
    pub(super) fn span(&self, index: usize) -> Span {
        match self.tokens.get(index) {
            Some(token) => Span { source: self.source, start: token.start, end: token.end },
            None => Span::new(self.source, self.text.len(), self.text.len()),
        }
    }

    /// Whether something in these bytes was already refused in a way the grammar would trip over.
    pub(super) fn is_broken(&self, bytes: &Range<usize>) -> bool {
        any_within(&self.broken, bytes)
    }

    /// Whether these bytes nest too deep to be read at all.
    pub(super) fn is_deep(&self, bytes: &Range<usize>) -> bool {
        any_within(&self.deep, bytes)
    }

    /// The token behind the one at `index`, or behind its bracket.
    fn after(&self, index: usize) -> usize {
        self.closing(index).unwrap_or(index) + 1
    }

    fn is_first(&self, index: usize) -> bool {
        self.tokens.get(index).is_some_and(|token| token.first)
    }

    /// The kind of the token at `index`.
    pub(super) fn kind(&self, index: usize) -> Option<Kind> {
        self.tokens.get(index).map(|token| token.kind)
    }

    /// Whether the token at `index` names a field: a colon follows.
    fn is_key(&self, index: usize) -> bool {
        self.str(index + 1).starts_with(':')
    }

    /// Whether the word at `at`, in a block, begins a new line of it.
    fn starts_item(&self, at: usize, body: usize, starters: &[&str]) -> bool {
        let (word, before) = (self.str(at), self.str(at.wrapping_sub(1)));
        if self.kind(at) != Some(Kind::Run) || self.is_key(at) {
            return false;
        }
        if starters.contains(&word) {
            let named = matches!(before, "," | "as" | "during" | "call" | "by" | "of" | "notify");
            return self.is_first(at) || !named;
        }
        self.is_stray_word(at) && at > body
    }

    /// Whether the word at `at` begins a line where the line before was complete: a misspelt keyword.
    fn is_stray_word(&self, at: usize) -> bool {
        let word = self.str(at);
        let complete = match at.checked_sub(1).and_then(|before| self.kind(before)) {
            Some(Kind::Run) => {
                let before = self.str(at - 1);
                !words::is_keyword(before) && !LEADING.contains(&before)
                    || before == "shadow"
                    || self.is_effect_value(at - 1)
            }
            Some(Kind::Text | Kind::Close | Kind::OpenText | Kind::SingleQuoted) => true,
            _ => false,
        };
        complete
            && self.is_first(at)
            && self.kind(at) == Some(Kind::Run)
            && word.starts_with(|c: char| c.is_ascii_alphabetic())
            && !words::is_keyword(word)
            && !CONTINUING.contains(&word)
            && !self.is_key(at)
    }

    /// Whether the effect at `at` is a value: `default deny`, `expect allow`, `unattended deny`.
    fn is_effect_value(&self, at: usize) -> bool {
        matches!(self.str(at), "allow" | "ask" | "deny")
            && at > 0
            && matches!(self.str(at - 1), "default" | "expect" | "unattended" | "else" | "never")
    }

    /// Whether a statement keyword stands at `at` where nothing else could be meant.
    fn starts_statement(&self, at: usize, inside: &str) -> bool {
        let word = self.str(at);
        if !words::is_statement(word) || self.is_key(at) {
            return false;
        }
        let Some(before) = at.checked_sub(1) else { return true };
        if self.is_effect_value(at) {
            return false;
        }
        if matches!(word, "tool" | "policy") && self.wants_field(before, inside) {
            return false;
        }
        self.is_first(at) || !self.wants_name(before)
    }

    /// Whether a field may follow the token at `before`.
    fn wants_field(&self, before: usize, inside: &str) -> bool {
        match self.kind(before) {
            Some(Kind::Sign) => true,
            Some(Kind::Open) => self.str(before) != "{",
            Some(Kind::Comma) => matches!(inside, "(" | "["),
            Some(Kind::Run) if self.str(before).ends_with(':') => true,
            _ => matches!(
                self.str(before),
                "when"
                    | "unless"
                    | "and"
                    | "or"
                    | "not"
                    | "has"
                    | "in"
                    | "per"
                    | "like"
                    | "under"
                    | "before"
                    | "after"
                    | "edit"
            ),
        }
    }

    /// Whether a name or pattern must follow the token at `before`, so that a keyword on the same
    /// line is a mistaken name rather than the next statement.
    fn wants_name(&self, before: usize) -> bool {
        let word = self.str(before);
        match word {
            "," | "group" | "set" | "dates" | "window" | "tool" | "policy" | "as" | "during"
            | "except" | "agent" | "call" => true,
            "allow" | "ask" | "deny" => !self.is_effect_value(before),
            _ => false,
        }
    }
}

/// Whether one of the sorted `places` lies in `bytes`.
fn any_within(places: &[u32], bytes: &Range<usize>) -> bool {
    let first = places.partition_point(|at| (*at as usize) < bytes.start);
    places.get(first).is_some_and(|at| (*at as usize) < bytes.end)
}

/// An open bracket.
struct Bracket {
    index: usize,
    /// `not`s in front of it.
    prefixes: usize,
    /// Quantifiers it stands in, within its parent.
    quantifiers: usize,
    /// Whether it holds a test's data.
    data: bool,
}

/// The walk over all tokens.
struct Pairing<'a> {
    outline: Outline<'a>,
    open: Vec<Bracket>,
    /// Brackets open beyond the limit.
    overflow: usize,
    /// `not`s in a row up to here.
    prefixes: usize,
    /// Quantifiers that reach to here, within the innermost bracket.
    quantifiers: usize,
    told_depth: bool,
}

impl<'a> Pairing<'a> {
    fn run(mut self) -> Outline<'a> {
        for at in 0..self.outline.tokens.len() {
            self.boundaries(at);
            match self.outline.tokens[at].kind {
                Kind::Open => self.open(at),
                Kind::Close => self.close(at),
                Kind::Comma => (self.prefixes, self.quantifiers) = (0, 0),
                Kind::Run => self.count(at),
                _ => self.prefixes = 0,
            }
            if self.depth() > MAX_DEPTH {
                self.too_deep(at);
            }
        }
        self.unclosed(0);
        self.finish()
    }

    /// How deep the current place is.
    fn depth(&self) -> usize {
        let outer = self.open.iter().map(|open| 1 + open.prefixes + open.quantifiers);
        outer.sum::<usize>() + self.prefixes + self.quantifiers + self.overflow
    }

    /// Counts `not`s and quantifiers, after the word at `at`.
    fn count(&mut self, at: usize) {
        let word = self.outline.str(at);
        // `x:not y` is one run of characters, but the grammar reads a `not` in it.
        match word.rsplit(':').next().unwrap_or(word) {
            "not" if self.outline.str(at + 1) != "in" => self.prefixes += 1,
            "every" | "some" => {
                self.quantifiers += 1 + self.prefixes;
                self.prefixes = 0;
            }
            word => {
                self.prefixes = 0;
                if [CLAUSES, TERMS, STEPS].iter().any(|known| known.contains(&word)) {
                    self.quantifiers = 0;
                }
            }
        }
    }

    fn open(&mut self, at: usize) {
        if self.overflow > 0 || self.open.len() > MAX_DEPTH {
            self.overflow += 1;
            return;
        }
        let outline = &self.outline;
        let data = self.open.last().is_some_and(|parent| parent.data)
            || (outline.str(at) == "{" && at > 1)
                && (outline.str(at - 1) == "context" || outline.str(at - 2) == "call");
        let (prefixes, quantifiers) = (self.prefixes, self.quantifiers);
        (self.prefixes, self.quantifiers) = (0, 0);
        self.open.push(Bracket { index: at, prefixes, quantifiers, data });
    }

    /// Closes what the bracket at `at` closes.
    fn close(&mut self, at: usize) {
        (self.prefixes, self.quantifiers) = (0, 0);
        if self.overflow > 0 {
            self.overflow -= 1;
            return;
        }
        let wanted = match self.outline.str(at) {
            ")" => "(",
            "]" => "[",
            _ => "{",
        };
        let matching = self.open.iter().rposition(|open| self.outline.str(open.index) == wanted);
        let Some(position) = matching else {
            let closing = self.outline.str(at);
            let message = format!("`{closing}` closes nothing");
            return self.report(
                at,
                Code::SYNTAX,
                message,
                "remove it, or open its bracket before it",
            );
        };
        self.unclosed(position + 1);
        if let Some(bracket) = self.open.pop() {
            self.outline.partner[bracket.index] = u32::try_from(at).unwrap_or(u32::MAX);
            self.quantifiers = bracket.quantifiers;
        }
    }

    /// Starts a statement at `at` where one begins, and closes by force what cannot go on there.
    fn boundaries(&mut self, at: usize) {
        let token = self.outline.tokens[at];
        if token.kind == Kind::Run {
            let inside = self.open.last().map_or("", |bracket| self.outline.str(bracket.index));
            let begins = self.outline.starts_statement(at, inside);
            if begins && (self.open.is_empty() || token.first) {
                return self.start(at);
            }
            if self.open.is_empty() && self.outline.is_stray_word(at) {
                return self.start(at);
            }
            if token.first && !self.outline.is_key(at) {
                self.force_closed(at);
            }
        }
        if at == 0 {
            self.start(at);
        }
    }

    fn start(&mut self, at: usize) {
        self.unclosed(0);
        self.outline.starts.push(at);
        (self.overflow, self.told_depth) = (0, false);
        (self.prefixes, self.quantifiers) = (0, 0);
    }

    /// A line that begins with a term's or step's keyword ends lists, parentheses and data.
    fn force_closed(&mut self, at: usize) {
        let word = self.outline.str(at);
        let (term, step) = (TERMS.contains(&word), STEPS.contains(&word));
        if !term && !step {
            return;
        }
        let keep = self.open.iter().position(|bracket| {
            let round = self.outline.str(bracket.index) != "{";
            (round && !bracket.data) || (step && bracket.data)
        });
        if let Some(keep) = keep {
            self.unclosed(keep);
        }
    }

    /// Reports every bracket from the `keep`th on as never closed.
    fn unclosed(&mut self, keep: usize) {
        self.overflow = 0;
        while self.open.len() > keep {
            let Some(bracket) = self.open.pop() else { return };
            let opening = self.outline.str(bracket.index);
            let closing = match opening {
                "(" => ")",
                "[" => "]",
                _ => "}",
            };
            let message = format!("this `{opening}` is never closed");
            let help = format!("write `{closing}` where it ends");
            self.report(bracket.index, Code::UNTERMINATED, message, &help);
        }
    }

    fn too_deep(&mut self, at: usize) {
        if !self.told_depth {
            self.told_depth = true;
            let message = format!("conditions and data may nest {MAX_DEPTH} deep, this is deeper");
            self.report(at, Code::TOO_DEEP, message, "split it into several rules or clauses");
        }
        self.outline.deep.push(self.outline.span(at).start);
    }

    fn report(&mut self, at: usize, code: Code, message: String, help: &str) {
        let span = self.outline.span(at);
        self.outline.broken.push(span.start);
        if self.outline.diagnostics.len() < MAX_DIAGNOSTICS {
            self.outline.diagnostics.push(Diagnostic::error(code, span, message).help(help));
        }
    }

    fn finish(mut self) -> Outline<'a> {
        self.outline.broken.sort_unstable();
        self.outline
    }
}
