//! A decision in an agent's hands: go ahead, wait for people, or do something else.

use super::work::Made;
use super::{Gate, GateError};
use crate::approvals::{
    Approval, ApprovalError, Approver, Claimant, Claimed, Finish, RequestId, RequestView, Target,
    Via,
};
use crate::wire::{Decision, RequestNotice};
use fence_engine::call::ToolCall;
use fence_engine::decision::Effect;
use std::future::Future;
use std::ops::Deref;
use std::pin::Pin;
use std::sync::Arc;

/// A decision, durable, with the way to wait for people where it asks. Reads like a [`Decision`].
#[derive(Clone)]
pub struct Decided {
    made: Made,
    gate: Gate,
    claimant: Claimant,
}

/// What an agent does with a decision.
#[derive(Clone, Debug)]
pub enum Verdict {
    /// Make the call.
    Allow,
    /// People must approve first; the request was opened and recorded.
    Ask(ApprovalRequest),
    /// Do not make the call; tell the agent why.
    Deny(String),
}

impl Decided {
    /// The decision on this call.
    pub(super) fn new(made: Made, gate: Gate, call: &ToolCall) -> Self {
        // Only an ask leaves something to claim.
        let claims = made.effect() == Effect::Ask;
        let claimant = if claims { Claimant::of(call) } else { Claimant::default() };
        Self { made, gate, claimant }
    }

    /// What becomes of the call. Cheap where the decision is kept in memory: the rest of it is
    /// written up when it is first read.
    #[must_use]
    pub fn effect(&self) -> Effect {
        self.made.effect()
    }

    /// What to do with the call.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        match (self.effect(), &self.request) {
            (Effect::Allow, _) => Verdict::Allow,
            (Effect::Ask, Some(notice)) => match notice.id.parse() {
                Ok(id) => Verdict::Ask(ApprovalRequest {
                    id,
                    notice: notice.clone(),
                    gate: self.gate.clone(),
                    claimant: self.claimant.clone(),
                }),
                Err(_) => Verdict::Deny("the request has no proper id".to_owned()),
            },
            (Effect::Ask, None) => Verdict::Deny("nobody could be asked for approval".to_owned()),
            (Effect::Deny, _) => Verdict::Deny(self.reason()),
        }
    }

    /// The decision alone.
    #[must_use]
    pub fn into_decision(self) -> Decision {
        self.made.into_decision()
    }
}

impl Deref for Decided {
    type Target = Decision;

    fn deref(&self) -> &Decision {
        self.made.decision()
    }
}

impl std::fmt::Debug for Decided {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.made.decision().fmt(f)
    }
}

/// A request that waits for people. Its id can be kept, and waited for later with
/// [`Gate::request`].
#[derive(Clone)]
pub struct ApprovalRequest {
    id: RequestId,
    notice: RequestNotice,
    gate: Gate,
    claimant: Claimant,
}

impl std::fmt::Debug for ApprovalRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.notice.fmt(f)
    }
}

/// What people made of a request.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// Enough of them agreed.
    Approved(Claim),
    /// A person refused: why.
    Refused(String),
    /// Nobody answered in time.
    Expired,
    /// It was withdrawn, revoked, or used already: which.
    Ended(&'static str),
}

impl Outcome {
    /// What to tell the agent where the call is not to be made.
    #[must_use]
    pub fn reason(&self) -> String {
        match self {
            Self::Approved(_) => "approved".to_owned(),
            Self::Refused(why) => format!("a person refused: {why}"),
            Self::Expired => "nobody answered in time".to_owned(),
            Self::Ended(state) => format!("the request is {state}"),
        }
    }
}

/// What a person of this process says of a request.
#[derive(Clone, Debug)]
pub enum Answer {
    /// Approve it, perhaps edited.
    Approve(Approval),
    /// Refuse it: why.
    Refuse(String),
    /// Leave it to other people.
    Pass,
}

type Answering = Pin<Box<dyn Future<Output = Answer> + Send>>;

/// A person of this process who is asked when an agent waits for a request.
#[derive(Clone)]
pub struct Callback {
    person: String,
    ask: Arc<dyn Fn(RequestView) -> Answering + Send + Sync>,
}

impl Callback {
    /// Answers as this person: the vote counts like any other, so the person must be one of those
    /// who are asked.
    pub fn new<F>(
        person: impl Into<String>,
        ask: impl Fn(RequestView) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = Answer> + Send + 'static,
    {
        let ask = move |view| -> Answering { Box::pin(ask(view)) };
        Self { person: person.into(), ask: Arc::new(ask) }
    }
}

impl Gate {
    /// A request that was kept by its id, for the side that made the call.
    ///
    /// # Errors
    /// Where there is no such request.
    pub fn request(
        &self,
        id: RequestId,
        claimant: Claimant,
    ) -> Result<ApprovalRequest, ApprovalError> {
        let view = self.approvals().get(id)?;
        let (expires_at, state) = (view.expires_at, view.state.to_owned());
        let notice = RequestNotice { id: id.to_string(), expires_at, needs: Vec::new(), state };
        Ok(ApprovalRequest { id, notice, gate: self.clone(), claimant })
    }
}

impl ApprovalRequest {
    /// Its id.
    #[must_use]
    pub const fn id(&self) -> RequestId {
        self.id
    }

