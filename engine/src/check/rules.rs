//! Rules: patterns, clauses, conditions, and the phrases after `auto`.

mod phrases;

use super::Checker;
use super::definitions::Definitions;
use super::expressions::{Expressions, Polarity, Surroundings};
use super::tools::covered;
use crate::condition::{Condition, ConditionKind};
use crate::decision::Effect;
use crate::diagnostic::{Code, Diagnostic};
use crate::pattern::{NamePattern, PatternError, PatternErrorKind};
use crate::policy::{Ask, Auto, Phrase, Rule, Tool};
use crate::span::{Span, Spanned};
use crate::syntax::ast::{self, Clause, RuleEffect, Term};
use crate::window::Zone;
use std::collections::HashMap;
use std::sync::Arc;

/// Checks all rules of a policy.
pub(super) fn check<'r>(
    checker: &mut Checker<'_>,
    definitions: &Definitions,
    tools: &[Tool],
    policy: &str,
    zone: &Arc<Zone>,
    written: impl Iterator<Item = &'r ast::Rule>,
) -> Vec<Rule> {
    let mut rules = Rules {
        checker,
        definitions,
        tools,
        policy,
        zone,
        names: HashMap::new(),
        next_phrase: 0,
        lines: Lines::default(),
    };
    let mut checked = Vec::new();
    for rule in written {
        if checked.len() == super::MAX_RULES {
            let message = format!("the policy has more than {} rules", super::MAX_RULES);
            let help = "split it into layers, or name tools by patterns";
            rules.checker.report(
                Diagnostic::error(Code::TOO_MANY_RULES, rule.effect.span, message).help(help),
            );
            break;
        }
        checked.extend(rules.rule(rule));
    }
    checked
}

struct Rules<'c, 's, 'd> {
    checker: &'c mut Checker<'s>,
    definitions: &'d Definitions,
    tools: &'d [Tool],
    policy: &'d str,
    zone: &'d Arc<Zone>,
    names: HashMap<String, Span>,
    next_phrase: u32,
    lines: Lines,
}

/// Counts lines up to ever later places, so that a whole policy is walked once.
#[derive(Default)]
struct Lines {
    offset: usize,
    line: u32,
}

impl Lines {
    fn at(&mut self, text: &str, span: Span) -> u32 {
        let start = span.start as usize;
        let passed = text.as_bytes().get(self.offset..start).unwrap_or_default();
        self.line += u32::try_from(passed.iter().filter(|b| **b == b'\n').count()).unwrap_or(0);
        self.offset = self.offset.max(start);
        self.line + 1
    }
}

/// A rule's clauses, each at most once.
#[derive(Default)]
struct Clauses<'r> {
    except: Option<&'r [ast::Pattern]>,
    name: Option<&'r Spanned<String>>,
    when: Option<&'r ast::Expr>,
    unless: Option<&'r ast::Expr>,
    until: Option<&'r Spanned<String>>,
    shadow: bool,
    because: Option<&'r Spanned<String>>,
    instead: Option<&'r Spanned<String>>,
}

