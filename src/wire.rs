//! The JSON shapes of the boundary: a call as it arrives, a decision as it leaves.

use fence_engine::call::{Agent, Malformed, ToolCall};
use fence_engine::decision::Effect;
use fence_engine::json::{Json, JsonError, Kind, Limits, Reader, Value};
use fence_engine::scalar::Timestamp;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use std::borrow::Cow;

/// A call as it arrived: the call itself, and the time it claims to be made at.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// The call.
    pub call: ToolCall,
    /// Its own time; honoured only where the caller trusts it (replays, tests).
    pub at: Option<Timestamp>,
}

const KEYS: [&str; 8] = ["tool", "args", "agent", "user", "session", "context", "call_id", "at"];

impl Request {
    /// Reads one call from strict JSON.
    ///
    /// # Errors
    /// What is malformed: anything that is not strict JSON within the limits, an unknown key, a
    /// value of the wrong type, no tool.
    pub fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        Self::read(bytes, &Limits::default())
    }

    /// Reads one call within `limits`.
    ///
    /// # Errors
    /// As [`Request::parse`].
    pub(crate) fn read(bytes: &[u8], limits: &Limits) -> Result<Self, Malformed> {
        let mut reader = Reader::new(bytes, limits).map_err(not_json)?;
        if reader.peek() != Some(Kind::Object) {
            // A text that is not JSON at all is told so first.
            Json::parse_with(bytes, limits).map_err(not_json)?;
            return Err(Malformed::Shape("a call is a JSON object".into()));
        }
        reader.begin_object().map_err(not_json)?;
        let (mut call, mut at, mut has_tool) = (ToolCall::new(""), None, false);
        while let Some(key) = reader.next_key().map_err(not_json)? {
            match &*key {
                "tool" => {
                    call.tool = text(&mut reader, "tool")?;
                    has_tool = true;
                }
                "args" => call.args = object(&mut reader, "args")?,
                "context" => call.context = Some(object(&mut reader, "context")?),
                "user" => call.user = Some(text(&mut reader, "user")?),
                "session" => call.session = Some(text(&mut reader, "session")?),
                "call_id" => call.call_id = Some(text(&mut reader, "call_id")?),
                "agent" => call.agent = Some(agent(&reader.value().map_err(not_json)?)?),
                "at" => at = Some(time(&mut reader)?),
                unknown => return Err(unknown_key(unknown)),
            }
        }
        reader.finish().map_err(not_json)?;
        match has_tool {
            true => Ok(Self { call, at }),
            false => Err(Malformed::Shape("the call has no `tool`".into())),
        }
    }
}

#[expect(clippy::needless_pass_by_value, reason = "the signature of `map_err`")]
fn not_json(error: JsonError) -> Malformed {
    Malformed::Json(error.to_string())
}

fn unknown_key(key: &str) -> Malformed {
    let key = fence_engine::show::printable(key, 40);
    let near = fence_engine::diagnostic::nearest(&key, KEYS);
    let hint = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
    Malformed::Shape(format!("a call has no key `{key}`{hint}"))
}

fn text(reader: &mut Reader<'_>, key: &str) -> Result<String, Malformed> {
    match reader.peek() {
        Some(Kind::Text) => reader.text().map(Cow::into_owned).map_err(not_json),
        other => wrong(reader, key, "a text", other),
    }
}

fn object(reader: &mut Reader<'_>, key: &str) -> Result<Json, Malformed> {
    match reader.peek() {
        Some(Kind::Object) => reader.value().map_err(not_json),
        other => wrong(reader, key, "an object", other),
    }
}

fn time(reader: &mut Reader<'_>) -> Result<Timestamp, Malformed> {
    let text = text(reader, "at")?;
    Timestamp::parse(&text)
        .ok_or_else(|| Malformed::Shape("`at` is not a time such as `2026-03-23T10:00:00Z`".into()))
}

/// A value of another type; one that is not JSON either is told so.
fn wrong<T>(
    reader: &mut Reader<'_>,
    key: &str,
    wanted: &str,
    found: Option<Kind>,
) -> Result<T, Malformed> {
    reader.value().map_err(not_json)?;
    let found = found.map_or("nothing", Kind::describe);
    Err(Malformed::Shape(format!("`{key}` must be {wanted}, not {found}")))
}

/// An agent: its id alone, or an object with `id`, `parents` and `roles`.
///
/// # Errors
/// Any other shape.
fn agent(json: &Json) -> Result<Agent, Malformed> {
    let shape = |what: &str| Err(Malformed::Shape(what.into()));
    let object = match json.root() {
        Value::Text(id) => return Ok(Agent::new(id)),
        Value::Object(object) => object,
        _ => return shape("`agent` must be an id or an object with `id`, `parents`, `roles`"),
    };
    let mut agent = Agent::new("");
    for (key, value) in object {
        match (key, value) {
            ("id", Value::Text(id)) => agent.id = id.to_owned(),
            ("parents", value) => agent.parents = Some(texts(value)?),
            ("roles", value) => agent.roles = Some(texts(value)?),
            ("id", _) => return shape("`agent.id` must be a text"),
            _ => return shape("`agent` has only `id`, `parents` and `roles`"),
        }
    }
    Ok(agent)
}

fn texts(value: Value<'_>) -> Result<Vec<String>, Malformed> {
    let texts = value.as_list().map(|list| {
        list.iter().map(|item| item.as_text().map(str::to_owned)).collect::<Option<Vec<_>>>()
    });
    texts.flatten().ok_or_else(|| {
        Malformed::Shape("`agent.parents` and `agent.roles` must be lists of texts".into())
    })
}