    /// What the agent may know of it.
    #[must_use]
    pub const fn notice(&self) -> &RequestNotice {
        &self.notice
    }

    /// Waits until people have answered, or nobody did in time.
    ///
    /// # Errors
    /// When the request cannot be read; the call must then not be made.
    pub async fn wait(&self) -> Result<Outcome, ApprovalError> {
        let approvals = self.gate.approvals();
        if let Some(callback) = &self.gate.shared.callback {
            self.call_back(callback).await?;
        }
        approvals.wait(self.id, None).await.map(|view| self.outcome(&view))
    }

    /// As [`ApprovalRequest::wait`], blocking.
    ///
    /// # Errors
    /// As [`ApprovalRequest::wait`].
    pub fn wait_blocking(&self) -> Result<Outcome, ApprovalError> {
        crate::store::block_on(self.wait())
    }

    async fn call_back(&self, callback: &Callback) -> Result<(), ApprovalError> {
        let approvals = self.gate.approvals();
        let view = approvals.get(self.id)?;
        if view.state != "pending" {
            return Ok(());
        }
        let target = Target::version(self.id, view.version);
        let by = Approver::new(callback.person.clone(), Via::Local);
        let answered = match (callback.ask)(view).await {
            Answer::Approve(approval) => approvals.approve(&by, &target, approval).await,
            Answer::Refuse(reason) => approvals.refuse(&by, &target, None, &reason).await,
            Answer::Pass => return Ok(()),
        };
        match answered {
            // Others were faster, or the person is not asked or not known: people decide.
            Ok(_)
            | Err(
                ApprovalError::Life(_) | ApprovalError::Stale { .. } | ApprovalError::Unknown(_),
            ) => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn outcome(&self, view: &RequestView) -> Outcome {
        let reason = || view.outcome.as_ref().and_then(|outcome| outcome.reason.clone());
        match view.state {
            "approved" => Outcome::Approved(Claim { request: self.clone() }),
            "denied" => Outcome::Refused(reason().unwrap_or_else(|| "no reason given".to_owned())),
            "expired" => Outcome::Expired,
            state => Outcome::Ended(state),
        }
    }
}

/// An approval to be used: once, in time, under the policy of that moment.
#[derive(Clone, Debug)]
pub struct Claim {
    request: ApprovalRequest,
}

impl Claim {
    /// Uses the approval and gives the call to make: as it was approved, perhaps edited. Blocks
    /// until that is durable. A second time it fails.
    ///
    /// # Errors
    /// When the approval was used, taken back or has run out, when today's policy denies the call
    /// or asks for more, and when nothing could be recorded. The call must then not be made.
    pub fn take(&self) -> Result<ToolCall, ClaimError> {
        let ApprovalRequest { id, gate, claimant, .. } = &self.request;
        claimed(gate.approvals().claim(claimant, *id, None).wait()?)
    }

    /// As [`Claim::take`], without blocking.
    ///
    /// # Errors
    /// As [`Claim::take`].
    pub async fn take_async(&self) -> Result<ToolCall, ClaimError> {
        let ApprovalRequest { id, gate, claimant, .. } = &self.request;
        claimed(gate.approvals().claim(claimant, *id, None).await?)
    }

    /// Says what became of the call. Blocks until that is durable.
    ///
    /// # Errors
    /// When it was not taken, or nothing could be recorded.
    pub fn finish(&self, finish: Finish) -> Result<(), ApprovalError> {
        let ApprovalRequest { id, gate, claimant, .. } = &self.request;
        gate.approvals().result(claimant, *id, finish).wait().map(drop)
    }
}

fn claimed(claimed: Claimed) -> Result<ToolCall, ClaimError> {
    match claimed {
        Claimed::Released(call, _) => Ok(*call),
        Claimed::Asked(view) => Err(ClaimError::AskedAnew(view.id)),
        Claimed::Denied(view) => {
            let reason = view.outcome.and_then(|outcome| outcome.reason);
            Err(ClaimError::Denied(reason.unwrap_or_default()))
        }
    }
}

/// Why an approval releases nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClaimError {
    /// Today's policy denies the call.
    #[error("today's policy denies the call: {0}")]
    Denied(String),
    /// Today's policy asks for more: the request waits for people again.
    #[error("today's policy asks for more than was approved: {0} waits for people again")]
    AskedAnew(String),
    /// The approval cannot be used.
    #[error(transparent)]
    Approval(#[from] ApprovalError),
}

impl From<GateError> for ClaimError {
    fn from(error: GateError) -> Self {
        match error {
            GateError::Store(error) => Self::Approval(error.into()),
            GateError::Lost => Self::Approval(crate::store::StoreError::Closed.into()),
        }
    }
}
