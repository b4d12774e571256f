//! A request as every surface shows it: the stored call, who must agree, and what happened.
//!
//! Texts are raw; each surface escapes them for its own medium.

use super::journal::Entry;
use super::step::{Case, preview_digest};
use super::{ApprovalError, RequestId, grants, opening, state_at};
use crate::gate::Shared;
use fence_engine::approval::{self, EditTerm, Need, RequestState, State};
use fence_engine::call::{ToolCall, hex_digest};
use fence_engine::decision::Effect;
use fence_engine::json::{Json, Value};
use fence_engine::scalar::{Timestamp, count_items};
use serde::Serialize;
use serde::Serializer;
use serde_json::value::RawValue;

/// The arguments in which recipients are counted.
const RECIPIENTS: [&str; 4] = ["to", "cc", "bcc", "recipients"];

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

/// The view of a version at `now`.
///
/// # Errors
/// When its record is damaged.
pub(crate) fn of(
    case: &Case,
    shared: &Shared,
    now: Timestamp,
) -> Result<RequestView, ApprovalError> {
    let (call, decision, terms) = (case.call(), &case.record.decision, &case.opening.terms);
    let state = state_at(&case.stored, now);
    let edits = &terms.edits;
    let agent = call.agent.as_ref();
    Ok(RequestView {
        id: RequestId(case.stored.id).to_string(),
        version: case.stored.version,
        state: state.as_str(),
        decision: decision.id.clone(),
        digest: hex_digest(&case.stored.digest),
        policy_digest: decision.policy_digest.clone(),
        tool: call.tool.clone(),
        args: call.args.clone(),
        agent: agent.map(|agent| agent.id.clone()),
        parents: agent.and_then(|agent| agent.parents.clone()).unwrap_or_default(),
        user: call.user.clone(),
        session: call.session.clone(),
        context: call.context.clone(),
        recipients: recipients(call),
        rules: rules(case, shared),
        because: decision.because.clone(),
        instead: decision.instead.clone(),
        nearest: decision.nearest.clone(),
        opened_at: case.stored.opened_at.to_string(),
        expires_at: case.stored.expires_at.to_string(),
        use_by: match &case.state {
            State::Approved(released) => Some(released.use_by.to_string()),
            _ => None,
        },
        ended_at: outcome(case, state).map(|outcome| outcome.at),
        needs: needs(case),
        votes: votes(case),
        outcome: outcome(case, state),
        may_edit: edits.iter().map(may_edit).collect(),
        edit: edit(case),
        preview: preview(case),
        preview_required: terms.preview,
        offers: terms
            .offers
            .iter()
            .map(|offer| OfferView {
                offer: opening::offer_text(*offer),
                covers: grants::in_words(call, edits, *offer),
            })
            .collect(),
        claim: claim(call),
        history: case.entries.iter().map(event).collect(),
    })
}

/// One line about a version at `now`.
pub(crate) fn summary(case: &Case, now: Timestamp) -> RequestSummary {
    let (call, decision, state) = (case.call(), &case.record.decision, state_at(&case.stored, now));
    let asking = case.opening.terms.requirements.first();
    let outcome = outcome(case, state);
    let missing = needs(case).into_iter().filter(|need| need.escalation_at.is_none());
    RequestSummary {
        number: case.stored.number,
        id: RequestId(case.stored.id).to_string(),
        version: case.stored.version,
        state: state.as_str(),
        tool: call.tool.clone(),
        agent: call.agent.as_ref().map(|agent| agent.id.clone()),
        user: call.user.clone(),
        session: call.session.clone(),
        policy: asking.map(|asking| asking.policy.to_string()).unwrap_or_default(),
        rule: asking.map(|asking| asking.rule.to_string()).unwrap_or_default(),
        because: decision.because.clone(),
        opened_at: case.stored.opened_at.to_string(),
        expires_at: case.stored.expires_at.to_string(),
        ended_at: case.stored.settled_at.map(|at| at.to_string()),
        ended_by: outcome.and_then(|outcome| outcome.by),
        missing: match state {
            RequestState::Pending => missing.map(|need| need.missing).sum(),
            _ => 0,
        },
        recipients: recipients(call),
    }
}

fn recipients(call: &ToolCall) -> Option<u64> {
    let named = RECIPIENTS.iter().filter_map(|key| call.args.root().get(key));
    let counts: Vec<u64> = named.map(count_items).collect::<Option<_>>()?;
    (!counts.is_empty()).then(|| counts.iter().sum())
}

fn rules(case: &Case, shared: &Shared) -> Vec<RuleView> {
    let decision = &case.record.decision;
    let policies = shared.policies();
    let in_force = hex_digest(policies.layers.digest()) == decision.policy_digest;
    let asking = case.opening.terms.requirements.iter().map(|asking| {
        let matched = decision.matched.iter().find(|matched| {
            matched.effect == Effect::Ask
                && *matched.policy == *asking.policy
                && *matched.rule == *asking.rule
        });
        let line = matched.map_or(0, |matched| matched.line);
        let layers = policies.layers.policies();
        let policy = layers.iter().find(|p| in_force && p.name() == &*asking.policy);
        let rule = policy.and_then(|p| p.rules().iter().find(|r| r.line == line));
        let text = policy.and_then(|p| p.sources().iter().next().map(|source| &source.text));
        let at = usize::try_from(line).unwrap_or(0).checked_sub(1);
        RuleView {
            policy: asking.policy.to_string(),
            rule: asking.rule.to_string(),
            line,
            because: rule.and_then(|rule| rule.because.as_deref().map(str::to_owned)),
            instead: rule.and_then(|rule| rule.instead.as_deref().map(str::to_owned)),
            source: text.zip(at).and_then(|(text, at)| text.lines().nth(at)).map(str::to_owned),
        }
    });
    asking.collect()
}

