//! One call through the gate: what is allowed passes, what was approved passes once, all else is
//! refused with what to do instead.

use super::{Answer, Host, Proposed, Used, text};
use crate::approvals::{
    ApprovalError, Claimant, Claimed, Finish, RequestId, RequestView, digest as read_digest,
};
use crate::engine::call::{Agent, ToolCall};
use crate::engine::decision::Effect;
use crate::engine::json::Value;
use crate::engine::scalar::Timestamp;
use crate::gate::Decided;
use crate::store::{LogQuery, RequestFilter, StoreError};
use crate::{Gate, GateError};
use fence_engine::approval::RequestState;
use std::time::{Duration, Instant};

/// How long after a call was let through the host may still ask its user about it.
const RECENT_MICROS: i64 = 600_000_000;

/// How many of the newest decisions and requests are searched for a call.
const SEARCHED: u32 = 50;

/// Who calls, as the settings say and not the host.
#[derive(Clone, Debug, Default)]
pub(crate) struct Caller {
    /// The agent.
    pub(crate) agent: Option<Agent>,
    /// For whom.
    pub(crate) user: Option<String>,
    /// In which session, where the host names none.
    pub(crate) session: Option<String>,
}

impl Caller {
    /// The call that the gate judges.
    pub(crate) fn call(&self, proposed: Proposed) -> ToolCall {
        let Proposed { tool, args, session, subagent } = proposed;
        let mut call = ToolCall::new(tool).args(args);
        call.agent = self.agent.clone().map(|main| below(main, subagent));
        call.user.clone_from(&self.user);
        call.session = session.or_else(|| self.session.clone());
        call
    }
}

/// A subagent works for the agent of the settings, whose policies bind it as well. It is named below
/// that agent, `MAIN:KIND`: a project that defines a kind of subagent makes no other agent of it, and
/// gives it no roles. Without such an agent it is nobody, and every policy binds it.
fn below(main: Agent, subagent: Option<String>) -> Agent {
    let Some(kind) = subagent else { return main };
    let id = format!("{}:{kind}", main.id);
    let mut parents = vec![main.id];
    parents.extend(main.parents.into_iter().flatten());
    Agent { id, parents: Some(parents), roles: None }
}

/// Why there is no decision. Every one of them blocks the call.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    /// Nothing was decided.
    #[error(transparent)]
    Gate(#[from] GateError),
    /// A request could not be read.
    #[error(transparent)]
    Approval(#[from] ApprovalError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A request is damaged.
    #[error("the request has no proper digest")]
    Digest,
}

/// The gate behind a host's hooks.
pub(crate) struct Judge<'a> {
    /// Decides and records.
    pub(crate) gate: &'a Gate,
    /// Which host asks.
    pub(crate) host: &'a dyn Host,
    /// Its event.
    pub(crate) event: Value<'a>,
    /// How long people are waited for.
    pub(crate) wait: Duration,
    /// Told before they are.
    pub(crate) hold: &'a dyn Fn(Duration),
}

