//! One client, one server, and what is on its way between them.

mod client;
mod judged;
mod server;

use super::Settings;
use super::catalog::Catalog;
use super::form::Forms;
use super::judge::Judge;
use super::message::{Id, Message, Unreadable, shown};
use super::method::{Era, Treatment};
use super::peer::{Outgoing, Peer};
use super::record::{From, Recorder};
use super::reply;
use super::seal::Seal;
use crate::Gate;
use crate::approvals::{Claimant, Finish, RequestId};
use fence_engine::json::Json;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{Notify, mpsc, watch};

/// A session.
pub(super) struct Session {
    judge: Judge,
    pub(super) catalog: Arc<Catalog>,
    pub(super) recorder: Recorder,
    pub(super) client: Arc<Peer>,
    pub(super) server: Peer,
    /// The client's requests without an answer.
    calls: Mutex<HashMap<Id, Pending>>,
    /// The server's.
    wants: Mutex<HashMap<Id, Pending>>,
    /// What the client said at the start that it can do.
    capabilities: Mutex<Option<Json>>,
    closing: watch::Sender<bool>,
    idle: Notify,
}

/// A request without an answer.
struct Pending {
    method: String,
    era: Era,
    treatment: Treatment,
    /// The token under which its sender wants to hear of progress, as JSON.
    progress: Option<String>,
    /// Tells its task that nobody waits any more.
    cancel: watch::Sender<bool>,
    /// Where it was forwarded: what that released.
    sent: Option<Sent>,
    /// Since when its sender no longer waits for it.
    cancelled: Option<Instant>,
}

/// A request that was forwarded.
#[derive(Default)]
struct Sent {
    /// The tool, where it was judged.
    tool: Option<String>,
    decision: String,
    /// The request whose approval it used.
    approval: Option<(RequestId, Claimant)>,
}

/// A session, and what it wants to say to both ends.
pub(super) struct Opened {
    pub(super) session: Arc<Session>,
    pub(super) to_client: mpsc::Receiver<Outgoing>,
    pub(super) to_server: mpsc::Receiver<Outgoing>,
}

impl Session {
    /// A session that begins.
    ///
    /// # Errors
    /// Where the system gives no randomness.
    pub(super) fn open(
        gate: Gate,
        settings: Settings,
        catalog: Arc<Catalog>,
    ) -> Result<Opened, getrandom::Error> {
        // Neither end learns the ids of what the other is asked.
        let prefix = || format!("fence-{}-", uuid::Uuid::new_v4().simple());
        let (client, to_client) = Peer::new(prefix());
        let (server, to_server) = Peer::new(prefix());
        let clock = Arc::clone(&gate.shared.clock);
        let recorder = Recorder::new(Arc::clone(gate.store()), clock, settings.server.clone());
        let session = Arc::new(Self {
            judge: Judge { gate, settings, seal: Seal::new()?, forms: Forms::default() },
            catalog,
            recorder,
            client: Arc::new(client),
            server,
            calls: Mutex::default(),
            wants: Mutex::default(),
            capabilities: Mutex::default(),
            closing: watch::Sender::new(false),
            idle: Notify::new(),
        });
        Ok(Opened { session, to_client, to_server })
    }

