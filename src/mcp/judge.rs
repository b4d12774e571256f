//! From a call to what becomes of it: decided, and where people are asked, waited for and claimed.

use super::Settings;
use super::dialog::{self, Said};
use super::form::{Form, Forms, Shown, sits_here, vote};
use super::message::{Id, Message};
use super::method::Era;
use super::peer::{Peer, turned};
use super::reply;
use super::seal::{Carried, Seal};
use super::told::{ended, unanswered, unseen};
use crate::approvals::{ApprovalError, Claimant, Claimed, RequestId, RequestView};
use crate::{Gate, Verdict};
use fence_engine::call::ToolCall;
use fence_engine::json::{Json, Value};
use fence_engine::scalar::Timestamp;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// How often a client that wants to hear of progress hears that a call still waits.
const TICK: Duration = Duration::from_secs(5);

/// Judges calls at this door.
pub(super) struct Judge {
    pub(super) gate: Gate,
    pub(super) settings: Settings,
    pub(super) seal: Seal,
    pub(super) forms: Forms,
}

/// What becomes of a call.
pub(super) enum Judged {
    /// It is made, as it is or as it was approved.
    Go(Box<Released>),
    /// It is not: why, for the agent.
    No(String),
    /// The client asks a person and comes back: the result that says so.
    Ask(String),
    /// Nobody waits for it any more.
    Cancelled,
}

/// A call that is made.
pub(super) struct Released {
    pub(super) call: ToolCall,
    pub(super) decision: String,
    /// The request whose approval it uses.
    pub(super) request: Option<(RequestId, Claimant)>,
    /// Whether a person released it, by that approval or a grant.
    pub(super) approved: bool,
}

/// How people can be asked about a call, besides elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialog {
    /// Not at all.
    None,
    /// By a request to the client, while the call is held.
    Meanwhile,
    /// By a result, upon which the client calls again.
    InBand,
}

/// What a person said to a question that the client brought back.
pub(super) type Answered = (Carried, Said);

/// A call's surroundings.
pub(super) struct Held<'a> {
    pub(super) client: &'a Arc<Peer>,
    /// The client's request; for what a server wants of the client there is none.
    pub(super) about: Option<&'a Id>,
    /// What the call carries that nobody who approves it would see.
    pub(super) unseen: Option<&'static str>,
    pub(super) dialog: Dialog,
    pub(super) answered: Option<Answered>,
    /// The token under which the client wants to hear of progress, as JSON.
    pub(super) progress: Option<String>,
    /// Turns true when nobody waits for this call any more,
    pub(super) cancelled: watch::Receiver<bool>,
    /// or when the session ends and nothing is waited for.
    pub(super) closing: watch::Receiver<bool>,
}

/// Where a request for approval is waited for.
struct Waiting<'a> {
    id: RequestId,
    by: Claimant,
    decision: String,
    because: String,
    digest: [u8; 32],
    until: Instant,
    held: &'a Held<'a>,
}

/// What ended a wait.
enum Woken {
    Moved,
    Late,
    Cancelled,
}

impl Judge {
    /// Decides a call and waits for people where it asks.
    pub(super) async fn judge(&self, call: &ToolCall, held: &Held<'_>) -> Judged {
        let decided = match self.gate.decide(call).await {
            Ok(decided) => decided,
            Err(error) => return Judged::No(error.to_string()),
        };
        let decision = decided.id.clone();
        match decided.verdict() {
            Verdict::Deny(why) => Judged::No(why),
            Verdict::Allow if decided.grant.is_none() => {
                let call = call.clone();
                Judged::Go(Box::new(Released { call, decision, request: None, approved: false }))
            }
            _ if held.unseen.is_some() => Judged::No(unseen(held.unseen)),
            Verdict::Allow => {
                let call = call.clone();
                Judged::Go(Box::new(Released { call, decision, request: None, approved: true }))
            }
            Verdict::Ask(request) => {
                let waiting = Waiting {
                    id: request.id(),
                    by: Claimant::of(call),
                    decision,
                    because: decided.reason(),
                    digest: call.digest(),
                    until: Instant::now() + self.settings.wait,
                    held,
                };
                let asked = self.ask(&waiting).await;
                asked.unwrap_or_else(|error| Judged::No(error.to_string()))
            }
        }
    }

    async fn ask(&self, waiting: &Waiting<'_>) -> Result<Judged, ApprovalError> {
        let mut may_ask = waiting.held.dialog != Dialog::None;
        if let Some((carried, said)) = &waiting.held.answered {
            may_ask = false;
            self.answered(waiting, carried, *said).await?;
        }
        loop {
            let view = self.gate.approvals().get(waiting.id)?;
            match view.state {
                "approved" => match self.claim(waiting).await? {
                    Some(judged) => return Ok(judged),
                    None => continue,
                },
                "pending" => {}
                _ => return Ok(Judged::No(ended(&view))),
            }
            if may_ask && let Some(person) = sits_here(&self.gate, &self.settings, waiting.id)? {
                may_ask = false;
                if let Some(judged) = self.open_dialog(waiting, &view, person).await {
                    return Ok(judged);
                }
            }
            match self.wait(waiting).await? {
                Woken::Moved => {}
                Woken::Late => return Ok(Judged::No(unanswered(&waiting.because, &view))),
                Woken::Cancelled => return Ok(Judged::Cancelled),
            }
        }
    }

