//! Values for JavaScript. Every whole number beyond 2^53 becomes a `BigInt`, whether or not a number
//! could hold it; a number that JavaScript cannot hold is an error.

use fence::engine::json::{Json, Value};
use fence::engine::number::write_canonical;
use fence::engine::show::printable;
use napi::bindgen_prelude::{BigInt, JsObjectValue as _, Null, Object, ToNapiValue};
use napi::{Env, JsValue as _, Property, PropertyAttributes, sys};

/// The most digits of a whole number that becomes a `BigInt`.
const MAX_DIGITS: usize = 1_000;

/// Beyond this, numbers are no longer one apart.
const SAFE: f64 = 9_007_199_254_740_992.0;

/// A value for JavaScript.
pub struct Shown(pub Json);

impl ToNapiValue for Shown {
    unsafe fn to_napi_value(env: sys::napi_env, shown: Self) -> napi::Result<sys::napi_value> {
        show(&Env::from_raw(env), shown.0.root())
    }
}

fn show(env: &Env, value: Value<'_>) -> napi::Result<sys::napi_value> {
    match value {
        Value::Null => js(env, Null),
        Value::Bool(value) => js(env, value),
        Value::Number(number) => show_number(env, number.as_str()),
        Value::Text(text) => js(env, text),
        Value::List(list) => {
            let items = list.iter().map(|item| Ok(Raw(show(env, item)?)));
            js(env, items.collect::<napi::Result<Vec<_>>>()?)
        }
        Value::Object(object) => {
            // Defined, not set: a key such as `__proto__` is a member like any other.
            let member = |(key, value)| {
                Property::new()
                    .with_name(env, key)?
                    .with_napi_value(env, Raw(show(env, value)?))
                    .map(|property| property.with_property_attributes(PropertyAttributes::all()))
            };
            let members: Vec<_> = object.iter().map(member).collect::<napi::Result<_>>()?;
            let mut shown = Object::new(env)?;
            shown.define_properties(&members)?;
            Ok(shown.raw())
        }
    }
}

fn show_number(env: &Env, token: &str) -> napi::Result<sys::napi_value> {
    let exact = canonical(token);
    if let Some(near) = token.parse::<f64>().ok().filter(|near| near.abs() <= SAFE)
        && canonical(&near.to_string()) == exact
    {
        return js(env, near);
    }
    match big(&exact) {
        Some(big) => js(env, big),
        None => Err(crate::failed(format!(
            "the number {} has more digits than JavaScript can hold",
            printable(token, 60)
        ))),
    }
}

fn canonical(token: &str) -> String {
    let mut text = String::new();
    write_canonical(token, &mut text);
    text
}

/// A whole number from its canonical form, digits and a power of ten.
fn big(canonical: &str) -> Option<BigInt> {
    let (digits, zeros) = canonical.split_once('e').unwrap_or((canonical, "0"));
    let (zeros, unsigned) = (zeros.parse().ok()?, digits.strip_prefix('-').unwrap_or(digits));
    if unsigned.len().checked_add(zeros)? > MAX_DIGITS {
        return None;
    }
    let mut words: Vec<u64> = Vec::new();
    for digit in unsigned.bytes().chain(std::iter::repeat_n(b'0', zeros)) {
        let mut carry = u128::from(digit - b'0');
        for word in &mut words {
            let next = u128::from(*word) * 10 + carry;
            #[expect(clippy::cast_possible_truncation, reason = "the lower half is meant")]
            (*word = next as u64);
            carry = next >> 64;
        }
        words.extend(u64::try_from(carry).ok().filter(|carry| *carry > 0));
    }
    Some(BigInt { sign_bit: digits.starts_with('-'), words })
}

/// A value that is a JavaScript value already.
struct Raw(sys::napi_value);

impl ToNapiValue for Raw {
    unsafe fn to_napi_value(_: sys::napi_env, value: Self) -> napi::Result<sys::napi_value> {
        Ok(value.0)
    }
}

fn js(env: &Env, value: impl ToNapiValue) -> napi::Result<sys::napi_value> {
    // SAFETY: the environment is the one in which this call runs.
    unsafe { ToNapiValue::to_napi_value(env.raw(), value) }
}
