//! A request put together for every surface: the stored call, who must agree, and what happened.

use super::journal::Entry;
use super::step::{Case, preview_digest};
use super::view::{
    ChangeView, EditView, EventView, MayEditView, NeedView, OfferView, OutcomeView, PreviewView,
    RequestSummary, RequestView, RuleView, VoteView,
};
use super::{ApprovalError, RequestId, grants, opening, state_at};
use crate::gate::Shared;
use crate::store::StoredRequest;
use fence_engine::approval::{self, EditTerm, Need, RequestState, State};
use fence_engine::call::{ToolCall, hex_digest};
use fence_engine::decision::Effect;
use fence_engine::json::{Json, Value};
use fence_engine::scalar::{Timestamp, count_items};

/// The arguments in which recipients are counted.
const RECIPIENTS: [&str; 4] = ["to", "cc", "bcc", "recipients"];

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

/// One line about a version whose record is damaged.
pub(crate) fn unreadable(stored: &StoredRequest, why: String, now: Timestamp) -> RequestSummary {
    RequestSummary {
        number: stored.number,
        id: RequestId(stored.id).to_string(),
        version: stored.version,
        state: state_at(stored, now).as_str(),
        tool: stored.tool.clone(),
        agent: stored.agent.clone(),
        user: None,
        session: stored.session.clone(),
        policy: String::new(),
        rule: String::new(),
        because: Some(why),
        opened_at: stored.opened_at.to_string(),
        expires_at: stored.expires_at.to_string(),
        ended_at: stored.settled_at.map(|at| at.to_string()),
        ended_by: None,
        missing: 0,
        recipients: None,
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
    own.map(|value| view_of(value, case.stored.opened_at, case.stored.version > 1))
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
