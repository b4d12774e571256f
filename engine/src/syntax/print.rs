//! Tree → text: the canonical way to write a condition, an operand or a phrase, on one line.
//!
//! What is printed parses to the same tree again. Explanations show it, and counters are known by it.

use std::fmt::{Display, Formatter, Result, Write as _};

use super::ast::{
    Comparison, Expr, ExprKind, FieldPath, Operand, OperandKind, Pattern, Phrase, Quantifier,
    TimeRelation,
};
use super::words::is_bare_pattern;
use crate::show::is_invisible;

/// `expr` on one line, with no more parentheses than it needs.
#[must_use]
pub fn print_expr(expr: &Expr) -> String {
    expr.to_string()
}

/// `operand` on one line.
#[must_use]
pub fn print_operand(operand: &Operand) -> String {
    operand.to_string()
}

/// `phrase` on one line, as it stands after `auto`.
#[must_use]
pub fn print_phrase(phrase: &Phrase) -> String {
    phrase.to_string()
}

impl Display for Expr {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match &self.kind {
            ExprKind::Or(parts) => joined(f, parts, " or "),
            ExprKind::And(parts) => joined(f, parts, " and "),
            ExprKind::Not(inner) => {
                f.write_str("not ")?;
                part(f, inner, true)
            }
            ExprKind::Compare { left, operator, right } => {
                write!(f, "{left} {} {right}", sign(operator.node))
            }
            ExprKind::In { left, negated: false, right } => write!(f, "{left} in {right}"),
            ExprKind::In { left, negated: true, right } => write!(f, "{left} not in {right}"),
            ExprKind::Like { left, pattern } => write!(f, "{left} like {pattern}"),
            ExprKind::Under { left, right } => write!(f, "{left} under {right}"),
            ExprKind::Has(field) => write!(f, "has {field}"),
            ExprKind::During { time, window } => {
                timed(f, time.as_ref())?;
                write!(f, "during {}", window.node)
            }
            ExprKind::Order { time, relation, with } => {
                timed(f, time.as_ref())?;
                write!(f, "{} {with}", before_or_after(*relation))
            }
            ExprKind::Quantified { quantifier, variable, list, body } => {
                write!(f, "{} {} in {list}: {body}", every_or_some(*quantifier), variable.node)
            }
            ExprKind::Truth(operand) => operand.fmt(f),
        }
    }
}

fn joined(f: &mut Formatter<'_>, parts: &[Expr], joint: &str) -> Result {
    for (index, expr) in parts.iter().enumerate() {
        if index > 0 {
            f.write_str(joint)?;
        }
        part(f, expr, index + 1 == parts.len())?;
    }
    Ok(())
}

/// A part of a longer condition, in parentheses where it would be read otherwise.
fn part(f: &mut Formatter<'_>, expr: &Expr, last: bool) -> Result {
    let compound = matches!(expr.kind, ExprKind::And(_) | ExprKind::Or(_));
    if compound || !last && reaches_right(expr) { write!(f, "({expr})") } else { expr.fmt(f) }
}

/// Whether the condition would swallow an `and` that follows it.
fn reaches_right(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Quantified { .. } => true,
        ExprKind::Not(inner) => reaches_right(inner),
        _ => false,
    }
}

fn timed(f: &mut Formatter<'_>, time: Option<&Operand>) -> Result {
    time.map_or(Ok(()), |time| write!(f, "{time} "))
}

const fn sign(comparison: Comparison) -> &'static str {
    match comparison {
        Comparison::Equal => "==",
        Comparison::NotEqual => "!=",
        Comparison::Less => "<",
        Comparison::LessOrEqual => "<=",
        Comparison::Greater => ">",
        Comparison::GreaterOrEqual => ">=",
    }
}

const fn before_or_after(relation: TimeRelation) -> &'static str {
    match relation {
        TimeRelation::Before => "before",
        TimeRelation::After => "after",
    }
}

const fn every_or_some(quantifier: Quantifier) -> &'static str {
    match quantifier {
        Quantifier::Every => "every",
        Quantifier::Some => "some",
    }
}

impl Display for Operand {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match &self.kind {
            OperandKind::Text(text) => quoted(f, text),
            OperandKind::Number(word)
            | OperandKind::Duration(word)
            | OperandKind::Time(word)
            | OperandKind::Name(word) => f.write_str(word),
            OperandKind::Bool(truth) => truth.fmt(f),
            OperandKind::List(items) => {
                f.write_char('[')?;
                listed(f, items)?;
                f.write_char(']')
            }
            OperandKind::Range(from, to) => write!(f, "{from}..{to}"),
            OperandKind::Field(path) => path.fmt(f),
            OperandKind::Call { name, arguments } => {
                write!(f, "{}(", name.node)?;
                listed(f, arguments)?;
                f.write_char(')')
            }
        }
    }
}

fn listed(f: &mut Formatter<'_>, items: &[Operand]) -> Result {
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            f.write_str(", ")?;
        }
        item.fmt(f)?;
    }
    Ok(())
}

impl Display for FieldPath {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(&self.root.node)?;
        for segment in &self.segments {
            f.write_char('.')?;
            if is_segment(&segment.node) {
                f.write_str(&segment.node)?;
            } else {
                quoted(f, &segment.node)?;
            }
        }
        if self.optional { f.write_char('?') } else { Ok(()) }
    }
}

/// Whether a field's name can stand without quotes.
fn is_segment(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

impl Display for Pattern {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        if is_bare_pattern(&self.text) { f.write_str(&self.text) } else { quoted(f, &self.text) }
    }
}

impl Display for Phrase {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Phrase::When(expr) => write!(f, "when {expr}"),
            Phrase::Unless(expr) => write!(f, "unless {expr}"),
            Phrase::During(window) => write!(f, "during {}", window.node),
            Phrase::First { count, key, each } => {
                write!(f, "first {} per {key}", count.node)?;
                each.as_ref().map_or(Ok(()), |each| write!(f, " each {}", each.node))
            }
            Phrase::AtMost { count, within, key } => {
                write!(f, "at most {} per {} per {key}", count.node, within.node)
            }
            Phrase::Via { name, arguments } => {
                write!(f, "via {}(", name.node)?;
                for (index, (argument, value)) in arguments.iter().enumerate() {
                    let comma = if index > 0 { ", " } else { "" };
                    write!(f, "{comma}{}: {value}", argument.node)?;
                }
                f.write_char(')')
            }
        }
    }
}

/// `text` in quotes, with everything escaped that has to be.
fn quoted(f: &mut Formatter<'_>, text: &str) -> Result {
    f.write_char('"')?;
    for character in text.chars() {
        match character {
            '"' => f.write_str("\\\"")?,
            '\\' => f.write_str("\\\\")?,
            '\n' => f.write_str("\\n")?,
            '\t' => f.write_str("\\t")?,
            _ if is_invisible(character) => write!(f, "\\u{{{:X}}}", u32::from(character))?,
            _ => f.write_char(character)?,
        }
    }
    f.write_char('"')
}
