//! What a press of a button says, read from a payload whose signature was verified.

use super::SlackRefusal;
use serde::Deserialize;

/// Which button.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Approve the call as shown.
    Approve,
    /// Refuse it.
    Refuse,
}

/// One press of a button. Who pressed is known by the Slack id alone: names in the payload are
/// chosen by their owners.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Action {
    /// The id of the Slack account, as Slack vouches for it.
    pub user: String,
    /// The workspace of that account.
    pub team: Option<String>,
    /// Which button.
    pub answer: Answer,
    /// The request.
    pub request: String,
    /// The version that the card showed.
    pub version: u32,
    /// The digest that the card showed.
    pub digest: String,
}

/// The payload, as far as it is of use: `response_url`, names and the card are left alone.
#[derive(Deserialize)]
struct Payload {
    #[serde(rename = "type")]
    kind: String,
    user: User,
    #[serde(default)]
    actions: Vec<Pressed>,
}

#[derive(Deserialize)]
struct User {
    id: String,
    team_id: Option<String>,
}

#[derive(Deserialize)]
struct Pressed {
    action_id: String,
    value: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Value {
    request: String,
    version: u32,
    digest: String,
}

impl Action {
    /// Reads the verified body; `None` for a press that answers nothing, such as `Open`.
    pub(super) fn read(body: &[u8]) -> Result<Option<Self>, SlackRefusal> {
        let mut fields = form_urlencoded::parse(body).filter(|(name, _)| name == "payload");
        let (Some((_, payload)), None) = (fields.next(), fields.next()) else {
            return Err(SlackRefusal::Malformed);
        };
        let payload: Payload = parsed(&payload)?;
        let (true, [pressed]) = (payload.kind == "block_actions", payload.actions.as_slice())
        else {
            return Err(SlackRefusal::Malformed);
        };
        let answer = match pressed.action_id.as_str() {
            "fence.approve" => Answer::Approve,
            "fence.refuse" => Answer::Refuse,
            "fence.open" => return Ok(None),
            _ => return Err(SlackRefusal::Malformed),
        };
        let value: Value = parsed(pressed.value.as_deref().unwrap_or_default())?;
        Ok(Some(Self {
            user: payload.user.id,
            team: payload.user.team_id,
            answer,
            request: value.request,
            version: value.version,
            digest: value.digest,
        }))
    }
}

fn parsed<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, SlackRefusal> {
    serde_json::from_str(text).map_err(|_| SlackRefusal::Malformed)
}
