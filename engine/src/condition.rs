//! Conditions, compiled: every name resolved, every literal in its normal form.
//!
//! Evaluation is three-valued and allocates nothing on plain ASCII input.

mod explain;
mod loose;
mod members;
mod operand;

pub use explain::{Found, Trace};
pub use members::Members;
pub(crate) use operand::normal_text;
pub use operand::{Datum, Field, Function, Items, Literal, Operand, Root, Scope};

use crate::decision::Truth;
use crate::json::Value;
use crate::number::Number;
use crate::pattern::TextPattern;
use crate::scalar::text::eq_ignoring_case;
use crate::scalar::{Duration, PathText, Timestamp};
use crate::span::Span;
use crate::syntax::ast::{Comparison, Quantifier, TimeRelation};
use crate::window::Window;
use std::borrow::Cow;
use std::cmp::Ordering;
use std::sync::Arc;

/// What a value means. Texts carry a meaning only where a declaration or a partner gives one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Type {
    /// Characters.
    Text,
    /// A whole number.
    Int,
    /// An exact number.
    Decimal,
    /// True or false.
    Bool,
    /// An e-mail address.
    Email,
    /// A domain name, or an IP address in its place.
    Domain,
    /// A URL.
    Url,
    /// An absolute path.
    Path,
    /// An instant.
    Time,
    /// A span of time.
    Duration,
    /// Several of one type.
    List(Box<Type>),
    /// Anything; types are found at run time.
    Any,
}

impl Type {
    /// The scalar types by their names.
    pub const SCALARS: &[(&str, Type)] = &[
        ("text", Type::Text),
        ("int", Type::Int),
        ("decimal", Type::Decimal),
        ("bool", Type::Bool),
        ("email", Type::Email),
        ("domain", Type::Domain),
        ("url", Type::Url),
        ("path", Type::Path),
        ("time", Type::Time),
        ("duration", Type::Duration),
        ("any", Type::Any),
    ];

    /// The type written so: a scalar's name or `list<…>`.
    #[must_use]
    pub fn named(text: &str) -> Option<Self> {
        if let Some(inner) = text.strip_prefix("list<").and_then(|rest| rest.strip_suffix('>')) {
            return Self::scalar(inner).map(|element| Self::List(Box::new(element)));
        }
        Self::scalar(text)
    }

    /// The scalar type of this name.
    #[must_use]
    pub fn scalar(name: &str) -> Option<Self> {
        Self::SCALARS.iter().find(|(known, _)| *known == name).map(|(_, kind)| kind.clone())
    }

    /// Whether both are compared as numbers.
    #[must_use]
    pub const fn is_number(&self) -> bool {
        matches!(self, Self::Int | Self::Decimal)
    }

    /// Whether values of this type arrive as JSON text.
    #[must_use]
    pub const fn is_textual(&self) -> bool {
        matches!(
            self,
            Self::Text
                | Self::Email
                | Self::Domain
                | Self::Url
                | Self::Path
                | Self::Time
                | Self::Duration
        )
    }
}

impl std::fmt::Display for Type {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Self::List(element) = self {
            return write!(f, "list<{element}>");
        }
        let name = Self::SCALARS.iter().find(|(_, kind)| kind == self).map_or("any", |(n, _)| n);
        f.pad(name)
    }
}

/// A compiled condition and where it was written.
#[derive(Clone, Debug)]
pub struct Condition {
    /// What it says.
    pub kind: ConditionKind,
    /// Where it was written.
    pub span: Span,
}

