//! Tape to text: compact as it was read, or canonical for digests.

use std::fmt;

use super::Json;
use super::string::ordinary;
use super::view::{List, NumberText, Object, Value};
use crate::number;

impl Value<'_> {
    /// Appends the canonical form: RFC 8785 (JSON Canonicalization Scheme: members ordered by the
    /// UTF-16 code units of their keys, no blanks, only the escapes that must be), except that a
    /// number is written as [`number::write_canonical`] does. Equal values, and only they, have
    /// equal forms.
    pub fn write_canonical(&self, out: &mut String) {
        canonical(*self, out, &mut Vec::new());
    }

    /// Appends the value as JSON without blanks, members in their order, numbers as written.
    pub fn write_compact(&self, out: &mut String) {
        match *self {
            Self::List(list) => compact_list(list, out),
            Self::Object(object) => compact_object(object, out),
            scalar => write_scalar(scalar, out),
        }
    }
}

impl Json {
    /// As [`Value::write_canonical`], for the whole document.
    pub fn write_canonical(&self, out: &mut String) {
        self.root().write_canonical(out);
    }

    /// As [`Value::write_compact`], for the whole document.
    pub fn write_compact(&self, out: &mut String) {
        self.root().write_compact(out);
    }
}

/// The scalars both forms write alike; nothing for containers.
fn write_scalar(value: Value<'_>, out: &mut String) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(true) => out.push_str("true"),
        Value::Bool(false) => out.push_str("false"),
        Value::Number(number) => out.push_str(number.as_str()),
        Value::Text(text) => write_text(text, out),
        Value::List(_) | Value::Object(_) => {}
    }
}

fn compact_list(list: List<'_>, out: &mut String) {
    out.push('[');
    for (index, item) in list.iter().enumerate() {
        comma(index, out);
        item.write_compact(out);
    }
    out.push(']');
}

fn compact_object(object: Object<'_>, out: &mut String) {
    out.push('{');
    for (index, (key, value)) in object.iter().enumerate() {
        comma(index, out);
        write_text(key, out);
        out.push(':');
        value.write_compact(out);
    }
    out.push('}');
}

fn comma(index: usize, out: &mut String) {
    if index > 0 {
        out.push(',');
    }
}

/// A key and where on the tape its value is.
type Member<'a> = (&'a str, usize);

/// `order` is a stack that the objects around this value have sorted their members on.
fn canonical<'a>(value: Value<'a>, out: &mut String, order: &mut Vec<Member<'a>>) {
    match value {
        Value::Number(token) => number::write_canonical(token.as_str(), out),
        Value::List(list) => {
            out.push('[');
            for (index, item) in list.iter().enumerate() {
                comma(index, out);
                canonical(item, out, order);
            }
            out.push(']');
        }
        Value::Object(object) => canonical_object(object, out, order),
        scalar => write_scalar(scalar, out),
    }
}

fn canonical_object<'a>(object: Object<'a>, out: &mut String, order: &mut Vec<Member<'a>>) {
    let bottom = order.len();
    push_members(object, order);
    order[bottom..].sort_unstable_by(|(a, _), (b, _)| by_utf16(a, b));
    out.push('{');
    for index in bottom..order.len() {
        let (key, value) = order[index];
        comma(index - bottom, out);
        write_text(key, out);
        out.push(':');
        canonical(object.0.json.value(value), out, order);
    }
    out.push('}');
    order.truncate(bottom);
}

fn push_members<'a>(object: Object<'a>, order: &mut Vec<Member<'a>>) {
    let json = object.0.json;
    let mut at = object.0.at + 1;
    for _ in 0..object.len() {
        order.push((json.string(json.node(at)), at + 1));
        at = json.node(at + 1).next(at + 1);
    }
}

/// The order of the UTF-16 code units. It differs from that of the UTF-8 bytes only in that
/// U+E000 to U+FFFF (lead bytes EE and EF) come behind everything above (lead bytes F0 to F4),
/// because the latter is written with surrogates.
fn by_utf16(a: &str, b: &str) -> std::cmp::Ordering {
    let rank = |byte: u8| if matches!(byte, 0xee | 0xef) { byte | 0x10 } else { byte };
    match a.bytes().zip(b.bytes()).find(|(a, b)| a != b) {
        Some((a, b)) => rank(a).cmp(&rank(b)),
        None => a.len().cmp(&b.len()),
    }
}

/// Appends `text` in quotes, with the escapes of ECMAScript's `JSON.stringify` (ECMA-262,
/// QuoteJSONString), which RFC 8785 takes over.
fn write_text(text: &str, out: &mut String) {
    out.push('"');
    let mut rest = text;
    while let Some((plain, special)) = split_at_special(rest) {
        out.push_str(plain);
        write_escape(special, out);
        rest = rest.get(plain.len() + 1..).unwrap_or_default();
    }
    out.push_str(rest);
    out.push('"');
}

/// What stands before the first character that needs an escape, and that character.
fn split_at_special(text: &str) -> Option<(&str, u8)> {
    let plain = ordinary(text.as_bytes());
    Some((text.get(..plain)?, *text.as_bytes().get(plain)?))
}

fn write_escape(byte: u8, out: &mut String) {
    match byte {
        b'"' => out.push_str("\\\""),
        b'\\' => out.push_str("\\\\"),
        0x08 => out.push_str("\\b"),
        b'\t' => out.push_str("\\t"),
        b'\n' => out.push_str("\\n"),
        0x0c => out.push_str("\\f"),
        b'\r' => out.push_str("\\r"),
        _ => {
            out.push_str("\\u00");
            out.extend(
                [byte >> 4, byte & 15]
                    .map(|digit| char::from(b"0123456789abcdef"[usize::from(digit)])),
            );
        }
    }
}

/// Compact JSON.
impl fmt::Display for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::new();
        self.write_compact(&mut text);
        f.write_str(&text)
    }
}

impl fmt::Debug for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for NumberText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for NumberText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Debug for List<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&Value::List(*self), f)
    }
}

impl fmt::Debug for Object<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&Value::Object(*self), f)
    }
}
