//! What became of a call, and the one use of its approval.

use crate::call::maybe;
use crate::core::Core;
use crate::errors::{ApprovalError, UsageError, approval};
use crate::soon::Task;
use crate::value::{python, shape};
use fence::approvals::{
    ApprovalError as Refused, Canceller, Claimant, Claimed, Finish, RequestId, RequestView,
};
use fence::gate::Decided;
use fence::{Effect, ToolCall};
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// What became of a call. It is no yes or no: ask `allowed`, `requires_approval` or `denied`.
#[pyclass(frozen, module = "fence")]
pub(crate) struct PolicyResult {
    policy: Py<Core>,
    call: ToolCall,
    decided: Decided,
    since: Mutex<Since>,
}

/// What happened to it since it was decided.
#[derive(Default)]
struct Since {
    /// The call that an approval released.
    released: Option<ToolCall>,
    /// Why there was no approval.
    refusal: Option<String>,
}

impl PolicyResult {
    pub(crate) const fn new(policy: Py<Core>, call: ToolCall, decided: Decided) -> Self {
        let since = Mutex::new(Since { released: None, refusal: None });
        Self { policy, call, decided, since }
    }

    fn since(&self) -> MutexGuard<'_, Since> {
        self.since.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn effect(&self) -> Effect {
        self.decided.effect()
    }

    fn id(&self) -> PyResult<RequestId> {
        let id = self.decided.request.as_ref().and_then(|notice| notice.id.parse().ok());
        id.ok_or_else(|| ApprovalError::new_err(("nobody was asked for this call", "not-found")))
    }

    fn refused(&self, reason: String) -> bool {
        self.since().refusal = Some(reason);
        false
    }
}