/// The kinds of compiled condition.
#[derive(Clone, Debug)]
pub enum ConditionKind {
    /// Always the same.
    Constant(Truth),
    /// All hold.
    All(Box<[Condition]>),
    /// One holds.
    Any(Box<[Condition]>),
    /// It does not hold.
    Not(Box<Condition>),
    /// Two values compared.
    Compare(Compare),
    /// A value in a set, list or range.
    Member {
        /// The value.
        value: Operand,
        /// Where it is looked for.
        members: Arc<Members>,
        /// Whether texts ignore case.
        ignore_case: bool,
    },
    /// A value in a list that the call carries.
    Listed {
        /// The value.
        value: Operand,
        /// The list.
        list: Operand,
        /// As what texts are compared.
        kind: Type,
        /// Whether texts ignore case.
        ignore_case: bool,
    },
    /// A text like a pattern.
    Like {
        /// The text.
        value: Operand,
        /// As what it is read.
        kind: Type,
        /// The pattern.
        pattern: Arc<TextPattern>,
        /// Whether case is ignored.
        ignore_case: bool,
    },
    /// A path under a root.
    Under {
        /// The path.
        value: Operand,
        /// The root, in normal form.
        root: Arc<str>,
        /// Whether case is ignored.
        ignore_case: bool,
    },
    /// A field that is there and not null.
    Has(Field),
    /// A time in a window.
    During {
        /// The time; absent: the decision's.
        time: Option<Operand>,
        /// The window.
        window: Arc<Window>,
    },
    /// A time before or after another.
    Order {
        /// The time; absent: the decision's.
        time: Option<Operand>,
        /// Before (strict) or after (inclusive).
        relation: TimeRelation,
        /// The other.
        with: Operand,
    },
    /// Something said of every or some element of a list.
    Quantified {
        /// Every or some.
        quantifier: Quantifier,
        /// The list.
        list: Operand,
        /// What is said.
        body: Box<Condition>,
        /// What holds of an empty list.
        when_empty: Truth,
    },
    /// A truth value of the call's own.
    Truth(Operand),
}

/// Two values compared.
#[derive(Clone, Debug)]
pub struct Compare {
    /// Left side.
    pub left: Operand,
    /// The operator.
    pub operator: Comparison,
    /// Right side.
    pub right: Operand,
    /// As what both are compared; `None`: as what they turn out to be.
    pub kind: Option<Type>,
    /// Whether texts ignore case.
    pub ignore_case: bool,
}

impl Condition {
    /// A condition that is always the same.
    #[must_use]
    pub const fn constant(truth: Truth, span: Span) -> Self {
        Self { kind: ConditionKind::Constant(truth), span }
    }

    /// Whether its value depends on the decision's time.
    #[must_use]
    pub fn reads_clock(&self) -> bool {
        match &self.kind {
            ConditionKind::All(parts) | ConditionKind::Any(parts) => {
                parts.iter().any(Self::reads_clock)
            }
            ConditionKind::Not(inner) => inner.reads_clock(),
            ConditionKind::Quantified { body, .. } => body.reads_clock(),
            ConditionKind::During { time, .. } | ConditionKind::Order { time, .. } => {
                time.is_none()
            }
            _ => false,
        }
    }

    /// The value of the condition for one call.
    #[must_use]
    pub fn evaluate(&self, scope: &Scope<'_>) -> Truth {
        match &self.kind {
            ConditionKind::Constant(truth) => *truth,
            ConditionKind::All(parts) => all(parts, scope),
            ConditionKind::Any(parts) => any(parts, scope),
            ConditionKind::Not(inner) => !inner.evaluate(scope),
            ConditionKind::Compare(compare) => compare.evaluate(scope),
            ConditionKind::Member { value, members, ignore_case } => {
                members.contains(value, scope.folds(*ignore_case), scope)
            }
            ConditionKind::Listed { value, list, kind, ignore_case } => {
                listed(value, list, kind, scope.folds(*ignore_case), scope)
            }
            ConditionKind::Like { value, kind, pattern, ignore_case } => {
                let text = value.text_as(kind, scope);
                Truth::known(text.map(|text| pattern.matches(&text, scope.folds(*ignore_case))))
            }
            ConditionKind::Under { value, root, ignore_case } => {
                under(value, root, scope.folds(*ignore_case), scope)
            }
            ConditionKind::Has(field) => field.is_present(scope).into(),
            ConditionKind::During { time, window } => {
                Truth::known(instant(time.as_ref(), scope).map(|at| window.holds(at)))
            }
            ConditionKind::Order { time, relation, with } => {
                order(time.as_ref(), *relation, with, scope)
            }
            ConditionKind::Quantified { quantifier, list, body, when_empty } => {
                quantified(*quantifier, list, body, *when_empty, scope)
            }
            ConditionKind::Truth(operand) => match operand.datum(scope) {
                Some(Datum::Bool(value)) => value.into(),
                _ => Truth::Unknown,
            },
        }
    }
}

