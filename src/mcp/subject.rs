//! What of a message is judged, and how the message is put together again from what was judged.

use super::members::is_protocols;
use super::message::Message;
use super::method::{Treatment, parameters};
use fence_engine::json::{BuildError, Builder, Json, Limits, Object, Value};

/// What is not judged of a method that is no tool call: it is about the exchange itself.
const AROUND: [&str; 4] = ["_meta", "task", "inputResponses", "requestState"];

/// A tool and its arguments, as the policy sees them.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Subject {
    /// The tool's name without its server.
    pub(super) tool: String,
    /// The arguments.
    pub(super) args: Json,
}

impl Subject {
    /// What of a request is judged.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn of(message: &Message, treatment: Treatment) -> Result<Self, String> {
        let (tool, args) = match treatment {
            Treatment::Judge(name) => (name, known(message)?),
            _ => {
                let name = message.param("name").and_then(Value::as_text);
                let name = name.ok_or("a tool call names its tool in `params.name`")?;
                (name, arguments(message)?)
            }
        };
        Ok(Self { tool: tool.to_owned(), args })
    }

    /// What of a request nobody who approves it would see. `answered`: its `requestState` and
    /// `inputResponses` were Fence's, and end here.
    pub(super) fn unseen(message: &Message, answered: bool) -> Option<&'static str> {
        let mut carried = AROUND.into_iter().filter(|key| *key != "_meta");
        carried.find(|key| !(answered && is_answer(key)) && message.param(key).is_some())
    }

    /// The request as it is forwarded with these arguments. `answered`: its `requestState` and
    /// `inputResponses` were Fence's, and end here. `approved`: people saw these arguments, so nothing
    /// else goes along but what the protocol itself says in `_meta`.
    ///
    /// # Errors
    /// Where it becomes too large.
    pub(super) fn forward(
        message: &Message,
        treatment: Treatment,
        args: &Json,
        (answered, approved): (bool, bool),
    ) -> Result<Vec<u8>, BuildError> {
        if approved {
            let alone = message.with_meta(is_protocols)?;
            return Self::forward(&alone, treatment, args, (true, false));
        }
        let around = |key: &str| AROUND.contains(&key) && !(answered && is_answer(key));
        if let Treatment::Judge(_) = treatment {
            return message.with_params(|key, _| around(key), args.root().as_object());
        }
        let keep = |key: &str, _: Value<'_>| key == "name" || around(key);
        let empty = args.root().as_object().is_some_and(Object::is_empty);
        if empty && message.param("arguments").is_none() {
            return message.with_params(keep, None);
        }
        let mut more = Builder::within(super::message::LIMITS);
        more.begin_object();
        more.key("arguments");
        more.value(args.root());
        more.end_object();
        message.with_params(keep, more.finish()?.root().as_object())
    }
}

fn is_answer(key: &str) -> bool {
    matches!(key, "inputResponses" | "requestState")
}

fn arguments(message: &Message) -> Result<Json, String> {
    match message.param("arguments") {
        None => Ok(Json::empty_object()),
        Some(value @ Value::Object(_)) => within(value),
        Some(_) => Err("`params.arguments` must be an object".to_owned()),
    }
}

/// The parameters that the method has; others mean nothing here, and go nowhere.
fn known(message: &Message) -> Result<Json, String> {
    let known = parameters(message.method());
    let mut args = Builder::within(super::message::LIMITS);
    args.begin_object();
    for (key, value) in message.params().into_iter().flatten() {
        if known.contains(&key) {
            args.key(key);
            args.value(value);
        }
    }
    args.end_object();
    let args = args.finish().map_err(|error| error.to_string())?;
    within(args.root())
}

/// A copy, if it is as small as a call must be.
fn within(value: Value<'_>) -> Result<Json, String> {
    let text = value.to_string();
    Json::parse_with(text.as_bytes(), &Limits::CALL).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    const CALL: Treatment = Treatment::Call;
    const READ: Treatment = Treatment::Judge("resources.read");

    fn request(method: &str, params: &str) -> Message {
        let text = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{params}}}"#);
        Message::read(text.into_bytes()).unwrap()
    }

    fn forwarded(message: &Message, treatment: Treatment, args: &Json, answered: bool) -> String {
        let bytes = Subject::forward(message, treatment, args, (answered, false)).unwrap();
        let text = String::from_utf8(bytes).unwrap();
        text[text.find("\"params\"").unwrap() + 9..text.len() - 1].to_owned()
    }

    #[test]
    fn a_tool_call_is_forwarded_as_it_was_judged() {
        let params = r#"{"name":"x","more":{"a":2},"arguments":{ "a" : 1.0 },"_meta":{"fence":1,"progressToken":7},"requestState":"s"}"#;
        let message = request("tools/call", params);
        let subject = Subject::of(&message, CALL).unwrap();
        assert_eq!((&*subject.tool, &*subject.args.to_string()), ("x", r#"{"a":1.0}"#));
        let whole =
            r#"{"name":"x","_meta":{"progressToken":7},"requestState":"s","arguments":{"a":1.0}}"#;
        assert_eq!(forwarded(&message, CALL, &subject.args, false), whole);
        let answered = r#"{"name":"x","_meta":{"progressToken":7},"arguments":{"a":1.0}}"#;
        assert_eq!(forwarded(&message, CALL, &subject.args, true), answered);
    }

    #[test]
    fn of_other_methods_every_parameter_that_they_have_is_an_argument() {
        let message = request("resources/read", r#"{"uri":"file:///x","more":1,"_meta":{}}"#);
        let subject = Subject::of(&message, READ).unwrap();
        assert_eq!(subject.args.to_string(), r#"{"uri":"file:///x"}"#);
        let edited: Json = r#"{"uri":"file:///y"}"#.parse().unwrap();
        assert_eq!(forwarded(&message, READ, &edited, false), r#"{"_meta":{},"uri":"file:///y"}"#);
    }

    #[test]
    fn no_arguments_stay_no_arguments_and_wrong_ones_are_told() {
        let message = request("tools/call", r#"{"name":"x"}"#);
        let subject = Subject::of(&message, CALL).unwrap();
        assert_eq!(forwarded(&message, CALL, &subject.args, false), r#"{"name":"x"}"#);
        assert!(Subject::of(&request("tools/call", r#"{"name":7}"#), CALL).is_err());
        let list = request("tools/call", r#"{"name":"x","arguments":[]}"#);
        assert!(Subject::of(&list, CALL).is_err());
        let deep =
            format!(r#"{{"name":"x","arguments":{{"a":{}1{}}}}}"#, "[".repeat(80), "]".repeat(80));
        assert!(Subject::of(&request("tools/call", &deep), CALL).is_err());
    }
}