    fn calls(&self) -> MutexGuard<'_, HashMap<Id, Pending>> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wants(&self) -> MutexGuard<'_, HashMap<Id, Pending>> {
        self.wants.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn capabilities(&self) -> MutexGuard<'_, Option<Json>> {
        self.capabilities.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The client says no more: nobody is waited for, and whatever has an answer gets it, within
    /// this time.
    pub(super) async fn wind_up(&self, within: Duration) {
        self.closing.send_replace(true);
        let answered = async {
            loop {
                let idle = self.idle.notified();
                if self.calls().values().all(|call| call.cancelled.is_some()) {
                    return;
                }
                idle.await;
            }
        };
        drop(tokio::time::timeout(within, answered).await);
    }

    /// The server is gone: nobody knows what became of the calls that it was given, and nothing
    /// repeats them.
    pub(super) async fn server_ended(&self) {
        self.server.close();
        self.server.lost();
        let calls: Vec<_> = self.calls().drain().collect();
        for (id, call) in calls {
            self.unanswered(id, call, "the server ended before it answered").await;
        }
        self.idle.notify_waiters();
    }

    /// A request that was forwarded gets no answer from the server.
    pub(super) async fn no_answer(&self, id: &Id, why: &str) {
        self.server.forget(id);
        let call = self.calls().remove(id);
        if let Some(call) = call {
            self.unanswered(id.clone(), call, why).await;
            self.idle.notify_waiters();
        }
    }

    /// Whether the server has this request, of the client's or of Fence's own.
    fn is_out(&self, id: &Id) -> bool {
        self.server.is_own(id) || self.calls().get(id).is_some_and(|call| call.sent.is_some())
    }

    async fn unanswered(&self, id: Id, call: Pending, why: &str) {
        call.cancel.send_replace(true);
        let told = match &call.sent {
            Some(sent) => {
                self.lost(sent, why).await;
                format!(
                    "{why}: whether it did what was asked is not known, and it is not asked again by itself"
                )
            }
            None => format!("{why}, so nothing was done"),
        };
        let bytes = reply::refusal(&id, &call.method, call.era, &told);
        self.client.answer(bytes, id).await;
    }

    async fn lost(&self, sent: &Sent, why: &str) {
        let Some(tool) = &sent.tool else { return };
        let request = sent.approval.as_ref().map(|(id, _)| id.to_string());
        self.recorder.lost(tool, &sent.decision, request.as_deref(), why).await;
    }

    /// Says what became of a call that used an approval.
    async fn finished(
        &self,
        approval: Option<(RequestId, Claimant)>,
        failed: bool,
        note: Option<&str>,
    ) {
        let Some((id, by)) = approval else { return };
        let finish = Finish { failed, note: note.map(str::to_owned) };
        // The call was made; where that cannot be recorded the request ends as unknown.
        drop(self.judge.gate.approvals().result(&by, id, finish).await);
    }

    /// What cannot be read is told to the client, where it came from there, and recorded.
    async fn unreadable(&self, from: From, unreadable: Unreadable) {
        self.recorder.refused(from, "unreadable", &unreadable.why).await;
        if from == From::Server {
            if let Some(id) = unreadable.id.filter(|id| unreadable.answers && self.is_out(id)) {
                self.no_answer(
                    &id,
                    &format!("the server's answer does not pass: {}", unreadable.why),
                )
                .await;
            }
        } else {
            let code = if unreadable.is_json { reply::INVALID } else { reply::PARSE };
            let bytes = reply::error(unreadable.id.as_ref(), code, &unreadable.why);
            match unreadable.id {
                Some(id) => self.client.answer(bytes, id).await,
                None => self.client.send(bytes, None).await,
            }
        }
    }

    /// A message that is longer than any may be.
    pub(super) async fn too_long(&self, from: From, bytes: usize) {
        let why = format!("it has {bytes} bytes: more than any message may have");
        self.unreadable(from, Unreadable::text(why)).await;
    }

    /// Answers a request of the client's with a message of Fence's.
    async fn answer(&self, id: &Id, bytes: Vec<u8>) {
        let was_there = self.calls().remove(id).is_some();
        if was_there {
            self.client.answer(bytes, id.clone()).await;
            self.idle.notify_waiters();
        }
    }

    /// The client's request that progress under this token belongs to. Where that is answered already
    /// the token itself stands for it: over HTTP nobody else hears of it.
    fn about(&self, token: &Id) -> Id {
        let text = token.to_string();
        let calls = self.calls();
        let found = calls.iter().find(|(_, call)| call.progress.as_deref() == Some(&*text));
        found.map_or_else(|| token.clone(), |(id, _)| id.clone())
    }
}

/// Takes a request out that was forwarded, and only such a one.
fn take(requests: &mut HashMap<Id, Pending>, id: &Id) -> Option<(Pending, Sent)> {
    let sent = requests.get_mut(id)?.sent.take()?;
    requests.remove(id).map(|request| (request, sent))
}

/// A request that has just come.
fn pending(message: &Message, era: Era, treatment: Treatment) -> (Pending, watch::Receiver<bool>) {
    let (cancel, cancelled) = watch::channel(false);
    let (method, progress) = (message.method().to_owned(), super::judge::progress_token(message));
    let pending = Pending { method, era, treatment, progress, cancel, sent: None, cancelled: None };
    (pending, cancelled)
}

/// Why a method does not pass.
fn not_passed(method: &str) -> String {
    format!("`{}` does not pass this gate", shown(method))
}
