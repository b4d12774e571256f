//! A decision in full before it is written: the decision, its record, the request it opens.
//!
//! Drafting is pure, so it happens in the caller's thread on what can be assumed, and the
//! transaction only checks the assumptions; where one fails it drafts again on the facts.

use super::work::{Arrival, Ids};
use super::{Shared, leaf};
use crate::record::{self, Subject, Used};
use crate::store::{Entry, OpenedRequest};
use crate::wire::Decision;
use fence_engine::call::{ToolCall, hex_digest};
use fence_engine::decision::Effect;
use fence_engine::eval::{Report, report};
use fence_engine::facts::{CounterFact, Facts, Needs, Now};
use uuid::Uuid;

/// A decision ready to be written.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    pub(crate) decision: Decision,
    /// What goes into the log.
    pub(crate) entry: Entry,
    /// The request it opens.
    pub(crate) request: Option<OpenedRequest>,
    /// Which of the needed counters lose a slot.
    pub(crate) slots: Vec<usize>,
}

/// What a call is judged on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Grounds<'a> {
    pub(crate) now: Now,
    pub(crate) needs: &'a Needs,
    pub(crate) counters: &'a [CounterFact],
    /// The request that is open for the same call.
    pub(crate) open: Option<&'a OpenedRequest>,
}

/// Judges a well-formed call and writes everything up.
pub(crate) fn draft(
    shared: &Shared,
    arrival: &Arrival,
    ids: Ids,
    call: &ToolCall,
    grounds: &Grounds<'_>,
) -> Draft {
    let facts = Facts { now: grounds.now, counters: grounds.counters, answers: &arrival.answers };
    let report = report(&shared.layers, call, &facts);
    let slots = report.slots(grounds.needs);
    let mut decision = decision(&report, arrival, ids);
    let mut request = None;
    if decision.decision == Effect::Ask {
        let terms = report.terms();
        let opened = grounds.open.cloned().unwrap_or_else(|| OpenedRequest {
            id: ids.request.into_bytes(),
            decision: ids.decision.into_bytes(),
            digest: arrival.digest,
            opened_at: arrival.at,
            expires_at: arrival.at.saturating_add(terms.expires),
            terms: record::terms_json(&terms),
        });
        decision.request = Some(record::notice(&public_id(&opened), &expiry(&opened), &terms));
        request = Some(opened).filter(|_| grounds.open.is_none());
    }
    let used = Used {
        facts,
        counters: &grounds.needs.counters,
        slots: &slots,
        replayed: arrival.replayed,
        recorded_at: &arrival.recorded_at.to_string(),
    };
    let malformed = report.evaluation.malformed().is_some();
    let call_id = call.call_id.as_deref().filter(|_| !malformed);
    let entry = entry(&decision, Subject::Call(call), &used, arrival, ids, call_id);
    Draft { decision, entry, request, slots }
}

impl Draft {
    /// The same decision on the same grounds, joining the request that is open for the call
    /// instead of opening one; only for drafts on which no counter had a say.
    pub(crate) fn joining(
        &self,
        open: &OpenedRequest,
        arrival: &Arrival,
        ids: Ids,
        call: &ToolCall,
    ) -> Self {
        let mut decision = self.decision.clone();
        if let Some(request) = &mut decision.request {
            request.id = public_id(open);
            request.expires_at = expiry(open);
        }
        let facts = Facts { now: arrival.now, counters: &[], answers: &arrival.answers };
        let recorded_at = &arrival.recorded_at.to_string();
        let used =
            Used { facts, counters: &[], slots: &[], replayed: arrival.replayed, recorded_at };
        let call_id = call.call_id.as_deref();
        let entry = entry(&decision, Subject::Call(call), &used, arrival, ids, call_id);
        Self { decision, entry, request: None, slots: Vec::new() }
    }
}

fn public_id(request: &OpenedRequest) -> String {
    format!("r_{}", Uuid::from_bytes(request.id))
}

fn expiry(request: &OpenedRequest) -> String {
    request.expires_at.to_string()
}

fn decision(report: &Report<'_>, arrival: &Arrival, ids: Ids) -> Decision {
    let (digest, at) = (hex_digest(&arrival.digest), arrival.at.to_string());
    record::decision(report, &ids.decision.to_string(), &digest, &at)
}

/// The row of the log.
pub(crate) fn entry(
    decision: &Decision,
    subject: Subject<'_>,
    used: &Used<'_>,
    arrival: &Arrival,
    ids: Ids,
    call_id: Option<&str>,
) -> Entry {
    let body = record::body(decision, subject, used);
    let call = subject.call();
    let tool = match subject {
        Subject::Call(call) | Subject::Reused(call) => call.tool.clone(),
        Subject::Malformed { tool, .. } => fence_engine::show::printable(tool, 80),
    };
    Entry {
        id: ids.decision.into_bytes(),
        at: arrival.at,
        tool,
        agent: call.and_then(|call| Some(call.agent.as_ref()?.id.clone())),
        session: call.and_then(|call| call.session.clone()),
        call_id: call_id.map(str::to_owned),
        decision: decision.decision as u8,
        rule: decision.rule.clone(),
        policy: decision.policy.clone(),
        digest: arrival.digest,
        leaf: leaf(&body),
        body,
    }
}
