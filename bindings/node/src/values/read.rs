//! Values from JavaScript. What `JSON.stringify` would drop or change is refused, and said by its place.

use fence::engine::json::{Builder, Json, Limits, ToJson as _};
use fence::engine::show::printable;
use napi::bindgen_prelude::{
    FromNapiValue, JsObjectValue as _, KeyCollectionMode, KeyConversion, KeyFilter, Object,
    TypeName, ValidateNapiValue,
};
use napi::{JsString, JsValue as _, Unknown, ValueType, sys};
use std::ptr;

/// The greatest whole number up to which every whole number is a JavaScript number.
const SAFE: f64 = 9_007_199_254_740_991.0;

/// A value from JavaScript, or why it has no JSON. `undefined` at the root is an empty object.
pub struct Given(pub Result<Json, String>);

/// A text from JavaScript, exact: half of a surrogate pair is an error.
pub struct Text(pub String);

/// Why reading stopped: JavaScript threw, or a value cannot be told.
enum Stop {
    Threw(napi::Error),
    Refused { place: String, why: String },
}

impl From<napi::Error> for Stop {
    fn from(error: napi::Error) -> Self {
        Self::Threw(error)
    }
}

impl Stop {
    fn refused(why: impl Into<String>) -> Self {
        Self::Refused { place: String::new(), why: why.into() }
    }

    /// The same, found within a member or an item.
    fn within(self, step: impl FnOnce() -> String) -> Self {
        match self {
            Self::Refused { place, why } => Self::Refused { place: step() + &place, why },
            threw @ Self::Threw(_) => threw,
        }
    }
}

impl FromNapiValue for Given {
    unsafe fn from_napi_value(env: sys::napi_env, value: sys::napi_value) -> napi::Result<Self> {
        // SAFETY: the caller's promise is the same.
        let value = unsafe { Unknown::from_napi_value(env, value) }?;
        if value.get_type()? == ValueType::Undefined {
            return Ok(Self(Ok(Json::empty_object())));
        }
        let mut reading = Reading { json: Builder::new(), values: 0 };
        match reading.value(value, 0) {
            Ok(()) => Ok(Self(reading.json.finish().map_err(|error| error.to_string()))),
            Err(Stop::Threw(error)) => Err(error),
            Err(Stop::Refused { place, why }) => Ok(Self(Err(match place.is_empty() {
                true => why,
                false => format!("`{}` {why}", printable(&place, 200)),
            }))),
        }
    }
}

impl TypeName for Given {
    fn type_name() -> &'static str {
        "unknown"
    }

    fn value_type() -> ValueType {
        ValueType::Unknown
    }
}

impl ValidateNapiValue for Given {
    unsafe fn validate(_: sys::napi_env, _: sys::napi_value) -> napi::Result<sys::napi_value> {
        Ok(ptr::null_mut())
    }
}

impl FromNapiValue for Text {
    unsafe fn from_napi_value(env: sys::napi_env, value: sys::napi_value) -> napi::Result<Self> {
        // SAFETY: the caller's promise is the same.
        let value = unsafe { Unknown::from_napi_value(env, value) }?;
        if value.get_type()? != ValueType::String {
            return Err(crate::failed("a text is needed here"));
        }
        match text(value.coerce_to_string()?) {
            Ok(text) => Ok(Self(text)),
            Err(Stop::Threw(error)) => Err(error),
            Err(Stop::Refused { why, .. }) => Err(crate::failed(format!("a text {why}"))),
        }
    }
}

impl TypeName for Text {
    fn type_name() -> &'static str {
        "string"
    }

    fn value_type() -> ValueType {
        ValueType::String
    }
}

impl ValidateNapiValue for Text {}

/// One document being read.
struct Reading {
    json: Builder,
    values: usize,
}

