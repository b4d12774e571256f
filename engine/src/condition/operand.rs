//! The values conditions speak of: fields of the call, literals, and functions of them.

use super::Type;
use crate::call::ToolCall;
use crate::facts::Now;
use crate::json::{List, Value};
use crate::number::{Number, Sum};
use crate::pattern::Name;
use crate::scalar::{
    Domain, Duration, EmailAddress, PathText, Timestamp, UrlText, count_items,
};
use crate::scalar::text::lower;
use crate::span::Span;
use std::borrow::Cow;
use std::sync::Arc;

/// What a condition can see while it is evaluated.
#[derive(Clone, Copy, Debug)]
pub struct Scope<'c> {
    /// The call.
    pub call: &'c ToolCall,
    /// Its tool, validated.
    pub name: Name<'c>,
    /// The clock.
    pub now: Now,
    /// The element a quantifier is at.
    pub variable: Option<Value<'c>>,
    /// Whether every text is compared exactly, also where its truth tightens.
    pub exact: bool,
}

impl<'c> Scope<'c> {
    /// What a condition of this call sees, outside quantifiers.
    #[must_use]
    pub const fn new(call: &'c ToolCall, name: Name<'c>, now: Now) -> Self {
        Self { call, name, now, variable: None, exact: false }
    }

    /// The same, with every text compared exactly.
    #[must_use]
    pub const fn exactly(mut self) -> Self {
        self.exact = true;
        self
    }

    /// Whether a comparison that ignores case where its truth tightens does so here.
    pub(super) const fn folds(&self, ignore_case: bool) -> bool {
        ignore_case && !self.exact
    }

    /// The same, at one element of a list.
    #[must_use]
    pub const fn with_variable(mut self, element: Value<'c>) -> Self {
        self.variable = Some(element);
        self
    }
}

/// Where a field begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Root {
    /// `args`
    Args,
    /// `context`
    Context,
    /// `agent.id`
    AgentId,
    /// `agent.roles`: empty when not given
    AgentRoles,
    /// `agent.parents`: empty when not given
    AgentParents,
    /// `user`
    User,
    /// `session`
    Session,
    /// `tool`
    Tool,
    /// A quantifier's variable.
    Variable,
}

/// A field, its path resolved.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Field {
    /// Where it begins.
    pub root: Root,
    /// The keys to follow from there; one copy per policy, so that it stays in the caches.
    pub path: Arc<[Box<str>]>,
    /// `x?`: absent or null counts as empty.
    pub optional: bool,
    /// Where it was written.
    pub span: Span,
}

/// The items of a list, wherever it came from.
#[derive(Clone, Copy, Debug)]
pub enum Items<'c> {
    /// A list in the call's JSON.
    Json(List<'c>),
    /// Texts that the host vouches for.
    Texts(&'c [String]),
}

impl<'c> Items<'c> {
    /// One after the other.
    pub fn iter(self) -> impl Iterator<Item = Value<'c>> {
        let (json, texts) = match self {
            Self::Json(list) => (Some(list), [].as_slice()),
            Self::Texts(texts) => (None, texts),
        };
        json.into_iter()
            .flatten()
            .chain(texts.iter().map(|text| Value::Text(text)))
    }

    /// How many.
    #[must_use]
    pub fn len(self) -> usize {
        match self {
            Self::Json(list) => list.len(),
            Self::Texts(texts) => texts.len(),
        }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }
}

/// A value as found.
#[derive(Clone, Debug)]
pub enum Datum<'c> {
    /// Characters.
    Text(Cow<'c, str>),
    /// An exact number within range.
    Number(Number),
    /// True or false.
    Bool(bool),
    /// An instant.
    Time(Timestamp),
    /// A span of time.
    Duration(Duration),
    /// Several values.
    List(Items<'c>),
    /// An optional field that is not there.
    Empty,
}

impl Datum<'_> {
    /// An optional field that is not there as the empty text.
    pub(super) fn or_text(self) -> Self {
        if let Self::Empty = self { Self::Text(Cow::Borrowed("")) } else { self }
    }
}