fn all(parts: &[Condition], scope: &Scope<'_>) -> Truth {
    let mut truth = Truth::True;
    for part in parts {
        truth = truth.and(part.evaluate(scope));
        if truth == Truth::False {
            break;
        }
    }
    truth
}

fn any(parts: &[Condition], scope: &Scope<'_>) -> Truth {
    let mut truth = Truth::False;
    for part in parts {
        truth = truth.or(part.evaluate(scope));
        if truth == Truth::True {
            break;
        }
    }
    truth
}

impl Compare {
    fn evaluate(&self, scope: &Scope<'_>) -> Truth {
        let ordering = match &self.kind {
            Some(kind) if kind.is_number() => self.numbers(scope),
            Some(Type::Bool) => self.bools(scope),
            Some(Type::Time) => {
                pair(self.left.time(scope), self.right.time(scope)).map(|(a, b)| a.cmp(&b))
            }
            Some(Type::Duration) => {
                pair(self.left.duration(scope), self.right.duration(scope)).map(|(a, b)| a.cmp(&b))
            }
            Some(kind) => return self.texts(kind, scope),
            None => return self.as_found(scope),
        };
        Truth::known(ordering.map(|ordering| holds(self.operator, ordering)))
    }

    fn numbers(&self, scope: &Scope<'_>) -> Option<Ordering> {
        pair(self.left.number(scope), self.right.number(scope)).map(|(a, b)| a.cmp(&b))
    }

    fn bools(&self, scope: &Scope<'_>) -> Option<Ordering> {
        match (self.left.datum(scope)?, self.right.datum(scope)?) {
            (Datum::Bool(a), Datum::Bool(b)) => Some(a.cmp(&b)),
            _ => None,
        }
    }

    fn texts(&self, kind: &Type, scope: &Scope<'_>) -> Truth {
        let (Some(left), Some(right)) =
            (self.left.text_as(kind, scope), self.right.text_as(kind, scope))
        else {
            return Truth::Unknown;
        };
        self.same_text(&left, &right, scope.folds(self.ignore_case))
    }

    fn same_text(&self, left: &str, right: &str, folds: bool) -> Truth {
        let same = if folds { eq_ignoring_case(left, right) } else { left == right };
        match self.operator {
            Comparison::Equal => same.into(),
            Comparison::NotEqual => (!same).into(),
            _ => Truth::Unknown,
        }
    }

    /// Both sides are fields whose types nobody declared.
    fn as_found(&self, scope: &Scope<'_>) -> Truth {
        let (left, right) = (self.left.datum(scope), self.right.datum(scope));
        match (left.map(Datum::or_text), right.map(Datum::or_text)) {
            (Some(Datum::Text(left)), Some(Datum::Text(right))) => {
                self.same_text(&left, &right, scope.folds(self.ignore_case))
            }
            (Some(Datum::Number(left)), Some(Datum::Number(right))) => {
                holds(self.operator, left.cmp(&right)).into()
            }
            (Some(Datum::Bool(left)), Some(Datum::Bool(right))) => match self.operator {
                Comparison::Equal => (left == right).into(),
                Comparison::NotEqual => (left != right).into(),
                _ => Truth::Unknown,
            },
            _ => Truth::Unknown,
        }
    }
}

