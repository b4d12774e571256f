//! One JSON-RPC message, read strictly: what was read is what is forwarded.

use super::members;
use fence_engine::json::{BuildError, Builder, Json, Limits, Object, Value};
use fence_engine::show::printable;
use std::borrow::Cow;
use std::fmt;

/// What one message may be: results carry files and pictures.
pub(super) const LIMITS: Limits = Limits { bytes: 64 << 20, depth: 128, values: 4_000_000 };

/// The members that a message has. Others are read by nobody here, and not forwarded.
const MEMBERS: [&str; 6] = ["jsonrpc", "id", "method", "params", "result", "error"];

/// The id of a request, as its JSON: a text or a whole number, kept as it was written.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Id(String);

impl Id {
    /// An id of Fence's own, in a space that nobody else may use.
    pub(super) fn own(prefix: &str, number: u64) -> Self {
        Self(format!("\"{prefix}{number}\""))
    }

    /// The text that it is, where it is one.
    pub(super) fn as_text(&self) -> Option<&str> {
        self.0.strip_prefix('"')?.strip_suffix('"')
    }

    fn write(&self, out: &mut Builder) {
        let json: Json = self.0.parse().unwrap_or_default();
        out.value(json.root());
    }

    pub(super) fn read(value: Value<'_>) -> Option<Self> {
        match value {
            Value::Text(_) => {}
            Value::Number(number) if is_whole(number.as_str()) => {}
            _ => return None,
        }
        let mut text = String::new();
        value.write_compact(&mut text);
        Some(Self(text))
    }
}

fn is_whole(token: &str) -> bool {
    let digits = token.strip_prefix('-').unwrap_or(token);
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a message is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// It wants an answer.
    Request(Id, String),
    /// It wants none.
    Notification(String),
    /// It is the answer to a request.
    Response(Id),
}

/// One message.
#[derive(Clone)]
pub(super) struct Message {
    pub(super) shape: Shape,
    pub(super) json: Json,
    raw: Vec<u8>,
}

/// Why something is no message, and which request it would have been.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Unreadable {
    pub(super) why: String,
    pub(super) id: Option<Id>,
    /// Whether it is JSON at all.
    pub(super) is_json: bool,
    /// Whether it would have been the answer to that request.
    pub(super) answers: bool,
}

impl Unreadable {
    /// What is no JSON.
    pub(super) fn text(why: String) -> Self {
        Self { why, id: None, is_json: false, answers: false }
    }
}

impl Message {
    /// Reads one message.
    pub(super) fn read(raw: Vec<u8>) -> Result<Self, Unreadable> {
        if let Some(why) = breaks_lines(&raw) {
            return Err(Unreadable::text(why.to_owned()));
        }
        let json = Json::parse_with(&raw, &LIMITS);
        let json =
            json.map_err(|error| Unreadable::text(format!("it is not strict JSON: {error}")))?;
        let read = shape(json.root()).map_err(str::to_owned);
        let members = |root: Object<'_>| members::check(root);
        match read.and_then(|shape| json.root().as_object().map_or(Ok(()), members).map(|()| shape))
        {
            Ok(shape) => Ok(Self { shape, json, raw }),
            Err(why) => {
                let id = json.root().get("id").and_then(Id::read);
                let answers = json.root().get("method").is_none();
                Err(Unreadable { why, id, is_json: true, answers })
            }
        }
    }

