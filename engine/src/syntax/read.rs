//! Statements → items: each piece is read by its own entry of the grammar.

use std::ops::Range;

use fence_grammar::{FenceParser, Rule};
use pest::Parser as _;

use super::ast::{Item, Rule as RuleItem, Step, Term, Test, Tool};
use super::blame::{Place, blame, braces_in_pattern, stray};
use super::build::{Builder, Nodes};
use super::outline::Outline;
use super::words::{STEPS, TERMS};
use super::{MAX_DIAGNOSTICS, Parsed};
use crate::diagnostic::{Code, Diagnostic};
use crate::span::{Span, Spanned};

/// Reads every statement of `outline`.
pub(super) fn read(outline: &Outline<'_>) -> Parsed {
    let mut reader = Reader { outline, parsed: Parsed::default(), depth: 0, marks: None };
    reader.statements();
    reader.parsed
}

/// Reads every statement and notes what the formatter must know about tokens.
pub(super) fn read_marked(outline: &Outline<'_>) -> (Parsed, Marks) {
    let marks = Some(Marks::default());
    let mut reader = Reader { outline, parsed: Parsed::default(), depth: 0, marks };
    reader.statements();
    let mut marks = reader.marks.unwrap_or_default();
    marks.lines.sort_unstable();
    (reader.parsed, marks)
}

/// What the grammar knows about the text and single tokens do not show.
#[derive(Debug, Default)]
pub(super) struct Marks {
    /// Where a line begins: its first byte, and how deep in blocks it stands.
    pub(super) lines: Vec<(usize, usize)>,
    /// The bytes of every `:` and `..` that stands for itself.
    pub(super) joints: Vec<Range<usize>>,
    /// The bytes of every field, type, time and number, which may be several tokens.
    pub(super) glued: Vec<Range<usize>>,
}

impl Marks {
    fn note(&mut self, nodes: Nodes<'_>, base: usize) {
        for node in nodes.flatten() {
            let bytes = base + node.as_span().start()..base + node.as_span().end();
            match node.as_rule() {
                Rule::colon | Rule::dots => self.joints.push(bytes),
                Rule::path | Rule::kind | Rule::time | Rule::number => self.glued.push(bytes),
                Rule::tool_field => self.lines.push((bytes.start, 1)),
                _ => {}
            }
        }
    }
}

struct Reader<'a> {
    outline: &'a Outline<'a>,
    parsed: Parsed,
    /// How deep in blocks the reader is.
    depth: usize,
    marks: Option<Marks>,
}

