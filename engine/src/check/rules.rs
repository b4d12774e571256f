//! Rules: patterns, clauses, conditions, and the phrases after `auto`.

use super::Checker;
use super::definitions::Definitions;
use super::expressions::{Expressions, Polarity, Surroundings};
use super::tools::covered;
use crate::condition::{Condition, ConditionKind, Root};
use crate::decision::Effect;
use crate::diagnostic::{Code, Diagnostic};
use crate::pattern::{NamePattern, PatternError, PatternErrorKind};
use crate::policy::{Ask, Auto, Phrase, Rule, Tool};
use crate::span::{Span, Spanned};
use crate::strategy::{Argument, Arguments, Key, Parameter, ParameterKind};
use crate::syntax::ast::{self, Clause, OperandKind, RuleEffect, Term};
use crate::syntax::print_phrase;
use crate::window::{Period, Zone};
use std::borrow::Cow;
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
            rules
                .checker
                .report(Diagnostic::error(Code::TOO_MANY_RULES, rule.effect.span, message).help(help));
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
            let message = format!("`until` would end {}", if effect == Effect::Ask { "an `ask`" } else { "a `deny`" });
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
        let terms = super::terms::check(self.checker, self.definitions, around, self.policy, label, written);
        let shadow = rule.clauses.iter().any(|clause| clause.node == Clause::Shadow);
        let identity = self.identity(rule, patterns, shadow);
        let mut seen = HashMap::new();
        let mut autos = Vec::new();
        for term in written {
            if let Term::Auto(phrases) = &term.node {
                let phrases = phrases.iter().filter_map(|phrase| self.phrase(phrase, around, &identity, &mut seen));
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
            let help = "name the rule with `as NAME`: without one it counts anew when its patterns change";
            let finding = Diagnostic::warning(Code::WARN_COUNTER_UNNAMED, phrase.span, message);
            self.checker.report(finding.help(help));
        }
    }

    fn phrase(
        &mut self,
        written: &Spanned<ast::Phrase>,
        around: &Surroundings<'_>,
        identity: &str,
        seen: &mut HashMap<String, u32>,
    ) -> Option<Phrase> {
        let text = print_phrase(&written.node);
        let (strategy, arguments) = self.arguments(written, around)?;
        let Some(found) = self.checker.strategies.get(&strategy).cloned() else {
            return self.unknown_strategy(&written.node, written.span);
        };
        let arguments = self.declared(found.parameters(), arguments, written)?;
        let reads_clock = reads_clock(&arguments);
        let arguments = Arguments::new(arguments, Arc::clone(self.zone), &*text);
        let prepared = match found.prepare(&arguments) {
            Ok(prepared) => prepared,
            Err(error) => {
                self.error(Code::BAD_PARAMETER, written.span, error.to_string(), "");
                return None;
            }
        };
        if prepared.always_holds() {
            let message = format!("`{text}` never releases anything");
            self.checker.report(Diagnostic::warning(Code::WARN_ALWAYS_HOLDS, written.span, message));
        }
        let counter = format!("{identity}/{}", without_count(&written.node));
        let occurrence = seen.entry(counter.clone()).and_modify(|n| *n += 1).or_insert(0);
        let counter = if *occurrence == 0 { counter } else { format!("{counter} #{}", *occurrence + 1) };
        let id = self.next_phrase;
        self.next_phrase += 1;
        Some(Phrase {
            id,
            text: text.into(),
            strategy: strategy.into(),
            prepared,
            counter: counter.into(),
            reads_clock,
            span: written.span,
        })
    }

    fn unknown_strategy<T>(&mut self, phrase: &ast::Phrase, span: Span) -> Option<T> {
        let ast::Phrase::Via { name, .. } = phrase else {
            self.error(Code::UNKNOWN_STRATEGY, span, "this strategy is not registered", "");
            return None;
        };
        let message = format!("there is no strategy named `{}`", name.node);
        let known: Vec<&str> = self.checker.strategies.iter().map(|s| s.name()).collect();
        let finding = Diagnostic::error(Code::UNKNOWN_STRATEGY, name.span, message)
            .help("register it in `fence.toml`, or in the program that embeds Fence")
            .suggest(name.span, &name.node, known.iter().copied());
        self.checker.report(finding);
        None
    }

    /// The strategy a phrase names, and what it is given.
    #[expect(clippy::type_complexity, reason = "a list of named values, with their places")]
    fn arguments(
        &mut self,
        phrase: &Spanned<ast::Phrase>,
        around: &Surroundings<'_>,
    ) -> Option<(String, Vec<(Spanned<String>, Given)>)> {
        let named = |name: &str, span| Spanned::new(name.to_owned(), span);
        Some(match &phrase.node {
            ast::Phrase::When(expr) => {
                let condition =
                    Expressions::new(self.checker, around).condition(expr, Polarity::LOOSENS);
                self.constant(&condition);
                let given = Given::Ready(Argument::Condition(condition));
                ("when".into(), vec![(named("condition", expr.span), given)])
            }
            ast::Phrase::Unless(expr) => {
                let mut expressions = Expressions::new(self.checker, around);
                let condition = negated(&mut expressions, expr, Polarity::LOOSENS);
                let given = Given::Ready(Argument::Condition(condition));
                ("when".into(), vec![(named("condition", expr.span), given)])
            }
            ast::Phrase::During(window) => {
                let found = self.definitions.window(self.checker, window)?;
                let given = Given::Ready(Argument::Window(found));
                ("during".into(), vec![(named("window", window.span), given)])
            }
            ast::Phrase::First { count, key, each } => {
                let mut given = vec![
                    (named("count", count.span), Given::count(count)),
                    (named("key", key.span), Given::Ready(Argument::Key(self.key(key, around)?))),
                ];
                if let Some(each) = each {
                    let period = self.period(each)?;
                    given.push((named("each", each.span), Given::Ready(Argument::Period(period))));
                }
                ("first".into(), given)
            }
            ast::Phrase::AtMost { count, within, key } => {
                let duration = self.checker.duration(within)?;
                let given = vec![
                    (named("count", count.span), Given::count(count)),
                    (named("within", within.span), Given::Ready(Argument::Duration(duration))),
                    (named("key", key.span), Given::Ready(Argument::Key(self.key(key, around)?))),
                ];
                ("at most".into(), given)
            }
            ast::Phrase::Via { name, arguments } => {
                let given = arguments
                    .iter()
                    .map(|(name, value)| (name.clone(), Given::Written(value.clone())))
                    .collect();
                return self.via(name, given, around);
            }
        })
    }

    fn constant(&mut self, condition: &Condition) {
        if matches!(condition.kind, ConditionKind::Constant(crate::decision::Truth::False)) {
            let message = "this condition is always false, so the line never releases";
            let finding = Diagnostic::warning(Code::WARN_ALWAYS_HOLDS, condition.span, message);
            self.checker.report(finding);
        }
    }

    #[expect(clippy::type_complexity, reason = "a list of named values, with their places")]
    fn via(
        &mut self,
        name: &Spanned<String>,
        given: Vec<(Spanned<String>, Given)>,
        around: &Surroundings<'_>,
    ) -> Option<(String, Vec<(Spanned<String>, Given)>)> {
        let strategy = self.checker.strategies.get(&name.node).cloned();
        let kinds: HashMap<String, ParameterKind> = strategy
            .iter()
            .flat_map(|s| s.parameters().iter())
            .map(|p| (p.name.to_string(), p.kind.clone()))
            .collect();
        let mut ready = Vec::new();
        for (name, value) in given {
            let value = match (value, kinds.get(&name.node)) {
                (Given::Written(operand), Some(kind)) => {
                    Given::Ready(self.argument(&operand, kind, around)?)
                }
                (value, _) => value,
            };
            ready.push((name, value));
        }
        Some((name.node.clone(), ready))
    }

    /// One argument after `via`, as its parameter wants it.
    fn argument(
        &mut self,
        written: &ast::Operand,
        kind: &ParameterKind,
        around: &Surroundings<'_>,
    ) -> Option<Argument> {
        let found = match (kind, &written.kind) {
            (ParameterKind::Whole(..) | ParameterKind::Number, OperandKind::Number(text)) => {
                self.checker.number(text, written.span).map(Argument::Number)?
            }
            (ParameterKind::Text, OperandKind::Text(text)) => Argument::Text(text.clone()),
            (ParameterKind::Bool, OperandKind::Bool(value)) => Argument::Bool(*value),
            (ParameterKind::Duration, OperandKind::Duration(text)) => {
                let text = Spanned::new(text.clone(), written.span);
                Argument::Duration(self.checker.duration(&text)?)
            }
            (ParameterKind::Field, OperandKind::Field(path)) => {
                Argument::Field(Expressions::new(self.checker, around).field(path)?.0)
            }
            (ParameterKind::Key, OperandKind::Field(path)) => Argument::Key(self.key(path, around)?),
            (ParameterKind::Window, OperandKind::Name(name)) => {
                let name = Spanned::new(name.clone(), written.span);
                Argument::Window(self.definitions.window(self.checker, &name)?)
            }
            (ParameterKind::List(element), OperandKind::List(items)) => {
                let items: Vec<Option<Argument>> =
                    items.iter().map(|item| self.argument(item, element, around)).collect();
                Argument::List(items.into_iter().collect::<Option<_>>()?)
            }
            _ => {
                self.error(Code::BAD_PARAMETER, written.span, format!("this must be {kind}"), "");
                return None;
            }
        };
        Some(found)
    }

    fn key(&mut self, path: &ast::FieldPath, around: &Surroundings<'_>) -> Option<Key> {
        match (path.root.node.as_str(), path.segments.as_slice()) {
            ("policy", []) => Some(Key::Policy),
            ("agent", []) => Some(Key::Agent),
            _ => {
                let (field, kind) = Expressions::new(self.checker, around).field(path)?;
                let scalar = !matches!(kind, Some(crate::condition::Type::List(_)))
                    && !matches!(field.root, Root::AgentRoles | Root::AgentParents);
                if !scalar {
                    let help = "count per `session`, `agent`, `user`, `tool`, `policy` or a single value";
                    self.error(Code::BAD_COUNTER, path.span, "a list cannot be counted by", help);
                    return None;
                }
                Some(Key::Field(field, kind.unwrap_or(crate::condition::Type::Any)))
            }
        }
    }

    fn period(&mut self, each: &Spanned<String>) -> Option<Period> {
        let period = Period::named(&each.node);
        if period.is_none() {
            let message = format!("`{}` is not a period", each.node);
            let known = ["hour", "day", "week", "month"];
            self.checker.report(
                Diagnostic::error(Code::BAD_COUNTER, each.span, message)
                    .help("write `each hour`, `each day`, `each week` or `each month`")
                    .suggest(each.span, &each.node, known),
            );
        }
        period
    }

    /// Matches what was given with the declared parameters.
    fn declared(
        &mut self,
        parameters: &[Parameter],
        given: Vec<(Spanned<String>, Given)>,
        phrase: &Spanned<ast::Phrase>,
    ) -> Option<Vec<(Cow<'static, str>, Argument)>> {
        let mut values: Vec<(Cow<'static, str>, Argument)> = Vec::new();
        let mut complete = true;
        for (name, value) in given {
            let Some(parameter) = parameters.iter().find(|p| p.name == name.node) else {
                let message = format!("there is no parameter `{}`", name.node);
                let known: Vec<&str> = parameters.iter().map(|p| &*p.name).collect();
                let help = format!("it takes {}", known.join(", "));
                self.checker.report(
                    Diagnostic::error(Code::BAD_PARAMETER, name.span, message)
                        .help(help)
                        .suggest(name.span, &name.node, known.iter().copied()),
                );
                complete = false;
                continue;
            };
            if values.iter().any(|(known, _)| *known == parameter.name) {
                let message = format!("`{}` is given twice", name.node);
                self.error(Code::REPEATED, name.span, message, "");
                complete = false;
            }
            match self.within(parameter, value, name.span) {
                Some(value) => values.push((parameter.name.clone(), value)),
                None => complete = false,
            }
        }
        for missing in parameters.iter().filter(|p| p.required) {
            if complete && !values.iter().any(|(name, _)| *name == missing.name) {
                let message = format!("the parameter `{}` is missing", missing.name);
                let help = format!("{}: {}. {}", missing.name, missing.kind, missing.summary);
                self.error(Code::BAD_PARAMETER, phrase.span, message, &help);
                complete = false;
            }
        }
        complete.then_some(values)
    }

    fn within(&mut self, parameter: &Parameter, given: Given, span: Span) -> Option<Argument> {
        match (given, &parameter.kind) {
            (Given::Count(text), ParameterKind::Whole(from, to)) => {
                let number = self.checker.whole(&text, *from, *to, Code::BAD_COUNTER)?;
                Some(Argument::Number(number.into()))
            }
            (Given::Ready(Argument::Number(number)), ParameterKind::Whole(from, to))
                if !number.to_u64().is_some_and(|n| (*from..=*to).contains(&n)) =>
            {
                let message = format!("this must be {}", parameter.kind);
                self.error(Code::BAD_PARAMETER, span, message, "");
                None
            }
            (Given::Ready(argument), _) => Some(argument),
            (Given::Count(_) | Given::Written(_), _) => {
                let message = format!("this must be {}", parameter.kind);
                self.error(Code::BAD_PARAMETER, span, message, "");
                None
            }
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

/// An argument on its way from text to value.
enum Given {
    Ready(Argument),
    Count(Spanned<String>),
    Written(ast::Operand),
}

impl Given {
    fn count(text: &Spanned<String>) -> Self {
        Self::Count(text.clone())
    }
}

fn negated(expressions: &mut Expressions<'_, '_, '_>, expr: &ast::Expr, outer: Polarity) -> Condition {
    let inner = expressions.condition(expr, outer.flipped());
    Condition { kind: ConditionKind::Not(Box::new(inner)), span: expr.span }
}

/// The phrase without its N, so that raising N does not forget.
fn without_count(phrase: &ast::Phrase) -> String {
    let mut phrase = phrase.clone();
    if let ast::Phrase::First { count, .. } | ast::Phrase::AtMost { count, .. } = &mut phrase {
        count.node = "N".into();
    }
    print_phrase(&phrase)
}

fn reads_clock(arguments: &[(Cow<'static, str>, Argument)]) -> bool {
    arguments.iter().any(|(_, argument)| match argument {
        Argument::Window(_) | Argument::Period(_) | Argument::Duration(_) => true,
        Argument::Condition(condition) => condition.reads_clock(),
        _ => false,
    })
}
