//! Opening a request: who requests, whether it may be asked at all, and its first event.

use super::journal::{Body, OPENED};
use super::{Announce, Announcement, ApprovalError, Approvals, Approver, Receipt, opening};
use super::{RequestId, act, act::Attempt};
use crate::gate::work::{Arrival, Ids};
use crate::store::{Item, StoreError, StoredRequest, Transaction};
use crate::wire::Decision;
use fence_engine::approval::{Opening, Requirement, State, Terms, Unattended, can_be_filled};
use fence_engine::call::{ToolCall, hex_digest};
use fence_engine::decision::Effect;
use fence_engine::json::Json;
use fence_engine::scalar::Timestamp;

/// What an agent is told that repeats a call which a person refused.
pub(crate) const REFUSED_BEFORE: &str =
    "a person refused exactly this call: asking again does not help, do something else";

/// Outside a session a refusal stands for a day.
const REFUSAL_LASTS_MICROS: i64 = 86_400_000_000;

/// Items that say who opened a session.
const SESSION: &str = "session";

/// Whether a person refused exactly this call before. A refusal is not undone by a window that
/// opens or a counter that starts anew: it stands for its session, whatever an `ask` rule says now.
pub(crate) fn was_refused(
    transaction: &mut dyn Transaction,
    arrival: &Arrival,
    call: &ToolCall,
    decision: &Decision,
) -> Result<bool, StoreError> {
    let asks = |matched: &crate::wire::Matched| {
        matched.effect == Effect::Ask && matched.applies != Some(false) && !matched.shadow
    };
    let by_default = decision.decision == Effect::Ask;
    if arrival.replayed || !(by_default || decision.matched.iter().any(asks)) {
        return Ok(false);
    }
    let since = match call.session {
        Some(_) => i64::MIN,
        None => arrival.at.micros().saturating_sub(REFUSAL_LASTS_MICROS),
    };
    transaction.refused_since(arrival.digest(), Timestamp::from_micros(since))
}

/// Why no request can be opened for a call, if so.
pub(crate) fn refused(
    transaction: &mut dyn Transaction,
    call: &ToolCall,
    terms: &Terms,
    cap: u32,
    at: Timestamp,
) -> Result<Option<String>, StoreError> {
    let waiting = transaction.pending_of(agent(call).as_deref(), at, u64::from(cap))?;
    if waiting >= u64::from(cap) {
        return Ok(Some(format!("{cap} requests of this agent wait for people already")));
    }
    if terms.unattended == Unattended::Deny {
        let requester = requester(transaction, call)?;
        if !terms.requirements.iter().all(|each| has_people(each, terms, &requester)) {
            return Ok(Some("nobody can be reached who may approve this call".to_owned()));
        }
    }
    Ok(None)
}

/// Whether distinct people other than the requester could satisfy the rule, now or later.
fn has_people(requirement: &Requirement, terms: &Terms, requester: &[String]) -> bool {
    let opening = Opening {
        terms: terms.clone(),
        requester: requester.to_vec(),
        opened_at: Timestamp::from_micros(0),
        expires_at: Timestamp::from_micros(0),
    };
    let free = |seat: &fence_engine::approval::Seat| {
        let members = seat.members.iter().filter(|member| !opening.bars(member)).cloned();
        fence_engine::approval::Seat { members: members.collect(), ..seat.clone() }
    };
    let seats: Vec<_> = requirement.seats.iter().map(free).collect();
    can_be_filled(&seats)
        || requirement.escalations.iter().any(|later| can_be_filled(&[free(&later.seat)]))
}

/// The request that a decision opens.
pub(crate) fn request(
    transaction: &mut dyn Transaction,
    arrival: &Arrival,
    ids: Ids,
    call: &ToolCall,
    terms: &Terms,
) -> Result<StoredRequest, StoreError> {
    let requester = requester(transaction, call)?;
    let (opened_at, expires_at) = (arrival.at, arrival.at.saturating_add(terms.expires));
    let written = opening::written(terms, &requester)?;
    let opening = Opening { terms: terms.clone(), requester, opened_at, expires_at };
    let state = State::opened(None);
    Ok(StoredRequest {
        number: 0,
        id: ids.request.into_bytes(),
        version: 1,
        decision: ids.decision.into_bytes(),
        digest: arrival.digest(),
        tool: call.tool.clone(),
        agent: agent(call),
        session: call.session.clone(),
        opened_at,
        expires_at,
        terms: written,
        state: state.name(),
        moves: 0,
        wake_at: state.wake_at(&opening),
        settled_at: None,
        refused: false,
    })
}

/// Opens a request or a version of one: the row, its first event, and what people are told.
pub(crate) fn write(
    transaction: &mut dyn Transaction,
    request: &StoredRequest,
    terms: &Terms,
    announce: Option<&Announce>,
    now: Timestamp,
) -> Result<(), StoreError> {
    transaction.insert_request(request)?;
    let body = Body::new(now, OPENED).with("version", &u64::from(request.version));
    let body = body.with("digest", &hex_digest(&request.digest));
    let body = body.with("decision", &uuid::Uuid::from_bytes(request.decision).to_string());
    transaction.event(&body.event(Some(request.id)))?;
    let Some(announce) = announce else { return Ok(()) };
    let items = announce(&Announcement {
        kind: OPENED,
        request: RequestId(request.id),
        version: request.version,
        channels: terms.notify.as_deref(),
        at: now,
    });
    items.iter().try_for_each(|item| transaction.put_item(item))
}

/// The agent as requests name it: in one case, so that spelling it otherwise is no other agent.
pub(crate) fn agent(call: &ToolCall) -> Option<String> {
    call.agent.as_ref().map(|agent| agent.id.to_ascii_lowercase())
}

/// The agent, its parents, its user, and whoever opened the session.
pub(crate) fn requester(
    transaction: &mut dyn Transaction,
    call: &ToolCall,
) -> Result<Vec<String>, StoreError> {
    let agents = call.agent.iter().flat_map(|agent| agent.path().map(str::to_owned));
    let mut requester: Vec<String> = agents.chain(call.user.clone()).collect();
    if let Some(session) = &call.session {
        for item in transaction.live_items(SESSION, session)? {
            let json: Option<Json> = item.body.parse().ok();
            let by = json.as_ref().and_then(|json| json.root().get("by")?.as_text());
            let damaged = || StoreError::Corrupt("a session's record cannot be read".to_owned());
            requester.push(by.ok_or_else(damaged)?.to_owned());
        }
    }
    Ok(requester)
}

/// Opens a session in somebody's name: that person approves nothing asked for in it, unless a rule
/// says `or self`. Answers its id.
pub fn open_session(approvals: &Approvals, by: &Approver) -> Receipt<String> {
    let attempt = Attempt { what: "open-session", who: by.person.clone(), on: None };
    let (by, random) = (by.person.clone(), approvals.shared().random.bytes());
    approvals.act(attempt, move |transaction, shared| {
        let now = act::now(transaction, shared)?;
        let millis = u64::try_from(now.micros() / 1_000).unwrap_or(0);
        let id = uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid();
        let key = format!("s_{id}");
        let body = Body::new(now, "session.opened").with("by", &by).with("session", &key);
        let event = body.event(None);
        let item = Item {
            kind: SESSION.to_owned(),
            id: id.into_bytes(),
            key: key.clone(),
            due: None,
            body: event.body.clone(),
            ended_at: None,
        };
        transaction.put_item(&item)?;
        transaction.event(&event)?;
        Ok::<_, ApprovalError>(key)
    })
}