impl Field {
    /// What stands there; `None` when it is missing, null, an object or a number out of range.
    #[must_use]
    pub fn datum<'c>(&self, scope: &Scope<'c>) -> Option<Datum<'c>> {
        let found = match self.root {
            Root::AgentId => scope.call.agent.as_ref().map(|agent| text(&agent.id)),
            Root::AgentRoles => return Some(Datum::List(Items::Texts(self.roles(scope)))),
            Root::AgentParents => return Some(Datum::List(Items::Texts(self.parents(scope)))),
            Root::User => scope.call.user.as_deref().map(text),
            Root::Session => scope.call.session.as_deref().map(text),
            Root::Tool => Some(text(&scope.call.tool)),
            Root::Args | Root::Context | Root::Variable => match self.value(scope) {
                Some(value) if !value.is_null() => return datum(value),
                _ if self.is_blocked(scope) => return None,
                _ => None,
            },
        };
        found.or_else(|| self.optional.then_some(Datum::Empty))
    }

    /// The JSON at this field, for fields that are JSON.
    #[must_use]
    pub fn value<'c>(&self, scope: &Scope<'c>) -> Option<Value<'c>> {
        self.followed(self.path.len(), scope)
    }

    /// The JSON after the first keys of the path.
    fn followed<'c>(&self, keys: usize, scope: &Scope<'c>) -> Option<Value<'c>> {
        let start = match self.root {
            Root::Args => scope.call.args.root(),
            Root::Context => scope.call.context.as_ref()?.root(),
            Root::Variable => scope.variable?,
            _ => return None,
        };
        self.path.iter().take(keys).try_fold(start, |value, key| match value {
            Value::Object(object) => object.get(key),
            _ => None,
        })
    }

    /// Whether something that has no fields stands where fields were to be followed.
    fn is_blocked(&self, scope: &Scope<'_>) -> bool {
        (1..self.path.len()).any(|length| {
            let above = self.followed(length, scope);
            above.is_some_and(|value| !value.is_null() && value.as_object().is_none())
        })
    }

    /// Whether something other than null stands there.
    #[must_use]
    pub fn is_present(&self, scope: &Scope<'_>) -> bool {
        match self.root {
            Root::AgentId => scope.call.agent.is_some(),
            Root::AgentRoles => scope.call.agent.as_ref().is_some_and(|a| a.roles.is_some()),
            Root::AgentParents => scope.call.agent.as_ref().is_some_and(|a| a.parents.is_some()),
            Root::User => scope.call.user.is_some(),
            Root::Session => scope.call.session.is_some(),
            Root::Tool => true,
            Root::Args | Root::Context | Root::Variable => {
                self.value(scope).is_some_and(|value| !matches!(value, Value::Null))
            }
        }
    }

    fn roles<'c>(&self, scope: &Scope<'c>) -> &'c [String] {
        scope.call.agent.as_ref().and_then(|agent| agent.roles.as_deref()).unwrap_or_default()
    }

    fn parents<'c>(&self, scope: &Scope<'c>) -> &'c [String] {
        scope.call.agent.as_ref().and_then(|agent| agent.parents.as_deref()).unwrap_or_default()
    }
}

const fn text(text: &str) -> Datum<'_> {
    Datum::Text(Cow::Borrowed(text))
}

fn datum(value: Value<'_>) -> Option<Datum<'_>> {
    match value {
        Value::Text(found) => Some(text(found)),
        Value::Number(number) => number.number().ok().map(Datum::Number),
        Value::Bool(value) => Some(Datum::Bool(value)),
        Value::List(list) => Some(Datum::List(Items::Json(list))),
        Value::Null | Value::Object(_) => None,
    }
}

/// A value written in the policy, in its normal form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Literal {
    /// A text, or another textual type in its normal form.
    Text(Box<str>),
    /// A number.
    Number(Number),
    /// True or false.
    Bool(bool),
    /// An instant.
    Time(Timestamp),
    /// A span of time.
    Duration(Duration),
}

/// The functions of the language.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Function {
    /// Items as written, addresses within texts counted.
    Count,
    /// The sum of numbers and lists of numbers.
    Sum,
    /// The characters of a text, the items of a list.
    Length,
    /// The domain of an e-mail address.
    Domain,
    /// The host of a URL.
    Host,
    /// A text in lower case.
    Lower,
}

impl Function {
    /// Every function by its name.
    pub const TABLE: &[(&str, Function)] = &[
        ("count", Function::Count),
        ("sum", Function::Sum),
        ("length", Function::Length),
        ("domain", Function::Domain),
        ("host", Function::Host),
        ("lower", Function::Lower),
    ];
}

/// A value in a condition.
#[derive(Clone, Debug)]
pub enum Operand {
    /// Written in the policy.
    Literal(Literal),
    /// Read from the call.
    Field(Field),
    /// Computed.
    Call(Function, Box<[Operand]>),
}

impl Operand {
    /// The value, as what it turns out to be.
    #[must_use]
    pub fn datum<'s>(&'s self, scope: &Scope<'s>) -> Option<Datum<'s>> {
        match self {
            Self::Literal(literal) => Some(match literal {
                Literal::Text(found) => text(found),
                Literal::Number(number) => Datum::Number(*number),
                Literal::Bool(value) => Datum::Bool(*value),
                Literal::Time(at) => Datum::Time(*at),
                Literal::Duration(duration) => Datum::Duration(*duration),
            }),
            Self::Field(field) => field.datum(scope),
            Self::Call(function, arguments) => call(*function, arguments, scope),
        }
    }

    /// The value as a number.
    #[must_use]
    pub fn number(&self, scope: &Scope<'_>) -> Option<Number> {
        match self {
            Self::Literal(Literal::Number(number)) => Some(*number),
            _ => match self.datum(scope)? {
                Datum::Number(number) => Some(number),
                _ => None,
            },
        }
    }

