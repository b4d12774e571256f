//! Decisions in JavaScript's hands, each by its handle: read when asked, waited for, claimed.

use crate::failed;
use crate::gate::Gate;
use crate::values::Shown;
use fence::approvals::{ApprovalError, Approvals, Canceller, Claimant, Claimed, Finish, RequestId};
use fence::engine::json::Json;
use fence::gate::{ClaimError, Decided, GateError};
use fence::{Decision, Effect, Outcome, ToolCall};
use napi::Env;
use napi::bindgen_prelude::PromiseRaw;
use napi_derive::napi;
use std::time::{Duration, Instant};

/// A decision and the call it is about.
pub struct Verdict {
    call: About,
    decided: Made,
}

/// What of a call is still needed: all of it where people are asked, else what was judged.
enum About {
    Asked(Box<ToolCall>),
    Settled(Json),
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
    /// What was made of a call by this gate.
    pub fn new(gate: &fence::Gate, call: ToolCall, made: Result<Decided, GateError>) -> Self {
        let unrecorded = |error| Box::new(Decision::unrecorded(&error, &gate.layers()));
        let decided = made.map_or_else(|error| Made::Unrecorded(unrecorded(error)), Made::Recorded);
        let asks = matches!(&decided, Made::Recorded(decided) if decided.effect() == Effect::Ask);
        let call = if asks { About::Asked(Box::new(call)) } else { About::Settled(call.args) };
        Self { call, decided }
    }

    fn args(&self) -> &Json {
        match &self.call {
            About::Asked(call) => &call.args,
            About::Settled(args) => args,
        }
    }

    /// What becomes of the call; the rest of the decision is not written up for it.
    pub fn effect(&self) -> Effect {
        match &self.decided {
            Made::Recorded(decided) => decided.effect(),
            Made::Unrecorded(decision) => decision.decision,
        }
    }

    fn read(&self) -> &Decision {
        match &self.decided {
            Made::Recorded(decided) => decided,
            Made::Unrecorded(decision) => decision,
        }
    }

    fn request(&self, gate: &fence::Gate) -> napi::Result<Request> {
        let nobody = || failed("the decision asks nobody");
        let About::Asked(call) = &self.call else { return Err(nobody()) };
        let notice = self.read().request.as_ref();
        let id = notice.and_then(|notice| notice.id.parse().ok()).ok_or_else(nobody)?;
        Ok(Request { gate: gate.clone(), id, claimant: Claimant::of(call), digest: call.digest() })
    }
}

#[napi]
impl Gate {
    /// Why.
    #[napi]
    pub fn reason(&self, handle: u32) -> napi::Result<String> {
        self.verdict(handle, |verdict| (self.reason)(verdict.read()))
    }

    /// The whole decision as JSON.
    #[napi]
    pub fn decision(&self, handle: u32) -> napi::Result<String> {
        self.verdict(handle, |verdict| serde_json::to_string(verdict.read()))?.map_err(failed)
    }

    /// The request that it opened or joined.
    #[napi]
    pub fn request_id(&self, handle: u32) -> napi::Result<Option<String>> {
        self.verdict(handle, |verdict| {
            let asks = verdict.effect() == Effect::Ask;
            asks.then(|| verdict.read().request.as_ref().map(|notice| notice.id.clone())).flatten()
        })
    }

    /// The arguments as they were judged.
    #[napi]
    pub fn args(&self, handle: u32) -> napi::Result<Shown> {
        self.verdict(handle, |verdict| Shown(verdict.args().clone()))
    }

    /// Waits for people, at most so many milliseconds.
    #[napi]
    pub fn wait<'e>(
        &self,
        env: &'e Env,
        handle: u32,
        timeout: Option<f64>,
    ) -> napi::Result<PromiseRaw<'e, Settled>> {
        let request = self.verdict(handle, |verdict| verdict.request(&self.gate))??;
        let until = timeout.map(|millis| Instant::now() + Duration::from_millis(whole(millis)));
        env.spawn_future(async move { request.settled(until).await.map_err(failed) })
    }

    /// Uses the approval, once, and gives the arguments to make the call with. `exact`: only as it
    /// was asked, not as somebody changed it.
    #[napi]
    pub fn claim<'e>(
        &self,
        env: &'e Env,
        handle: u32,
        exact: bool,
    ) -> napi::Result<PromiseRaw<'e, Shown>> {
        let request = self.verdict(handle, |verdict| verdict.request(&self.gate))??;
        env.spawn_future(async move {
            let call = request.claim(exact).await.map_err(failed)?;
            Ok(Shown(call.args))
        })
    }

    /// Withdraws the request: the agent does not want it any more.
    #[napi]
    pub fn withdraw<'e>(
        &self,
        env: &'e Env,
        handle: u32,
        why: String,
    ) -> napi::Result<PromiseRaw<'e, ()>> {
        let request = self.verdict(handle, |verdict| verdict.request(&self.gate))??;
        let by = Canceller::Agent(request.claimant.clone());
        let receipt = request.approvals().cancel(&by, request.id, &why);
        env.spawn_future(async move { receipt.await.map(drop).map_err(failed) })
    }

    /// Says what became of the call.
    #[napi]
    pub fn finish<'e>(
        &self,
        env: &'e Env,
        handle: u32,
        failing: bool,
        note: Option<String>,
    ) -> napi::Result<PromiseRaw<'e, ()>> {
        let request = self.verdict(handle, |verdict| verdict.request(&self.gate))??;
        let finish = Finish { failed: failing, note };
        let receipt = request.approvals().result(&request.claimant, request.id, finish);
        env.spawn_future(async move { receipt.await.map(drop).map_err(failed) })
    }

    /// Lets a decision go that JavaScript has no more use for.
    #[napi]
    pub fn release(&self, handle: u32) {
        self.kept.release(handle);
    }

    fn verdict<T>(&self, handle: u32, read: impl FnOnce(&Verdict) -> T) -> napi::Result<T> {
        self.kept.read(handle, read).ok_or_else(|| failed("there is no such decision"))
    }
}

/// A request, for the side that made the call.
struct Request {
    gate: fence::Gate,
    id: RequestId,
    claimant: Claimant,
    /// Of the call as it was asked.
    digest: [u8; 32],
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

    async fn claim(&self, exact: bool) -> Result<ToolCall, ClaimError> {
        let digest = exact.then_some(self.digest);
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
