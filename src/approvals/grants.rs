//! Grants: an approval that also covers later calls, as far as the rule offers it. A grant covers
//! only calls that are no more than the one that was approved, and loses to every `deny`.

use super::act::{self, Attempt};
use super::journal::{Body, Note};
use super::opening::{offer_text, read_offer};
use super::step::Case;
use super::vote::check_note;
use super::{ApprovalError, Approvals, Approver, Receipt, RequestId, open};
use crate::store::{Item, StoreError, Transaction};
use crate::wire::Decision;
use fence_engine::approval::{EditTerm, Offer, RequestState, State, Terms, covers};
use fence_engine::call::ToolCall;
use fence_engine::decision::Effect;
use fence_engine::json::{Json, Value};
use fence_engine::scalar::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

const KIND: &str = "grant";

/// A grant as it is shown, and as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
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

/// A grant that releases a call.
#[derive(Clone, Debug)]
pub(crate) struct Grant(GrantView);

impl Grant {
    /// The decision as the grant makes it.
    pub(crate) fn release(&self, asked: &Decision) -> Decision {
        let auto = format!("grant {} by {}", self.0.id, self.0.by.join(", "));
        released(asked, self.0.id.clone(), auto)
    }
}

/// An ask that a grant released.
pub(crate) fn released(asked: &Decision, grant: String, auto: String) -> Decision {
    Decision {
        decision: Effect::Allow,
        auto: Some(auto),
        grant: Some(grant),
        instead: None,
        request: None,
        nearest: None,
        ..asked.clone()
    }
}

impl Approvals {
    /// The grants that have not ended.
    ///
    /// # Errors
    /// Any fault of the store.
    pub fn grants(&self) -> Result<Vec<GrantView>, ApprovalError> {
        let now = self.shared().clock.now();
        let items = self.shared().store.live_items(KIND, None)?;
        Ok(items.iter().filter_map(read).filter(|grant| lasts(grant, now)).collect())
    }

    /// A person takes a grant back.
    pub fn revoke_grant(&self, by: &Approver, id: &str, reason: &str) -> Receipt<GrantView> {
        let attempt = Attempt { what: "revoke-grant", who: by.person.clone(), on: None };
        let (by, id, reason) = (by.person.clone(), id.to_owned(), reason.to_owned());
        self.act(attempt, move |transaction, shared| {
            check_note(Some(&reason), true)?;
            let now = act::now(transaction, shared)?;
            let missing = || ApprovalError::NotFound("grant");
            let uuid = id.strip_prefix("g_").and_then(|id| Uuid::try_parse(id).ok());
            let item = transaction.item(KIND, uuid.ok_or_else(missing)?.into_bytes())?;
            let item = item.ok_or_else(missing)?;
            let grant = read(&item).ok_or_else(missing)?;
            if item.ended_at.is_some() {
                return Ok(grant);
            }
            let ended = GrantView { ended_at: Some(now.to_string()), ..grant };
            keep(transaction, &item, &ended, Some(now))?;
            let body = Body::new(now, "grant.revoked").with("by", &by).with("grant", &id);
            transaction.event(&body.with("reason", &reason).event(None))?;
            Ok(ended)
        })
    }
}

fn read(item: &Item) -> Option<GrantView> {
    serde_json::from_str(&item.body).ok()
}

fn lasts(grant: &GrantView, now: Timestamp) -> bool {
    let until = grant.until.as_deref().map(Timestamp::parse);
    // A time that cannot be read is over.
    until.is_none_or(|until| until.is_some_and(|until| now < until)) && grant.left != Some(0)
}

fn keep(
    transaction: &mut dyn Transaction,
    item: &Item,
    grant: &GrantView,
    ended_at: Option<Timestamp>,
) -> Result<(), StoreError> {
    let body = serde_json::to_string(grant).unwrap_or_default();
    transaction.put_item(&Item { body, ended_at, ..item.clone() })
}

fn key(call: &ToolCall) -> String {
    format!("{}\n{}", call.tool, open::agent(call).unwrap_or_default())
}

/// The grant that releases an ask, used up by one call.
pub(crate) fn take(
    transaction: &mut dyn Transaction,
    call: &ToolCall,
    terms: &Terms,
    at: Timestamp,
) -> Result<Option<Grant>, StoreError> {
    for item in transaction.live_items(KIND, &key(call))? {
        let Some(grant) = read(&item).filter(|grant| lasts(grant, at)) else { continue };
        if !fits(&grant, call, terms) || !is_covered(transaction, &grant, call, terms)? {
            continue;
        }
        let left = grant.left.map(|left| left.saturating_sub(1));
        let used = GrantView { left, used: grant.used + 1, ..grant };
        keep(transaction, &item, &used, (left == Some(0)).then_some(at))?;
        return Ok(Some(Grant(used)));
    }
    Ok(None)
}

/// Whether the grant is for this agent's side, satisfies all rules that ask, and is still offered.
/// What a person must see beforehand, no grant can cover.
fn fits(grant: &GrantView, call: &ToolCall, terms: &Terms) -> bool {
    let asks = |rule: &(String, String)| grant.rules.contains(rule);
    let offered = read_offer(&grant.offer).is_some_and(|offer| terms.offers.contains(&offer));
    !terms.preview
        && offered
        && grant.user == call.user
        && (grant.session.is_none() || grant.session == call.session)
        && rules(terms).iter().all(asks)
}

fn rules(terms: &Terms) -> Vec<(String, String)> {
    let rule = |r: &fence_engine::approval::Requirement| (r.policy.to_string(), r.rule.to_string());
    terms.requirements.iter().map(rule).collect()
}

