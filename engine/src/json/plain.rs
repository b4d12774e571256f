//! Numbers written as people write them.

use super::view::Value;
use super::{Builder, Json, Limits};

impl Json {
    /// The same document with every number in plain digits: `5e1` as `50`. Those beyond the range
    /// of [`Number`](crate::number::Number) stay as they are, because their digits could be endless.
    ///
    /// ```
    /// use fence_engine::json::Json;
    ///
    /// let json: Json = r#"{"n":[5e1,1.50,1e999999999]}"#.parse()?;
    /// assert_eq!(json.plain().to_string(), r#"{"n":[50,1.5,1e999999999]}"#);
    /// # Ok::<(), fence_engine::json::JsonError>(())
    /// ```
    #[must_use]
    pub fn plain(&self) -> Self {
        let mut out = Builder::within(Limits::RECORD);
        write(self.root(), &mut out);
        out.finish().unwrap_or_else(|_| self.clone())
    }
}

/// As deep as the document, which is bounded.
fn write(value: Value<'_>, out: &mut Builder) {
    match value {
        Value::List(list) => {
            out.begin_list();
            list.iter().for_each(|item| write(item, out));
            out.end_list();
        }
        Value::Object(object) => {
            out.begin_object();
            for (key, value) in object {
                out.key(key);
                write(value, out);
            }
            out.end_object();
        }
        value => match value.as_number() {
            Some(number) => out.number(number),
            None => out.value(value),
        },
    }
}
