//! Whether a value that is missing could make a condition hold by ignoring case alone.

use super::{Compare, Condition, ConditionKind, Scope, Type};
use crate::decision::Truth;
use crate::syntax::ast::Comparison;

impl Condition {
    /// Whether a part of it that ignores case is unknown: for some value of what was not there it
    /// would hold by ignoring case alone.
    #[must_use]
    pub fn may_hold_loosely(&self, scope: &Scope<'_>) -> bool {
        match &self.kind {
            ConditionKind::All(parts) | ConditionKind::Any(parts) => {
                parts.iter().any(|part| part.may_hold_loosely(scope))
            }
            ConditionKind::Not(inner) => inner.may_hold_loosely(scope),
            _ => self.ignores_case() && self.evaluate(scope) == Truth::Unknown,
        }
    }

    fn ignores_case(&self) -> bool {
        match &self.kind {
            ConditionKind::All(parts) | ConditionKind::Any(parts) => {
                parts.iter().any(Self::ignores_case)
            }
            ConditionKind::Not(inner) => inner.ignores_case(),
            ConditionKind::Quantified { body, .. } => body.ignores_case(),
            ConditionKind::Compare(compare) => compare.ignore_case && compare.is_of_texts(),
            ConditionKind::Member { members, ignore_case, .. } => {
                *ignore_case && has_case(members.kind())
            }
            ConditionKind::Listed { kind, ignore_case, .. } => *ignore_case && has_case(kind),
            ConditionKind::Like { ignore_case, .. } | ConditionKind::Under { ignore_case, .. } => {
                *ignore_case
            }
            ConditionKind::Constant(_)
            | ConditionKind::Has(_)
            | ConditionKind::During { .. }
            | ConditionKind::Order { .. }
            | ConditionKind::Truth(_) => false,
        }
    }
}

impl Compare {
    fn is_of_texts(&self) -> bool {
        let equality = matches!(self.operator, Comparison::Equal | Comparison::NotEqual);
        equality && self.kind.as_ref().is_none_or(has_case)
    }
}

/// Whether two values of this type can differ by case alone: addresses and domains are lower-cased
/// when they are read.
fn has_case(kind: &Type) -> bool {
    match kind {
        Type::Text | Type::Url | Type::Path | Type::Any => true,
        Type::List(element) => has_case(element),
        Type::Int
        | Type::Decimal
        | Type::Bool
        | Type::Email
        | Type::Domain
        | Type::Time
        | Type::Duration => false,
    }
}
