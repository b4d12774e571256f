//! A decision in full before it is written: the decision, its record, the request it opens.
//!
//! Drafting is pure, so it happens in the caller's thread on what can be assumed, and the
//! transaction only checks the assumptions; where one fails it drafts again on the facts.

use super::work::{Arrival, Gathered, Ids};
use super::{GateError, leaf};
use crate::approvals::RequestId;
use crate::record::{self, Subject, Used};
use crate::store::{Entry, StoredRequest};
use crate::wire::{Decision, RequestNotice};
use fence_engine::approval::Terms;
use fence_engine::call::{ToolCall, hex_digest};
use fence_engine::decision::Effect;
use fence_engine::eval::{Report, report};
use fence_engine::facts::{CounterFact, Facts, Needs, Now};

/// A decision ready to be written.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    pub(crate) decision: Decision,
    /// What goes into the log.
    pub(crate) entry: Entry,
    /// For an ask: the terms under which people answer it.
    pub(crate) terms: Option<Terms>,
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
    pub(crate) open: Option<&'a StoredRequest>,
}

/// Judges a well-formed call and writes everything up.
pub(crate) fn draft(arrival: &Arrival, ids: Ids, call: &ToolCall, grounds: &Grounds<'_>) -> Draft {
    let facts = Facts { now: grounds.now, counters: grounds.counters, answers: &arrival.answers };
    let report = report(&arrival.policies.layers, call, &facts);
    let slots = report.slots(grounds.needs);
    let mut decision = decision(&report, arrival, ids);
    let terms = (decision.decision == Effect::Ask).then(|| report.terms());
    if let Some(terms) = terms.as_ref().filter(|_| !arrival.replayed) {
        decision.request = Some(match grounds.open {
            Some(open) => joined(open, terms),
            None => {
                let expires_at = arrival.at.saturating_add(terms.expires).to_string();
                record::notice(&RequestId(ids.request.into_bytes()).to_string(), &expires_at, terms)
            }
        });
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
    Draft { decision, entry, terms, slots }
}

impl Draft {
    /// The same decision on the same facts, joining the request that is open for the call instead
    /// of opening one.
    pub(crate) fn joining(
        &self,
        open: &StoredRequest,
        arrival: &Arrival,
        ids: Ids,
        call: &ToolCall,
        gathered: &Gathered,
    ) -> Self {
        let mut decision = self.decision.clone();
        decision.request = self.terms.as_ref().map(|terms| joined(open, terms));
        self.otherwise(decision, arrival, ids, call, gathered)
    }

    /// Another decision on the same facts; it takes no slots.
    pub(crate) fn otherwise(
        &self,
        decision: Decision,
        arrival: &Arrival,
        ids: Ids,
        call: &ToolCall,
        gathered: &Gathered,
    ) -> Self {
        let recorded_at = &arrival.recorded_at.to_string();
        let used = Used {
            facts: gathered.facts(),
            counters: &gathered.needs.counters,
            slots: &[],
            replayed: arrival.replayed,
            recorded_at,
        };
        let call_id = call.call_id.as_deref();
        let entry = entry(&decision, Subject::Call(call), &used, arrival, ids, call_id);
        Self { decision, entry, terms: self.terms.clone(), slots: Vec::new() }
    }
}

/// A denial without a judgement.
pub(crate) fn refusal(arrival: &Arrival, ids: Ids, because: String, subject: Subject<'_>) -> Draft {
    let decision = Decision {
        decision: Effect::Deny,
        id: ids.decision.to_string(),
        because: Some(because),
        digest: hex_digest(&arrival.digest()),
        at: arrival.at.to_string(),
        ..Decision::unrecorded(&GateError::Lost, &arrival.policies.layers)
    };
    let used = Used {
        facts: Facts::at(arrival.now),
        counters: &[],
        slots: &[],
        replayed: arrival.replayed,
        recorded_at: &arrival.recorded_at.to_string(),
    };
    let entry = entry(&decision, subject, &used, arrival, ids, None);
    Draft { decision, entry, terms: None, slots: Vec::new() }
}

/// What the agent learns of a request that was open already.
fn joined(open: &StoredRequest, terms: &Terms) -> RequestNotice {
    let (id, expires_at) = (RequestId(open.id).to_string(), open.expires_at.to_string());
    let state = open.state.as_str().to_owned();
    RequestNotice { state, ..record::notice(&id, &expires_at, terms) }
}

fn decision(report: &Report<'_>, arrival: &Arrival, ids: Ids) -> Decision {
    let (digest, at) = (hex_digest(&arrival.digest()), arrival.at.to_string());
    record::decision(report, &ids.decision.to_string(), &digest, &at)
}

/// The row of the log.
fn entry(
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
        digest: arrival.digest(),
        leaf: leaf(&body),
        body,
    }
}
