//! What happens to a call inside its write transaction.

use super::draft::{Draft, Grounds, draft, refusal};
use super::reply::Reply;
use super::submission::Submission;
use super::{Arrived, CLOCK_TOLERANCE_MICROS, GateError, Policies, Shared};
use crate::approvals::{self, halts};
use crate::random::Random;
use crate::record::Subject;
use crate::store::{
    Bell, CallScope, CounterId, CounterSpan as StoredSpan, Entry, Later, Logged, StoreError,
    StoredRequest, Transaction, Work,
};
use crate::wire::Decision;
use fence_engine::call::{Malformed, ToolCall, hex_digest};
use fence_engine::decision::Effect;
use fence_engine::facts::{AnswerFact, CounterFact, CounterNeed, CounterSpan, Facts, Needs, Now};
use fence_engine::plan;
use fence_engine::scalar::Timestamp;
use sha2::{Digest as _, Sha256};
use std::sync::{Arc, OnceLock};
use uuid::Uuid;

/// A call and everything known of it before the transaction begins.
#[derive(Clone)]
pub(crate) struct Arrival {
    /// The policies in force when it arrived.
    pub(crate) policies: Arc<Policies>,
    pub(crate) arrived: Arrived,
    /// The decision's time.
    pub(crate) at: Timestamp,
    pub(crate) now: Now,
    pub(crate) replayed: bool,
    /// Whether the time is unknown while the clock lies behind newer live decisions.
    pub(crate) obeys_mark: bool,
    pub(crate) recorded_at: Timestamp,
    pub(crate) answers: Vec<AnswerFact>,
    pub(crate) digest: OnceLock<[u8; 32]>,
}

impl Arrival {
    /// What identifies the call; made when it is first asked for.
    pub(crate) fn digest(&self) -> [u8; 32] {
        *self.digest.get_or_init(|| match &self.arrived {
            Arrived::Call(call) => call.digest(),
            Arrived::Text { digest, .. } => *digest,
        })
    }
}

/// The ids a decision may need.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ids {
    pub(crate) decision: Uuid,
    pub(crate) request: Uuid,
}

impl Ids {
    pub(crate) fn new(random: &dyn Random, at: Timestamp) -> Self {
        let millis = u64::try_from(at.micros() / 1_000).unwrap_or(0);
        let id = || uuid::Builder::from_unix_timestamp_millis(millis, &random.bytes()).into_uuid();
        Self { decision: id(), request: id() }
    }
}

/// A decision made: as it was assumed, or otherwise.
#[derive(Clone)]
pub(crate) enum Made {
    AsAssumed(Arc<Submission>),
    Anew(Box<Decision>),
}

impl Made {
    fn anew(decision: Decision) -> Self {
        Self::Anew(Box::new(decision))
    }

    /// What becomes of the call; written up or not.
    pub(crate) fn effect(&self) -> Effect {
        match self {
            Self::AsAssumed(submission) => submission.effect().unwrap_or(Effect::Deny),
            Self::Anew(decision) => decision.decision,
        }
    }

    /// The decision in full.
    pub(crate) fn decision(&self) -> &Decision {
        match self {
            Self::AsAssumed(submission) => &submission.draft().decision,
            Self::Anew(decision) => decision,
        }
    }

    /// As [`Made::decision`], taken out.
    pub(crate) fn into_decision(self) -> Decision {
        match self {
            Self::Anew(decision) => *decision,
            Self::AsAssumed(submission) => match Arc::try_unwrap(submission) {
                Ok(submission) => submission.into_draft().decision,
                Err(shared) => shared.draft().decision.clone(),
            },
        }
    }
}

/// A call decided and durable, or refused by a fault; with everything it took, so that whoever
/// waits for it frees the memory and not the one writer.
pub(crate) struct Settled {
    outcome: Result<(), StoreError>,
    work: Box<DecisionWork>,
}

impl Settled {
    /// The decision.
    pub(crate) fn into_made(self) -> Result<Made, GateError> {
        self.outcome?;
        let work = *self.work;
        drop(work.submission);
        work.made.ok_or(GateError::Lost)
    }
}

/// Decides one call in one transaction, and answers when that is durable.
pub(crate) struct DecisionWork {
    shared: Arc<Shared>,
    submission: Arc<Submission>,
    made: Option<Made>,
    answer: Option<Reply>,
}

impl DecisionWork {
    pub(crate) fn new(shared: Arc<Shared>, submission: Submission, answer: Reply) -> Self {
        Self { shared, submission: Arc::new(submission), made: None, answer: Some(answer) }
    }
}

