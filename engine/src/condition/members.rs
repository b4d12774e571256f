//! What stands to the right of `in`: sets, groups, lists and ranges, ready to be searched.

use super::operand::Operand;
use super::{Scope, Type};
use crate::decision::Truth;
use crate::number::Number;
use crate::scalar::Timestamp;
use crate::scalar::text::fold;
use std::borrow::Cow;

/// The members of a set, group, list or range; all of one type.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Members {
    kind: Option<Type>,
    /// In normal form, sorted.
    texts: Vec<Box<str>>,
    /// The same, folded.
    folded: Vec<Box<str>>,
    /// For domains: what follows the `*` of `*.example.com`, with its dot, sorted.
    suffixes: Vec<Box<str>>,
    /// Both ends included.
    numbers: Vec<(Number, Number)>,
    /// End not included.
    times: Vec<(Timestamp, Timestamp)>,
    bools: Vec<bool>,
}

impl Members {
    /// No members yet, of this type.
    #[must_use]
    pub fn new(kind: Type) -> Self {
        Self { kind: Some(kind), ..Self::default() }
    }

    /// What the members are.
    #[must_use]
    pub fn kind(&self) -> &Type {
        self.kind.as_ref().unwrap_or(&Type::Text)
    }

    /// Adds a text in its normal form.
    pub fn add_text(&mut self, text: &str) {
        insert(&mut self.texts, text);
        insert(&mut self.folded, &fold(text));
    }

    /// The texts as they were added, sorted.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        self.texts.iter().map(|text| &**text)
    }

    /// Adds every subdomain of `suffix`, which starts with its dot.
    pub fn add_subdomains(&mut self, suffix: &str) {
        insert(&mut self.suffixes, suffix);
    }

    /// Adds the numbers `from` to `to`, both included.
    pub fn add_numbers(&mut self, from: Number, to: Number) {
        self.numbers.push((from, to));
    }

    /// Adds the instants from `from` up to `to`.
    pub fn add_times(&mut self, from: Timestamp, to: Timestamp) {
        self.times.push((from, to));
    }

    /// Adds a truth value.
    pub fn add_bool(&mut self, value: bool) {
        self.bools.push(value);
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.texts.is_empty()
            && self.suffixes.is_empty()
            && self.numbers.is_empty()
            && self.times.is_empty()
            && self.bools.is_empty()
    }

    /// Whether the value is one of them; unknown when it is not of their type.
    #[must_use]
    pub fn contains(&self, value: &Operand, ignore_case: bool, scope: &Scope<'_>) -> Truth {
        let found = match self.kind() {
            kind if kind.is_number() => value.number(scope).map(|number| self.has_number(number)),
            Type::Duration => value.duration(scope).map(|d| self.has_number(d.seconds().into())),
            Type::Time => value.time(scope).map(|at| self.has_time(at)),
            Type::Bool => match value.datum(scope) {
                Some(super::Datum::Bool(value)) => Some(self.bools.contains(&value)),
                _ => None,
            },
            kind => value.text_as(kind, scope).map(|text| self.has_text(&text, ignore_case)),
        };
        Truth::known(found)
    }

    fn has_number(&self, number: Number) -> bool {
        self.numbers.iter().any(|(from, to)| *from <= number && number <= *to)
    }

    fn has_time(&self, at: Timestamp) -> bool {
        self.times.iter().any(|(from, to)| *from <= at && at < *to)
    }

    fn has_text(&self, text: &str, ignore_case: bool) -> bool {
        let (members, text) =
            if ignore_case { (&self.folded, fold(text)) } else { (&self.texts, Cow::Borrowed(text)) };
        members.binary_search_by(|member| (**member).cmp(&*text)).is_ok() || self.has_suffix(&text)
    }

    /// Tries each suffix of the domain that starts at a dot after the first label.
    fn has_suffix(&self, domain: &str) -> bool {
        !self.suffixes.is_empty()
            && domain.match_indices('.').filter(|(at, _)| *at > 0).any(|(at, _)| {
                domain.get(at..).is_some_and(|tail| {
                    self.suffixes.binary_search_by(|suffix| (**suffix).cmp(tail)).is_ok()
                })
            })
    }
}

fn insert(sorted: &mut Vec<Box<str>>, text: &str) {
    if let Err(at) = sorted.binary_search_by(|member| (**member).cmp(text)) {
        sorted.insert(at, text.into());
    }
}
