//! What an approver may change of a call, and what was changed.

use super::{Bound, FieldName, Terms};
use crate::json::{Json, Value};
use crate::number::Number;

/// One field of the arguments with its new value.
#[derive(Clone, Debug, PartialEq)]
pub struct FieldEdit {
    /// Its keys from `args` on.
    pub field: FieldName,
    /// What it is to be.
    pub value: Json,
}

/// Why an edit is not made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// The terms do not name the field.
    #[error("`{0}` may not be changed: the rule does not say `edit {0} …`")]
    NotEditable(String),
    /// The new value is outside the field's bound.
    #[error("`{field}` may only be {bound}")]
    Outside {
        /// The field.
        field: String,
        /// What it may be, in words.
        bound: String,
    },
    /// The call has no such field, and none can be added.
    #[error("the call has no `{0}`")]
    Missing(String),
    /// A field is named twice.
    #[error("`{0}` is changed twice")]
    Twice(String),
    /// Nothing would be different.
    #[error("the edit changes nothing")]
    Nothing,
}

/// One difference between two versions of the arguments.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// The field, as a policy writes it.
    pub field: String,
    /// What it was; absent: it was not there.
    pub from: Option<Json>,
    /// What it is; absent: it is gone.
    pub to: Option<Json>,
}

/// The arguments with these fields changed, each within its bound.
///
/// # Errors
/// The first field that may not be changed like that.
pub fn edited(args: &Json, edits: &[FieldEdit], terms: &Terms) -> Result<Json, EditError> {
    let mut new = args.clone();
    for (at, edit) in edits.iter().enumerate() {
        let name = field_name(&edit.field);
        let Some(term) = terms.edits.iter().find(|term| term.field == edit.field) else {
            return Err(EditError::NotEditable(name));
        };
        if edits[..at].iter().any(|earlier| earlier.field == edit.field) {
            return Err(EditError::Twice(name));
        }
        let old = read(args.root(), &edit.field);
        if !is_within(term.bound, old, edit.value.root()) {
            return Err(EditError::Outside { field: name, bound: term.bound.in_words() });
        }
        new = written(&new, &edit.field, old.is_some(), &edit.value)
            .ok_or(EditError::Missing(name))?;
    }
    match new == *args {
        true => Err(EditError::Nothing),
        false => Ok(new),
    }
}

fn written(args: &Json, field: &FieldName, exists: bool, value: &Json) -> Option<Json> {
    let path: Vec<&str> = field.iter().map(|key| &**key).collect();
    match (exists, path.as_slice()) {
        (true, path) => args.replaced(path, value.root()),
        (false, [key]) => args.clone().with_member(key, &value.root()).ok(),
        (false, _) => None,
    }
}

fn read<'a>(args: Value<'a>, field: &FieldName) -> Option<Value<'a>> {
    field.iter().try_fold(args, |value, key| value.get(key))
}

/// Whether a new value is within its bound.
pub(super) fn is_within(bound: Bound, old: Option<Value<'_>>, new: Value<'_>) -> bool {
    let shrunk = !bound.shrink || old.is_some_and(|old| is_less(old, new));
    let inside = bound.range.is_none_or(|(from, to)| {
        new.as_number().is_some_and(|number| from <= number && number <= to)
    });
    shrunk && inside
}

/// Less, but still something: a number nearer to zero, a list with some of the same items in the
/// same order. Nothing else can shrink.
fn is_less(old: Value<'_>, new: Value<'_>) -> bool {
    match (old, new) {
        (Value::Number(_), Value::Number(_)) => {
            let zero = Number::from(0_u64);
            match (old.as_number(), new.as_number()) {
                (Some(old), Some(new)) => (zero < new && new <= old) || (old <= new && new < zero),
                _ => false,
            }
        }
        (Value::List(old), Value::List(new)) => {
            let mut rest = old.iter();
            new.iter().next().is_some() && new.iter().all(|item| rest.any(|kept| kept == item))
        }
        _ => false,
    }
}

impl Bound {
    /// What a value may be, in words.
    #[must_use]
    pub fn in_words(self) -> String {
        match (self.shrink, self.range) {
            (false, None) => "anything".to_owned(),
            (true, None) => "less: a smaller number, or some of the same items".to_owned(),
            (false, Some((from, to))) => format!("a number from {from} to {to}"),
            (true, Some((from, to))) => format!("a smaller number from {from} to {to}"),
        }
    }

