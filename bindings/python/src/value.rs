//! JSON as Python's values: fresh ones each time, so that whoever changes them changes nothing.

use crate::errors::Unavailable;
use fence::engine::json::{Json, Value};
use fence::engine::number::Number;
use pyo3::IntoPyObjectExt as _;
use pyo3::prelude::*;
use pyo3::types::{PyCFunction, PyDict, PyFloat, PyInt, PyList, PyTuple};
use serde::Serialize;

/// A document as Python has it.
pub(crate) fn python(py: Python<'_>, json: &Json) -> PyResult<Py<PyAny>> {
    value(py, json.root())
}

/// Something of Fence's that has a JSON shape, as Python has it.
pub(crate) fn shape(py: Python<'_>, shape: &impl Serialize) -> PyResult<Py<PyAny>> {
    let text = serde_json::to_string(shape)
        .map_err(|error| Unavailable::new_err(format!("it cannot be written as JSON: {error}")))?;
    read_json(py, &text)
}

/// The value of a JSON text; no number is rounded that need not be.
#[pyfunction]
pub(crate) fn read_json(py: Python<'_>, text: &str) -> PyResult<Py<PyAny>> {
    let exact = PyDict::new(py);
    let parse = PyCFunction::new_closure(
        py,
        None,
        None,
        |given: &Bound<'_, PyTuple>, _: Option<&Bound<'_, PyDict>>| {
            let token: String = given.get_item(0)?.extract()?;
            number(given.py(), &token)
        },
    )?;
    exact.set_item("parse_float", parse)?;
    Ok(py.import("json")?.call_method("loads", (text,), Some(&exact))?.unbind())
}

fn value(py: Python<'_>, json: Value<'_>) -> PyResult<Py<PyAny>> {
    match json {
        Value::Null => Ok(py.None()),
        Value::Bool(flag) => flag.into_py_any(py),
        Value::Text(text) => text.into_py_any(py),
        Value::Number(token) => number(py, token.as_str()),
        Value::List(list) => {
            let items = list.iter().map(|item| value(py, item)).collect::<PyResult<Vec<_>>>()?;
            PyList::new(py, items)?.into_py_any(py)
        }
        Value::Object(object) => {
            let dict = PyDict::new(py);
            for (key, item) in object {
                dict.set_item(key, value(py, item)?)?;
            }
            dict.into_py_any(py)
        }
    }
}

/// A `float` where there is a point or a fraction, else an `int`: records write 500 as `5e2`.
fn number(py: Python<'_>, token: &str) -> PyResult<Py<PyAny>> {
    if token.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-') {
        return py.get_type::<PyInt>().call1((token,))?.into_py_any(py);
    }
    match Number::parse(token) {
        Ok(number) if number.is_integer() && !token.contains('.') => {
            let (digits, power) = number.parts();
            let power = usize::from(power.unsigned_abs());
            py.get_type::<PyInt>().call1((format!("{digits}{:0<power$}", ""),))?.into_py_any(py)
        }
        _ => py.get_type::<PyFloat>().call1((token,))?.into_py_any(py),
    }
}