    /// Uses the approval; `None`: today's policy asks anew, and so is waited for again.
    async fn claim(&self, waiting: &Waiting<'_>) -> Result<Option<Judged>, ApprovalError> {
        if *waiting.held.cancelled.borrow() {
            return Ok(Some(Judged::Cancelled));
        }
        let approvals = self.gate.approvals();
        let claimed = match approvals.claim(&waiting.by, waiting.id, None).await {
            // The same call was faster.
            Err(ApprovalError::Life(_)) => {
                return Ok(Some(Judged::No(ended(&approvals.get(waiting.id)?))));
            }
            claimed => claimed?,
        };
        Ok(match claimed {
            Claimed::Released(call, _) => Some(Judged::Go(Box::new(Released {
                call: *call,
                decision: waiting.decision.clone(),
                request: Some((waiting.id, waiting.by.clone())),
                approved: true,
            }))),
            Claimed::Asked(_) => None,
            Claimed::Denied(view) => Some(Judged::No(ended(&view))),
        })
    }

    /// Puts the question into the client's form; in the newer revisions the answer is a call of its own.
    async fn open_dialog(
        &self,
        waiting: &Waiting<'_>,
        view: &RequestView,
        person: &str,
    ) -> Option<Judged> {
        let card = (self.settings.card)(view);
        if waiting.held.dialog == Dialog::InBand {
            let form = dialog::form(Era::Modern, person, view, &card);
            let until = Timestamp::parse(&view.expires_at).unwrap_or(Timestamp::from_micros(0));
            let shown = (waiting.id, view.version, &*view.digest);
            let state = self.seal.close(&Carried::new(shown, &waiting.digest, &waiting.by, until));
            return Some(Judged::Ask(dialog::input_required(&form, &state)));
        }
        if let Some(open) = self.forms.open(waiting.id) {
            let form = dialog::form(Era::Legacy, person, view, &card).to_string();
            let client = Arc::clone(waiting.held.client);
            let about = waiting.held.about.cloned();
            let question = client.ask("elicitation/create", &form, about.clone()).await;
            let form = Form {
                gate: self.gate.clone(),
                settings: self.settings.clone(),
                shown: Shown::of(waiting.id, view),
                client,
                about,
                question,
                open,
            };
            let (cancelled, closing) =
                (waiting.held.cancelled.clone(), waiting.held.closing.clone());
            tokio::spawn(form.answered(cancelled, closing));
        }
        None
    }

    /// What a person said to a question that was brought back counts only for the request it was
    /// about, and only where that person still settles it alone.
    async fn answered(
        &self,
        waiting: &Waiting<'_>,
        carried: &Carried,
        said: Said,
    ) -> Result<(), ApprovalError> {
        if carried.request != waiting.id.to_string() {
            return Ok(());
        }
        let (version, digest) = (carried.version, carried.shown.clone());
        let shown = Shown { id: waiting.id, version, digest };
        vote(&self.gate, &self.settings, &shown, said).await
    }

    /// Waits for people elsewhere, for as long as this door holds a call.
    async fn wait(&self, waiting: &Waiting<'_>) -> Result<Woken, ApprovalError> {
        let mut told = 0_u32;
        loop {
            let tick = Instant::now() + TICK;
            let until = if waiting.held.progress.is_some() {
                tick.min(waiting.until)
            } else {
                waiting.until
            };
            match self.moved(waiting, Some(until)).await? {
                Woken::Late if until < waiting.until => {
                    told += 1;
                    self.tell(waiting, told).await;
                }
                woken => return Ok(woken),
            }
        }
    }

    async fn tell(&self, waiting: &Waiting<'_>, told: u32) {
        let Some(token) = &waiting.held.progress else { return };
        // Far below what the server itself will count, so that progress only ever grows.
        let progress = f64::from(told) / 1_000_000.0;
        let message = format!("waiting for approval: {}", waiting.id);
        let params =
            format!(r#"{{"progressToken":{token},"progress":{progress},"message":"{message}"}}"#);
        let bytes = reply::notification("notifications/progress", &params);
        waiting.held.client.send(bytes, waiting.held.about.cloned()).await;
    }

    async fn moved(
        &self,
        waiting: &Waiting<'_>,
        until: Option<Instant>,
    ) -> Result<Woken, ApprovalError> {
        let (mut cancelled, mut closing) =
            (waiting.held.cancelled.clone(), waiting.held.closing.clone());
        let approvals = self.gate.approvals();
        tokio::select! {
            view = approvals.wait(waiting.id, until) => Ok(match view?.state {
                "pending" => Woken::Late,
                _ => Woken::Moved,
            }),
            () = turned(&mut cancelled) => Ok(Woken::Cancelled),
            () = turned(&mut closing) => Ok(Woken::Late),
        }
    }
}

/// A question that a client brought back, opened.
pub(super) async fn opened(
    judge: &Judge,
    message: &Message,
    call: &ToolCall,
) -> Result<Option<Answered>, String> {
    let Some(state) = message.param("requestState").and_then(Value::as_text) else {
        return Ok(None);
    };
    if !Seal::is_ours(state) {
        return Ok(None);
    }
    let (by, digest) = (Claimant::of(call), call.digest());
    let (store, now) = (judge.gate.store(), judge.gate.shared.clock.now());
    let carried = judge.seal.open(&**store, state, (&by, &digest), now).await;
    let carried = carried.map_err(|broken| {
        format!("the answer that came with this call does not count: {broken}. Make the call again without it")
    })?;
    Ok(Some((carried, Said::of_retry(message))))
}

/// The progress token of a call, as JSON.
pub(super) fn progress_token(message: &Message) -> Option<String> {
    let token = message.meta("progressToken")?;
    Id::read(token).map(|token| token.to_string())
}

/// A call's arguments, where they are as they came.
pub(super) fn is_unchanged(released: &Released, args: &Json) -> bool {
    released.request.is_none() || released.call.args == *args
}