/// A decision as it leaves: one JSON object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// What becomes of the call.
    #[serde(with = "effect")]
    pub decision: Effect,
    /// UUIDv7; empty for a decision that could not be recorded.
    pub id: String,
    /// The rule that decided, by its name or first pattern; absent when a default did.
    pub rule: Option<String>,
    /// The policy of that rule or default.
    pub policy: Option<String>,
    /// Why, in the policy's words or Fence's.
    pub because: Option<String>,
    /// What the agent could do instead.
    pub instead: Option<String>,
    /// The `auto` line that released an ask, or the grant that did.
    pub auto: Option<String>,
    /// The grant that released an ask.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grant: Option<String>,
    /// Every rule that mentions the tool.
    pub matched: Vec<Matched>,
    /// The request that was opened, for an ask that is queued.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<RequestNotice>,
    /// The nearest change that would make the verdict less strict.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nearest: Option<String>,
    /// The conditions and phrases whose value was unknown.
    pub unknown: Vec<String>,
    /// `sha256:` of the call's canonical form.
    pub digest: String,
    /// `sha256:` of the policy, or of several layers' digests.
    pub policy_digest: String,
    /// The decision's time, RFC 3339 in UTC.
    pub at: String,
    /// Whether this is the first decision on a `call_id` that came again; nothing was judged or
    /// recorded anew.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub repeated: bool,
}

/// One rule that mentions the tool of a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Matched {
    /// Its policy.
    pub policy: String,
    /// Its name or first pattern.
    pub rule: String,
    /// What it does.
    #[serde(with = "effect")]
    pub effect: Effect,
    /// The line it starts on.
    #[serde(deserialize_with = "whole")]
    pub line: u32,
    /// Whether it applies; absent when that is unknown.
    pub applies: Option<bool>,
    /// The `auto` line that released it.
    pub released_by: Option<String>,
    /// Whether it is only judged and recorded.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub shadow: bool,
}

/// What the agent learns of the request its call opened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestNotice {
    /// `r_` and a UUIDv7.
    pub id: String,
    /// When it ends as expired, RFC 3339 in UTC.
    pub expires_at: String,
    /// Who must approve.
    pub needs: Vec<NeededVotes>,
    /// Where it stands: `pending` when it was opened, later `approved`, `denied`, …
    #[serde(default = "pending")]
    pub state: String,
}

fn pending() -> String {
    "pending".to_owned()
}

/// So many people of one group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NeededVotes {
    /// How many.
    #[serde(deserialize_with = "whole")]
    pub count: u32,
    /// The group; absent: any configured approver.
    pub of: Option<String>,
}

/// A whole number as the canonical form writes it: 20 is `2e1` there.
fn whole<'de, D: Deserializer<'de>>(from: D) -> Result<u32, D::Error> {
    let number = f64::deserialize(from)?;
    // Every whole number of 32 bits has an exact text here, and only they read back.
    number.to_string().parse().map_err(D::Error::custom)
}

mod effect {
    use fence_engine::decision::Effect;
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
    pub(super) fn serialize<S: Serializer>(effect: &Effect, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(effect.as_str())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Effect, D::Error> {
        String::deserialize(from)?.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str) -> String {
        Request::parse(text.as_bytes()).unwrap_err().to_string()
    }

    #[test]
    fn a_whole_call_is_read() {
        let text = r#"{"tool":"mail/send","args":{"to":["x@list.test"]},
            "agent":{"id":"content-1","parents":["lead"],"roles":["writer"]},
            "user":"ana@example.com","session":"s-17","context":{"prompt":"…"},
            "call_id":"toolu_01","at":"2026-03-23T10:00:00+01:00"}"#;
        let request = Request::parse(text.as_bytes()).unwrap();
        assert_eq!(request.call.tool, "mail/send");
        assert_eq!(request.call.agent.unwrap().parents.unwrap(), ["lead"]);
        assert_eq!(request.at, Timestamp::parse("2026-03-23T09:00:00Z"));
    }

    #[test]
    fn a_recorded_line_that_ends_in_zero_is_read_back() {
        let text = r#"{"policy":"p","rule":"r","effect":"ask","line":12e1,"applies":null,
            "released_by":null}"#;
        assert_eq!(serde_json::from_str::<Matched>(text).unwrap().line, 120);
        assert!(serde_json::from_str::<Matched>(&text.replace("12e1", "12.5")).is_err());
    }

    #[test]
    fn whatever_is_no_call_is_refused_with_the_reason() {
        for (text, reason) in [
            ("", "strict JSON"),
            ("[]", "object"),
            ("{}", "no `tool`"),
            (r#"{"tool":7}"#, "`tool` must be a text"),
            (r#"{"tool":"x","args":[]}"#, "`args` must be an object"),
            (r#"{"tool":"x","arg":{}}"#, "did you mean `args`"),
            (r#"{"tool":"x","tool":"y"}"#, "duplicate key"),
            (r#"{"tool":"x"} {}"#, "strict JSON"),
            (r#"{"tool":"x","agent":{"id":1}}"#, "`agent.id`"),
            (r#"{"tool":"x","at":"soon"}"#, "`at` is not a time"),
            (r#"{"tool":NaN}"#, "strict JSON"),
        ] {
            assert!(refusal(text).contains(reason), "{text}: {}", refusal(text));
        }
    }
}