impl Reading {
    fn value(&mut self, value: Unknown<'_>, depth: usize) -> Result<(), Stop> {
        self.values += 1;
        if self.values > Limits::CALL.values {
            return Err(Stop::refused(format!("has more than {} values", Limits::CALL.values)));
        }
        match value.get_type()? {
            ValueType::Null => self.json.null(),
            ValueType::Boolean => self.json.bool(value.coerce_to_bool()?),
            ValueType::Number => self.number(value)?,
            ValueType::BigInt => self.token(&text(value.coerce_to_string()?)?)?,
            ValueType::String => self.json.text(&text(value.coerce_to_string()?)?),
            ValueType::Object => self.container(value, depth)?,
            ValueType::Undefined => return Err(Stop::refused("is undefined: leave it out")),
            ValueType::Function => return Err(Stop::refused("is a function")),
            ValueType::Symbol => return Err(Stop::refused("is a symbol")),
            _ => return Err(Stop::refused("is no value that JSON has")),
        }
        Ok(())
    }

    fn number(&mut self, value: Unknown<'_>) -> Result<(), Stop> {
        let number = value.coerce_to_number()?.get_double()?;
        if !number.is_finite() {
            return Err(Stop::refused(format!("is {}", text(value.coerce_to_string()?)?)));
        }
        if number.fract() == 0.0 && number.abs() <= SAFE {
            #[expect(clippy::cast_possible_truncation, reason = "whole, and within 2^53")]
            (number as i64).write_json(&mut self.json);
            return Ok(());
        }
        // JavaScript's own spelling is the one that `JSON.stringify` writes.
        self.token(&text(value.coerce_to_string()?)?)
    }

    fn token(&mut self, token: &str) -> Result<(), Stop> {
        let number = Json::parse(token.as_bytes()).map_err(|_| Stop::refused("is no number"))?;
        self.json.value(number.root());
        Ok(())
    }

    fn container(&mut self, value: Unknown<'_>, depth: usize) -> Result<(), Stop> {
        if depth >= Limits::CALL.depth {
            let why = format!("is nested more than {} deep, or holds itself", Limits::CALL.depth);
            return Err(Stop::Refused { place: "…".to_owned(), why });
        }
        match value.is_array()? {
            true => self.list(&value.coerce_to_object()?, depth),
            false => self.object(value, depth),
        }
    }

    fn list(&mut self, list: &Object<'_>, depth: usize) -> Result<(), Stop> {
        self.json.begin_list();
        for at in 0..list.get_array_length()? {
            let item = list.get_element(at)?;
            self.value(item, depth + 1).map_err(|stop| stop.within(|| format!("[{at}]")))?;
        }
        self.json.end_list();
        Ok(())
    }

    fn object(&mut self, value: Unknown<'_>, depth: usize) -> Result<(), Stop> {
        if value.is_date()? {
            return Err(Stop::refused("is a Date: write its `toISOString()`"));
        }
        let object = value.coerce_to_object()?;
        if !is_plain(&object)? {
            return Err(Stop::refused("is not a plain object"));
        }
        let keys = object.get_all_property_names(
            KeyCollectionMode::OwnOnly,
            KeyFilter::Enumerable,
            KeyConversion::NumbersToStrings,
        )?;
        self.json.begin_object();
        for at in 0..keys.get_array_length()? {
            let key: Unknown<'_> = keys.get_element(at)?;
            if key.get_type()? == ValueType::Symbol {
                return Err(Stop::refused("has a symbol for a key"));
            }
            let name = text(key.coerce_to_string()?)?;
            self.json.key(&name);
            let member = object.get_property(key)?;
            self.value(member, depth + 1).map_err(|stop| stop.within(|| format!(".{name}")))?;
        }
        self.json.end_object();
        Ok(())
    }
}

/// `{…}` and `Object.create(null)`, of whatever realm; no instance of a class.
fn is_plain(object: &Object<'_>) -> napi::Result<bool> {
    let prototype = object.get_prototype()?;
    if prototype.get_type()? == ValueType::Null {
        return Ok(true);
    }
    let beyond = prototype.coerce_to_object()?.get_prototype()?;
    Ok(beyond.get_type()? == ValueType::Null)
}

fn text(string: JsString<'_>) -> Result<String, Stop> {
    let text = string.into_utf8()?.into_owned()?;
    // Half of a surrogate pair arrives as U+FFFD, which is also a character of its own.
    if !text.contains('\u{FFFD}') {
        return Ok(text);
    }
    let utf16 = string.into_utf16()?;
    utf16.as_str().map_err(|_| Stop::refused("holds half of a surrogate pair"))
}