impl Rules<'_, '_, '_> {
    fn error(&mut self, code: Code, span: Span, message: impl Into<String>, help: &str) {
        let finding = Diagnostic::error(code, span, message);
        self.checker.report(if help.is_empty() { finding } else { finding.help(help) });
    }

    fn rule(&mut self, rule: &ast::Rule) -> Option<Rule> {
        let effect = match rule.effect.node {
            RuleEffect::Allow => Effect::Allow,
            RuleEffect::Ask => Effect::Ask,
            RuleEffect::Deny => Effect::Deny,
        };
        let patterns = self.patterns(&rule.patterns);
        let clauses = self.clauses(rule);
        self.name(clauses.name);
        let except = self.patterns(clauses.except.unwrap_or_default());
        let around = Surroundings {
            definitions: self.definitions,
            tools: covered(self.tools, &patterns),
            zone: Arc::clone(self.zone),
        };
        let condition = self.conditions(effect, &clauses, &around, rule.span);
        let until = self.until(effect, clauses.until);
        let label = clauses.name.map(|name| name.node.clone());
        let label = label.or_else(|| patterns.first().map(|p| p.text().to_owned()))?;
        let ask = self.ask(effect, rule, &label, &patterns, &around);
        let text = self.checker.sources.get(rule.span.source).map_or("", |source| &source.text);
        let line = self.lines.at(text, rule.span);
        let text = |text: Option<&Spanned<String>>| text.map(|text| text.node.as_str().into());
        Some(Rule {
            effect,
            shadow: clauses.shadow,
            patterns: patterns.into(),
            except: except.into(),
            name: text(clauses.name),
            condition: condition.map(Arc::new),
            until,
            because: text(clauses.because),
            instead: text(clauses.instead),
            ask: ask.map(Box::new),
            span: rule.span,
            line,
        })
    }

    fn patterns(&mut self, written: &[ast::Pattern]) -> Vec<NamePattern> {
        let mut patterns = Vec::with_capacity(written.len());
        for pattern in written {
            match NamePattern::parse(&pattern.text) {
                Ok(parsed) => patterns.push(parsed),
                Err(error) => self.bad_pattern(pattern, &error),
            }
        }
        patterns
    }

    fn bad_pattern(&mut self, pattern: &ast::Pattern, error: &PatternError) {
        let code = match error.kind {
            PatternErrorKind::CannotMatch { .. } | PatternErrorKind::OutsideAlphabet { .. } => {
                Code::PATTERN_MATCHES_NOTHING
            }
            _ => Code::BAD_PATTERN,
        };
        self.error(code, marked(self.checker.sources, pattern, error), error.to_string(), "");
    }

    fn clauses<'r>(&mut self, rule: &'r ast::Rule) -> Clauses<'r> {
        let mut clauses = Clauses::default();
        let in_block = rule.terms.iter().flatten().filter_map(|term| match &term.node {
            Term::Because(text) => Some((term.span, "because", text)),
            Term::Instead(text) => Some((term.span, "instead", text)),
            _ => None,
        });
        for clause in &rule.clauses {
            let (word, again) = match &clause.node {
                Clause::Except(patterns) => ("except", clauses.except.replace(patterns).is_some()),
                Clause::As(name) => ("as", clauses.name.replace(name).is_some()),
                Clause::When(expr) => ("when", clauses.when.replace(expr).is_some()),
                Clause::Unless(expr) => ("unless", clauses.unless.replace(expr).is_some()),
                Clause::Until(date) => ("until", clauses.until.replace(date).is_some()),
                Clause::Shadow => ("shadow", std::mem::replace(&mut clauses.shadow, true)),
                Clause::Because(text) => ("because", clauses.because.replace(text).is_some()),
                Clause::Instead(text) => ("instead", clauses.instead.replace(text).is_some()),
            };
            self.once(word, again, clause.span);
        }
        for (span, word, text) in in_block {
            let place = if word == "because" { &mut clauses.because } else { &mut clauses.instead };
            let again = place.replace(text).is_some();
            self.once(word, again, span);
        }
        clauses
    }

    fn once(&mut self, word: &str, again: bool, span: Span) {
        if again {
            let message = format!("`{word}` stands twice in this rule");
            let help = if word == "when" { "join the conditions with `and`" } else { "" };
            self.error(Code::REPEATED, span, message, help);
        }
    }

    fn name(&mut self, name: Option<&Spanned<String>>) {
        let Some(name) = name else { return };
        if let Some(first) = self.names.insert(name.node.clone(), name.span) {
            let message = format!("two rules are named `{}`", name.node);
            let finding = Diagnostic::error(Code::DUPLICATE_NAME, name.span, message);
            self.checker.report(finding.related(first, "first here"));
        }
    }

    /// `when` and not `unless`.
    fn conditions(
        &mut self,
        effect: Effect,
        clauses: &Clauses<'_>,
        around: &Surroundings<'_>,
        span: Span,
    ) -> Option<Condition> {
        let tightens = effect != Effect::Allow;
        let polarity = Polarity { tightens, plain_deny: effect == Effect::Deny };
        let mut expressions = Expressions::new(self.checker, around);
        let when = clauses.when.map(|expr| expressions.condition(expr, polarity));
        let unless = clauses.unless.map(|expr| negated(&mut expressions, expr, polarity));
        match (when, unless) {
            (Some(when), Some(unless)) => {
                Some(Condition { kind: ConditionKind::All(Box::new([when, unless])), span })
            }
            (one, other) => one.or(other),
        }
    }

    /// The first instant after the last day.
    fn until(
        &mut self,
        effect: Effect,
        date: Option<&Spanned<String>>,
    ) -> Option<crate::scalar::Timestamp> {
        let date = date?;
        if effect != Effect::Allow {
            let message = format!(
                "`until` would end {}",
                if effect == Effect::Ask { "an `ask`" } else { "a `deny`" }
            );
            let help = "only an `allow` can end by itself; nothing loosens with time";
            self.error(Code::MISPLACED, date.span, message, help);
            return None;
        }
        let day = self.checker.date(&date.node, date.span)?;
        let end = day.succ_opt().and_then(|day| self.zone.start_of(day));
        Some(end.unwrap_or(crate::scalar::Timestamp::MAX))
    }

    fn ask(
        &mut self,
        effect: Effect,
        rule: &ast::Rule,
        label: &str,
        patterns: &[NamePattern],
        around: &Surroundings<'_>,
    ) -> Option<Ask> {
        if effect != Effect::Ask {
            if let Some(term) = rule.terms.iter().flatten().next() {
                let message = format!("`{effect}` has no block of terms");
                let help = "only an `ask` waits for people; write `because` and `instead` after the patterns";
                self.error(Code::MISPLACED, term.span, message, help);
            }
            return None;
        }
        let written = rule.terms.as_deref().unwrap_or_default();
        let terms = super::terms::check(
            self.checker,
            self.definitions,
            around,
            self.policy,
            label,
            written,
        );
        let shadow = rule.clauses.iter().any(|clause| clause.node == Clause::Shadow);
        let identity = self.identity(rule, patterns, shadow);
        let mut seen = HashMap::new();
        let mut autos = Vec::new();
        for term in written {
            if let Term::Auto(phrases) = &term.node {
                let phrases = phrases
                    .iter()
                    .filter_map(|phrase| self.phrase(phrase, around, &identity, &mut seen));
                let phrases: Vec<Phrase> = phrases.collect();
                autos.push(Auto { phrases: phrases.into(), span: term.span });
            }
        }
        self.unnamed_counter(rule, &autos);
        Some(Ask { autos: autos.into(), terms })
    }

    /// What a rule's counters are known by: its name, else its patterns.
    fn identity(&self, rule: &ast::Rule, patterns: &[NamePattern], shadow: bool) -> String {
        let name = rule.clauses.iter().find_map(|clause| match &clause.node {
            Clause::As(name) => Some(name.node.clone()),
            _ => None,
        });
        let name = name.unwrap_or_else(|| {
            // In quotes, for a rule's name may read like another's pattern.
            format!("\"{}\"", patterns.iter().map(NamePattern::text).collect::<Vec<_>>().join(", "))
        });
        let shadow = if shadow { " (shadow)" } else { "" };
        format!("{}/{name}{shadow}", self.policy)
    }

    fn unnamed_counter(&mut self, rule: &ast::Rule, autos: &[Auto]) {
        let named = rule.clauses.iter().any(|clause| matches!(clause.node, Clause::As(_)));
        let counting =
            autos.iter().flat_map(|auto| &auto.phrases).find(|phrase| phrase.prepared.counts());
        if let (false, Some(phrase)) = (named, counting) {
            let message = "this counter belongs to a rule without a name";
            let help =
                "name the rule with `as NAME`: without one it counts anew when its patterns change";
            let finding = Diagnostic::warning(Code::WARN_COUNTER_UNNAMED, phrase.span, message);
            self.checker.report(finding.help(help));
        }
    }
}

/// The offending part of a pattern; all of it where escapes shift the places.
fn marked(sources: &crate::span::Sources, pattern: &ast::Pattern, error: &PatternError) -> Span {
    let written = sources.text(pattern.span);
    let quote = usize::from(written.starts_with('"'));
    if written.get(quote..written.len() - quote) != Some(&*pattern.text) || error.range.is_empty() {
        return pattern.span;
    }
    let start = pattern.span.start as usize + quote;
    Span::new(pattern.span.source, start + error.range.start, start + error.range.end)
}

fn negated(
    expressions: &mut Expressions<'_, '_, '_>,
    expr: &ast::Expr,
    outer: Polarity,
) -> Condition {
    let inner = expressions.condition(expr, outer.flipped());
    Condition { kind: ConditionKind::Not(Box::new(inner)), span: expr.span }
}
