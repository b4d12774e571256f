//! Grants: an approval that also covers later calls, as far as the rule offers it. A grant covers
//! only calls that are no more than the one that was approved, and loses to every `deny`.

use super::act::{self, Attempt};
use super::journal::{Body, Note};
use super::opening::{offer_text, read_offer};
use super::step::Case;
use super::vote::{check_known, check_note};
use super::{Approval, ApprovalError, Approvals, Approver, Receipt, RequestId, open};
use crate::people::People;
use crate::store::{Item, StoreError, Transaction};
use crate::wire::Decision;
use fence_engine::approval::{EditTerm, Offer, RequestState, State, Terms, Vote, covers};
use fence_engine::call::{ToolCall, hex_digest};
use fence_engine::decision::Effect;
use fence_engine::json::{Json, Value};
use fence_engine::scalar::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
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
    /// The policies under which it was given; under others it covers nothing.
    pub policy_digest: String,
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
            check_known(shared, &by)?;
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

/// Every grant that lasts, for [`void`].
#[cfg(feature = "mcp")]
pub(super) fn live(store: &dyn crate::store::Store) -> Result<Vec<Item>, StoreError> {
    store.live_items(KIND, None)
}

/// Ends those of these grants that are for a tool.
#[cfg(feature = "mcp")]
pub(super) fn void(
    transaction: &mut dyn Transaction,
    known: &[Item],
    (tool, why): (&str, &str),
    now: Timestamp,
) -> Result<(), StoreError> {
    for known in known {
        let item = transaction.item(KIND, known.id)?.filter(|item| item.ended_at.is_none());
        let Some((item, grant)) = item.and_then(|item| read(&item).map(|grant| (item, grant)))
        else {
            continue;
        };
        if !grant.tool.eq_ignore_ascii_case(tool) {
            continue;
        }
        let body = Body::new(now, "grant.voided").with("grant", &grant.id).with("reason", why);
        let ended = GrantView { ended_at: Some(now.to_string()), ..grant };
        keep(transaction, &item, &ended, Some(now))?;
        transaction.event(&body.event(None))?;
    }
    Ok(())
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

/// Grants of one session are found apart from those that reach further.
fn key(call: &ToolCall, session: Option<&str>) -> String {
    let agent = open::agent(call).unwrap_or_default();
    format!("{}\n{agent}\n{}", call.tool, session.unwrap_or_default())
}

/// Where a call asks, and under which terms.
pub(crate) struct Asking<'a> {
    pub(crate) call: &'a ToolCall,
    pub(crate) terms: &'a Terms,
    pub(crate) policy_digest: &'a [u8; 32],
    pub(crate) people: &'a People,
    pub(crate) at: Timestamp,
}

/// The grant that releases an ask, used up by one call.
pub(crate) fn take(
    transaction: &mut dyn Transaction,
    asking: &Asking<'_>,
) -> Result<Option<Grant>, StoreError> {
    let Asking { call, at, .. } = *asking;
    let mut items = transaction.live_items(KIND, &key(call, None))?;
    if call.session.is_some() {
        items.extend(transaction.live_items(KIND, &key(call, call.session.as_deref()))?);
    }
    for item in items {
        let Some(grant) = read(&item) else { continue };
        if !lasts(&grant, at) {
            let ended = GrantView { ended_at: Some(at.to_string()), ..grant };
            keep(transaction, &item, &ended, Some(at))?;
        } else if fits(transaction, &grant, asking)? && is_covered(transaction, &grant, asking)? {
            let left = grant.left.map(|left| left.saturating_sub(1));
            let used = GrantView { left, used: grant.used + 1, ..grant };
            keep(transaction, &item, &used, (left == Some(0)).then_some(at))?;
            return Ok(Some(Grant(used)));
        }
    }
    Ok(None)
}

/// Whether the grant is for this agent's side, satisfies all rules that ask, and still would be
/// given: under the same policies, by people who are still known and do not request the call
/// themselves. What a person must see beforehand, no grant can cover.
fn fits(
    transaction: &mut dyn Transaction,
    grant: &GrantView,
    asking: &Asking<'_>,
) -> Result<bool, StoreError> {
    let Asking { call, terms, people, .. } = *asking;
    let asks = |rule: &(String, String)| grant.rules.contains(rule);
    let offered = read_offer(&grant.offer).is_some_and(|offer| terms.offers.contains(&offer));
    let fits = !terms.preview
        && offered
        && grant.policy_digest == hex_digest(asking.policy_digest)
        && grant.user == call.user
        && (grant.session.is_none() || grant.session == call.session)
        && rules(terms).iter().all(asks)
        && grant.by.iter().all(|person| people.knows(person));
    if !fits || terms.or_self {
        return Ok(fits);
    }
    let requester = open::requester(transaction, call)?;
    let requests = |person: &String| requester.iter().any(|own| own.eq_ignore_ascii_case(person));
    Ok(!grant.by.iter().any(requests))
}

fn rules(terms: &Terms) -> Vec<(String, String)> {
    let rule = |r: &fence_engine::approval::Requirement| (r.policy.to_string(), r.rule.to_string());
    terms.requirements.iter().map(rule).collect()
}

fn is_covered(
    transaction: &mut dyn Transaction,
    grant: &GrantView,
    asking: &Asking<'_>,
) -> Result<bool, StoreError> {
    let Ok(decision) = Uuid::try_parse(&grant.decision) else { return Ok(false) };
    let Some(logged) = transaction.entry(decision.into_bytes())? else { return Ok(false) };
    let Ok(Some(record)) = crate::replay::Record::parse(&logged.entry.body) else {
        return Ok(false);
    };
    let (approved, call) = (&record.call, asking.call);
    let same = approved.agent == call.agent && same_context(approved, call);
    Ok(same && covers(&approved.args, &asking.terms.edits, &call.args).is_ok())
}

/// The user's words and a dry-run result differ from call to call; the rest of what the host says
/// must be the same.
fn same_context(approved: &ToolCall, call: &ToolCall) -> bool {
    let rest = |call: &ToolCall| {
        let context = call.context.clone().unwrap_or_else(Json::empty_object);
        let members = context.root().as_object().into_iter().flatten();
        let kept = members.filter(|(key, _)| !matches!(*key, "prompt" | "preview" | "claim"));
        kept.map(|(key, value)| (key.to_owned(), Json::from(value))).collect::<BTreeMap<_, _>>()
    };
    rest(approved) == rest(call)
}

/// The note of a vote that also offers a grant.
pub(super) fn noted(note: Note, case: &Case, with: &Approval) -> Result<Note, ApprovalError> {
    let Some(offer) = with.grant.filter(|offer| *offer != Offer::Once) else { return Ok(note) };
    let terms = &case.opening.terms;
    let why = if with.break_glass {
        "an emergency makes no rule for later calls"
    } else if !terms.offers.contains(&offer) {
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
    let people = released.votes.iter().flat_map(Vote::people);
    let by: Vec<String> = people.map(str::to_owned).collect();
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
        policy_digest: case.record.decision.policy_digest.clone(),
        decision: id.to_string(),
        covers: in_words(call, &terms.edits, offer),
        ended_at: None,
    };
    let item = Item {
        kind: KIND.to_owned(),
        id: id.into_bytes(),
        key: key(call, grant.session.as_deref()),
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
        (Some(_), Value::Number(_)) => format!("{name} {} or nearer to zero", Json::from(value)),
        (Some(_), Value::List(_)) => format!("{name} only of {}", Json::from(value)),
        _ => format!("{name} = {}", Json::from(value)),
    }
}
