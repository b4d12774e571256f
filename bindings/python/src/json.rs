//! Python's values as exact JSON: nothing is rounded, and what is no JSON is refused by name.

use crate::errors::UsageError;
use fence::engine::json::{Builder, Json, Limits, ToJson as _};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyList, PyString, PyTuple};

/// A dict as a JSON object; `what` is how messages call it.
pub(crate) fn object(what: &str, value: &Bound<'_, PyAny>) -> PyResult<Json> {
    match value.cast::<PyDict>() {
        Ok(_) => json(what, value),
        Err(_) => Err(UsageError::new_err(format!("`{what}` must be a dict, not {}", kind(value)))),
    }
}

/// Any value as JSON.
pub(crate) fn json(what: &str, value: &Bound<'_, PyAny>) -> PyResult<Json> {
    let mut writer = Writer { json: Builder::new(), values: 0, bytes: 0, depth: 0 };
    writer.value(value).map_err(|unfit| unfit.told(what))?;
    writer.json.finish().map_err(|error| UsageError::new_err(format!("`{what}`: {error}")))
}

/// What a value is, in Python's words.
pub(crate) fn kind(value: &Bound<'_, PyAny>) -> String {
    match value.get_type().name() {
        Ok(name) if value.is_none() || name.to_string_lossy() == "NoneType" => "None".to_owned(),
        Ok(name) => format!("a value of type {}", name.to_string_lossy()),
        Err(_) => "something else".to_owned(),
    }
}

/// Why a value is no JSON, and where it stands.
struct Unfit {
    why: String,
    path: Vec<String>,
}

type Written = Result<(), Unfit>;

fn unfit(why: impl Into<String>) -> Unfit {
    Unfit { why: why.into(), path: Vec::new() }
}

impl Unfit {
    fn within(mut self, step: String) -> Self {
        self.path.push(step);
        self
    }

    fn told(self, what: &str) -> PyErr {
        // Deep within a circle the way there is of no interest.
        let path: String = self.path.into_iter().rev().take(8).collect();
        UsageError::new_err(format!("`{what}{path}` {}", self.why))
    }
}

/// Writes values, and stops where the limits of a call are reached: a small value that holds
/// itself, or the same list very often, ends there too.
struct Writer {
    json: Builder,
    values: usize,
    bytes: usize,
    depth: usize,
}

impl Writer {
    fn value(&mut self, value: &Bound<'_, PyAny>) -> Written {
        self.values += 1;
        if self.values > Limits::CALL.values || self.bytes > Limits::CALL.bytes {
            return Err(unfit("is larger than a call may be"));
        }
        if let Ok(text) = value.cast::<PyString>() {
            let text = text.to_str().map_err(|_| unfit("is no proper Unicode text"))?;
            self.bytes += text.len();
            self.json.text(text);
        } else if let Ok(flag) = value.cast::<PyBool>() {
            self.json.bool(flag.is_true());
        } else if let Ok(number) = value.cast::<PyInt>() {
            self.whole(number)?;
        } else if let Ok(dict) = value.cast::<PyDict>() {
            self.nested(|writer| writer.dict(dict))?;
        } else if let Ok(list) = value.cast::<PyList>() {
            self.nested(|writer| writer.list(list.iter()))?;
        } else if value.is_none() {
            self.json.null();
        } else if let Ok(number) = value.cast::<PyFloat>() {
            self.fraction(number.value())?;
        } else if let Ok(tuple) = value.cast::<PyTuple>() {
            self.nested(|writer| writer.list(tuple.iter()))?;
        } else {
            let found = kind(value);
            let wanted = "use dict, list, str, int, float, bool or None";
            return Err(unfit(format!("is {found}, which is no JSON: {wanted}")));
        }
        Ok(())
    }

    fn nested(&mut self, write: impl FnOnce(&mut Self) -> Written) -> Written {
        if self.depth >= Limits::CALL.depth {
            return Err(unfit(format!("nests deeper than {}", Limits::CALL.depth)));
        }
        self.depth += 1;
        let written = write(self);
        self.depth -= 1;
        written
    }

    fn dict(&mut self, dict: &Bound<'_, PyDict>) -> Written {
        self.json.begin_object();
        for (key, value) in dict {
            let Ok(key) = key.cast::<PyString>() else {
                return Err(unfit(format!("has a key that is {}, no text", kind(&key))));
            };
            let key = key.to_str().map_err(|_| unfit("has a key that is no proper Unicode"))?;
            self.bytes += key.len();
            self.json.key(key);
            self.value(&value).map_err(|unfit| unfit.within(format!(".{key}")))?;
        }
        self.json.end_object();
        Ok(())
    }

    fn list<'py>(&mut self, items: impl Iterator<Item = Bound<'py, PyAny>>) -> Written {
        self.json.begin_list();
        for (at, item) in items.enumerate() {
            self.value(&item).map_err(|unfit| unfit.within(format!("[{at}]")))?;
        }
        self.json.end_list();
        Ok(())
    }

    fn whole(&mut self, number: &Bound<'_, PyInt>) -> Written {
        if let Ok(small) = number.extract::<i64>() {
            small.write_json(&mut self.json);
            return Ok(());
        }
        // Of the type itself: a subclass may write itself as it likes.
        let digits = number.py().get_type::<PyInt>().call_method1("__repr__", (number,));
        let digits = digits.and_then(|digits| digits.extract::<String>());
        self.token(&digits.map_err(|_| unfit("is a whole number of too many digits"))?)
    }

    fn fraction(&mut self, number: f64) -> Written {
        if !number.is_finite() {
            return Err(unfit(format!("is {number}, which is no number in JSON")));
        }
        // The shortest text that reads back as this number, always with a point: what has none is
        // read as a whole number.
        let digits = format!("{number:?}");
        match digits.split_once('e') {
            Some((digits, power)) if !digits.contains('.') => {
                self.token(&format!("{digits}.0e{power}"))
            }
            _ => self.token(&digits),
        }
    }

    fn token(&mut self, token: &str) -> Written {
        self.bytes += token.len();
        let number: Json = token.parse().map_err(|_| unfit("is no number in JSON"))?;
        self.json.value(number.root());
        Ok(())
    }
}