fn is_covered(
    transaction: &mut dyn Transaction,
    grant: &GrantView,
    call: &ToolCall,
    terms: &Terms,
) -> Result<bool, StoreError> {
    let Ok(decision) = Uuid::try_parse(&grant.decision) else { return Ok(false) };
    let Some(logged) = transaction.entry(decision.into_bytes())? else { return Ok(false) };
    let Ok(Some(record)) = crate::replay::Record::parse(&logged.entry.body) else {
        return Ok(false);
    };
    Ok(covers(&record.call.args, &terms.edits, &call.args).is_ok())
}

/// The note of a vote that also offers a grant.
pub(super) fn noted(note: Note, case: &Case, offer: Option<Offer>) -> Result<Note, ApprovalError> {
    let Some(offer) = offer.filter(|offer| *offer != Offer::Once) else { return Ok(note) };
    let terms = &case.opening.terms;
    let why = if !terms.offers.contains(&offer) {
        "the rule does not offer it"
    } else if terms.preview {
        "the rule wants a preview of every call"
    } else if offer == Offer::Session && case.stored.session.is_none() {
        "the call belongs to no session"
    } else {
        return Ok(note.with("grant", &offer_text(offer)));
    };
    Err(ApprovalError::Grant(why.to_owned()))
}

/// Gives the grant that all who approved agree on, once the request is approved.
pub(super) fn give(
    transaction: &mut dyn Transaction,
    case: &Case,
    now: Timestamp,
) -> Result<(), ApprovalError> {
    let State::Approved(released) = &case.state else { return Ok(()) };
    let is_new = case.stored.state == RequestState::Approved && released.at == now;
    let Some(offer) = agreed(case).filter(|_| is_new) else { return Ok(()) };
    let id = Uuid::from_bytes(case.stored.decision);
    let by: Vec<String> = released.votes.iter().map(|vote| vote.by.clone()).collect();
    let (call, terms) = (case.call(), &case.opening.terms);
    let until = match offer {
        Offer::For(duration) => Some(now.saturating_add(duration).to_string()),
        _ => None,
    };
    let grant = GrantView {
        // One decision opens one version, and one version gives at most one grant.
        id: format!("g_{id}"),
        by,
        given_at: now.to_string(),
        request: RequestId(case.stored.id).to_string(),
        offer: offer_text(offer),
        until,
        left: if let Offer::Next(calls) = offer { Some(calls) } else { None },
        used: 0,
        tool: call.tool.clone(),
        agent: open::agent(call),
        user: call.user.clone(),
        session: call.session.clone().filter(|_| offer == Offer::Session),
        rules: rules(terms),
        decision: id.to_string(),
        covers: in_words(call, &terms.edits, offer),
        ended_at: None,
    };
    let item = Item {
        kind: KIND.to_owned(),
        id: id.into_bytes(),
        key: key(call),
        due: None,
        body: String::new(),
        ended_at: None,
    };
    keep(transaction, &item, &grant, None)?;
    let body = Body::new(now, "grant.given").with("by", grant.by.as_slice());
    let body = body.with("covers", &grant.covers).with("grant", &grant.id);
    let body = body.with("version", &u64::from(case.stored.version));
    Ok(transaction.event(&body.event(Some(case.stored.id)))?)
}

/// What every vote of this version offers alike.
fn agreed(case: &Case) -> Option<Offer> {
    let votes = case.entries.iter().filter(|entry| {
        let voted = matches!(&*entry.kind, "request.voted" | "request.glass_broken");
        let by = entry.text("by").unwrap_or_default();
        let stands = case.state.votes().iter().any(|vote| vote.by == by && vote.at == entry.at);
        entry.version == case.stored.version && voted && stands
    });
    let mut offers = votes.map(|entry| entry.text("grant").and_then(read_offer));
    let first = offers.next()??;
    offers.all(|offer| offer == Some(first)).then_some(first)
}

/// What a grant would cover, in words.
pub(super) fn in_words(call: &ToolCall, edits: &[EditTerm], offer: Offer) -> String {
    let span = match offer {
        Offer::Once => return "this call alone".to_owned(),
        Offer::Session => "for the rest of the session".to_owned(),
        Offer::For(duration) => format!("for {duration}"),
        Offer::Next(calls) => format!("for the next {calls} calls"),
    };
    let agent = call.agent.as_ref().map(|agent| format!(" by {}", agent.id)).unwrap_or_default();
    let fields: Vec<String> = call
        .args
        .root()
        .as_object()
        .into_iter()
        .flatten()
        .map(|(k, v)| field(k, v, edits))
        .collect();
    let fields = if fields.is_empty() { "no arguments".to_owned() } else { fields.join(", ") };
    format!("{}{agent} {span}: {fields}", call.tool)
}

fn field(key: &str, value: Value<'_>, edits: &[EditTerm]) -> String {
    let name = fence_engine::approval::field_name(&[Box::from(key)].into());
    let bound = edits.iter().find(|edit| edit.field.len() == 1 && *edit.field[0] == *key);
    match (bound.map(|edit| edit.bound), value) {
        (Some(bound), _) if !bound.shrink => format!("{name} {}", bound.in_words()),
        (_, Value::Number(_)) => format!("{name} at most {}", Json::from(value)),
        (_, Value::List(_)) => format!("{name} only of {}", Json::from(value)),
        _ => format!("{name} = {}", Json::from(value)),
    }
}