    /// As a policy writes it.
    #[must_use]
    pub fn written(self) -> String {
        match (self.shrink, self.range) {
            (false, None) => "any".to_owned(),
            (true, None) => "shrink".to_owned(),
            (false, Some((from, to))) => format!("{from}..{to}"),
            (true, Some((from, to))) => format!("shrink within {from}..{to}"),
        }
    }
}

/// A field as a policy writes it: `args.to`, `args."x-y"`.
#[must_use]
pub fn field_name(field: &FieldName) -> String {
    let mut name = "args".to_owned();
    for key in field.iter() {
        name.push('.');
        let plain = key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        match plain && !key.is_empty() && !key.as_bytes()[0].is_ascii_digit() {
            true => name.push_str(key),
            false => name.push_str(&format!("{key:?}")),
        }
    }
    name
}

/// Every difference between two versions of the arguments, down to the field that differs.
#[must_use]
pub fn changes(old: &Json, new: &Json) -> Vec<Change> {
    let mut found = Vec::new();
    differ("args", Some(old.root()), Some(new.root()), &mut found);
    found
}

fn differ(name: &str, old: Option<Value<'_>>, new: Option<Value<'_>>, found: &mut Vec<Change>) {
    let (Some(Value::Object(before)), Some(Value::Object(after))) = (old, new) else {
        if old != new {
            let (from, to) = (old.map(Json::from), new.map(Json::from));
            found.push(Change { field: name.to_owned(), from, to });
        }
        return;
    };
    let key_name = |key: &str| match field_name(&[Box::from(key)].into()).strip_prefix("args") {
        Some(rest) => format!("{name}{rest}"),
        None => name.to_owned(),
    };
    for (key, value) in before {
        differ(&key_name(key), Some(value), after.get(key), found);
    }
    for (key, value) in after {
        if before.get(key).is_none() {
            differ(&key_name(key), None, Some(value), found);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::approval::EditTerm;

    fn terms(bound: Bound) -> Terms {
        let field: FieldName = ["amount".into()].into();
        Terms { edits: vec![EditTerm { field, bound }], ..Terms::default() }
    }

    fn edit(args: &str, bound: Bound, value: &str) -> Result<String, String> {
        let edits = [FieldEdit { field: ["amount".into()].into(), value: value.parse().unwrap() }];
        let new = edited(&args.parse().unwrap(), &edits, &terms(bound));
        new.map(|new| new.to_string()).map_err(|error| error.to_string())
    }

    #[test]
    fn shrinking_means_less_but_still_something() {
        let shrink = Bound { shrink: true, range: None };
        let number = |value| edit(r#"{"amount":100}"#, shrink, value);
        assert_eq!(number("50").unwrap(), r#"{"amount":50}"#);
        for refused in ["-1", "0", "\"1\"", "null", "101", "100.1", "[50]", "1e999999999"] {
            assert!(number(refused).unwrap_err().contains("may only be less"), "{refused}");
        }
        let list = |value| edit(r#"{"amount":["a","b","a"]}"#, shrink, value);
        assert!(list(r#"["a","a"]"#).is_ok());
        for refused in ["[]", r#"["c"]"#, r#"["a","b","a","a"]"#, r#"["b","b"]"#, "\"a\""] {
            assert!(list(refused).is_err(), "{refused}");
        }
    }

    #[test]
    fn a_range_holds_numbers_alone() {
        let range =
            Bound { shrink: false, range: Some((Number::from(1_u64), Number::from(50_u64))) };
        let number = |value| edit(r#"{"amount":100}"#, range, value);
        assert!(number("50").is_ok() && number("1").is_ok());
        for refused in ["0", "51", "\"5\"", "null"] {
            assert!(number(refused).is_err(), "{refused}");
        }
    }

    #[test]
    fn only_named_fields_are_changed_and_only_once() {
        let any = Bound::default();
        assert_eq!(edit(r#"{"amount":1}"#, any, "1").unwrap_err(), "the edit changes nothing");
        let other = FieldEdit { field: ["to".into()].into(), value: Json::null() };
        let refused = edited(&Json::empty_object(), &[other], &terms(any)).unwrap_err();
        assert_eq!(refused, EditError::NotEditable("args.to".to_owned()));
    }

    #[test]
    fn every_difference_is_named() {
        let (old, new) = (r#"{"a":{"x":1,"y":2},"b":[1]}"#, r#"{"a":{"x":1,"y":3},"c":null}"#);
        let found = changes(&old.parse().unwrap(), &new.parse().unwrap());
        let fields: Vec<_> = found.iter().map(|change| &*change.field).collect();
        assert_eq!(fields, ["args.a.y", "args.b", "args.c"]);
    }
}
