//! What comes from the server.

use super::{Pending, Sent, Session, not_passed, pending};
use crate::mcp::hidden;
use crate::mcp::message::{Id, Message, Shape};
use crate::mcp::method::{self, Era, Treatment};
use crate::mcp::record::From;
use crate::mcp::reply;
use crate::mcp::seal::Seal;
use fence_engine::json::Value;
use std::sync::Arc;

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
            false => self.client.send(message.into_raw(), None).await,
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
            "notifications/cancelled" => {
                let id = message.param("requestId").and_then(Id::read);
                let mut wants = self.wants();
                let held = |want: &Pending| want.sent.is_none();
                if let Some(id) = id.filter(|id| wants.get(id).is_some_and(held)) {
                    if let Some(want) = wants.remove(&id) {
                        want.cancel.send_replace(true);
                    }
                    return;
                }
            }
            _ => {}
        }
        let token = message.param("progressToken").and_then(Id::read);
        let about = self.about(token.as_ref());
        self.client.send(message.into_raw(), about).await;
    }

    async fn server_answers(self: &Arc<Self>, id: Id, message: Message) {
        if self.server.is_own(&id) {
            // A question that was given up meanwhile needs no answer.
            self.server.answered(&id, message);
            return;
        }
        let call = self.calls().remove(&id);
        let Some(Pending { method, era, treatment, sent: Some(sent), .. }) = call else {
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
            self.client.answer(message.into_raw(), id).await;
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
    None
}
