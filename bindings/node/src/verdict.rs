//! A decision in JavaScript's hands: read when asked, waited for, claimed.

use crate::failed;
use crate::gate::Reason;
use crate::values::Shown;
use fence::approvals::{ApprovalError, Approvals, Canceller, Claimant, Claimed, Finish, RequestId};
use fence::gate::{ClaimError, Decided, GateError};
use fence::{Decision, Effect, Gate, Outcome, ToolCall};
use napi::Env;
use napi::bindgen_prelude::PromiseRaw;
use napi_derive::napi;
use std::time::{Duration, Instant};

/// A decision and the call it is about.
#[napi]
pub struct Verdict {
    gate: Gate,
    reason: Reason,
    call: ToolCall,
    decided: Made,
}

/// A decision, or the refusal that stands where nothing could be recorded.
enum Made {
    Recorded(Decided),
    Unrecorded(Box<Decision>),
}

/// What people made of a request so far.
#[napi(object, object_from_js = false)]
pub struct Settled {
    /// `pending`, `approved`, or how it ended.
    pub state: String,
    /// What to tell the agent where it ended.
    pub reason: String,
}

impl Verdict {
    pub(crate) fn new(
        gate: &Gate,
        reason: Reason,
        call: ToolCall,
        made: Result<Decided, GateError>,
    ) -> Self {
        let decided = match made {
            Ok(decided) => Made::Recorded(decided),
            Err(error) => Made::Unrecorded(Box::new(Decision::unrecorded(&error, &gate.layers()))),
        };
        Self { gate: gate.clone(), reason, call, decided }
    }

    fn read(&self) -> &Decision {
        match &self.decided {
            Made::Recorded(decided) => decided,
            Made::Unrecorded(decision) => decision,
        }
    }

    /// What becomes of the call; the rest of the decision is not written up for it.
    fn verdict(&self) -> Effect {
        match &self.decided {
            Made::Recorded(decided) => decided.effect(),
            Made::Unrecorded(decision) => decision.decision,
        }
    }

    fn request(&self) -> napi::Result<Request> {
        let notice = self.read().request.as_ref();
        let id = notice.and_then(|notice| notice.id.parse().ok());
        let id = id.ok_or_else(|| failed("the decision asks nobody"))?;
        let (gate, claimant) = (self.gate.clone(), Claimant::of(&self.call));
        Ok(Request { gate, id, claimant })
    }
}

#[napi]
impl Verdict {
    /// `allow`, `ask`, `deny` as 0, 1, 2.
    #[napi(getter)]
    pub fn effect(&self) -> u8 {
        self.verdict() as u8
    }

    /// Why.
    #[napi(getter)]
    pub fn reason(&self) -> String {
        (self.reason)(self.read())
    }

    /// The whole decision as JSON.
    #[napi(getter)]
    pub fn decision(&self) -> napi::Result<String> {
        serde_json::to_string(self.read()).map_err(failed)
    }

    /// The request that it opened or joined.
    #[napi(getter)]
    pub fn request_id(&self) -> Option<String> {
        let asks = self.verdict() == Effect::Ask;
        asks.then(|| self.read().request.as_ref().map(|notice| notice.id.clone())).flatten()
    }

    /// The arguments as they were judged.
    #[napi(getter)]
    pub fn args(&self) -> Shown {
        Shown(self.call.args.clone())
    }

    /// Waits for people, at most so many milliseconds.
    #[napi]
    pub fn wait<'e>(
        &self,
        env: &'e Env,
        timeout: Option<f64>,
    ) -> napi::Result<PromiseRaw<'e, Settled>> {
        let request = self.request()?;
        let until = timeout.map(|millis| Instant::now() + Duration::from_millis(whole(millis)));
        env.spawn_future(async move { request.settled(until).await.map_err(failed) })
    }

    /// Uses the approval, once, and gives the arguments to make the call with. `exact`: only as it
    /// was asked, not as somebody changed it.
    #[napi]
    pub fn claim<'e>(&self, env: &'e Env, exact: bool) -> napi::Result<PromiseRaw<'e, Shown>> {
        let (request, digest) = (self.request()?, exact.then(|| self.call.digest()));
        env.spawn_future(async move {
            let call = request.claim(digest).await.map_err(failed)?;
            Ok(Shown(call.args))
        })
    }

    /// Withdraws the request: the agent does not want it any more.
    #[napi]
    pub fn withdraw<'e>(&self, env: &'e Env, why: String) -> napi::Result<PromiseRaw<'e, ()>> {
        let Request { gate, id, claimant } = self.request()?;
        let receipt = gate.approvals().cancel(&Canceller::Agent(claimant), id, &why);
        env.spawn_future(async move { receipt.await.map(drop).map_err(failed) })
    }

    /// Says what became of the call.
    #[napi]
    pub fn finish<'e>(
        &self,
        env: &'e Env,
        failed_: bool,
        note: Option<String>,
    ) -> napi::Result<PromiseRaw<'e, ()>> {
        let Request { gate, id, claimant } = self.request()?;
        let finish = Finish { failed: failed_, note };
        let receipt = gate.approvals().result(&claimant, id, finish);
        env.spawn_future(async move { receipt.await.map(drop).map_err(failed) })
    }
}

/// A request, for the side that made the call.
struct Request {
    gate: Gate,
    id: RequestId,
    claimant: Claimant,
}

impl Request {
    fn approvals(&self) -> Approvals {
        self.gate.approvals()
    }

    async fn settled(&self, until: Option<Instant>) -> Result<Settled, ApprovalError> {
        let view = self.approvals().wait(self.id, until).await?;
        let (state, reason) = match view.state {
            "pending" => ("pending", "nobody has answered yet".to_owned()),
            state => {
                let request = self.gate.request(self.id, self.claimant.clone())?;
                let outcome: Outcome = request.wait().await?;
                (state, outcome.reason())
            }
        };
        Ok(Settled { state: state.to_owned(), reason })
    }

    async fn claim(&self, digest: Option<[u8; 32]>) -> Result<ToolCall, ClaimError> {
        match self.approvals().claim(&self.claimant, self.id, digest).await? {
            Claimed::Released(call, _) => Ok(*call),
            Claimed::Asked(view) => Err(ClaimError::AskedAnew(view.id)),
            Claimed::Denied(view) => {
                let reason = view.outcome.and_then(|outcome| outcome.reason);
                Err(ClaimError::Denied(reason.unwrap_or_default()))
            }
        }
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped before")]
fn whole(millis: f64) -> u64 {
    millis.clamp(0.0, 1e12) as u64
}
