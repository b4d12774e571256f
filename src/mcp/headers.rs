//! The headers in which HTTP mirrors a message's body: made for servers, and checked for clients.
//!
//! MCP 2026-07-28, Streamable HTTP: `Mcp-Method`, `Mcp-Name`, `Mcp-Param-*`, and the encoding of
//! values that a header cannot hold.

use super::message::Message;
use super::method::{LEGACY, VERSION_KEY};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fence_engine::json::Value;

const METHOD: &str = "mcp-method";
const NAME: &str = "mcp-name";
pub(super) const VERSION: &str = "mcp-protocol-version";
const PARAM: &str = "mcp-param-";

/// What marks a value as encoded.
const ENCODED: (&str, &str) = ("=?base64?", "?=");

/// The arguments of a tool that are mirrored: what the header is called, and where the value is.
pub(super) type Mirrored = Vec<(String, Vec<String>)>;

/// What the headers of a message must say: name and value, undecoded.
fn wanted(message: &Message, mirrored: &Mirrored) -> Vec<(String, String)> {
    let mut wanted = vec![(METHOD.to_owned(), message.method().to_owned())];
    if let Some(version) = message.meta(VERSION_KEY).and_then(Value::as_text) {
        wanted.push((VERSION.to_owned(), version.to_owned()));
    }
    let name = match message.method() {
        "tools/call" | "prompts/get" => message.param("name"),
        "resources/read" => message.param("uri"),
        _ => None,
    };
    wanted.extend(name.and_then(Value::as_text).map(|name| (NAME.to_owned(), name.to_owned())));
    if message.method() == "tools/call" {
        let argument = |path: &[String]| {
            path.iter().try_fold(message.param("arguments")?, |value, key| value.get(key))
        };
        wanted.extend(mirrored.iter().filter_map(|(header, path)| {
            let value = in_words(argument(path)?)?;
            Some((format!("{PARAM}{}", header.to_ascii_lowercase()), value))
        }));
    }
    wanted
}

fn in_words(value: Value<'_>) -> Option<String> {
    match value {
        Value::Text(text) => Some(text.to_owned()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        _ => None,
    }
}

/// The headers under which a message goes to a server; what no header can be called is left out.
pub(super) fn made(message: &Message, mirrored: &Mirrored) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in wanted(message, mirrored) {
        let name = HeaderName::from_bytes(name.as_bytes());
        if let (Ok(name), Ok(value)) = (name, HeaderValue::from_str(&encoded(&value))) {
            headers.insert(name, value);
        }
    }
    headers
}

fn encoded(value: &str) -> String {
    let plain = value.bytes().all(|byte| matches!(byte, 0x20..=0x7E)) && value.trim() == value;
    let (before, after) = ENCODED;
    match plain && !(value.starts_with(before) && value.ends_with(after)) {
        true => value.to_owned(),
        false => format!("{before}{}{after}", STANDARD.encode(value)),
    }
}

/// Whether a client's headers say what its message says.
///
/// # Errors
/// The first that does not.
pub(super) fn check(
    headers: &HeaderMap,
    message: &Message,
    mirrored: &Mirrored,
) -> Result<(), String> {
    let modern = message.meta(VERSION_KEY).is_some();
    let wanted = wanted(message, mirrored);
    for (name, value) in &wanted {
        match decoded(headers, name)? {
            Some(said) if said == *value || same_number(&said, value) => {}
            // Older revisions know none of these headers.
            None if !modern => {}
            Some(_) => return Err(format!("`{name}` says something else than the message")),
            None => return Err(format!("`{name}` is missing")),
        }
    }
    let known = |name: &str| wanted.iter().any(|(wanted, _)| wanted == name);
    for name in headers.keys().map(HeaderName::as_str) {
        let mirrors = name.starts_with(PARAM) || matches!(name, METHOD | NAME | VERSION);
        if mirrors && !known(name) {
            let said = decoded(headers, name)?;
            let legacy = |said: &str| !modern && name == VERSION && LEGACY.contains(&said);
            if said.as_deref().is_some_and(legacy) {
                continue;
            }
            return Err(format!("`{name}` mirrors nothing in the message"));
        }
    }
    Ok(())
}

/// The one value of a header.
fn decoded(headers: &HeaderMap, name: &str) -> Result<Option<String>, String> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(format!("`{name}` stands there twice"));
    }
    let malformed = || format!("`{name}` is malformed");
    let value = value.to_str().map_err(|_| malformed())?;
    let (before, after) = ENCODED;
    let Some(rest) = value.strip_prefix(before) else { return Ok(Some(value.to_owned())) };
    if matches!(name, METHOD | VERSION) {
        return Err(malformed());
    }
    let bytes = rest.strip_suffix(after).and_then(|inner| {
        let bytes = STANDARD.decode(inner).ok()?;
        // There is one way to write each value.
        (STANDARD.encode(&bytes) == inner).then_some(bytes)
    });
    let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
    text.map(Some).ok_or_else(malformed)
}

/// `42.0` and `42`
fn same_number(one: &str, other: &str) -> bool {
    use fence_engine::number::Number;
    matches!((Number::parse(one), Number::parse(other)), (Ok(one), Ok(other)) if one == other)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call() -> Message {
        let text = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"s q l","arguments":{"region":"eu","n":42,"deep":{"é":" x "}},"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}}}"#;
        Message::read(text.as_bytes().to_vec()).unwrap()
    }

    fn mirrored() -> Mirrored {
        let path = |path: &[&str]| path.iter().map(|key| (*key).to_owned()).collect();
        vec![
            ("Region".to_owned(), path(&["region"])),
            ("N".to_owned(), path(&["n"])),
            ("Deep".to_owned(), path(&["deep", "é"])),
            ("Absent".to_owned(), path(&["absent"])),
        ]
    }

    fn with(changes: &[(&'static str, &str)]) -> Result<(), String> {
        let mut headers = made(&call(), &mirrored());
        for (name, value) in changes {
            match *value {
                "" => drop(headers.remove(*name)),
                value => drop(headers.insert(*name, HeaderValue::from_str(value).unwrap())),
            }
        }
        check(&headers, &call(), &mirrored())
    }

    #[test]
    fn headers_that_agree_pass() {
        assert_eq!(with(&[]), Ok(()));
        assert_eq!(with(&[("mcp-param-n", "42.0"), ("mcp-name", "=?base64?cyBxIGw=?=")]), Ok(()));
    }

    #[test]
    fn headers_that_disagree_are_missing_or_malformed_do_not() {
        for (name, value) in [
            ("mcp-method", "tools/list"),
            ("mcp-method", ""),
            ("mcp-name", "other"),
            ("mcp-name", ""),
            ("mcp-name", "=?base64?cyBxIGw?="),
            ("mcp-name", "=?base64?cyBxIGx=?="),
            ("mcp-name", "=?base64?cyBxIGw=?=x"),
            ("mcp-name", "=?base64?DQo=?="),
            ("mcp-method", "=?base64?dG9vbHMvY2FsbA==?="),
            ("mcp-param-region", "us"),
            ("mcp-param-region", ""),
            ("mcp-param-other", "x"),
            ("mcp-param-absent", "x"),
            ("mcp-protocol-version", "2025-11-25"),
        ] {
            assert!(with(&[(name, value)]).is_err(), "{name}: {value}");
        }
        let mut headers = made(&call(), &mirrored());
        headers.append(NAME, HeaderValue::from_static("s q l"));
        assert!(check(&headers, &call(), &mirrored()).unwrap_err().contains("twice"));
    }
}
