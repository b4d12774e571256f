//! What happens to a call inside its write transaction.

use super::{Arrived, CLOCK_TOLERANCE_MICROS, GateError, Shared, leaf};
use crate::random::Random;
use crate::record::{self, Subject, Used};
use crate::store::{
    CallScope, CounterId, CounterSpan as StoredSpan, Entry, Logged, OpenedRequest, StoreError,
    Transaction, Work,
};
use crate::wire::{Decision, RequestNotice};
use fence_engine::call::{Malformed, ToolCall, hex_digest};
use fence_engine::decision::Effect;
use fence_engine::eval::{Report, report};
use fence_engine::facts::{
    AnswerFact, CounterFact, CounterNeed, CounterSpan, Facts, Needs, Now,
};
use fence_engine::plan;
use fence_engine::scalar::Timestamp;
use sha2::{Digest as _, Sha256};
use std::sync::Arc;
use uuid::Uuid;

/// A call and everything known of it before the transaction begins.
#[derive(Clone, Debug)]
pub(crate) struct Arrival {
    pub(crate) arrived: Arrived,
    /// The decision's time.
    pub(crate) at: Timestamp,
    pub(crate) now: Now,
    pub(crate) replayed: bool,
    /// Whether the time is unknown while the clock lies behind newer live decisions.
    pub(crate) obeys_mark: bool,
    pub(crate) recorded_at: Timestamp,
    pub(crate) digest: [u8; 32],
    pub(crate) answers: Vec<AnswerFact>,
    /// Judge only: read counters, write nothing.
    pub(crate) dry: bool,
}

/// The ids a decision may need.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ids {
    decision: Uuid,
    request: Uuid,
}

impl Ids {
    pub(crate) fn new(random: &dyn Random, at: Timestamp) -> Self {
        let millis = u64::try_from(at.micros() / 1_000).unwrap_or(0);
        let id = || uuid::Builder::from_unix_timestamp_millis(millis, &random.bytes()).into_uuid();
        Self { decision: id(), request: id() }
    }
}

type Answer = Box<dyn FnOnce(Result<Decision, GateError>) + Send>;

/// Decides one call in one transaction, and answers when that is durable.
pub(crate) struct DecisionWork {
    shared: Arc<Shared>,
    arrival: Arrival,
    ids: Ids,
    decision: Option<Decision>,
    answer: Answer,
}

impl DecisionWork {
    pub(crate) fn new(shared: Arc<Shared>, arrival: Arrival, ids: Ids, answer: Answer) -> Self {
        Self { shared, arrival, ids, decision: None, answer }
    }
}

impl Work for DecisionWork {
    fn run(&mut self, transaction: &mut dyn Transaction) -> Result<(), StoreError> {
        let line = Line { shared: &self.shared, arrival: &self.arrival, ids: self.ids, transaction };
        self.decision = Some(line.decide()?);
        Ok(())
    }

    fn finish(self: Box<Self>, outcome: Result<(), StoreError>) {
        let decision = self.decision.ok_or(GateError::Lost);
        (self.answer)(outcome.map_err(GateError::from).and(decision));
    }
}

/// Everything outside a call that its decision depends on, as it was at one moment.
#[derive(Clone, Debug)]
pub struct Gathered {
    /// The clock.
    pub now: Now,
    /// What the call needed.
    pub needs: Needs,
    /// The counters, as they stood.
    pub counters: Vec<CounterFact>,
    /// What was answered outside.
    pub answers: Vec<AnswerFact>,
}

impl Gathered {
    /// As the engine takes it.
    #[must_use]
    pub fn facts(&self) -> Facts<'_> {
        Facts { now: self.now, counters: &self.counters, answers: &self.answers }
    }
}

type Found = Box<dyn FnOnce(Result<Gathered, GateError>) + Send>;

/// Gathers the facts for one call in one transaction, and writes nothing.
pub(crate) struct GatherWork {
    shared: Arc<Shared>,
    arrival: Arrival,
    ids: Ids,
    gathered: Option<Gathered>,
    found: Found,
}

impl GatherWork {
    pub(crate) fn new(shared: Arc<Shared>, arrival: Arrival, ids: Ids, found: Found) -> Self {
        Self { shared, arrival, ids, gathered: None, found }
    }
}

impl Work for GatherWork {
    fn run(&mut self, transaction: &mut dyn Transaction) -> Result<(), StoreError> {
        let (shared, arrival, ids) = (&*self.shared, &self.arrival, self.ids);
        if let Arrived::Call(call) = &arrival.arrived {
            self.gathered = Some(Line { shared, arrival, ids, transaction }.gather(call)?);
        }
        Ok(())
    }

