//! Which later calls a grant covers: those that are no more than the call a person approved.

use super::edit::{field_name, is_less, is_within};
use super::{Bound, EditTerm};
use crate::json::{Json, Value};

/// Whether `args` is no more than the arguments that were approved.
///
/// Both have the same fields. A field that the rule lets approvers edit is free within that bound;
/// every other one is the same, a smaller number, or a list of some of the same items.
///
/// # Errors
/// The first field that goes beyond.
pub fn covers(approved: &Json, edits: &[EditTerm], args: &Json) -> Result<(), String> {
    let (Value::Object(before), Value::Object(after)) = (approved.root(), args.root()) else {
        return Err("args".to_owned());
    };
    let name = |key: &str| field_name(&[Box::from(key)].into());
    for (key, value) in after {
        let bound = bound_of(edits, key);
        let free = bound.is_some_and(|bound| !bound.shrink && is_within(bound, None, value));
        let less = |old: Value<'_>| {
            old == value
                || (is_less(old, value)
                    && bound.is_none_or(|bound| is_within(bound, Some(old), value)))
        };
        if !free && !before.get(key).is_some_and(less) {
            return Err(name(key));
        }
    }
    let dropped = |(key, _): &(&str, Value<'_>)| after.get(key).is_none();
    match before.into_iter().find(dropped) {
        Some((key, _)) => Err(name(key)),
        None => Ok(()),
    }
}

fn bound_of(edits: &[EditTerm], key: &str) -> Option<Bound> {
    edits.iter().find(|edit| edit.field.len() == 1 && *edit.field[0] == *key).map(|edit| edit.bound)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grant_covers_no_more_than_what_was_approved() {
        let subject = EditTerm { field: ["subject".into()].into(), bound: Bound::default() };
        let approved: Json =
            r#"{"to":["a@x.example","b@x.example"],"amount":10,"subject":"Hi"}"#.parse().unwrap();
        let covered =
            |args: &str| covers(&approved, std::slice::from_ref(&subject), &args.parse().unwrap());
        assert_eq!(covered(r#"{"to":["b@x.example"],"amount":9,"subject":"Ho"}"#), Ok(()));
        for (args, beyond) in [
            (r#"{"to":["b@x.example"],"amount":999999,"subject":"Hi"}"#, "args.amount"),
            (r#"{"to":["c@x.example"],"amount":10,"subject":"Hi"}"#, "args.to"),
            (r#"{"to":["a@x.example"],"amount":10,"subject":"Hi","bcc":["x"]}"#, "args.bcc"),
            (r#"{"to":["a@x.example"],"subject":"Hi"}"#, "args.amount"),
            (r#"{"to":[],"amount":10,"subject":"Hi"}"#, "args.to"),
        ] {
            assert_eq!(covered(args), Err(beyond.to_owned()), "{args}");
        }
    }
}