impl Work for DecisionWork {
    fn run(&mut self, transaction: &mut dyn Transaction) -> Result<(), StoreError> {
        let Submission { arrival, ids, .. } = &*self.submission;
        let assumed = self.submission.effect().map(|_| &self.submission);
        let (shared, ids) = (&*self.shared, *ids);
        let line = Line { shared, arrival, assumed, ids, transaction };
        self.made = Some(line.decide()?);
        Ok(())
    }

    fn listen(&mut self, bell: &Bell) {
        if let Some(answer) = &mut self.answer {
            answer.listen(bell);
        }
    }

    fn finish(mut self: Box<Self>, outcome: Result<(), StoreError>) {
        if let Some(answer) = self.answer.take() {
            answer.give(Settled { outcome, work: self });
        }
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
            self.gathered =
                Some(Line { shared, arrival, assumed: None, ids, transaction }.gather(call)?);
        }
        Ok(())
    }

    fn finish(self: Box<Self>, outcome: Result<(), StoreError>) {
        let gathered = self.gathered.ok_or(GateError::Lost);
        (self.found)(outcome.map_err(GateError::from).and(gathered));
    }
}

/// One call inside its transaction.
pub(crate) struct Line<'a> {
    pub(crate) shared: &'a Shared,
    pub(crate) arrival: &'a Arrival,
    pub(crate) assumed: Option<&'a Arc<Submission>>,
    pub(crate) ids: Ids,
    pub(crate) transaction: &'a mut dyn Transaction,
}

