//! A request as every surface shows it: the stored call, who must agree, and what happened.
//!
//! Texts are raw; each surface escapes them for its own medium.

use fence_engine::json::Json;
use serde::Serialize;
use serde::Serializer;
use serde_json::value::RawValue;

/// One request for approval in full.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct RequestView {
    /// `r_` and a UUIDv7.
    pub id: String,
    /// Counted from 1; an edit makes the next.
    pub version: u32,
    /// `pending`, `approved`, `claimed`, `done`, `failed`, `unknown`, `denied`, `expired`,
    /// `cancelled`, `superseded` or `revoked`.
    pub state: &'static str,
    /// The decision that opened this version.
    pub decision: String,
    /// What an approval is bound to: `sha256:` of the call's canonical form.
    pub digest: String,
    /// The policy under which it was opened.
    pub policy_digest: String,
    /// The tool.
    pub tool: String,
    /// Every argument, exact.
    #[serde(serialize_with = "raw_json")]
    #[cfg_attr(feature = "server", schema(value_type = Object))]
    pub args: Json,
    /// The agent.
    pub agent: Option<String>,
    /// For whom the agent works, nearest first.
    pub parents: Vec<String>,
    /// The person for whom it acts.
    pub user: Option<String>,
    /// The session.
    pub session: Option<String>,
    /// What the host added, the dry-run result apart.
    #[serde(serialize_with = "raw_json_option")]
    #[cfg_attr(feature = "server", schema(value_type = Option<Object>))]
    pub context: Option<Json>,
    /// How many recipients the arguments name; absent: they name none, or cannot be counted.
    pub recipients: Option<u64>,
    /// The rules that ask.
    pub rules: Vec<RuleView>,
    /// Why, in the words of the first of them.
    pub because: Option<String>,
    /// What the agent could do instead.
    pub instead: Option<String>,
    /// The nearest change that would need nobody.
    pub nearest: Option<String>,
    /// When it was opened, RFC 3339 in UTC; so are all times here.
    pub opened_at: String,
    /// When it ends unless people answer.
    pub expires_at: String,
    /// When the approval ends unless it is used.
    pub use_by: Option<String>,
    /// When it ended.
    pub ended_at: Option<String>,
    /// Who must agree, and who has.
    pub needs: Vec<NeedView>,
    /// Who approved.
    pub votes: Vec<VoteView>,
    /// How it ended, where it did.
    pub outcome: Option<OutcomeView>,
    /// What an approver may change.
    pub may_edit: Vec<MayEditView>,
    /// How this version came from the one before.
    pub edit: Option<EditView>,
    /// The dry-run result.
    pub preview: Option<PreviewView>,
    /// Whether nobody can approve without one.
    pub preview_required: bool,
    /// The grants that an approver may give.
    pub offers: Vec<OfferView>,
    /// The agent's own explanation: its claim, not a fact.
    pub claim: Option<String>,
    /// What happened, oldest first, all versions together.
    pub history: Vec<EventView>,
}

/// A rule that asks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct RuleView {
    /// Its policy.
    pub policy: String,
    /// Its name, else its first pattern.
    pub rule: String,
    /// The line on which it starts.
    pub line: u32,
    /// `because`
    pub because: Option<String>,
    /// `instead`
    pub instead: Option<String>,
    /// The text of that line, where the policy is still in force.
    pub source: Option<String>,
}

/// One seat that must be filled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct NeedView {
    /// The policy that wants it.
    pub policy: String,
    /// The rule that wants it.
    pub rule: String,
    /// How many people.
    pub count: u32,
    /// Of which group; absent: of all approvers.
    pub of: Option<String>,
    /// Its members.
    pub members: Vec<String>,
    /// Who of them approved.
    pub given: Vec<String>,
    /// How many are missing.
    pub missing: u32,
    /// For an escalation: from when on these people may answer in place of the rule's others.
    pub escalation_at: Option<String>,
}

