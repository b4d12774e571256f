//! Forms that are open in a client: each stays open until it is answered, its request has ended, or
//! nobody waits for the call any more, however long the call itself is held.

use super::Settings;
use super::dialog::Said;
use super::message::{Id, Message};
use super::peer::{Peer, Question, turned};
use super::reply;
use crate::Gate;
use crate::approvals::{
    Approval, ApprovalError, Approver, RequestId, RequestView, Target, Via, digest,
};
use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::watch;

type Ids = Arc<Mutex<HashSet<RequestId>>>;

/// The requests whose forms are open.
#[derive(Default)]
pub(super) struct Forms(Ids);

/// Says, as long as it lives, that a request's form is open.
pub(super) struct Open(Ids, RequestId);

impl Forms {
    /// Opens a request's form; `None`: it is open already.
    pub(super) fn open(&self, id: RequestId) -> Option<Open> {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        open.insert(id).then(|| Open(Arc::clone(&self.0), id))
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.1);
    }
}

/// The version of a request that a person is shown.
pub(super) struct Shown {
    pub(super) id: RequestId,
    pub(super) version: u32,
    pub(super) digest: String,
}

impl Shown {
    pub(super) fn of(id: RequestId, view: &RequestView) -> Self {
        Self { id, version: view.version, digest: view.digest.clone() }
    }
}

/// An open form.
pub(super) struct Form {
    pub(super) gate: Gate,
    pub(super) settings: Settings,
    pub(super) shown: Shown,
    pub(super) client: Arc<Peer>,
    /// The client's request that it belongs to.
    pub(super) about: Option<Id>,
    pub(super) question: Question,
    pub(super) open: Open,
}

impl Form {
    /// Counts the answer as the vote of who sits there, or takes the form back.
    pub(super) async fn answered(
        mut self,
        cancelled: watch::Receiver<bool>,
        mut closing: watch::Receiver<bool>,
    ) {
        let approvals = self.gate.approvals();
        let said = tokio::select! {
            answer = &mut self.question.answer => {
                Some(Said::read(answer.ok().as_ref().and_then(Message::result)))
            }
            _ = approvals.wait(self.shown.id, None) => None,
            () = given_up(cancelled) => None,
            () = turned(&mut closing) => None,
        };
        match said {
            // A vote that cannot be cast is none: the request still waits, and says so.
            Some(said) => drop(vote(&self.gate, &self.settings, &self.shown, said).await),
            None => self.take_back().await,
        }
        drop(self.open);
    }

    async fn take_back(&self) {
        self.client.forget(&self.question.id);
        let params = format!(r#"{{"requestId":{},"reason":"no longer asked"}}"#, self.question.id);
        let bytes = reply::notification("notifications/cancelled", &params);
        self.client.send(bytes, self.about.clone()).await;
    }
}

/// Resolves when the client gives its call up; an answered call was not given up.
async fn given_up(mut cancelled: watch::Receiver<bool>) {
    if cancelled.wait_for(|cancelled| *cancelled).await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// The person at this host's dialogs, where that person alone can settle the request.
pub(super) fn sits_here<'a>(
    gate: &Gate,
    settings: &'a Settings,
    id: RequestId,
) -> Result<Option<&'a str>, ApprovalError> {
    let Some(person) = settings.dialog.as_deref() else { return Ok(None) };
    Ok(gate.approvals().settles(id, person)?.then_some(person))
}

/// Casts the vote of who sits there, on what was shown.
pub(super) async fn vote(
    gate: &Gate,
    settings: &Settings,
    shown: &Shown,
    said: Said,
) -> Result<(), ApprovalError> {
    let Some(person) = sits_here(gate, settings, shown.id)? else { return Ok(()) };
    let by = Approver::new(person, Via::Local);
    let digest = digest(&shown.digest);
    let target = Target { id: shown.id, version: Some(shown.version), digest };
    let approvals = gate.approvals();
    let voted = match said {
        Said::Approve => approvals.approve(&by, &target, Approval::default()).await,
        Said::Refuse => {
            let reason = "refused in the dialog beside the agent";
            approvals.refuse(&by, &target, None, reason).await
        }
        Said::Nothing => return Ok(()),
    };
    match voted {
        // Others were faster, or it is another version by now: the request says where it stands.
        Ok(_) | Err(ApprovalError::Life(_) | ApprovalError::Stale { .. }) => Ok(()),
        Err(error) => Err(error),
    }
}
