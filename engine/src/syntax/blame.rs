//! Why a piece is not of the language: from where the grammar stopped to what the author should know.

mod expected;
mod signs;
mod stray;

use std::ops::Range;

use fence_grammar::Rule;
use pest::error::{Error, ErrorVariant, InputLocation};

use self::expected::Expected;
pub(super) use self::signs::braces_in_pattern;
pub(super) use self::stray::{Place, stray};
use super::outline::Outline;
use super::scan::Kind;
use super::words::{self, CLAUSES, STATEMENTS, STEPS, TERMS};
use crate::diagnostic::{Code, Diagnostic};
use crate::span::Span;

/// Explains why the grammar's entry `by` did not accept `tokens`.
pub(super) fn blame(
    outline: &Outline<'_>,
    tokens: &Range<usize>,
    by: Rule,
    error: &Error<Rule>,
) -> Diagnostic {
    let rules = match &error.variant {
        ErrorVariant::ParsingError { positives, .. } => positives.clone(),
        ErrorVariant::CustomError { .. } => {
            let message = "this nests too deep for the memory at hand";
            return Diagnostic::error(Code::TOO_DEEP, outline.span(tokens.start), message);
        }
    };
    let (InputLocation::Pos(offset) | InputLocation::Span((offset, _))) = error.location;
    Blame::new(outline, tokens.clone(), by, offset, Expected(rules)).explain()
}

/// The place where the grammar stopped.
struct Blame<'a> {
    outline: &'a Outline<'a>,
    tokens: Range<usize>,
    by: Rule,
    expected: Expected,
    /// The token it stopped at; the piece's end when that came too early.
    at: usize,
    /// Where in the text it stopped; inside the token, when its beginning was accepted.
    place: usize,
}

impl<'a> Blame<'a> {
    fn new(
        outline: &'a Outline<'a>,
        tokens: Range<usize>,
        by: Rule,
        offset: usize,
        expected: Expected,
    ) -> Self {
        let place = outline.bytes(&tokens).start + offset;
        let piece = outline.tokens.get(tokens.clone()).unwrap_or_default();
        let at = tokens.start + piece.partition_point(|token| token.end as usize <= place);
        let place = outline.tokens.get(at).map_or(place, |token| place.max(token.start as usize));
        Self { outline, tokens, by, expected, at, place }
    }

    fn explain(&self) -> Diagnostic {
        let ends = self.ends();
        let steps: &[fn(&Self) -> Option<Diagnostic>] = if ends {
            &[Self::trailing_comma, Self::later_edition, Self::equals, Self::optional]
        } else {
            &[
                Self::trailing_comma,
                Self::stray_comma,
                Self::equals,
                Self::sign,
                Self::later_edition,
                Self::optional,
                Self::reserved,
                Self::bad_name,
                Self::unquoted_text,
                Self::malformed,
                Self::misspelt,
                Self::misplaced,
                Self::dots_in_pattern,
                Self::missing_comma,
            ]
        };
        steps.iter().find_map(|step| step(self)).unwrap_or_else(|| self.plain())
    }

    // ---- the place ----

