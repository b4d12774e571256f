//! The phrases after `auto`: each matched with its strategy, its arguments typed and prepared.

use super::super::expressions::{Expressions, Polarity, Surroundings};
use super::{Rules, negated};
use crate::condition::{Condition, ConditionKind, Root};
use crate::diagnostic::{Code, Diagnostic};
use crate::policy::Phrase;
use crate::span::{Span, Spanned};
use crate::strategy::{Argument, Arguments, Key, Parameter, ParameterKind};
use crate::syntax::ast::{self, OperandKind};
use crate::syntax::print_phrase;
use crate::window::Period;
use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

impl Rules<'_, '_, '_> {
    pub(super) fn phrase(
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
            self.checker.report(Diagnostic::warning(
                Code::WARN_ALWAYS_HOLDS,
                written.span,
                message,
            ));
        }
        let counter = format!("{identity}/{}", without_count(&written.node));
        let occurrence = seen.entry(counter.clone()).and_modify(|n| *n += 1).or_insert(0);
        let counter =
            if *occurrence == 0 { counter } else { format!("{counter} #{}", *occurrence + 1) };
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
            (ParameterKind::Key, OperandKind::Field(path)) => {
                Argument::Key(self.key(path, around)?)
            }
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
                    let help =
                        "count per `session`, `agent`, `user`, `tool`, `policy` or a single value";
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
                    Diagnostic::error(Code::BAD_PARAMETER, name.span, message).help(help).suggest(
                        name.span,
                        &name.node,
                        known.iter().copied(),
                    ),
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
