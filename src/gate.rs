//! The gate: one tool call, from its arrival to its recorded answer. The straight line.

mod asked;
mod builder;
mod clock;
pub(crate) mod draft;
mod reply;
mod settle;
mod submission;
mod swap;
pub(crate) mod work;

pub use asked::{Answer, ApprovalRequest, Callback, Claim, ClaimError, Decided, Outcome, Verdict};
pub use builder::{BuildError, GateBuilder, PENDING_CAP};
pub use clock::{Accepted, accept_clock};
pub use reply::Pending;
pub use work::Gathered;

use crate::approvals::act::Attempts;
use crate::approvals::{Announce, Approvals, Watch};
use crate::clock::Clock;
use crate::people::People;
use crate::random::Random;
use crate::record::leaf_hash;
use crate::service::Services;
use crate::store::{Store, StoreError};
use crate::wire::{Decision, Request};
use arc_swap::ArcSwap;
use reply::Reply;

use fence_engine::call::{Malformed, ToolCall, hex_digest};
use fence_engine::decision::Effect;
use fence_engine::facts::{AnswerFact, Facts, Now};
use fence_engine::json::{JsonError, Limits};
use fence_engine::scalar::Timestamp;
use fence_engine::{Layers, plan};
use std::sync::{Arc, OnceLock};
use submission::Submission;
use work::{Arrival, DecisionWork, GatherWork, Settled};

/// How far the clock may lie behind the newest live decision before time is unknown.
pub const CLOCK_TOLERANCE_MICROS: i64 = 5_000_000;

/// Decides tool calls and records each decision before it answers. Cheap to clone.
///
/// ```
/// use fence::{Gate, ToolCall, Verdict};
///
/// let gate = Gate::builder()
///     .policy_text("p.fence", "fence 1 policy p allow read_* ask send_*")?
///     .build()?;
/// let decision = gate.decide_blocking(&ToolCall::new("read_post"))?;
/// assert!(matches!(decision.verdict(), Verdict::Allow));
/// let decision = gate.decide_blocking(&ToolCall::new("send_mail"))?;
/// assert!(matches!(decision.verdict(), Verdict::Ask(_)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Gate {
    pub(crate) shared: Arc<Shared>,
}

/// What a gate is made of.
pub(crate) struct Shared {
    policies: ArcSwap<Policies>,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
    services: Services,
    pub(crate) people: People,
    pub(crate) pending_cap: u32,
    pub(crate) announce: Option<Announce>,
    pub(crate) callback: Option<Callback>,
    pub(crate) watch: Watch,
    pub(crate) attempts: Attempts,
}

impl Shared {
    /// The policies in force at this moment.
    pub(crate) fn policies(&self) -> Arc<Policies> {
        self.policies.load_full()
    }
}

/// What judges, and the texts it stands for.
pub(crate) struct Policies {
    pub(crate) layers: Layers,
    texts: String,
}

/// Why there is no recorded decision. Every one of them means deny.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GateError {
    /// The decision could not be made durable.
    #[error("denied: the decision could not be recorded: {0}")]
    Store(#[from] StoreError),
    /// The writer ended without an answer.
    #[error("denied: the recording ended without an answer")]
    Lost,
}

impl Decision {
    /// Why, and what to do instead, in one line for the agent.
    #[must_use]
    pub fn reason(&self) -> String {
        let because = self.because.clone().unwrap_or_else(|| match &self.rule {
            Some(rule) => format!("{} by the rule `{rule}`", self.decision),
            None => format!("{} by default", self.decision),
        });
        match &self.instead {
            Some(instead) => format!("{because}. Instead: {instead}"),
            None => because,
        }
    }

    /// The refusal that stands where nothing could be recorded.
    #[must_use]
    pub fn unrecorded(error: &GateError, layers: &Layers) -> Self {
        Self {
            decision: Effect::Deny,
            id: String::new(),
            rule: None,
            policy: None,
            because: Some(error.to_string()),
            instead: None,
            auto: None,
            grant: None,
            matched: Vec::new(),
            request: None,
            nearest: None,
            unknown: Vec::new(),
            digest: String::new(),
            policy_digest: hex_digest(layers.digest()),
            at: String::new(),
            repeated: false,
        }
    }
}

/// How one decision is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Mode {
    /// The decision's time, where it is not the gate's clock: a replay. It neither obeys nor moves
    /// the clock mark, and counts in a space of its own.
    pub at: Option<Timestamp>,
    /// Judge without a clock: whatever reads the time is unknown.
    pub without_clock: bool,
}