    /// Its parameters, where it has some.
    pub(super) fn params(&self) -> Option<Object<'_>> {
        self.json.root().get("params")?.as_object()
    }

    /// One of its parameters.
    pub(super) fn param(&self, key: &str) -> Option<Value<'_>> {
        self.params()?.get(key)
    }

    /// What it says in `_meta` under this key.
    pub(super) fn meta(&self, key: &str) -> Option<Value<'_>> {
        self.param("_meta")?.get(key)
    }

    /// Its result, where it is a response that has one.
    pub(super) fn result(&self) -> Option<Value<'_>> {
        self.json.root().get("result")
    }

    /// The method, unless it is a response.
    pub(super) fn method(&self) -> &str {
        match &self.shape {
            Shape::Request(_, method) | Shape::Notification(method) => method,
            Shape::Response(_) => "",
        }
    }

    /// The bytes to forward: as they came, unless they hold what has no meaning at the other end.
    pub(super) fn forwarded(&self) -> Result<Vec<u8>, BuildError> {
        let foreign = |object: Object<'_>| object.iter().any(|(key, _)| !MEMBERS.contains(&key));
        let claims = |meta: Value<'_>| {
            meta.as_object().is_some_and(|meta| meta.iter().any(|(key, _)| is_ours(key)))
        };
        let root = self.json.root().as_object();
        match root.is_some_and(foreign) || self.param("_meta").is_some_and(claims) {
            true => self.with_params(|_, _| true, None),
            false => Ok(self.raw.clone()),
        }
    }

    /// The bytes as they came.
    pub(super) fn raw(&self) -> &[u8] {
        &self.raw
    }

    /// As [`Message::raw`], to be read again.
    pub(super) fn into_raw(self) -> Vec<u8> {
        self.raw
    }

    /// The same message under another id, and its progress under another token where it has one.
    pub(super) fn renamed(&self, id: &Id, token: Option<&Id>) -> Result<Vec<u8>, BuildError> {
        let mut out = Builder::within(LIMITS);
        rename(&mut out, self.json.root(), &[], id, token);
        out.finish().map(|json| json.to_string().into_bytes())
    }

    /// The same request, of whose `_meta` only these keys are left.
    pub(super) fn with_meta(&self, keep: impl Fn(&str) -> bool) -> Result<Self, BuildError> {
        let mut meta = Builder::within(LIMITS);
        meta.begin_object();
        if let Some(Value::Object(members)) = self.param("_meta") {
            meta.key("_meta");
            meta.begin_object();
            for (key, value) in members.iter().filter(|(key, _)| keep(key)) {
                meta.key(key);
                meta.value(value);
            }
            meta.end_object();
        }
        meta.end_object();
        let meta = meta.finish()?;
        let raw = self.with_params(|key, _| key != "_meta", meta.root().as_object())?;
        let json = Json::parse_with(&raw, &LIMITS).unwrap_or_default();
        Ok(Self { shape: self.shape.clone(), json, raw })
    }

    /// The message put together anew: the parameters that `keep` names, then `more`, which are an
    /// object's members. What a client claims under a name of Fence's is left out.
    pub(super) fn with_params(
        &self,
        keep: impl Fn(&str, Value<'_>) -> bool,
        more: Option<Object<'_>>,
    ) -> Result<Vec<u8>, BuildError> {
        let mut out = Builder::within(LIMITS);
        out.begin_object();
        for (key, value) in self.json.root().as_object().into_iter().flatten() {
            match (key, value) {
                ("params", Value::Object(params)) => {
                    out.key(key);
                    rebuilt(&mut out, params, &keep, more);
                }
                _ if MEMBERS.contains(&key) => {
                    out.key(key);
                    out.value(value);
                }
                _ => {}
            }
        }
        if let (None, Some(more)) = (self.params(), more.filter(|more| !more.is_empty())) {
            out.key("params");
            out.value(Value::Object(more));
        }
        out.end_object();
        out.finish().map(|json| json.to_string().into_bytes())
    }
}

/// Copies a value of a message with its id, and the token of its progress, replaced.
fn rename(out: &mut Builder, value: Value<'_>, path: &[&str], id: &Id, token: Option<&Id>) {
    match (path, value, token) {
        (["id"], _, _) => id.write(out),
        (["params", "_meta", "progressToken"] | ["params", "progressToken"], _, Some(token)) => {
            token.write(out);
        }
        ([] | ["params"] | ["params", "_meta"], Value::Object(object), _) => {
            out.begin_object();
            for (key, value) in object {
                out.key(key);
                rename(out, value, &[path, &[key]].concat(), id, token);
            }
            out.end_object();
        }
        _ => out.value(value),
    }
}

