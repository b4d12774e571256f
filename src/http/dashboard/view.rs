//! What every surface shows of a request; a copy until the approvals themselves are here.

use fence_engine::json::Json;

/// One request for approval in full.
#[derive(Clone, Debug, PartialEq)]
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
#[derive(Clone, Debug, PartialEq, Eq)]
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
#[derive(Clone, Debug, PartialEq, Eq)]
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
#[derive(Clone, Debug, PartialEq, Eq)]
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
#[derive(Clone, Debug, PartialEq, Eq)]
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
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MayEditView {
    /// The field, as a policy writes it.
    pub field: String,
    /// How far, as a policy writes it: `any`, `shrink`, `1..50`.
    pub bound: String,
    /// How far, in words.
    pub words: String,
}

/// How a version came from the one before.
#[derive(Clone, Debug, PartialEq)]
pub struct EditView {
    /// Who edited.
    pub by: Option<String>,
    /// When.
    pub at: String,
    /// What is different.
    pub changes: Vec<ChangeView>,
}

/// One difference.
#[derive(Clone, Debug, PartialEq)]
pub struct ChangeView {
    /// The field.
    pub field: String,
    /// What it was; absent: it was not there.
    pub from: Option<Json>,
    /// What it is; absent: it is gone.
    pub to: Option<Json>,
}

/// A dry-run result.
#[derive(Clone, Debug, PartialEq)]
pub struct PreviewView {
    /// The whole of it.
    pub value: Json,
    /// `sha256:` of its canonical form.
    pub digest: String,
    /// When the host gave it.
    pub at: String,
    /// Whether the call was edited since.
    pub stale: bool,
}

/// A grant that may be given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfferView {
    /// As a policy writes it: `once`, `session`, `1h`, `10`.
    pub offer: String,
    /// What it would cover, in words.
    pub covers: String,
}

/// One recorded step.
#[derive(Clone, Debug, PartialEq, Eq)]
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
#[derive(Clone, Debug, PartialEq, Eq)]
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

/// A grant as it is shown, and as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrantView {
    /// `g_` and a UUID.
    pub id: String,
    /// Who gave it.
    pub by: Vec<String>,
    /// When, RFC 3339 in UTC.
    pub given_at: String,
    /// The request with which it was given.
    pub request: String,
    /// What was offered: `session`, a duration, a number of calls.
    pub offer: String,
    /// When it ends by itself.
    pub until: Option<String>,
    /// How many calls it still covers.
    pub left: Option<u64>,
    /// How many calls it released.
    pub used: u64,
    /// The tool.
    pub tool: String,
    /// The agent.
    pub agent: Option<String>,
    /// The user.
    pub user: Option<String>,
    /// The session; where it is offered beyond one, none.
    pub session: Option<String>,
    /// The rules that it satisfies, each with its policy.
    pub rules: Vec<(String, String)>,
    /// The decision whose call bounds what it covers.
    pub decision: String,
    /// What it covers, in words.
    pub covers: String,
    /// When it ended or was revoked.
    pub ended_at: Option<String>,
}

/// A delegation as it is shown, and as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DelegationView {
    /// Its id.
    pub id: String,
    /// The person who is represented.
    pub from_person: String,
    /// The person who votes.
    pub to_person: String,
    /// From when, RFC 3339 in UTC.
    pub from: String,
    /// Until when.
    pub until: String,
}

/// A halt as it is shown, and as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HaltView {
    /// `everything`, `agent …` or `session …`.
    pub scope: String,
    /// Who halted it; `fence` for the breaker.
    pub by: String,
    /// Why.
    pub reason: String,
    /// Since when, RFC 3339 in UTC.
    pub since: String,
}