/// One approval.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct VoteView {
    /// Who.
    pub by: String,
    /// For whom, by delegation.
    pub on_behalf_of: Option<String>,
    /// When.
    pub at: String,
    /// The person's words.
    pub note: Option<String>,
    /// Whether it stands for everybody.
    pub break_glass: bool,
}

/// How a request ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct OutcomeView {
    /// Its state.
    pub state: &'static str,
    /// The person who ended it.
    pub by: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// When.
    pub at: String,
}

/// A field that an approver may change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct MayEditView {
    /// The field, as a policy writes it.
    pub field: String,
    /// How far, as a policy writes it: `any`, `shrink`, `1..50`.
    pub bound: String,
    /// How far, in words.
    pub words: String,
}

/// How a version came from the one before.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct EditView {
    /// Who edited.
    pub by: Option<String>,
    /// When.
    pub at: String,
    /// What is different.
    pub changes: Vec<ChangeView>,
}

/// One difference.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct ChangeView {
    /// The field.
    pub field: String,
    /// What it was; absent: it was not there.
    #[serde(serialize_with = "raw_json_option")]
    #[cfg_attr(feature = "server", schema(value_type = Option<Object>))]
    pub from: Option<Json>,
    /// What it is; absent: it is gone.
    #[serde(serialize_with = "raw_json_option")]
    #[cfg_attr(feature = "server", schema(value_type = Option<Object>))]
    pub to: Option<Json>,
}

/// A dry-run result.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct PreviewView {
    /// The whole of it.
    #[serde(serialize_with = "raw_json")]
    #[cfg_attr(feature = "server", schema(value_type = Object))]
    pub value: Json,
    /// `sha256:` of its canonical form.
    pub digest: String,
    /// When the host gave it.
    pub at: String,
    /// Whether the call was edited since.
    pub stale: bool,
}

/// A grant that may be given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct OfferView {
    /// As a policy writes it: `once`, `session`, `1h`, `10`.
    pub offer: String,
    /// What it would cover, in words.
    pub covers: String,
}

/// One recorded step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct EventView {
    /// When.
    pub at: String,
    /// What, such as `request.voted`.
    pub kind: String,
    /// To which version.
    pub version: u32,
    /// By whom.
    pub by: Option<String>,
    /// For whom.
    pub on_behalf_of: Option<String>,
    /// The words that go with it.
    pub note: Option<String>,
    /// Through which door.
    pub via: Option<String>,
}

/// One line of a queue or a history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct RequestSummary {
    /// Its place among all.
    pub number: u64,
    /// `r_` and a UUIDv7.
    pub id: String,
    /// The version.
    pub version: u32,
    /// Where it stands.
    pub state: &'static str,
    /// The tool.
    pub tool: String,
    /// The agent.
    pub agent: Option<String>,
    /// The person for whom it acts.
    pub user: Option<String>,
    /// The session.
    pub session: Option<String>,
    /// The policy that asks.
    pub policy: String,
    /// The rule that asks.
    pub rule: String,
    /// Why.
    pub because: Option<String>,
    /// When it was opened.
    pub opened_at: String,
    /// When it ends unless people answer.
    pub expires_at: String,
    /// When it stopped waiting for people.
    pub ended_at: Option<String>,
    /// Who ended it.
    pub ended_by: Option<String>,
    /// How many people must still agree.
    pub missing: u32,
    /// How many recipients the arguments name.
    pub recipients: Option<u64>,
}

/// Writes a document as it is, every digit of its numbers.
///
/// # Errors
/// Any of the serializer.
pub fn raw_json<S: Serializer>(json: &Json, to: S) -> Result<S::Ok, S::Error> {
    use serde::ser::Error as _;
    RawValue::from_string(json.to_string()).map_err(S::Error::custom)?.serialize(to)
}

#[expect(clippy::ref_option, reason = "serde passes a reference")]
fn raw_json_option<S: Serializer>(json: &Option<Json>, to: S) -> Result<S::Ok, S::Error> {
    match json {
        Some(json) => raw_json(json, to),
        None => to.serialize_none(),
    }
}