impl Reader<'_> {
    fn statements(&mut self) {
        for statement in self.outline.statements() {
            self.line(statement.start);
            self.statement(&statement);
        }
    }

    /// Notes that a line begins with the token at `index`.
    fn line(&mut self, index: usize) {
        if let Some(marks) = &mut self.marks {
            marks.lines.push((self.outline.span(index).start as usize, self.depth));
        }
    }

    fn statement(&mut self, tokens: &Range<usize>) {
        let span = self.span(tokens);
        let item = match self.outline.str(tokens.start) {
            "fence" => {
                let edition = self.piece(Rule::fence_statement, tokens, Builder::single);
                self.parsed.file.editions.extend(edition);
                return;
            }
            "policy" => self
                .piece(Rule::policy_statement, tokens, |b, nodes| b.policy(span, nodes))
                .map(Item::Policy),
            "import" => {
                self.piece(Rule::import_statement, tokens, Builder::single).map(Item::Import)
            }
            "zone" => self.piece(Rule::zone_statement, tokens, Builder::single).map(Item::Zone),
            "group" => self
                .piece(Rule::group_statement, tokens, |b, nodes| b.group(span, nodes))
                .map(Item::Group),
            "set" => self
                .piece(Rule::set_statement, tokens, |b, nodes| b.set(span, nodes))
                .map(Item::Set),
            "dates" => self
                .piece(Rule::dates_statement, tokens, |b, nodes| b.dates(span, nodes))
                .map(Item::Dates),
            "window" => self
                .piece(Rule::window_statement, tokens, |b, nodes| b.window(span, nodes))
                .map(Item::Window),
            "tool" => self.tool(tokens).map(Item::Tool),
            "allow" | "ask" | "deny" => self.rule(tokens).map(Item::Rule),
            "default" => {
                self.piece(Rule::default_statement, tokens, Builder::default).map(Item::Default)
            }
            "test" => self.test(tokens).map(Item::Test),
            _ => return self.unknown(tokens, Place::Statement),
        };
        self.parsed.file.items.extend(item);
    }

    fn tool(&mut self, tokens: &Range<usize>) -> Option<Tool> {
        let span = self.span(tokens);
        let tool = self.piece(Rule::tool_statement, tokens, |b, nodes| b.tool(span, nodes))?;
        if !tool.fields.is_empty() {
            self.line(tokens.end - 1);
        }
        Some(tool)
    }

    fn rule(&mut self, tokens: &Range<usize>) -> Option<RuleItem> {
        let open = self.outline.block(tokens);
        if let Some(found) = open.and_then(|open| braces_in_pattern(self.outline, open, tokens.end))
        {
            self.parsed.diagnostics.push(found);
            return None;
        }
        let head = tokens.start..open.unwrap_or(tokens.end);
        let span = self.span(tokens);
        let rule = self.piece(Rule::rule_head, &head, |b, nodes| b.rule(span, nodes));
        let terms = open.map(|open| self.terms(open, tokens));
        rule.map(|rule| RuleItem { terms, ..rule })
    }

    fn terms(&mut self, open: usize, statement: &Range<usize>) -> Vec<Spanned<Term>> {
        let (body, rest) = self.outline.body(open, statement.end);
        self.nothing_after(&(rest..statement.end));
        let mut terms = Vec::new();
        for item in self.items(open, body, TERMS) {
            let span = self.span(&item);
            let Some(rule) = term_rule(self.outline.str(item.start)) else {
                self.unknown(&item, Place::Term);
                continue;
            };
            let term = self.piece(rule, &item, |b, nodes| b.term(rule, nodes));
            terms.extend(term.map(|term| Spanned::new(term, span)));
        }
        terms
    }

    fn test(&mut self, tokens: &Range<usize>) -> Option<Test> {
        let open = self.block(tokens, "a test has a title and its steps: `test \"…\" { … }`")?;
        let title = self.piece(Rule::test_head, &(tokens.start..open), Builder::single);
        let steps = self.steps(open, tokens.end);
        title.map(|title| Test { span: self.span(tokens), title, steps })
    }

    /// The steps in the block at `open`, which belongs to something that goes to `end`.
    fn steps(&mut self, open: usize, end: usize) -> Vec<Spanned<Step>> {
        let (body, rest) = self.outline.body(open, end);
        self.nothing_after(&(rest..end));
        let mut steps = Vec::new();
        for item in self.items(open, body, STEPS) {
            let span = self.span(&item);
            let step = match step_rule(self.outline.str(item.start)) {
                Some(Rule::repeat_head) => self.repeat(&item),
                Some(rule) => self.piece(rule, &item, |b, nodes| b.step(rule, nodes)),
                None => {
                    self.unknown(&item, Place::Step);
                    None
                }
            };
            steps.extend(step.map(|step| Spanned::new(step, span)));
        }
        steps
    }

    /// The lines of the block at `open`.
    fn items(&mut self, open: usize, body: Range<usize>, starters: &[&str]) -> Vec<Range<usize>> {
        let items = self.outline.items(body, starters);
        self.depth += 1;
        for item in &items {
            self.line(item.start);
        }
        self.depth -= 1;
        if let Some(close) = self.outline.closing(open).filter(|_| !items.is_empty()) {
            self.line(close);
        }
        items
    }

    /// The `{` that `tokens` must have.
    fn block(&mut self, tokens: &Range<usize>, help: &str) -> Option<usize> {
        let open = self.outline.block(tokens);
        if open.is_none() && !self.outline.is_broken(&self.outline.bytes(tokens)) {
            let span = self.outline.span(tokens.start);
            let found = Diagnostic::error(Code::SYNTAX, span, "the block of steps is missing");
            self.parsed.diagnostics.push(found.help(help));
        }
        open
    }

    fn repeat(&mut self, tokens: &Range<usize>) -> Option<Step> {
        let open = self.block(tokens, "`repeat` has a number and its steps: `repeat 5 { … }`")?;
        let count = self.piece(Rule::repeat_head, &(tokens.start..open), Builder::single);
        self.depth += 1;
        let steps = self.steps(open, tokens.end);
        self.depth -= 1;
        count.map(|count| Step::Repeat { count, steps })
    }

    /// Reads `tokens` by the entry `rule` and builds what it says.
    fn piece<T>(
        &mut self,
        rule: Rule,
        tokens: &Range<usize>,
        build: impl FnOnce(&mut Builder, Nodes<'_>) -> Option<T>,
    ) -> Option<T> {
        let bytes = self.outline.bytes(tokens);
        if self.outline.is_deep(&bytes) || self.parsed.diagnostics.len() > MAX_DIAGNOSTICS {
            return None;
        }
        let text = self.outline.text.get(bytes.clone()).unwrap_or_default();
        match FenceParser::parse(rule, text) {
            Ok(mut nodes) => {
                if let Some(marks) = &mut self.marks {
                    marks.note(nodes.clone(), bytes.start);
                }
                let mut builder = Builder::new(self.outline.source, bytes.start);
                let built = nodes.next().and_then(|node| build(&mut builder, node.into_inner()));
                if built.is_none() && builder.found.is_empty() {
                    self.report(tokens.start, Code::SYNTAX, "this cannot be read");
                }
                self.parsed.diagnostics.append(&mut builder.found);
                built
            }
            Err(error) => {
                if !self.outline.is_broken(&bytes) {
                    let found = blame(self.outline, tokens, rule, &error);
                    self.parsed.diagnostics.push(found);
                }
                None
            }
        }
    }

    /// A piece that begins with a word of no meaning there.
    fn unknown(&mut self, tokens: &Range<usize>, place: Place) {
        if !self.outline.is_broken(&self.outline.bytes(tokens)) {
            self.parsed.diagnostics.push(stray(self.outline, tokens, place));
        }
    }

    fn nothing_after(&mut self, tokens: &Range<usize>) {
        if !tokens.is_empty() {
            self.unknown(tokens, Place::AfterBlock);
        }
    }

    fn report(&mut self, token: usize, code: Code, message: &str) {
        self.parsed.diagnostics.push(Diagnostic::error(code, self.outline.span(token), message));
    }

    fn span(&self, tokens: &Range<usize>) -> Span {
        let bytes = self.outline.bytes(tokens);
        Span::new(self.outline.source, bytes.start, bytes.end)
    }
}

/// The entry of the grammar that reads the term beginning with `word`.
fn term_rule(word: &str) -> Option<Rule> {
    Some(match word {
        "auto" => Rule::auto_term,
        "by" => Rule::by_term,
        "then" => Rule::then_term,
        "expires" => Rule::expires_term,
        "use" => Rule::use_term,
        "edit" => Rule::edit_term,
        "preview" => Rule::preview_term,
        "notify" => Rule::notify_term,
        "offer" => Rule::offer_term,
        "unattended" => Rule::unattended_term,
        "because" => Rule::because_term,
        "instead" => Rule::instead_term,
        _ => return None,
    })
}

/// The entry of the grammar that reads the step beginning with `word`.
fn step_rule(word: &str) -> Option<Rule> {
    Some(match word {
        "at" => Rule::at_step,
        "wait" => Rule::wait_step,
        "call" => Rule::call_step,
        "expect" => Rule::expect_step,
        "repeat" => Rule::repeat_head,
        _ => return None,
    })
}