impl Judge<'_> {
    /// Judges a call that is about to be made.
    ///
    /// # Errors
    /// Where nothing could be decided or recorded: the call is then blocked.
    pub(crate) fn before(&self, call: &ToolCall) -> Result<Answer, Fault> {
        let decided = self.gate.decide_blocking(call)?;
        match decided.decision {
            Effect::Allow => Ok(Answer::Pass),
            Effect::Deny => Ok(Answer::refuse(decided.reason())),
            Effect::Ask => self.ask(call, &decided),
        }
    }

    /// The host's own question about a call. It stays the user's where the call was let through a
    /// moment ago; where it was never judged, it is now.
    ///
    /// # Errors
    /// As [`Judge::before`].
    pub(crate) fn question(&self, call: &ToolCall) -> Result<Answer, Fault> {
        match self.passed(call)? {
            true => Ok(Answer::Pass),
            false => self.before(call),
        }
    }

    /// Notes how an approved call ended.
    ///
    /// # Errors
    /// When that cannot be recorded; the request then ends as unknown.
    pub(crate) fn after(&self, call: &ToolCall, used: Used) -> Result<(), ApprovalError> {
        let Some(id) = self.claimed(call)? else { return Ok(()) };
        let finish = Finish { failed: used == Used::Failed, note: None };
        self.gate.approvals().result(&Claimant::of(call), id, finish).wait().map(drop)
    }

    fn ask(&self, call: &ToolCall, decided: &Decided) -> Result<Answer, Fault> {
        let id = decided.request.as_ref().and_then(|notice| notice.id.parse().ok());
        let Some(id) = id else {
            return Ok(Answer::Refuse("nobody could be asked for approval".to_owned()));
        };
        (self.hold)(self.wait);
        let until = Instant::now() + self.wait;
        let view = self.gate.approvals().wait_blocking(id, Some(until))?;
        match view.state {
            "pending" => Ok(Answer::Refuse(text::waiting(decided, &view))),
            "approved" if self.can_make(call, &view) => self.release(call, id, &view),
            "approved" => Ok(Answer::Refuse(text::as_approved(&view))),
            _ => Ok(Answer::Refuse(text::ended(&view))),
        }
    }

    /// Whether what was approved can be made here: the call itself, or an edit this host knows.
    fn can_make(&self, call: &ToolCall, view: &RequestView) -> bool {
        call.args == view.args || self.host.can_edit(self.event, &view.args)
    }

    /// Uses the approval of the version that was looked at, and of no other.
    fn release(&self, call: &ToolCall, id: RequestId, view: &RequestView) -> Result<Answer, Fault> {
        let digest = read_digest(&view.digest).ok_or(Fault::Digest)?;
        let claimed = self.gate.approvals().claim(&Claimant::of(call), id, Some(digest)).wait();
        Ok(match claimed {
            Ok(Claimed::Released(released, _)) if released.tool != call.tool => {
                Answer::Refuse("another tool was approved".to_owned())
            }
            Ok(Claimed::Released(released, _)) if released.args == call.args => Answer::Pass,
            Ok(Claimed::Released(released, _)) => Answer::Edited(released.args.plain()),
            Ok(Claimed::Asked(view)) => Answer::Refuse(text::asked_anew(&view)),
            Ok(Claimed::Denied(view)) => Answer::Refuse(text::ended(&view)),
            Err(ApprovalError::Store(error)) => return Err(error.into()),
            Err(error) => Answer::Refuse(error.to_string()),
        })
    }

    /// Whether exactly this call was let through in this session a moment ago.
    fn passed(&self, call: &ToolCall) -> Result<bool, StoreError> {
        let since = self.gate.shared.clock.now().micros() - RECENT_MICROS;
        let query = LogQuery {
            since: Some(Timestamp::from_micros(since)),
            tool: Some(call.tool.clone()),
            limit: Some(u64::from(SEARCHED)),
            ..LogQuery::default()
        };
        let (digest, mut newest) = (call.digest(), None);
        self.gate.store().log(&query, &mut |logged| {
            if logged.entry.digest == digest {
                newest = Some(logged.entry.decision);
            }
            true
        })?;
        Ok(newest == Some(Effect::Allow as u8) || self.claimed(call)?.is_some())
    }

    /// The request whose approval this call is using.
    fn claimed(&self, call: &ToolCall) -> Result<Option<RequestId>, StoreError> {
        let filter = RequestFilter {
            states: vec![RequestState::Claimed],
            tool: Some(call.tool.clone()),
            session: call.session.clone(),
            limit: SEARCHED,
            ..RequestFilter::default()
        };
        let digest = call.digest();
        let found = self.gate.store().requests(&filter)?;
        let found = found.iter().find(|request| request.digest == digest);
        Ok(found.map(|request| RequestId(request.id)))
    }
}
