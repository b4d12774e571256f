//! Values from JavaScript, which `lib/values.js` wrote as JSON; and texts.

use fence::engine::json::Json;
use fence::engine::show::printable;
use napi::bindgen_prelude::{FromNapiValue, TypeName, ValidateNapiValue};
use napi::{JsString, JsValue as _, Unknown, ValueType, sys};
use std::ptr;

/// A value from JavaScript, or why it has no JSON. `undefined` is an empty object.
pub struct Given(pub Result<Json, String>);

/// A text from JavaScript, exact: half of a surrogate pair is an error.
pub struct Text(pub String);

impl Given {
    fn read(text: &str) -> Self {
        Self(match text.strip_prefix('!') {
            None => Json::parse(text.as_bytes()).map_err(|error| error.to_string()),
            Some(refused) => Err(match refused.rsplit_once('\0') {
                Some((place, why)) if !place.is_empty() => {
                    format!("`{}` {why}", printable(place, 200))
                }
                _ => refused.trim_start_matches('\0').to_owned(),
            }),
        })
    }
}

impl FromNapiValue for Given {
    unsafe fn from_napi_value(env: sys::napi_env, value: sys::napi_value) -> napi::Result<Self> {
        // SAFETY: the caller's promise is the same.
        let value = unsafe { Unknown::from_napi_value(env, value) }?;
        match value.get_type()? {
            ValueType::Undefined => Ok(Self(Ok(Json::empty_object()))),
            ValueType::String => Ok(Self::read(value.coerce_to_string()?.into_utf8()?.as_str()?)),
            _ => Err(crate::failed("a written value is needed here")),
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
        text(value.coerce_to_string()?).map(Self)
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

fn text(string: JsString<'_>) -> napi::Result<String> {
    let text = string.into_utf8()?.into_owned()?;
    // Half of a surrogate pair arrives as U+FFFD, which is also a character of its own.
    if !text.contains('\u{FFFD}') {
        return Ok(text);
    }
    let utf16 = string.into_utf16()?;
    utf16.as_str().map_err(|_| crate::failed("a text holds half of a surrogate pair"))
}