impl Line<'_> {
    fn decide(mut self) -> Result<Made, StoreError> {
        match &self.arrival.arrived {
            Arrived::Call(call) => self.call(call),
            Arrived::Text { malformed, bytes, .. } => {
                let subject = Subject::Malformed { tool: "", bytes: *bytes };
                self.refuse(malformed, subject).map(Made::anew)
            }
        }
    }

    fn call(&mut self, call: &ToolCall) -> Result<Made, StoreError> {
        // A call was found well formed before it was drafted.
        if self.assumed.is_none()
            && let Err(malformed) = call.validate()
        {
            let bytes = call.canonical().len();
            let subject = Subject::Malformed { tool: &call.tool, bytes };
            return self.refuse(&malformed, subject).map(Made::anew);
        }
        let scope = scope(call, self.arrival.replayed);
        if let Some(because) = halts::halted(self.transaction, call)? {
            return self.denied(&scope, because, Subject::Reused(call)).map(Made::anew);
        }
        if let Some(call_id) = &call.call_id
            && let Some(first) = self.transaction.earlier(&scope, call_id)?
        {
            return self.repeated(call, &scope, &first).map(Made::anew);
        }
        self.judge(call, &scope)
    }

    fn judge(&mut self, call: &ToolCall, scope: &CallScope) -> Result<Made, StoreError> {
        let behind = self.now()?.behind;
        if let Some(submission) = self.assumed.filter(|_| !behind) {
            return self.assumed(call, scope, submission);
        }
        let (draft, gathered) = self.draft(call, None)?;
        let settled = self.settled(call, scope, &draft, &gathered)?;
        Ok(Made::anew(settled.unwrap_or(draft.decision)))
    }

    /// What was assumed of the call holds; an ask still depends on what people said of it before.
    fn assumed(
        &mut self,
        call: &ToolCall,
        scope: &CallScope,
        submission: &Arc<Submission>,
    ) -> Result<Made, StoreError> {
        let as_assumed = Made::AsAssumed(Arc::clone(submission));
        if submission.is_plain() {
            let later: Arc<dyn Later> = Arc::<Submission>::clone(submission);
            self.transaction.append_later(scope, &later)?;
            self.appended()?;
            return Ok(as_assumed);
        }
        let draft = submission.draft();
        let Arrival { now, answers, .. } = self.arrival;
        let (needs, counters) = (Needs::default(), Vec::new());
        let gathered = Gathered { now: *now, needs, counters, answers: answers.clone() };
        let settled = self.settled(call, scope, draft, &gathered)?;
        Ok(settled.map_or(as_assumed, Made::anew))
    }

    /// The call judged on the facts as they stand in this transaction; `open` is the request that
    /// it belongs to already.
    pub(crate) fn draft(
        &mut self,
        call: &ToolCall,
        open: Option<&StoredRequest>,
    ) -> Result<(Draft, Gathered), StoreError> {
        let gathered = self.gather(call)?;
        let Gathered { now, needs, counters, .. } = &gathered;
        let grounds = Grounds { now: *now, needs, counters, open };
        let draft = draft(self.arrival, self.ids, call, &grounds);
        Ok((draft, gathered))
    }

    /// Makes a draft true: slots taken, the decision appended.
    pub(crate) fn write(
        &mut self,
        scope: &CallScope,
        draft: &Draft,
        needs: &Needs,
    ) -> Result<(), StoreError> {
        self.take(needs, &draft.slots)?;
        self.append(scope, &draft.entry)
    }

    /// Everything outside the call that its decision depends on.
    fn gather(&mut self, call: &ToolCall) -> Result<Gathered, StoreError> {
        let now = self.now()?;
        let needs = plan(&self.arrival.policies.layers, call, &Facts::at(now));
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

    /// A malformed call: denied unjudged; it claims no call id.
    fn refuse(
        &mut self,
        malformed: &Malformed,
        subject: Subject<'_>,
    ) -> Result<Decision, StoreError> {
        let (scope, because) = (CallScope::Nobody, malformed.to_string());
        self.denied(&scope, because, subject)
    }

    pub(super) fn denied(
        &mut self,
        scope: &CallScope,
        because: String,
        subject: Subject<'_>,
    ) -> Result<Decision, StoreError> {
        let draft = refusal(self.arrival, self.ids, because, subject);
        self.append(scope, &draft.entry)?;
        Ok(draft.decision)
    }

    /// A call id that was used before: the first decision, or a denial for another call.
    fn repeated(
        &mut self,
        call: &ToolCall,
        scope: &CallScope,
        first: &Logged,
    ) -> Result<Decision, StoreError> {
        if first.entry.digest == self.arrival.digest() {
            let mut decision: Decision =
                serde_json::from_str(&first.entry.body).map_err(|error| {
                    StoreError::Corrupt(format!("a record cannot be read: {error}"))
                })?;
            decision.repeated = true;
            self.show_present_state(&mut decision)?;
            return self.under_todays_policy(call, scope, decision);
        }
        let because = "this `call_id` was used for another call: give each call its own".to_owned();
        self.denied(scope, because, Subject::Reused(call))
    }

    /// The first decision tells where its request stands by now.
    fn show_present_state(&mut self, decision: &mut Decision) -> Result<(), StoreError> {
        let Some(notice) = &mut decision.request else { return Ok(()) };
        let Ok(id) = notice.id.parse::<approvals::RequestId>() else { return Ok(()) };
        if let Some(request) = self.transaction.request(id.0)? {
            notice.state = approvals::state_at(&request, self.arrival.at).as_str().to_owned();
        }
        Ok(())
    }

    /// An earlier decision, unless the policy has changed since and is stricter today: then
    /// today's, recorded beside the first.
    fn under_todays_policy(
        &mut self,
        call: &ToolCall,
        scope: &CallScope,
        first: Decision,
    ) -> Result<Decision, StoreError> {
        if first.policy_digest == hex_digest(self.arrival.policies.layers.digest()) {
            return Ok(first);
        }
        // The id stays claimed by the first decision.
        let mut call = call.clone();
        call.call_id = None;
        let call = &call;
        let (draft, gathered) = self.draft(call, None)?;
        if draft.decision.decision <= first.decision {
            return Ok(first);
        }
        let settled = self.settled(call, scope, &draft, &gathered)?;
        Ok(settled.unwrap_or(draft.decision))
    }

    fn append(&mut self, scope: &CallScope, entry: &Entry) -> Result<(), StoreError> {
        self.transaction.append(scope, entry)?;
        self.appended()
    }

    /// What goes with every decision: the texts that judged it, and how far the clock has come.
    fn appended(&mut self) -> Result<(), StoreError> {
        let policies = &self.arrival.policies;
        self.transaction.keep_policy(*policies.layers.digest(), &policies.texts)?;
        if !self.arrival.replayed {
            self.transaction.advance_clock_mark(self.arrival.at)?;
        }
        Ok(())
    }
}

/// Within what the call's id, if it has one, must not repeat. Replays claim ids beside live calls.
pub(crate) fn scope(call: &ToolCall, replayed: bool) -> CallScope {
    let space = |text: &str| if replayed { format!("replay\n{text}") } else { text.to_owned() };
    match (&call.session, &call.agent) {
        _ if call.call_id.is_none() => CallScope::Nobody,
        (Some(session), _) => CallScope::Session(space(session)),
        (None, Some(agent)) => CallScope::Agent(space(&agent.id.to_ascii_lowercase())),
        (None, None) if replayed => CallScope::Agent(space("")),
        (None, None) => CallScope::Nobody,
    }
}
