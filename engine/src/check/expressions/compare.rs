//! Two sides compared: as what, whether they have an order, and whether it can ever hold.

use super::{Expressions, Polarity, article};
use crate::condition::{Compare, ConditionKind, Function, Literal, Operand, Type};
use crate::diagnostic::Code;
use crate::number::Number;
use crate::span::{Span, Spanned};
use crate::syntax::ast::{self, Comparison};
use std::sync::Arc;

impl Expressions<'_, '_, '_> {
    pub(super) fn compare(
        &mut self,
        left: &ast::Operand,
        operator: &Spanned<Comparison>,
        right: &ast::Operand,
        polarity: Polarity,
        span: Span,
    ) -> Option<ConditionKind> {
        let (a, b) = (self.operand(left), self.operand(right));
        let ((a, a_type), (b, b_type)) = (a?, b?);
        let kind = self.common_type(&a_type, &b_type, &a, &b, span)?;
        self.has_order(operator, kind.as_ref())?;
        let a = self.normal_literal(a, kind.as_ref(), left.span)?;
        let b = self.normal_literal(b, kind.as_ref(), right.span)?;
        self.possible(&a_type, operator.node, &a, &b, span)?;
        self.possible(&b_type, mirrored(operator.node), &b, &a, span)?;
        // The truth of `!=` is the falsehood of an equality.
        let ignore_case = polarity.tightens != (operator.node == Comparison::NotEqual);
        let operator = operator.node;
        let compare = Compare { left: a, operator, right: b, kind, ignore_case };
        Some(ConditionKind::Compare(compare))
    }

    /// As what two sides are compared; `Some(None)`: as what they turn out to be.
    #[expect(clippy::option_option, reason = "the outer one says that an error was reported")]
    fn common_type(
        &mut self,
        left: &Option<Type>,
        right: &Option<Type>,
        a: &Operand,
        b: &Operand,
        span: Span,
    ) -> Option<Option<Type>> {
        let (left, right) = match (left, right) {
            (None, None) => return Some(None),
            (Some(kind), None) | (None, Some(kind)) => (kind, kind),
            (Some(left), Some(right)) => (left, right),
        };
        let literal = |operand: &Operand| matches!(operand, Operand::Literal(Literal::Text(_)));
        let common = match (left, right) {
            (Type::List(_), _) | (_, Type::List(_)) => None,
            (Type::Any, kind) | (kind, Type::Any) => Some(kind.clone()),
            (left, right) if left == right => Some(left.clone()),
            (left, right) if left.is_number() && right.is_number() => Some(Type::Decimal),
            // A written text takes the type of what it is compared with.
            (Type::Text, kind) if literal(a) && kind.is_textual() => Some(kind.clone()),
            (kind, Type::Text) if literal(b) && kind.is_textual() => Some(kind.clone()),
            (Type::Text, kind @ (Type::Email | Type::Domain | Type::Url | Type::Path))
            | (kind @ (Type::Email | Type::Domain | Type::Url | Type::Path), Type::Text) => {
                Some(kind.clone())
            }
            _ => None,
        };
        let Some(common) = common else {
            let message = format!("{} cannot be compared with {}", article(left), article(right));
            let help = match (left, right) {
                (Type::List(_), _) | (_, Type::List(_)) => {
                    "for a list use `every`, `some`, `count`, `length` or `in`"
                }
                (l, r) if l.is_number() != r.is_number() => "write a number without quotes",
                _ => "",
            };
            self.error(Code::TYPE_CLASH, span, message, help);
            return None;
        };
        Some(Some(common).filter(|common| *common != Type::Any))
    }

    fn has_order(&mut self, operator: &Spanned<Comparison>, kind: Option<&Type>) -> Option<()> {
        let equality = matches!(operator.node, Comparison::Equal | Comparison::NotEqual);
        let ordered =
            kind.is_none_or(|kind| kind.is_number() || matches!(kind, Type::Time | Type::Duration));
        if equality || ordered {
            return Some(());
        }
        let kind = kind.cloned().unwrap_or(Type::Text);
        let message = format!("values of type `{kind}` have no order");
        let help = "only numbers, times and durations can be less or greater";
        self.error(Code::TYPE_CLASH, operator.span, message, help);
        None
    }

    /// A written text, in the normal form of the type it is compared as.
    pub(super) fn normal_literal(
        &mut self,
        operand: Operand,
        kind: Option<&Type>,
        span: Span,
    ) -> Option<Operand> {
        let (Operand::Literal(Literal::Text(text)), Some(kind)) = (&operand, kind) else {
            return Some(operand);
        };
        Some(Operand::Literal(match kind {
            Type::Time => {
                let zone = Arc::clone(&self.around.zone);
                Literal::Time(self.checker.instant(text, span, &zone)?)
            }
            Type::Duration => {
                Literal::Duration(self.checker.duration(&Spanned::new(text.to_string(), span))?)
            }
            kind => Literal::Text(self.checker.textual(text, kind, span)?.into()),
        }))
    }

    /// Refuses what can never (or not but) hold: a whole number that equals a fraction, a count
    /// below zero.
    fn possible(
        &mut self,
        left_type: &Option<Type>,
        operator: Comparison,
        left: &Operand,
        right: &Operand,
        span: Span,
    ) -> Option<()> {
        let Operand::Literal(Literal::Number(number)) = right else { return Some(()) };
        let zero = Number::from(0_u64);
        let counts = matches!(left, Operand::Call(Function::Count | Function::Length, _));
        let whole = *left_type == Some(Type::Int);
        let fault = match operator {
            Comparison::Equal if whole && !number.is_integer() => "a whole number is never that",
            Comparison::Less if counts && *number <= zero => "a count is never below zero",
            Comparison::LessOrEqual | Comparison::Equal if counts && *number < zero => {
                "a count is never below zero"
            }
            Comparison::GreaterOrEqual if counts && *number <= zero => {
                "a count is always at least zero"
            }
            _ => return Some(()),
        };
        self.error(Code::IMPOSSIBLE, span, fault, "compare with a number it can reach");
        None
    }
}

const fn mirrored(operator: Comparison) -> Comparison {
    match operator {
        Comparison::Less => Comparison::Greater,
        Comparison::LessOrEqual => Comparison::GreaterOrEqual,
        Comparison::Greater => Comparison::Less,
        Comparison::GreaterOrEqual => Comparison::LessOrEqual,
        same => same,
    }
}
