//! Conditions, explained: the value of each part, and what was found in the call.

use super::operand::{Datum, Function, Items, Operand};
use super::{Condition, ConditionKind, Scope};
use crate::decision::Truth;
use crate::json::Value;
use crate::show::printable;
use crate::span::Span;

/// The longest value shown, in characters.
const SHOWN: usize = 60;

/// The value of a condition with those of its parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    /// Where the condition was written.
    pub span: Span,
    /// Its value.
    pub truth: Truth,
    /// Its parts, for `and`, `or` and `not`; none for a comparison or the like.
    pub parts: Vec<Trace>,
    /// What was found in the call.
    pub found: Vec<Found>,
}

/// A value that a condition found in the call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Where its field was written.
    pub span: Span,
    /// The function it was computed with.
    pub function: Option<&'static str>,
    /// The value, made fit to be shown.
    pub value: String,
}

impl Trace {
    /// The innermost conditions.
    pub fn atoms<'t>(&'t self, atoms: &mut Vec<&'t Trace>) {
        if self.parts.is_empty() {
            atoms.push(self);
        }
        for part in &self.parts {
            part.atoms(atoms);
        }
    }
}

impl Condition {
    /// Evaluates every part, also those that no longer matter.
    #[must_use]
    pub fn trace(&self, scope: &Scope<'_>) -> Trace {
        let parts: Vec<Trace> = match &self.kind {
            ConditionKind::All(parts) | ConditionKind::Any(parts) => {
                parts.iter().map(|part| part.trace(scope)).collect()
            }
            ConditionKind::Not(inner) => vec![inner.trace(scope)],
            _ => Vec::new(),
        };
        let mut found = Vec::new();
        self.operands(&mut |operand| operand.found(scope, &mut found));
        Trace { span: self.span, truth: self.evaluate(scope), parts, found }
    }

    /// The value if some innermost conditions had other values than they have.
    #[must_use]
    pub fn assuming(&self, scope: &Scope<'_>, assumed: &dyn Fn(Span) -> Option<Truth>) -> Truth {
        match &self.kind {
            ConditionKind::All(parts) => {
                parts.iter().map(|part| part.assuming(scope, assumed)).fold(Truth::True, Truth::and)
            }
            ConditionKind::Any(parts) => {
                parts.iter().map(|part| part.assuming(scope, assumed)).fold(Truth::False, Truth::or)
            }
            ConditionKind::Not(inner) => !inner.assuming(scope, assumed),
            _ => assumed(self.span).unwrap_or_else(|| self.evaluate(scope)),
        }
    }

    fn operands(&self, visit: &mut dyn FnMut(&Operand)) {
        match &self.kind {
            ConditionKind::Compare(compare) => {
                visit(&compare.left);
                visit(&compare.right);
            }
            ConditionKind::Member { value, .. }
            | ConditionKind::Like { value, .. }
            | ConditionKind::Under { value, .. }
            | ConditionKind::Truth(value) => visit(value),
            ConditionKind::Listed { value, list, .. } => {
                visit(value);
                visit(list);
            }
            ConditionKind::Quantified { list, .. } => visit(list),
            ConditionKind::During { time, .. } => time.iter().for_each(visit),
            ConditionKind::Order { time, with, .. } => {
                time.iter().for_each(&mut *visit);
                visit(with);
            }
            _ => {}
        }
    }
}

impl Operand {
    /// What stands in the call where this operand looks; nothing for literals.
    fn found(&self, scope: &Scope<'_>, found: &mut Vec<Found>) {
        match self {
            Self::Literal(_) => {}
            Self::Field(field) => {
                let shown = match field.value(scope) {
                    Some(value) => printable(&shown_value(value), SHOWN),
                    None => self.shown(scope),
                };
                found.push(Found { span: field.span, function: None, value: shown });
            }
            Self::Call(function, arguments) => {
                let spans = arguments.iter().filter_map(|argument| match argument {
                    Self::Field(field) => Some(field.span),
                    _ => None,
                });
                let span = spans.reduce(Span::to).unwrap_or_default();
                let known = Function::TABLE.iter().find(|(_, known)| known == function);
                let function = known.map(|(name, _)| *name);
                found.push(Found { span, function, value: self.shown(scope) });
            }
        }
    }

    fn shown(&self, scope: &Scope<'_>) -> String {
        match self.datum(scope) {
            None => "unknown".to_owned(),
            Some(Datum::Empty) => "empty".to_owned(),
            Some(Datum::Text(text)) => format!("\"{}\"", printable(&text, SHOWN)),
            Some(Datum::Number(number)) => number.to_string(),
            Some(Datum::Bool(value)) => value.to_string(),
            Some(Datum::Time(at)) => at.to_string(),
            Some(Datum::Duration(duration)) => duration.to_string(),
            Some(Datum::List(items)) => shown_list(items),
        }
    }
}

fn shown_list(items: Items<'_>) -> String {
    let texts: Vec<String> = items.iter().take(5).map(shown_value).collect();
    let more = if items.len() > 5 { ", …" } else { "" };
    printable(&format!("[{}{more}]", texts.join(", ")), SHOWN)
}

/// Equal values are shown alike, however they were spelt: a record keeps their canonical form only.
fn shown_value(value: Value<'_>) -> String {
    match value {
        Value::Number(token) => match token.number() {
            Ok(number) => number.to_string(),
            Err(_) => canonical(value),
        },
        Value::List(list) => {
            let items: Vec<String> = list.iter().map(shown_value).collect();
            format!("[{}]", items.join(","))
        }
        other => canonical(other),
    }
}

fn canonical(value: Value<'_>) -> String {
    let mut text = String::new();
    value.write_canonical(&mut text);
    text
}