    fn finish(self: Box<Self>, outcome: Result<(), StoreError>) {
        let gathered = self.gathered.ok_or(GateError::Lost);
        (self.found)(outcome.map_err(GateError::from).and(gathered));
    }
}

/// One call inside its transaction.
struct Line<'a> {
    shared: &'a Shared,
    arrival: &'a Arrival,
    ids: Ids,
    transaction: &'a mut dyn Transaction,
}

impl Line<'_> {
    fn decide(mut self) -> Result<Decision, StoreError> {
        match &self.arrival.arrived {
            Arrived::Call(call) => self.call(call),
            Arrived::Text { malformed, bytes, .. } => {
                let subject = Subject::Malformed { tool: "", bytes: *bytes };
                self.refuse(malformed, subject)
            }
        }
    }

    fn call(&mut self, call: &ToolCall) -> Result<Decision, StoreError> {
        if let Err(malformed) = call.validate() {
            let bytes = call.canonical().len();
            return self.refuse(&malformed, Subject::Malformed { tool: &call.tool, bytes });
        }
        let scope = scope(call, self.arrival.replayed);
        if let Some(call_id) = &call.call_id
            && let Some(first) = self.transaction.earlier(&scope, call_id)?
        {
            return self.repeated(call, &scope, &first);
        }
        let layers = &self.shared.layers;
        let Gathered { now, needs, counters, answers } = self.gather(call)?;
        let facts = Facts { now, counters: &counters, answers: &answers };
        let report = report(layers, call, &facts);
        let slots = report.slots(&needs);
        let malformed = report.evaluation.malformed().is_some();
        let mut decision = self.decision(&report);
        if self.arrival.dry {
            return Ok(decision);
        }
        self.take(&needs, &slots)?;
        if decision.decision == Effect::Ask {
            decision.request = Some(self.request(&report)?);
        }
        let used = Used {
            facts,
            counters: &needs.counters,
            slots: &slots,
            replayed: self.arrival.replayed,
            recorded_at: &self.arrival.recorded_at.to_string(),
        };
        let call_id = call.call_id.as_deref().filter(|_| !malformed);
        self.append(&scope, &decision, Subject::Call(call), &used, call_id)?;
        Ok(decision)
    }

    /// Everything outside the call that its decision depends on.
    fn gather(&mut self, call: &ToolCall) -> Result<Gathered, StoreError> {
        let now = self.now()?;
        let needs = plan(&self.shared.layers, call, &Facts::at(now));
        let counters = self.counters(&needs)?;
        Ok(Gathered { now, needs, counters, answers: self.arrival.answers.clone() })
    }

    /// The clock, and whether it lies behind newer live decisions.
    fn now(&mut self) -> Result<Now, StoreError> {
        let mut now = self.arrival.now;
        if self.arrival.obeys_mark {
            let mark = self.transaction.clock_mark()?;
            now.behind = mark.is_some_and(|mark| {
                mark.micros() - self.arrival.at.micros() > CLOCK_TOLERANCE_MICROS
            });
        }
        Ok(now)
    }

    fn counters(&mut self, needs: &Needs) -> Result<Vec<CounterFact>, StoreError> {
        let mut counters = Vec::with_capacity(needs.counters.len());
        for need in &needs.counters {
            let (id, span) = self.counter(need);
            let used = Some(self.transaction.used(id, span, need.limit)?);
            counters.push(CounterFact { phrase: need.phrase, used });
        }
        Ok(counters)
    }

    fn take(&mut self, needs: &Needs, slots: &[usize]) -> Result<(), StoreError> {
        for need in slots.iter().filter_map(|at| needs.counters.get(*at)) {
            let (id, span) = self.counter(need);
            self.transaction.take(id, span, self.arrival.at)?;
        }
        Ok(())
    }

    /// The id of a counter for one key; replays count in a space of their own.
    fn counter(&self, need: &CounterNeed) -> (CounterId, StoredSpan) {
        let space = if self.arrival.replayed { "replay" } else { "live" };
        let period = match &need.span {
            CounterSpan::Period(label) => label.as_str(),
            CounterSpan::Total | CounterSpan::Within(_) => "",
        };
        let mut hash = Sha256::new();
        for part in [space, &need.counter, period, &need.key] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part.as_bytes());
        }
        let digest: [u8; 32] = hash.finalize().into();
        let mut id = [0; 16];
        id.copy_from_slice(&digest[..16]);
        let span = match &need.span {
            CounterSpan::Within(duration) => {
                StoredSpan::After(self.arrival.at.saturating_sub(*duration))
            }
            CounterSpan::Total | CounterSpan::Period(_) => StoredSpan::Total,
        };
        (CounterId(id), span)
    }

    fn decision(&self, report: &Report<'_>) -> Decision {
        let id = self.ids.decision.to_string();
        let (digest, at) = (hex_digest(&self.arrival.digest), self.arrival.at.to_string());
        record::decision(report, &id, &digest, &at)
    }

    /// Opens a request, or finds the one that is open for the same call.
    fn request(&mut self, report: &Report<'_>) -> Result<RequestNotice, StoreError> {
        let terms = report.terms();
        let now = self.arrival.at;
        let open = self.transaction.open_request(self.arrival.digest, now)?;
        let (id, expires_at) = match open {
            Some(open) => (Uuid::from_bytes(open.id), open.expires_at),
            None => {
                let expires_at = now.saturating_add(terms.expires);
                self.transaction.insert_request(&OpenedRequest {
                    id: self.ids.request.into_bytes(),
                    decision: self.ids.decision.into_bytes(),
                    digest: self.arrival.digest,
                    opened_at: now,
                    expires_at,
                    terms: record::terms_json(&terms),
                })?;
                (self.ids.request, expires_at)
            }
        };
        Ok(record::notice(&format!("r_{id}"), &expires_at.to_string(), &terms))
    }

    /// A malformed call: denied unjudged; it claims no call id.
    fn refuse(
        &mut self,
        malformed: &Malformed,
        subject: Subject<'_>,
    ) -> Result<Decision, StoreError> {
        let (scope, because) = (CallScope::Nobody, malformed.to_string());
        self.denied(&scope, because, subject)
    }

    fn denied(
        &mut self,
        scope: &CallScope,
        because: String,
        subject: Subject<'_>,
    ) -> Result<Decision, StoreError> {
        let decision = Decision {
            decision: Effect::Deny,
            id: self.ids.decision.to_string(),
            because: Some(because),
            digest: hex_digest(&self.arrival.digest),
            at: self.arrival.at.to_string(),
            ..Decision::unrecorded(&GateError::Lost, &self.shared.layers)
        };
        if self.arrival.dry {
            return Ok(decision);
        }
        let used = Used {
            facts: Facts::at(self.arrival.now),
            counters: &[],
            slots: &[],
            replayed: self.arrival.replayed,
            recorded_at: &self.arrival.recorded_at.to_string(),
        };
        self.append(scope, &decision, subject, &used, None)?;
        Ok(decision)
    }

    /// A call id that was used before: the first decision, or a denial for another call.
    fn repeated(
        &mut self,
        call: &ToolCall,
        scope: &CallScope,
        first: &Logged,
    ) -> Result<Decision, StoreError> {
        if first.entry.digest == self.arrival.digest {
            return serde_json::from_str(&first.entry.body)
                .map_err(|error| StoreError::Corrupt(format!("a record cannot be read: {error}")));
        }
        let because = "this `call_id` was used for another call: give each call its own".to_owned();
        self.denied(scope, because, Subject::Reused(call))
    }

    fn append(
        &mut self,
        scope: &CallScope,
        decision: &Decision,
        subject: Subject<'_>,
        used: &Used<'_>,
        call_id: Option<&str>,
    ) -> Result<(), StoreError> {
        let body = record::body(decision, subject, used);
        if body.is_empty() {
            return Err(StoreError::Refused("the decision cannot be written down".to_owned()));
        }
        let call = subject.call();
        let tool = match subject {
            Subject::Call(call) | Subject::Reused(call) => call.tool.clone(),
            Subject::Malformed { tool, .. } => fence_engine::show::printable(tool, 80),
        };
        let entry = Entry {
            id: self.ids.decision.into_bytes(),
            at: self.arrival.at,
            tool,
            agent: call.and_then(|call| Some(call.agent.as_ref()?.id.clone())),
            session: call.and_then(|call| call.session.clone()),
            call_id: call_id.map(str::to_owned),
            decision: decision.decision as u8,
            rule: decision.rule.clone(),
            policy: decision.policy.clone(),
            digest: self.arrival.digest,
            leaf: leaf(&body),
            body,
        };
        self.transaction.append(scope, &entry)?;
        self.transaction.keep_policy(*self.shared.layers.digest(), &self.shared.policy_texts)?;
        if !self.arrival.replayed {
            self.transaction.advance_clock_mark(self.arrival.at)?;
        }
        Ok(())
    }
}

/// Within what a call id must not repeat. Replays claim ids beside live calls.
fn scope(call: &ToolCall, replayed: bool) -> CallScope {
    let space = |text: &str| if replayed { format!("replay\n{text}") } else { text.to_owned() };
    match (&call.session, &call.agent) {
        (Some(session), _) => CallScope::Session(space(session)),
        (None, Some(agent)) => CallScope::Agent(space(&agent.id.to_ascii_lowercase())),
        (None, None) if replayed => CallScope::Agent(space("")),
        (None, None) => CallScope::Nobody,
    }
}