    /// The value as the text it is.
    #[must_use]
    pub fn text<'s>(&'s self, scope: &Scope<'s>) -> Option<Cow<'s, str>> {
        match self.datum(scope)? {
            Datum::Text(text) => Some(text),
            Datum::Empty => Some(Cow::Borrowed("")),
            _ => None,
        }
    }

    /// The value as a textual type in its normal form.
    #[must_use]
    pub fn text_as<'s>(&'s self, kind: &Type, scope: &Scope<'s>) -> Option<Cow<'s, str>> {
        let text = self.text(scope)?;
        if matches!(self, Self::Literal(_)) {
            return Some(text);
        }
        normal_text(kind, text)
    }

    /// The value as found; a text in the normal form of its type.
    pub(super) fn normal<'s>(&'s self, kind: &Type, scope: &Scope<'s>) -> Option<Datum<'s>> {
        match self.datum(scope)?.or_text() {
            Datum::Text(text) => normal_text(kind, text).map(Datum::Text),
            other => Some(other),
        }
    }

    /// The value as an instant; texts are read as RFC 3339.
    #[must_use]
    pub fn time(&self, scope: &Scope<'_>) -> Option<Timestamp> {
        match self.datum(scope)? {
            Datum::Time(at) => Some(at),
            Datum::Text(text) => Timestamp::parse(&text),
            _ => None,
        }
    }

    /// The value as a span of time; texts are read as in policies.
    #[must_use]
    pub fn duration(&self, scope: &Scope<'_>) -> Option<Duration> {
        match self.datum(scope)? {
            Datum::Duration(duration) => Some(duration),
            Datum::Text(text) => Duration::parse(&text),
            _ => None,
        }
    }
}

/// A text in the normal form of its type; `None` when it is not one.
pub(crate) fn normal_text<'s>(kind: &Type, text: Cow<'s, str>) -> Option<Cow<'s, str>> {
    // A borrowed text stays borrowed where it is already normal.
    macro_rules! normal {
        ($parse:path) => {
            match text {
                Cow::Borrowed(text) => $parse(text).map(|normal| normal.into_text()),
                Cow::Owned(text) => {
                    $parse(&text).map(|normal| Cow::Owned(normal.into_text().into_owned()))
                }
            }
        };
    }
    match kind {
        Type::Email => normal!(EmailAddress::parse),
        Type::Domain => normal!(Domain::parse),
        Type::Url => normal!(UrlText::parse),
        Type::Path => normal!(PathText::parse),
        _ => Some(text),
    }
}

fn call<'s>(function: Function, arguments: &'s [Operand], scope: &Scope<'s>) -> Option<Datum<'s>> {
    match function {
        Function::Count => count(arguments, scope).map(|n| Datum::Number(Number::from(n))),
        Function::Sum => sum(arguments, scope).map(Datum::Number),
        Function::Length => length(arguments.first()?, scope),
        Function::Domain => {
            map_text(arguments, scope, |text| Some(EmailAddress::parse(text)?.into_domain()))
        }
        Function::Host => map_text(arguments, scope, crate::scalar::host),
        Function::Lower => map_text(arguments, scope, |text| Some(lower(text))),
    }
}

/// A function of one text; what it borrows stays borrowed.
fn map_text<'s>(
    arguments: &'s [Operand],
    scope: &Scope<'s>,
    function: impl for<'t> Fn(&'t str) -> Option<Cow<'t, str>>,
) -> Option<Datum<'s>> {
    let text = match arguments.first()?.text(scope)? {
        Cow::Borrowed(text) => function(text)?,
        Cow::Owned(text) => Cow::Owned(function(&text)?.into_owned()),
    };
    Some(Datum::Text(text))
}

fn count(arguments: &[Operand], scope: &Scope<'_>) -> Option<u64> {
    arguments.iter().try_fold(0_u64, |total, argument| {
        let items = match argument {
            Operand::Field(field) if field.value(scope).is_some() => match field.value(scope)? {
                Value::Null if field.optional => 0,
                value => count_items(value)?,
            },
            _ => match argument.datum(scope)? {
                Datum::Empty => 0,
                Datum::Text(text) => count_items(Value::Text(&text))?,
                Datum::List(items) => u64::try_from(items.len()).ok()?,
                _ => return None,
            },
        };
        total.checked_add(items)
    })
}

fn sum(arguments: &[Operand], scope: &Scope<'_>) -> Option<Number> {
    let mut sum = Sum::default();
    for argument in arguments {
        match argument.datum(scope)? {
            Datum::Empty => {}
            Datum::Number(number) => sum.add(number),
            Datum::List(items) => {
                for item in items.iter() {
                    let Value::Number(number) = item else { return None };
                    sum.add(number.number().ok()?);
                }
            }
            _ => return None,
        }
    }
    sum.finish()
}

fn length<'s>(argument: &Operand, scope: &Scope<'s>) -> Option<Datum<'s>> {
    let length = match argument.datum(scope)? {
        Datum::Empty => 0,
        Datum::Text(text) => text.chars().count(),
        Datum::List(items) => items.len(),
        _ => return None,
    };
    Some(Datum::Number(Number::from(u64::try_from(length).ok()?)))
}