fn rebuilt(
    out: &mut Builder,
    params: Object<'_>,
    keep: &impl Fn(&str, Value<'_>) -> bool,
    more: Option<Object<'_>>,
) {
    out.begin_object();
    for (key, value) in params.iter().filter(|(key, value)| keep(key, *value)) {
        out.key(key);
        match (key, value) {
            ("_meta", Value::Object(meta)) => {
                out.begin_object();
                for (key, value) in meta.iter().filter(|(key, _)| !is_ours(key)) {
                    out.key(key);
                    out.value(value);
                }
                out.end_object();
            }
            _ => out.value(value),
        }
    }
    for (key, value) in more.into_iter().flatten() {
        out.key(key);
        out.value(value);
    }
    out.end_object();
}

/// Whether a key of `_meta` is under Fence's name, in any spelling.
fn is_ours(key: &str) -> bool {
    let fence = key.get(..5).is_some_and(|start| start.eq_ignore_ascii_case("fence"));
    fence && key.as_bytes().get(5).is_none_or(|next| !next.is_ascii_alphanumeric())
}

/// Why some readers would see more than one line: a bare carriage return ends one for them.
fn breaks_lines(raw: &[u8]) -> Option<&'static str> {
    if raw.contains(&0) {
        return Some("there is a NUL in it");
    }
    (raw.contains(&b'\r') || raw.contains(&b'\n')).then_some("there is a line end in it")
}

/// The message with what some readers take for a line end written as escapes: its value is the same.
pub(super) fn one_line(bytes: &[u8]) -> Cow<'_, [u8]> {
    if bytes.is_ascii() {
        return Cow::Borrowed(bytes);
    }
    let special = |at: usize| match bytes.get(at..) {
        Some([0xE2, 0x80, last @ (0xA8 | 0xA9), ..]) => Some((3, 0x2028 + u32::from(last - 0xA8))),
        Some([0xC2, 0x85, ..]) => Some((2, 0x85)),
        _ => None,
    };
    let first =
        (0..bytes.len()).find(|&at| matches!(bytes[at], 0xE2 | 0xC2) && special(at).is_some());
    let Some(first) = first else { return Cow::Borrowed(bytes) };
    let (mut out, mut at) = (bytes[..first].to_vec(), first);
    while let Some(byte) = bytes.get(at) {
        match special(at) {
            Some((length, code)) => {
                out.extend_from_slice(format!("\\u{code:04x}").as_bytes());
                at += length;
            }
            None => {
                out.push(*byte);
                at += 1;
            }
        }
    }
    Cow::Owned(out)
}

fn shape(root: Value<'_>) -> Result<Shape, &'static str> {
    let Value::Object(root) = root else {
        return Err("it is not one message: batches are not taken, send one object a message");
    };
    if root.get("jsonrpc").and_then(Value::as_text) != Some("2.0") {
        return Err("it is not JSON-RPC 2.0");
    }
    let id = root.get("id");
    let read = id.map(|id| Id::read(id).ok_or("its id is neither a text nor a whole number"));
    let id = read.transpose();
    if root.get("params").is_some_and(|params| params.as_object().is_none()) {
        return Err("its `params` are no object");
    }
    let answers =
        usize::from(root.get("result").is_some()) + usize::from(root.get("error").is_some());
    match (root.get("method"), answers, id?) {
        (Some(Value::Text(method)), 0, Some(id)) => Ok(Shape::Request(id, method.to_owned())),
        (Some(Value::Text(method)), 0, None) => Ok(Shape::Notification(method.to_owned())),
        (None, 1, Some(id)) => Ok(Shape::Response(id)),
        _ => Err("it is neither a request, nor a notification, nor a response"),
    }
}

/// A method as it may be shown.
pub(super) fn shown(method: &str) -> String {
    printable(method, 80)
}

#[cfg(test)]
mod tests;