impl Gate {
    /// A gate to be configured.
    #[must_use]
    pub fn builder() -> GateBuilder {
        GateBuilder::default()
    }

    /// The layers that judge at this moment.
    #[must_use]
    pub fn layers(&self) -> Layers {
        self.shared.policies.load().layers.clone()
    }

    /// Lets these layers judge from now on; decisions under way keep the earlier ones. The change
    /// is recorded as an event `policies.loaded`. Blocks until that is durable.
    ///
    /// # Errors
    /// When it could not be recorded; then the earlier ones stay in force.
    pub fn swap(&self, layers: Layers) -> Result<(), StoreError> {
        swap::swap(&self.shared, layers)
    }

    /// The requests that people answer.
    #[must_use]
    pub fn approvals(&self) -> Approvals {
        Approvals::new(self.clone())
    }

    /// Where decisions are recorded.
    #[must_use]
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.shared.store
    }

    /// Decides a call and waits, without blocking the task, until the decision is durable.
    ///
    /// # Errors
    /// When it could not be recorded; the call must then not be made.
    pub async fn decide(&self, call: &ToolCall) -> Result<Decided, GateError> {
        self.decide_in(call, Mode::default()).await
    }

    /// As [`Gate::decide`], in a given mode.
    ///
    /// # Errors
    /// As [`Gate::decide`].
    pub async fn decide_in(&self, call: &ToolCall, mode: Mode) -> Result<Decided, GateError> {
        let (gate, arrived) = (self.clone(), Arrived::Call(call.clone()));
        let work = match gate.needs_answers(call, mode) {
            // Outside answers may take their time; the runtime's other tasks go on.
            true => tokio::task::spawn_blocking(move || gate.arrival(arrived, mode))
                .await
                .map_err(|_| GateError::Lost)?,
            false => gate.arrival(arrived, mode),
        };
        let (answer, received) = tokio::sync::oneshot::channel();
        self.submit(work, Reply::Task(answer));
        let made = received.await.map_or(Err(GateError::Lost), Settled::into_made)?;
        Ok(Decided::new(made, self.clone(), call))
    }

    /// Decides a call and blocks until the decision is durable.
    ///
    /// # Errors
    /// As [`Gate::decide`].
    pub fn decide_blocking(&self, call: &ToolCall) -> Result<Decided, GateError> {
        self.decide_blocking_in(call, Mode::default())
    }

    /// As [`Gate::decide_blocking`], in a given mode.
    ///
    /// # Errors
    /// As [`Gate::decide`].
    pub fn decide_blocking_in(&self, call: &ToolCall, mode: Mode) -> Result<Decided, GateError> {
        let pending = self.pending(self.arrival(Arrived::Call(call.clone()), mode));
        Ok(Decided::new(pending.wait_made()?, self.clone(), call))
    }

    /// Decides a call as its JSON text; a malformed one is denied and recorded too.
    ///
    /// # Errors
    /// As [`Gate::decide`].
    pub fn decide_json_blocking(&self, text: &[u8], trust: Trust) -> Result<Decision, GateError> {
        let (arrived, mode) = self.read(text, trust);
        self.wait(self.arrival(arrived, mode))
    }

    /// Starts deciding a call as its JSON text; the result is waited for with [`Pending::wait`].
    ///
    /// Many calls under way at once share one commit.
    #[must_use]
    pub fn submit_json(&self, text: &[u8], trust: Trust) -> Pending {
        let (arrived, mode) = self.read(text, trust);
        self.pending(self.arrival(arrived, mode))
    }

    /// Starts deciding a call; the result is waited for with [`Pending::wait`].
    #[must_use]
    pub fn submit_call(&self, call: &ToolCall) -> Pending {
        self.pending(self.arrival(Arrived::Call(call.clone()), Mode::default()))
    }

    /// Starts refusing a text that is too long to be read as a call, known by its length and
    /// SHA-256 alone.
    #[must_use]
    pub fn submit_too_long(&self, bytes: usize, digest: [u8; 32], trust: Trust) -> Pending {
        let limit = Limits::default().bytes;
        let malformed = Malformed::Json(JsonError::TooLong { limit }.to_string());
        let mode = Mode { at: trust.at, ..Mode::default() };
        self.pending(self.arrival(Arrived::Text { malformed, bytes, digest }, mode))
    }

    /// Gathers what the decision on a call depends on, and writes nothing: with
    /// [`report`](fence_engine::eval::report) it tells the decision in full. Counters are the live
    /// ones, also where the time is given.
    ///
    /// # Errors
    /// When a counter cannot be read.
    pub fn gather_blocking(&self, call: &ToolCall, mode: Mode) -> Result<Gathered, GateError> {
        let arrival = self.arrival(Arrived::Call(call.clone()), mode);
        let arrival = Arrival { replayed: false, ..arrival };
        let ids = work::Ids::new(&*self.shared.random, arrival.recorded_at);
        let (found, received) = std::sync::mpsc::sync_channel(1);
        let found = Box::new(move |outcome| drop(found.send(outcome)));
        let work = GatherWork::new(Arc::clone(&self.shared), arrival, ids, found);
        self.shared.store.submit(Box::new(work));
        received.recv().unwrap_or(Err(GateError::Lost))
    }

    fn read(&self, text: &[u8], trust: Trust) -> (Arrived, Mode) {
        match Request::parse(text) {
            Ok(request) => {
                let own = request.at.filter(|_| trust.times);
                let at = own.or(trust.at);
                (Arrived::Call(request.call), Mode { at, ..Mode::default() })
            }
            Err(malformed) => {
                (Arrived::text(text, malformed), Mode { at: trust.at, ..Mode::default() })
            }
        }
    }

    /// Ids for a decision of this moment.
    pub(crate) fn ids(&self) -> work::Ids {
        work::Ids::new(&*self.shared.random, self.shared.clock.now())
    }

    /// An id that nothing else has.
    pub(crate) fn new_id(&self) -> uuid::Uuid {
        self.ids().decision
    }

    fn needs_answers(&self, call: &ToolCall, mode: Mode) -> bool {
        let now = Now { at: mode.at, behind: false };
        !plan(&self.shared.policies.load().layers, call, &Facts::at(now)).answers.is_empty()
    }

    /// Everything that can be done before the transaction: digest, time, outside answers.
    pub(crate) fn arrival(&self, arrived: Arrived, mode: Mode) -> Arrival {
        let policies = self.shared.policies();
        let clock = self.shared.clock.now();
        let at = mode.at.unwrap_or(clock);
        let now = if mode.without_clock { Now::unknown() } else { Now::at(at) };
        let answers = match &arrived {
            Arrived::Call(call) => self.answers(&policies.layers, call, now),
            Arrived::Text { .. } => Vec::new(),
        };
        let replayed = mode.at.is_some() || mode.without_clock;
        let (obeys_mark, recorded_at) = (!replayed, clock);
        let digest = OnceLock::new();
        Arrival { policies, arrived, at, now, replayed, obeys_mark, recorded_at, answers, digest }
    }

    fn answers(&self, layers: &Layers, call: &ToolCall, now: Now) -> Vec<AnswerFact> {
        let needs = plan(layers, call, &Facts::at(now));
        let ask = |need: &fence_engine::facts::AnswerNeed| AnswerFact {
            phrase: need.phrase,
            answer: self.shared.services.ask(&need.service, &need.question, need.deadline_ms),
        };
        needs.answers.iter().map(ask).collect()
    }

    fn submit(&self, arrival: Arrival, answer: Reply) {
        let ids = work::Ids::new(&*self.shared.random, arrival.recorded_at);
        let submission = Submission::new(arrival, ids);
        if !self.shared.store.writes_later() {
            // The one writer finds it written up.
            submission.write_up_if_assumed();
        }
        let work = DecisionWork::new(Arc::clone(&self.shared), submission, answer);
        self.shared.store.submit(Box::new(work));
    }

    fn pending(&self, arrival: Arrival) -> Pending {
        let (answer, pending) = Reply::pending();
        self.submit(arrival, answer);
        pending
    }

    fn wait(&self, arrival: Arrival) -> Result<Decision, GateError> {
        self.pending(arrival).wait()
    }
}

/// What of a call's own words is believed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Trust {
    /// This time stands for the clock.
    pub at: Option<Timestamp>,
    /// A call's own `at`, where it has one, stands before both.
    pub times: bool,
}

/// A call as it came in.
#[expect(clippy::large_enum_variant, reason = "almost all are calls, and none is kept")]
#[derive(Clone, Debug)]
pub(crate) enum Arrived {
    /// One that could be read.
    Call(ToolCall),
    /// One that could not.
    Text { malformed: Malformed, bytes: usize, digest: [u8; 32] },
}

impl Arrived {
    fn text(text: &[u8], malformed: Malformed) -> Self {
        use sha2::{Digest as _, Sha256};
        Self::Text { malformed, bytes: text.len(), digest: Sha256::digest(text).into() }
    }
}

/// What the log proves of a record: used by everything that reads one back.
pub(crate) fn leaf(body: &str) -> [u8; 32] {
    leaf_hash(body.as_bytes())
}