fn needs(case: &Case) -> Vec<NeedView> {
    let votes = given(case);
    approval::needs(&case.opening, &votes).iter().map(|need| need_view(need, &votes)).collect()
}

/// Who approved, also after the state no longer tells.
fn given(case: &Case) -> Vec<approval::Vote> {
    if !case.state.votes().is_empty() {
        return case.state.votes().to_vec();
    }
    let moves = super::journal::moves(&case.entries, case.stored.version);
    let mut votes: Vec<approval::Vote> = Vec::new();
    for (event, _) in moves {
        match event {
            approval::Event::Approve(vote) | approval::Event::BreakGlass(vote) => votes.push(vote),
            approval::Event::Withdraw { by } => {
                votes.retain(|vote| !vote.by.eq_ignore_ascii_case(&by));
            }
            approval::Event::Preview { .. } => votes.clear(),
            _ => {}
        }
    }
    votes
}

fn need_view(need: &Need<'_>, votes: &[approval::Vote]) -> NeedView {
    NeedView {
        policy: need.requirement.policy.to_string(),
        rule: need.requirement.rule.to_string(),
        count: need.seat.count,
        of: need.seat.group.as_deref().map(str::to_owned),
        members: need.seat.members.iter().map(ToString::to_string).collect(),
        given: need.given.iter().filter_map(|at| Some(votes.get(*at)?.by.clone())).collect(),
        missing: need.missing,
        escalation_at: need.asked_at.map(|at| at.to_string()),
    }
}

fn votes(case: &Case) -> Vec<VoteView> {
    let entry_of = |vote: &approval::Vote| {
        case.entries.iter().find(|entry| {
            entry.version == case.stored.version
                && entry.at == vote.at
                && entry.text("by") == Some(&vote.by)
                && matches!(&*entry.kind, "request.voted" | "request.glass_broken")
        })
    };
    let view = |vote: approval::Vote| {
        let entry = entry_of(&vote);
        VoteView {
            note: entry.and_then(|entry| entry.text("note")).map(str::to_owned),
            break_glass: entry.is_some_and(|entry| entry.kind == "request.glass_broken"),
            at: vote.at.to_string(),
            by: vote.by,
            on_behalf_of: vote.on_behalf_of,
        }
    };
    given(case).into_iter().map(view).collect()
}

fn outcome(case: &Case, state: RequestState) -> Option<OutcomeView> {
    if let State::Ended(end) = &case.state {
        let last = case.entries.iter().rfind(|entry| {
            entry.version == case.stored.version
                && entry.at == end.at
                && entry.kind != "request.attempt_refused"
        });
        let reason = last.and_then(|entry| entry.text("note")).map(str::to_owned);
        let at = end.at.to_string();
        return Some(OutcomeView { state: state.as_str(), by: end.by.clone(), reason, at });
    }
    // Over, and not recorded yet.
    let at = match &case.state {
        State::Approved(released) => released.use_by,
        _ => case.opening.expires_at,
    };
    (state == RequestState::Expired).then(|| OutcomeView {
        state: state.as_str(),
        by: None,
        reason: None,
        at: at.to_string(),
    })
}

fn may_edit(edit: &EditTerm) -> MayEditView {
    let field = approval::field_name(&edit.field);
    MayEditView { field, bound: edit.bound.written(), words: edit.bound.in_words() }
}

fn edit(case: &Case) -> Option<EditView> {
    let before = case.stored.version.checked_sub(1)?;
    let superseded = case
        .entries
        .iter()
        .find(|entry| entry.version == before && entry.kind == "request.superseded")?;
    let changes = superseded.json.root().get("changes")?.as_list()?.iter();
    let change = |change: Value<'_>| {
        Some(ChangeView {
            field: change.get("field")?.as_text()?.to_owned(),
            from: change.get("from").map(plain),
            to: change.get("to").map(plain),
        })
    };
    Some(EditView {
        by: superseded.text("by").map(str::to_owned),
        at: superseded.at.to_string(),
        changes: changes.filter_map(change).collect(),
    })
}

/// The newest dry-run result; stale where it was of an earlier version.
fn preview(case: &Case) -> Option<PreviewView> {
    let given = case.entries.iter().rev().find(|entry| entry.kind == "request.previewed");
    if let Some(entry) = given {
        let value = plain(entry.json.root().get("preview")?);
        let stale = entry.version != case.stored.version;
        return Some(view_of(value, entry.at, stale));
    }
    let own = case.call().context.as_ref().and_then(|context| context.root().get("preview"));
    let own = own.filter(|preview| !preview.is_null()).map(Json::from);
    own.map(|value| view_of(value, case.stored.opened_at, false))
}

fn plain(value: Value<'_>) -> Json {
    Json::from(value).plain()
}

fn view_of(value: Json, at: Timestamp, stale: bool) -> PreviewView {
    let digest = hex_digest(&preview_digest(&value));
    PreviewView { value, digest, at: at.to_string(), stale }
}

/// What the agent says of its call, where the host passes that on.
fn claim(call: &ToolCall) -> Option<String> {
    let context = call.context.as_ref()?.root();
    let said = ["claim", "reason", "summary"].iter().find_map(|key| context.get(key)?.as_text());
    said.map(str::to_owned)
}

fn event(entry: &Entry) -> EventView {
    let text = |key| entry.text(key).map(str::to_owned);
    EventView {
        at: entry.at.to_string(),
        kind: entry.kind.clone(),
        version: entry.version,
        by: text("by"),
        on_behalf_of: text("on_behalf_of"),
        note: text("note").or_else(|| text("why")),
        via: text("via"),
    }
}
