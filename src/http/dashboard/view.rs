//! What every surface shows of a request; a copy until the approvals themselves are here.
#![expect(missing_docs, reason = "documented where it will live")]

use fence_engine::json::Json;

/// One approval request in full. Texts are raw (each surface escapes; `fence::engine::show::printable` makes invisible characters visible).
#[derive(Clone, Debug, Default)]
pub struct RequestView {
    pub id: String,
    pub version: u32,
    pub state: &'static str, // pending approved claimed done failed unknown denied expired cancelled superseded revoked
    pub decision: String,    /* id of the decision that opened it */
    pub digest: String,
    pub policy_digest: String,
    pub tool: String,
    pub args: Json, /* exact; serialises as raw JSON */
    pub agent: Option<String>,
    pub parents: Vec<String>,
    pub user: Option<String>,
    pub session: Option<String>,
    pub context: Option<Json>,
    pub recipients: Option<u64>, // counted over args.to/cc/bcc… None: the call names none
    pub rules: Vec<RuleView>, // every rule that asks: policy, rule, line, because, instead, source (the policy line's text)
    pub because: Option<String>,
    pub instead: Option<String>,
    pub nearest: Option<String>,
    pub opened_at: String,
    pub expires_at: String,
    pub use_by: Option<String>,
    pub ended_at: Option<String>,
    pub needs: Vec<NeedView>, // who must still agree
    pub votes: Vec<VoteView>,
    pub outcome: Option<OutcomeView>, // who ended it and why
    pub may_edit: Vec<MayEditView>,
    pub edit: Option<EditView>, // edit: how this version came from the one before
    pub preview: Option<PreviewView>,
    pub preview_required: bool,
    pub offers: Vec<OfferView>, // grants that may be given with the approval; each says in words what it would cover
    pub claim: Option<String>, // the agent's own explanation (context.claim / context.reason), to be labelled as its claim
    pub history: Vec<EventView>, // every recorded step, oldest first: at, kind, by, on_behalf_of, note, version
}
#[derive(Clone, Debug, Default)]
pub struct RuleView {
    pub policy: String,
    pub rule: String,
    pub line: u32,
    pub because: Option<String>,
    pub instead: Option<String>,
    pub source: Option<String>,
}
#[derive(Clone, Debug, Default)]
pub struct NeedView {
    pub policy: String,
    pub rule: String,
    pub count: u32,
    pub of: Option<String>,
    pub members: Vec<String>,
    pub given: Vec<String>,
    pub missing: u32,
    pub escalation_at: Option<String>,
}
#[derive(Clone, Debug, Default)]
pub struct VoteView {
    pub by: String,
    pub on_behalf_of: Option<String>,
    pub at: String,
    pub note: Option<String>,
    pub break_glass: bool,
}
#[derive(Clone, Debug, Default)]
pub struct OutcomeView {
    pub state: &'static str,
    pub by: Option<String>,
    pub reason: Option<String>,
    pub at: String,
}
#[derive(Clone, Debug, Default)]
pub struct MayEditView {
    pub field: String,
    pub bound: String, /* "any", "shrink", "1..50", "shrink within 1..50" */
}
#[derive(Clone, Debug, Default)]
pub struct EditView {
    pub by: String,
    pub at: String,
    pub changes: Vec<ChangeView>,
}
#[derive(Clone, Debug, Default)]
pub struct ChangeView {
    pub field: String,
    pub from: Option<Json>,
    pub to: Option<Json>,
}
#[derive(Clone, Debug, Default)]
pub struct PreviewView {
    pub value: Json,
    pub digest: String,
    pub at: String,
    pub stale: bool,
}
#[derive(Clone, Debug, Default)]
pub struct OfferView {
    pub offer: String, /* once, session, 1h, 10 */
    pub covers: String,
}
#[derive(Clone, Debug, Default)]
pub struct EventView {
    pub at: String,
    pub kind: String,
    pub version: u32,
    pub by: Option<String>,
    pub on_behalf_of: Option<String>,
    pub note: Option<String>,
}
/// One line of a queue or history.
#[derive(Clone, Debug, Default)]
pub struct RequestSummary {
    pub number: u64,
    pub id: String,
    pub version: u32,
    pub state: &'static str,
    pub tool: String,
    pub agent: Option<String>,
    pub user: Option<String>,
    pub session: Option<String>,
    pub policy: String,
    pub rule: String,
    pub because: Option<String>,
    pub opened_at: String,
    pub expires_at: String,
    pub ended_at: Option<String>,
    pub ended_by: Option<String>,
    pub missing: u32, /* votes still missing, 0 unless pending */
    pub recipients: Option<u64>,
}
#[derive(Clone, Debug, Default)]
pub struct GrantView {
    pub id: String,
    pub by: String,
    pub given_at: String,
    pub until: Option<String>,
    pub left: Option<u64>,
    pub used: u64,
    pub tool: String,
    pub agent: Option<String>,
    pub session: Option<String>,
    pub covers: String,
    pub ended_at: Option<String>,
    pub request: String,
}
#[derive(Clone, Debug, Default)]
pub struct HaltView {
    pub id: String,
    pub scope: String, /* "everything", "agent a", "session s" */
    pub by: String,
    pub reason: String,
    pub since: String,
}
#[derive(Clone, Debug, Default)]
pub struct DelegationView {
    pub id: String,
    pub from_person: String,
    pub to_person: String,
    pub from: String,
    pub until: String,
}
