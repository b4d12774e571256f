//! What comes from the server.

use super::{Pending, Sent, Session, not_passed, pending, take};
use crate::mcp::hidden;
use crate::mcp::members;
use crate::mcp::message::{Id, Message, Shape};
use crate::mcp::method::{self, Era, Treatment};
use crate::mcp::record::From;
use crate::mcp::reply;
use crate::mcp::seal::Seal;
use fence_engine::json::Value;
use std::sync::Arc;

/// Why what a server wants does not reach the client where nothing judges it.
const WANTS: &str = "the server wants something of the client where that is not judged";

impl Session {
    /// One message of the server's.
    pub(in crate::mcp) async fn from_server(self: &Arc<Self>, raw: Vec<u8>) {
        let message = match Message::read(raw) {
            Ok(message) => message,
            Err(unreadable) => return self.unreadable(From::Server, unreadable).await,
        };
        match message.shape.clone() {
            Shape::Request(id, method) => self.server_asks(id, &method, message).await,
            Shape::Notification(method) => self.server_says(&method, message).await,
            Shape::Response(id) => self.server_answers(id, message).await,
        }
    }

    async fn server_asks(self: &Arc<Self>, id: Id, method: &str, message: Message) {
        // Only where the client began the session as older revisions do may a server ask at all.
        let begun = self.capabilities().is_some();
        let treatment = method::to_client(method, Era::Legacy).filter(|_| begun);
        let Some(treatment) = treatment else {
            let why = not_passed(method);
            self.recorder.refused(From::Server, method, &why).await;
            let bytes = reply::error(Some(&id), reply::NO_METHOD, &why);
            return self.server.send(bytes, None).await;
        };
        let (mut pending, cancelled) = pending(&message, Era::Legacy, treatment);
        let judged = treatment != Treatment::Pass;
        pending.sent = (!judged).then(Sent::default);
        if self.server.is_own(&id) || self.wants().contains_key(&id) {
            let why = "another request has this id, and no answer yet";
            self.recorder.refused(From::Server, method, why).await;
            return;
        }
        self.wants().insert(id.clone(), pending);
        match judged {
            false => self.to_client(message, None).await,
            true => {
                let session = Arc::clone(self);
                tokio::spawn(async move { session.want(&id, &message, cancelled).await });
            }
        }
    }

    async fn server_says(&self, method: &str, message: Message) {
        if !method::server_may_say(method) {
            return self.recorder.refused(From::Server, method, &not_passed(method)).await;
        }
        match method {
            "notifications/tools/list_changed" => self.catalog.is_stale(),
            "notifications/cancelled" if !self.unwanted(&message).await => return,
            _ => {}
        }
        if message.json.root().get("params").is_some_and(members::wants_elsewhere) {
            return self.recorder.refused(From::Server, method, WANTS).await;
        }
        let token = message.param("progressToken").and_then(Id::read);
        let about = token.map(|token| self.about(&token));
        self.to_client(message, about).await;
    }

    /// The server no longer wants something; whether the client was asked for it. What others asked
    /// of the client is not the server's to give up.
    async fn unwanted(&self, message: &Message) -> bool {
        let id = message.param("requestId").and_then(Id::read);
        let want = id.and_then(|id| self.wants().remove(&id));
        let Some(want) = want else {
            let why = "the server wants nothing of this id";
            self.recorder.refused(From::Server, message.method(), why).await;
            return false;
        };
        want.cancel.send_replace(true);
        let Some(sent) = want.sent else { return false };
        self.finished(sent.approval, true, Some("the server no longer wanted it")).await;
        true
    }

    /// Forwards a message that is not an answer.
    async fn to_client(&self, message: Message, about: Option<Id>) {
        if let Ok(bytes) = message.forwarded() {
            self.client.send(bytes, about).await;
        }
    }

    async fn server_answers(self: &Arc<Self>, id: Id, message: Message) {
        if self.server.is_own(&id) {
            // A question that was given up meanwhile needs no answer.
            self.server.answered(&id, message);
            return;
        }
        // What the server was never given it cannot answer, and so cannot make vanish.
        let call = take(&mut self.calls(), &id);
        let Some((Pending { method, era, treatment, .. }, sent)) = call else {
            let why = "no request has this id";
            return self.recorder.refused(From::Server, "response", why).await;
        };
        let failed = message
            .result()
            .is_none_or(|result| result.get("isError").and_then(Value::as_bool) == Some(true));
        if let Some(tool) = &sent.tool
            && let Some(hidden) = message.result().and_then(hidden::first)
        {
            self.recorder.flagged(tool, hidden).await;
        }
        self.finished(sent.approval, failed, None).await;
        if let Some(why) = never_passes(&message, treatment) {
            self.recorder.refused(From::Server, &method, why).await;
            self.client.answer(reply::refusal(&id, &method, era, why), id).await;
        } else if message.result().is_some_and(|result| result.get("inputRequests").is_some()) {
            let session = Arc::clone(self);
            tokio::spawn(session.wants_input(id, method, era, message));
        } else {
            self.pass_on(&message, (id, &method, era)).await;
        }
        self.idle.notify_waiters();
    }
}

/// Why a result does not reach the client, whatever the policy says.
fn never_passes(message: &Message, treatment: Treatment) -> Option<&'static str> {
    let result = message.result()?;
    let text = |key: &str| result.get(key).and_then(Value::as_text);
    if text("requestState").is_some_and(Seal::is_ours) {
        return Some("the server made a state that claims to be Fence's");
    }
    let version = text("protocolVersion").unwrap_or_default();
    if treatment == Treatment::Initialize && !method::LEGACY.contains(&version) {
        return Some("the server speaks a revision of the protocol that is not known to Fence");
    }
    let wants = |(key, value): (&str, Value<'_>)| match key {
        "inputRequests" => value.as_object().is_none_or(|requests| {
            requests.iter().any(|(_, request)| members::wants_elsewhere(request))
        }),
        "task" | "tasks" => members::wants_elsewhere(value),
        _ => false,
    };
    result.as_object().is_some_and(|result| result.iter().any(wants)).then_some(WANTS)
}
