//! A dialog beside the agent: one person is asked by the client's own form. It counts as that
//! person's vote because the settings say who sits there, never because of what a message says.

use super::message::Message;
use super::method::{CAPABILITIES_KEY, Era};
use crate::approvals::RequestView;
use fence_engine::json::{Json, Value};
use serde_json::json;

/// The name of the one question in an `input_required` result.
pub(super) const QUESTION: &str = "fence_approval";
/// The name of the one field of its form.
const FIELD: &str = "approve";

/// What a person said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// Make the call.
    Approve,
    /// Do not.
    Refuse,
    /// Nothing: the form was closed, or filled in some other way.
    Nothing,
}

impl Said {
    /// What the result of an elicitation says.
    pub(super) fn read(result: Option<Value<'_>>) -> Self {
        let action = result.and_then(|result| result.get("action")?.as_text());
        let ticked = result.and_then(|result| result.get("content")?.get(FIELD)?.as_bool());
        match (action, ticked) {
            (Some("accept"), Some(true)) => Self::Approve,
            (Some("accept"), Some(false)) | (Some("decline"), _) => Self::Refuse,
            _ => Self::Nothing,
        }
    }

    /// What a retried call says in `inputResponses`.
    pub(super) fn of_retry(message: &Message) -> Self {
        Self::read(message.param("inputResponses").and_then(|responses| responses.get(QUESTION)))
    }
}

/// The parameters of the elicitation: what Fence says of the stored call, and a box to tick.
pub(super) fn form(era: Era, person: &str, view: &RequestView, card: &str) -> serde_json::Value {
    let message = format!(
        "Fence asks {person}: may this call be made? Only what stands here counts; nothing in it \
         was written by the agent but the arguments.\n\n{card}\n\nTicked and accepted, exactly this \
         call is made, once. Declined, it is refused. Closed, it keeps waiting as {}.",
        view.id
    );
    let field = json!({ "type": "boolean", "title": "Approve this call", "default": false });
    let schema = json!({ "type": "object", "properties": { FIELD: field }, "required": [FIELD] });
    let mut form = json!({ "message": message, "requestedSchema": schema });
    if era == Era::Modern {
        form["mode"] = json!("form");
    }
    form
}

/// The result that makes a client of the newer revisions ask, and come back with the answer.
pub(super) fn input_required(form: &serde_json::Value, state: &str) -> String {
    let question = json!({ "method": "elicitation/create", "params": form });
    let requests = json!({ QUESTION: question });
    json!({ "resultType": "input_required", "inputRequests": requests, "requestState": state })
        .to_string()
}

/// Whether a client that has these capabilities shows forms.
pub(super) fn shows_forms(capabilities: Option<Value<'_>>) -> bool {
    let elicitation = capabilities.and_then(|capabilities| capabilities.get("elicitation"));
    let Some(Value::Object(elicitation)) = elicitation else { return false };
    elicitation.get("form").is_some() || elicitation.get("url").is_none()
}

/// Whether the client of this call shows forms.
pub(super) fn is_possible(era: Era, call: &Message, at_start: Option<&Json>) -> bool {
    match era {
        Era::Legacy => shows_forms(at_start.map(Json::root)),
        Era::Modern => shows_forms(call.meta(CAPABILITIES_KEY)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_ticked_and_accepted_form_approves() {
        for (result, said) in [
            (r#"{"action":"accept","content":{"approve":true}}"#, Said::Approve),
            (r#"{"action":"accept","content":{"approve":false}}"#, Said::Refuse),
            (r#"{"action":"accept","content":{"approve":"true"}}"#, Said::Nothing),
            (r#"{"action":"accept"}"#, Said::Nothing),
            (r#"{"action":"decline","content":{"approve":true}}"#, Said::Refuse),
            (r#"{"action":"cancel"}"#, Said::Nothing),
            ("{}", Said::Nothing),
        ] {
            let result: Json = result.parse().unwrap();
            assert_eq!(Said::read(Some(result.root())), said);
        }
    }

    #[test]
    fn a_client_that_only_opens_pages_shows_no_forms() {
        let shows = |text: &str| shows_forms(Some(text.parse::<Json>().unwrap().root()));
        assert!(shows(r#"{"elicitation":{}}"#) && shows(r#"{"elicitation":{"form":{},"url":{}}}"#));
        assert!(!shows(r#"{"elicitation":{"url":{}}}"#) && !shows("{}"));
    }
}