    /// The token it stopped at, from where it stopped.
    fn found(&self) -> &'a str {
        let end = self.outline.span(self.at).end as usize;
        self.outline.text.get(self.place..end).unwrap_or_default()
    }

    fn span(&self) -> Span {
        let span = self.outline.span(self.at);
        Span::new(span.source, self.place, span.end as usize)
    }

    /// What stands before: the accepted part of the same token, or the token before it.
    fn before(&self) -> &'a str {
        let start = self.outline.span(self.at).start as usize;
        if self.at < self.tokens.end && self.place > start {
            return self.outline.text.get(start..self.place).unwrap_or_default();
        }
        if self.at > self.tokens.start { self.outline.str(self.at - 1) } else { "" }
    }

    fn before_span(&self) -> Span {
        self.outline.span(self.at.saturating_sub(1).max(self.tokens.start))
    }

    /// Whether the piece, or the brackets in it, ended too early.
    fn ends(&self) -> bool {
        self.at >= self.tokens.end || self.kind() == Some(Kind::Close)
    }

    fn kind(&self) -> Option<Kind> {
        if self.at < self.tokens.end { self.outline.kind(self.at) } else { None }
    }

    fn is_word(&self) -> bool {
        self.kind() == Some(Kind::Run)
    }

    fn error(&self, code: Code, message: impl Into<String>) -> Diagnostic {
        Diagnostic::error(code, self.span(), message)
    }

    // ---- one kind of mistake each ----

    fn trailing_comma(&self) -> Option<Diagnostic> {
        if self.before() != "," {
            return None;
        }
        let next = self.outline.str(self.at + 1);
        let listed = self.at + 1 >= self.tokens.end || next == ",";
        let keyword = self.is_word() && words::is_keyword(self.found()) && !listed;
        if !self.ends() && !keyword {
            return None;
        }
        Some(nothing_follows(self.before_span()))
    }

    fn stray_comma(&self) -> Option<Diagnostic> {
        if self.kind() != Some(Kind::Comma) {
            return None;
        }
        if self.at + 1 >= self.tokens.end && self.before() != "," {
            return Some(nothing_follows(self.span()));
        }
        let fixed = |found: Diagnostic| found.fix(self.span(), "");
        if self.before() == "," {
            return Some(fixed(self.error(Code::SYNTAX, "two commas in a row").help("remove one")));
        }
        if self.by == Rule::tool_statement {
            let found = self.error(Code::SYNTAX, "no commas stand between the fields of a tool");
            return Some(fixed(found.help("remove it; new lines are enough")));
        }
        let found =
            self.error(Code::SYNTAX, format!("no comma belongs after `{}`", short(self.before())));
        let wanted = self.expected.describe();
        Some(if wanted.is_empty() {
            fixed(found)
        } else {
            found.help(format!("expected {wanted}"))
        })
    }

    /// `=`, `==` and `:` taken for one another.
    fn equals(&self) -> Option<Diagnostic> {
        let right = match self.found() {
            "=" | ":" if self.expected.comparison() => "==",
            "==" if self.expected.has(Rule::assign) => "=",
            "=" | "==" if self.expected.has(Rule::colon) => ":",
            _ => return None,
        };
        let what = match right {
            "==" => "a comparison is written `==`",
            "=" => "a definition is written with `=`",
            _ => "a field and its value are joined by `:`",
        };
        Some(
            self.error(Code::SYNTAX, what).help(format!("write `{right}`")).fix(self.span(), right),
        )
    }

    fn sign(&self) -> Option<Diagnostic> {
        signs::sign(self.outline, self.at)
    }

    /// Conditions that only a later edition has.
    fn later_edition(&self) -> Option<Diagnostic> {
        let (before, found) = (self.before(), self.found());
        let seen = before == "seen" && self.is_word();
        let labels = before == "session" && found == "has";
        let (word, span) =
            if seen { ("seen", self.before_span()) } else { ("session has", self.span()) };
        (seen || labels).then(|| stray::not_yet(word, span))
    }

    /// A misspelt `optional`, which the grammar took for the next field.
    fn optional(&self) -> Option<Diagnostic> {
        let word = self.before();
        if self.by != Rule::tool_statement || !self.expected.has(Rule::colon) {
            return None;
        }
        let near = stray::meant(word, ["optional"])?;
        let found = format!("`{}` is not a keyword", short(word));
        let found = Diagnostic::error(Code::UNKNOWN_KEYWORD, self.before_span(), found);
        Some(found.help(format!("did you mean `{near}`?")).fix(self.before_span(), near))
    }

    fn reserved(&self) -> Option<Diagnostic> {
        let word = self.found();
        if !self.is_word() || !words::is_keyword(word) {
            return None;
        }
        if self.expected.pattern() || self.expected.has(Rule::kw_not) && self.before() == "like" {
            let message = format!("`{word}` is a keyword, not a pattern");
            let quoted = format!("\"{word}\"");
            let help = format!("if a tool is called so, write it in quotes: `{quoted}`");
            return Some(self.error(Code::RESERVED, message).help(help).fix(self.span(), quoted));
        }
        if self.expected.name() {
            let message = format!("`{word}` is a keyword and cannot be a name");
            return Some(self.error(Code::RESERVED, message).help("choose another name"));
        }
        None
    }

    fn bad_name(&self) -> Option<Diagnostic> {
        if !self.expected.name() || self.expected.condition() {
            return None;
        }
        let written = self.found();
        let rules = "names are made of `a-z`, digits and `_`, and begin with a letter";
        if self.kind() == Some(Kind::Text) {
            let inner = written.trim_matches('"');
            let found = self.error(
                Code::BAD_NAME,
                format!("a name belongs here, not the text {}", short(written)),
            );
            return Some(if words::is_name(inner) {
                found.help(format!("write `{inner}`")).fix(self.span(), inner)
            } else {
                found.help(rules)
            });
        }
        let letters = written.bytes().any(|byte| byte.is_ascii_alphabetic());
        if !self.is_word() || !letters {
            return None;
        }
        let lower: String = written.to_ascii_lowercase().replace(['-', '.', ':', '/'], "_");
        let found = self.error(Code::BAD_NAME, format!("`{}` is not a name", short(written)));
        Some(if words::is_name(&lower) {
            found.help(format!("{rules}: write `{lower}`")).fix(self.span(), lower)
        } else {
            found.help(rules)
        })
    }

    fn unquoted_text(&self) -> Option<Diagnostic> {
        let member = self.by == Rule::set_statement && self.expected.value();
        if !(self.expected.text_only() || member) || !self.is_word() {
            return None;
        }
        let written = self.found();
        let near = stray::meant(written, self.expected.keywords());
        let digit = written.starts_with(|c: char| c.is_ascii_digit() || c == '-');
        if words::is_keyword(written) || near.is_some() || member && digit {
            return None;
        }
        let quoted = format!("\"{written}\"");
        let found = self.error(Code::SYNTAX, format!("`{}` stands without quotes", short(written)));
        Some(found.help(format!("texts are written `{}`", short(&quoted))).fix(self.span(), quoted))
    }

    /// A duration, date, time or number that is not one.
    fn malformed(&self) -> Option<Diagnostic> {
        let written = self.found();
        let wants = |rule| self.expected.has(rule);
        let digit = written.starts_with(|c: char| c.is_ascii_digit() || c == '-');
        let term = wants(Rule::grant) || wants(Rule::unattended);
        if !self.is_word() || words::is_keyword(written) && !term {
            return None;
        }
        let (code, what, help) = if wants(Rule::duration)
            && !self.expected.value()
            && !wants(Rule::grant)
        {
            (
                Code::BAD_DURATION,
                "a duration",
                "durations are written `90s`, `15m`, `1h30m`, `2d`, `1w`",
            )
        } else if wants(Rule::clock) && digit {
            (Code::BAD_WINDOW, "a time of day", "times of day are written `09:00..17:00`")
        } else if wants(Rule::weekday) || wants(Rule::days) || wants(Rule::window_part) {
            let help =
                "days are `mon`, `tue`, `wed`, `thu`, `fri`, `sat` and `sun`, times `09:00..17:00`";
            (Code::BAD_WINDOW, "a day or a time of day", help)
        } else if (wants(Rule::date) || wants(Rule::date_range)) && (digit || !self.expected.name())
        {
            (Code::BAD_DATE, "a date", "dates are written `2026-12-31`")
        } else if wants(Rule::time) && !self.expected.value() {
            (Code::BAD_DATE, "a time", "times are written `2026-12-31T10:00`")
        } else if wants(Rule::grant) {
            let help =
                "an approver may be offered `once`, `session`, a duration or a number of calls";
            (Code::BAD_TERM, "a grant", help)
        } else if wants(Rule::unattended) {
            (Code::BAD_TERM, "an answer to nobody being there", "write `deny` or `park`")
        } else if digit && (self.expected.value() || self.expected.condition()) {
            let help = "numbers are written `-12.5`, durations `1h30m`, dates `2026-12-31`";
            (Code::SYNTAX, "a number, a duration or a date", help)
        } else {
            return None;
        };
        let message = format!("`{}` is not {what}", short(written));
        Some(self.error(code, message).help(help))
    }

    fn misspelt(&self) -> Option<Diagnostic> {
        let written = self.found();
        let after_value = !self.expected.condition() && !self.expected.value();
        if !self.is_word() || words::is_keyword(written) || !after_value || self.expected.pattern()
        {
            return None;
        }
        let also: &[&str] = match self.by {
            _ if !self.expected.has(Rule::EOI) => &[],
            Rule::rule_head => STATEMENTS,
            Rule::call_step | Rule::expect_step | Rule::at_step | Rule::wait_step => STEPS,
            _ if is_term(self.by) => TERMS,
            _ => STATEMENTS,
        };
        let near = stray::meant(written, self.expected.keywords().chain(also.iter().copied()))?;
        let message = format!("`{}` is not a keyword", short(written));
        let found = self.error(Code::UNKNOWN_KEYWORD, message);
        Some(found.help(format!("did you mean `{near}`?")).fix(self.span(), near))
    }

    /// A keyword that belongs elsewhere.
    fn misplaced(&self) -> Option<Diagnostic> {
        let word = self.found();
        if !self.is_word() || !words::is_keyword(word) || !self.expected.has(Rule::EOI) {
            return None;
        }
        let help = if self.by == Rule::rule_head && TERMS.contains(&word) {
            "terms stand in the block of an `ask`: `ask … { … }`"
        } else if is_term(self.by) && CLAUSES.contains(&word) {
            "clauses stand before the block; inside it, conditions follow `auto`"
        } else {
            return None;
        };
        let message = format!("`{word}` does not belong here");
        Some(self.error(Code::MISPLACED, message).help(help))
    }

    fn dots_in_pattern(&self) -> Option<Diagnostic> {
        let token = self.outline.str(self.at);
        if !self.found().starts_with("..") || !self.is_word() || self.before() == self.found() {
            return None;
        }
        let patterns =
            matches!(self.by, Rule::rule_head | Rule::call_step | Rule::policy_statement);
        let span = self.outline.span(self.at);
        patterns.then(|| {
            let quoted = format!("\"{token}\"");
            Diagnostic::error(
                Code::SYNTAX,
                span,
                format!("`{token}` holds `..`, which needs quotes"),
            )
            .help(format!("write `{quoted}`"))
            .fix(span, quoted)
        })
    }

    fn missing_comma(&self) -> Option<Diagnostic> {
        let begins = matches!(self.kind(), Some(Kind::Text | Kind::Open)) && self.found() != "("
            || self.is_word() && !words::is_keyword(self.found());
        if !self.expected.has(Rule::comma) || !begins || self.place > self.span().start as usize {
            return None;
        }
        let (before, found) = (self.before(), self.found());
        if ["if", "where", "whenever", "provided"].contains(&before) {
            let span = self.before_span();
            let message = format!("`{before}` is no word of the language");
            let finding = Diagnostic::error(Code::UNKNOWN_KEYWORD, span, message);
            return Some(finding.help("conditions begin with `when`").fix(span, "when"));
        }
        let message =
            format!("a comma is missing between `{}` and `{}`", short(before), short(found));
        let behind = Span::new(
            self.span().source,
            self.before_span().end as usize,
            self.before_span().end as usize,
        );
        Some(self.error(Code::SYNTAX, message).help("write `,` between them").fix(behind, ","))
    }

    /// What was expected, and what stands there.
    fn plain(&self) -> Diagnostic {
        let wanted = self.expected.describe();
        let before = short(self.before());
        if self.ends() && !wanted.is_empty() {
            let message = format!("something is missing after `{before}`");
            let span = if self.at < self.tokens.end { self.span() } else { self.before_span() };
            return Diagnostic::error(Code::SYNTAX, span, message)
                .help(format!("expected {wanted}"));
        }
        let found = short(self.found());
        let message = if before.is_empty() {
            format!("`{found}` does not belong here")
        } else {
            format!("`{found}` does not belong after `{before}`")
        };
        let found = self.error(Code::SYNTAX, message);
        if wanted.is_empty() { found } else { found.help(format!("expected {wanted}")) }
    }
}

fn nothing_follows(comma: Span) -> Diagnostic {
    Diagnostic::error(Code::TRAILING_COMMA, comma, "nothing follows this comma")
        .help("remove it, or write what it announces")
        .fix(comma, "")
}

fn is_term(rule: Rule) -> bool {
    matches!(
        rule,
        Rule::auto_term
            | Rule::by_term
            | Rule::then_term
            | Rule::expires_term
            | Rule::use_term
            | Rule::edit_term
            | Rule::preview_term
            | Rule::notify_term
            | Rule::offer_term
            | Rule::unattended_term
            | Rule::because_term
            | Rule::instead_term
    )
}

/// At most forty characters of what the author wrote.
fn short(written: &str) -> String {
    match written.char_indices().nth(40) {
        Some((end, _)) => format!("{}…", &written[..end]),
        None => written.to_owned(),
    }
}
