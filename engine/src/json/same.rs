//! Equality by value: the order of members and the spelling of numbers do not matter.

use super::Json;
use super::view::{List, NumberText, Object, Value};
use crate::number::write_canonical;

/// Up to this many members are looked up one by one.
const FEW: usize = 16;

impl PartialEq for Json {
    fn eq(&self, other: &Self) -> bool {
        self.root() == other.root()
    }
}

impl Eq for Json {}

impl<'b> PartialEq<Value<'b>> for Value<'_> {
    fn eq(&self, other: &Value<'b>) -> bool {
        match (*self, *other) {
            (Value::Null, Value::Null) => true,
            (Value::Bool(a), Value::Bool(b)) => a == b,
            (Value::Number(a), Value::Number(b)) => a == b,
            (Value::Text(a), Value::Text(b)) => a == b,
            (Value::List(a), Value::List(b)) => a == b,
            (Value::Object(a), Value::Object(b)) => a == b,
            _ => false,
        }
    }
}

impl Eq for Value<'_> {}

/// By exact value, whatever its size.
impl<'b> PartialEq<NumberText<'b>> for NumberText<'_> {
    fn eq(&self, other: &NumberText<'b>) -> bool {
        if self.as_str() == other.as_str() {
            return true;
        }
        match (self.number(), other.number()) {
            (Ok(a), Ok(b)) => a == b,
            (Err(_), Err(_)) => {
                let (mut a, mut b) = (String::new(), String::new());
                write_canonical(self.as_str(), &mut a);
                write_canonical(other.as_str(), &mut b);
                a == b
            }
            _ => false,
        }
    }
}

impl Eq for NumberText<'_> {}

impl<'b> PartialEq<List<'b>> for List<'_> {
    fn eq(&self, other: &List<'b>) -> bool {
        self.len() == other.len() && self.iter().zip(other.iter()).all(|(a, b)| a == b)
    }
}

impl Eq for List<'_> {}

impl<'b> PartialEq<Object<'b>> for Object<'_> {
    fn eq(&self, other: &Object<'b>) -> bool {
        if self.len() != other.len() {
            return false;
        }
        if self.len() <= FEW {
            return self.iter().all(|(key, value)| other.get(key).is_some_and(|b| value == b));
        }
        sorted(*self).iter().zip(sorted(*other)).all(|((a, one), (b, two))| *a == b && *one == two)
    }
}

impl Eq for Object<'_> {}

fn sorted(object: Object<'_>) -> Vec<(&str, Value<'_>)> {
    let mut members: Vec<_> = object.iter().collect();
    members.sort_unstable_by_key(|(key, _)| *key);
    members
}