#[pymethods]
impl PolicyResult {
    /// A policy that keeps a result of its own is a circle, which Python then finds.
    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.policy)
    }

    /// Whether the call may be made.
    #[getter]
    fn allowed(&self) -> bool {
        self.effect() == Effect::Allow
    }

    /// Whether a person must approve it first.
    #[getter]
    fn requires_approval(&self) -> bool {
        self.effect() == Effect::Ask
    }

    /// Whether it must not be made.
    #[getter]
    fn denied(&self) -> bool {
        self.effect() == Effect::Deny
    }

    /// Why: the policy's reason, or why an approval that was asked for was not given.
    #[getter]
    fn reason(&self) -> String {
        let refusal = self.since().refusal.clone();
        refusal.unwrap_or_else(|| self.policy.get().reason(&self.decided))
    }

    /// The tool.
    #[getter]
    fn tool(&self) -> String {
        self.since().released.as_ref().unwrap_or(&self.call).tool.clone()
    }

    /// The arguments to make the call with: as they were approved, once they were.
    #[getter]
    fn args(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let args = self.since().released.as_ref().unwrap_or(&self.call).args.clone();
        python(py, &args)
    }

    /// The whole decision.
    #[getter]
    fn decision(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        shape(py, &*self.decided)
    }

    /// The request that people answer.
    #[getter]
    fn request_id(&self) -> Option<String> {
        self.decided.request.as_ref().map(|notice| notice.id.clone())
    }

    fn __bool__(&self) -> PyResult<bool> {
        let ask = "ask `.allowed`, `.requires_approval` or `.denied`";
        Err(UsageError::new_err(format!("a result is no yes or no: {ask}")))
    }

    fn __repr__(&self) -> String {
        format!("<PolicyResult {} {}: {}>", self.effect(), self.call.tool, self.reason())
    }

    /// Asks people and uses their approval: `True` releases this call, once, as `args` then has
    /// it. Awaitable.
    #[pyo3(signature = (timeout=None))]
    fn request_approval<'py>(
        slf: &Bound<'py, Self>,
        timeout: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let policy = slf.get().policy.bind(slf.py());
        policy.call_method1("_request_approval", (slf, timeout))
    }

    /// As `request_approval`, blocking.
    #[pyo3(signature = (timeout=None))]
    fn request_approval_blocking<'py>(
        slf: &Bound<'py, Self>,
        timeout: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let policy = slf.get().policy.bind(slf.py());
        policy.call_method1("_request_approval_blocking", (slf, timeout))
    }

    /// Says that the call was made; where nobody was asked, that is not recorded.
    #[pyo3(signature = (note=None))]
    fn done(&self, py: Python<'_>, note: Option<&Bound<'_, PyAny>>) -> PyResult<()> {
        self.finish(py, Finish { failed: false, note: maybe("note", note)? })
    }

    /// Says that the call failed.
    #[pyo3(signature = (note=None))]
    fn failed(&self, py: Python<'_>, note: Option<&Bound<'_, PyAny>>) -> PyResult<()> {
        self.finish(py, Finish { failed: true, note: maybe("note", note)? })
    }

    /// Waits until people have answered; `notify(state, error)` is called then.
    fn _wait(&self, notify: Py<PyAny>, seconds: Option<f64>) -> PyResult<Task> {
        let core = self.policy.get();
        let (approvals, id) = (core.gate()?.approvals(), self.id()?);
        let seconds = seconds.map(Duration::try_from_secs_f64).transpose();
        let seconds = seconds.map_err(|error| UsageError::new_err(error.to_string()))?;
        let until = seconds.and_then(|seconds| Instant::now().checked_add(seconds));
        core.soon().run(notify, async move { approvals.wait(id, until).await }, |py, view| {
            let view = view.map_err(|error| approval(&error))?;
            let answer = (view.state, why(&view));
            Ok(answer.into_pyobject(py)?.into_any().unbind())
        })
    }

    /// Uses the approval. `False`: nothing is released, and `reason` says why.
    fn _claim(&self, py: Python<'_>) -> PyResult<bool> {
        let (approvals, id) = (self.policy.get().gate()?.approvals(), self.id()?);
        let claimant = Claimant::of(&self.call);
        match py.detach(|| approvals.claim(&claimant, id, None).wait()) {
            Ok(Claimed::Released(call, _)) => {
                // What nobody changed keeps the spelling of its numbers.
                let same = call.digest() == self.call.digest();
                let call = if same { self.call.clone() } else { *call };
                *self.since() = Since { released: Some(call), refusal: None };
                Ok(true)
            }
            Ok(Claimed::Asked(_)) => {
                let why = "today's policy asks for more than was approved; people are asked anew";
                Ok(self.refused(why.to_owned()))
            }
            Ok(Claimed::Denied(view)) => {
                let reason = view.outcome.and_then(|outcome| outcome.reason).unwrap_or_default();
                Ok(self.refused(format!("today's policy denies the call: {reason}")))
            }
            Err(error @ Refused::Store(_)) => Err(approval(&error)),
            Err(error) => Ok(self.refused(error.to_string())),
        }
    }

    /// Keeps why there is no approval.
    fn _refused(&self, reason: String) {
        self.refused(reason);
    }

    /// Withdraws the request, for this reason.
    fn _withdraw(&self, py: Python<'_>, reason: &str) -> PyResult<()> {
        let (approvals, id) = (self.policy.get().gate()?.approvals(), self.id()?);
        let by = Canceller::Agent(Claimant::of(&self.call));
        let ended = py.detach(|| approvals.cancel(&by, id, reason).wait());
        ended.map(drop).map_err(|error| approval(&error))
    }
}

impl PolicyResult {
    fn finish(&self, py: Python<'_>, finish: Finish) -> PyResult<()> {
        if self.effect() != Effect::Ask {
            return Ok(());
        }
        let (approvals, id) = (self.policy.get().gate()?.approvals(), self.id()?);
        let claimant = Claimant::of(&self.call);
        let finished = py.detach(|| approvals.result(&claimant, id, finish).wait());
        finished.map(drop).map_err(|error| approval(&error))
    }
}

/// Why a request released nothing yet.
fn why(view: &RequestView) -> String {
    let reason = view.outcome.as_ref().and_then(|outcome| outcome.reason.as_deref());
    match view.state {
        "denied" => format!("a person refused: {}", reason.unwrap_or("no reason given")),
        "expired" => "nobody answered in time".to_owned(),
        "pending" => "nobody has answered yet".to_owned(),
        "claimed" | "done" | "failed" | "unknown" => "its approval was used already".to_owned(),
        state => match reason {
            Some(reason) => format!("the request is {state}: {reason}"),
            None => format!("the request is {state}"),
        },
    }
}