fn pair<T>(left: Option<T>, right: Option<T>) -> Option<(T, T)> {
    Some((left?, right?))
}

const fn holds(operator: Comparison, ordering: Ordering) -> bool {
    match operator {
        Comparison::Equal => ordering.is_eq(),
        Comparison::NotEqual => ordering.is_ne(),
        Comparison::Less => ordering.is_lt(),
        Comparison::LessOrEqual => ordering.is_le(),
        Comparison::Greater => ordering.is_gt(),
        Comparison::GreaterOrEqual => ordering.is_ge(),
    }
}

fn instant(time: Option<&Operand>, scope: &Scope<'_>) -> Option<Timestamp> {
    match time {
        None => scope.now.trusted(),
        Some(operand) => operand.time(scope),
    }
}

fn order(
    time: Option<&Operand>,
    relation: TimeRelation,
    with: &Operand,
    scope: &Scope<'_>,
) -> Truth {
    let times = pair(instant(time, scope), with.time(scope));
    Truth::known(times.map(|(at, mark)| match relation {
        TimeRelation::Before => at < mark,
        TimeRelation::After => at >= mark,
    }))
}

fn under(value: &Operand, root: &str, ignore_case: bool, scope: &Scope<'_>) -> Truth {
    let inside = value.text(scope).and_then(|text| {
        let (path, root) = (PathText::parse(&text)?, PathText::parse(root)?);
        Some(path.under(&root, ignore_case))
    });
    Truth::known(inside)
}

/// Whether the list holds the value; an element of another type leaves it unknown.
fn listed(
    value: &Operand,
    list: &Operand,
    kind: &Type,
    ignore_case: bool,
    scope: &Scope<'_>,
) -> Truth {
    let Some(wanted) = value.normal(kind, scope) else { return Truth::Unknown };
    let items = match list.datum(scope) {
        Some(Datum::List(items)) => items,
        Some(Datum::Empty) => return Truth::False,
        _ => return Truth::Unknown,
    };
    items.iter().fold(Truth::False, |found, item| {
        found.or(match (&wanted, item) {
            (Datum::Text(wanted), Value::Text(item)) => {
                Truth::known(same_member(wanted, item, kind, ignore_case))
            }
            (Datum::Number(wanted), Value::Number(item)) => {
                Truth::known(item.number().ok().map(|item: Number| *wanted == item))
            }
            (Datum::Bool(wanted), Value::Bool(item)) => (*wanted == item).into(),
            _ => Truth::Unknown,
        })
    })
}

/// Whether two texts of a type are one; `None` where the second is not of that type.
fn same_member(wanted: &str, item: &str, kind: &Type, ignore_case: bool) -> Option<bool> {
    if *kind == Type::Time {
        return Some(Timestamp::parse(wanted)? == Timestamp::parse(item)?);
    }
    if *kind == Type::Duration {
        return Some(Duration::parse(wanted)? == Duration::parse(item)?);
    }
    let item = normal_text(kind, Cow::Borrowed(item))?;
    Some(if ignore_case { eq_ignoring_case(wanted, &item) } else { *wanted == *item })
}

fn quantified(
    quantifier: Quantifier,
    list: &Operand,
    body: &Condition,
    when_empty: Truth,
    scope: &Scope<'_>,
) -> Truth {
    let items = match list.datum(scope) {
        Some(Datum::List(items)) => items,
        Some(Datum::Empty) => return when_empty,
        _ => return Truth::Unknown,
    };
    let mut values = items.iter().map(|item| body.evaluate(&scope.with_variable(item))).peekable();
    if values.peek().is_none() {
        return when_empty;
    }
    match quantifier {
        Quantifier::Every => values.fold(Truth::True, Truth::and),
        Quantifier::Some => values.fold(Truth::False, Truth::or),
    }
}
