//! Which later calls a grant covers: those that are no more than the call a person approved.

use super::edit::{field_name, is_within};
use super::{Bound, EditTerm};
use crate::json::{Json, Value};

/// Whether `args` is no more than the arguments that were approved.
///
/// Both have the same fields. A field that the rule lets approvers edit is free within that bound:
/// `any` is free, a range holds, `shrink` is the same or less. Every other field is the same.
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
        let holds = |old: Value<'_>| {
            old == value || bound.is_some_and(|bound| is_within(bound, Some(old), value))
        };
        if !before.get(key).is_some_and(holds) {
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
        let shrink = Bound { shrink: true, range: None };
        let term = |key: &str, bound| EditTerm { field: [key.into()].into(), bound };
        let edits = [
            term("subject", Bound::default()),
            term("bcc", Bound::default()),
            term("to", shrink),
            term("amount", shrink),
        ];
        let approved: Json =
            r#"{"to":["a@x.example","b@x.example"],"amount":10,"subject":"Hi","id":7}"#.parse().unwrap();
        let covered = |args: &str| covers(&approved, &edits, &args.parse().unwrap());
        assert_eq!(covered(r#"{"to":["b@x.example"],"amount":9,"subject":"Ho","id":7}"#), Ok(()));
        for (args, beyond) in [
            (r#"{"to":["b@x.example"],"amount":999999,"subject":"Hi","id":7}"#, "args.amount"),
            (r#"{"to":["c@x.example"],"amount":10,"subject":"Hi","id":7}"#, "args.to"),
            (r#"{"to":["a@x.example"],"amount":10,"subject":"Hi","id":7,"bcc":["x"]}"#, "args.bcc"),
            (r#"{"to":["a@x.example"],"subject":"Hi","id":7}"#, "args.amount"),
            (r#"{"to":["a@x.example"],"amount":10,"subject":"Hi","id":6}"#, "args.id"),
            (r#"{"to":[],"amount":10,"subject":"Hi","id":7}"#, "args.to"),
        ] {
            assert_eq!(covered(args), Err(beyond.to_owned()), "{args}");
        }
    }
}
