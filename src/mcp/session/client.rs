//! What comes from the client.

use super::{Pending, Sent, Session, not_passed, pending, take};
use crate::mcp::catalog::NoList;
use crate::mcp::message::{Id, Message, Shape};
use crate::mcp::method::{self, Era, Treatment};
use crate::mcp::record::From;
use crate::mcp::reply;
use fence_engine::json::{Json, List, Value};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// So long a late answer to a cancelled request is still listened for.
const LATE: Duration = Duration::from_secs(60);

/// Notifications of lists say no more than asking for the lists does.
const LISTS: [&str; 3] = ["toolsListChanged", "promptsListChanged", "resourcesListChanged"];

impl Session {
    /// One message of the client's.
    pub(in crate::mcp) async fn from_client(self: &Arc<Self>, raw: Vec<u8>) {
        let message = match Message::read(raw) {
            Ok(message) => message,
            Err(unreadable) => return self.unreadable(From::Client, unreadable).await,
        };
        match message.shape.clone() {
            Shape::Request(id, method) => self.client_asks(id, &method, message).await,
            Shape::Notification(method) => self.client_says(&method, message).await,
            Shape::Response(id) => self.client_answers(&id, message).await,
        }
    }

    async fn client_asks(self: &Arc<Self>, id: Id, method: &str, message: Message) {
        let era = match Era::of(&message) {
            Ok(era) => era,
            Err(version) => {
                self.recorder.refused(From::Client, method, "its revision is not known").await;
                return self.client.answer(reply::unknown_version(&id, &version), id).await;
            }
        };
        let Some(treatment) = method::to_server(method, era) else {
            let why = not_passed(method);
            self.recorder.refused(From::Client, method, &why).await;
            let bytes = reply::error(Some(&id), reply::NO_METHOD, &why);
            return self.client.answer(bytes, id).await;
        };
        let (pending, cancelled) = pending(&message, era, treatment);
        if self.client.is_own(&id) || !self.begins(&id, pending) {
            let why = "another request has this id, and no answer yet";
            self.recorder.refused(From::Client, method, why).await;
            let bytes = reply::error(Some(&id), reply::INVALID, why);
            return self.client.answer(bytes, id).await;
        }
        let session = Arc::clone(self);
        match treatment {
            Treatment::Initialize => {
                let capabilities = message.param("capabilities").map(Json::from);
                *self.capabilities() = Some(capabilities.unwrap_or_else(Json::empty_object));
                self.pass(&id, &message).await;
            }
            Treatment::ListTools => {
                tokio::spawn(async move { session.list(&id, &message, era).await });
            }
            Treatment::Judge(_) if watches_nothing(&message) => self.pass(&id, &message).await,
            Treatment::Judge(_) | Treatment::Call => {
                tokio::spawn(async move { session.call(&id, &message, cancelled).await });
            }
            Treatment::Pass => self.pass(&id, &message).await,
        }
    }

    fn begins(&self, id: &Id, call: Pending) -> bool {
        let mut calls = self.calls();
        calls.retain(|_, call| call.cancelled.is_none_or(|since| since.elapsed() < LATE));
        let is_new = !calls.contains_key(id);
        if is_new {
            calls.insert(id.clone(), call);
        }
        is_new
    }

    /// Marks a request as forwarded; `false`: nobody waits for it any more.
    pub(super) fn is_sent(&self, id: &Id, sent: Sent) -> bool {
        let mut calls = self.calls();
        let call = calls.get_mut(id).filter(|call| call.cancelled.is_none());
        call.map(|call| call.sent = Some(sent)).is_some()
    }

    /// Forwards a request that is not judged.
    async fn pass(&self, id: &Id, message: &Message) {
        match message.forwarded() {
            Ok(bytes) => {
                if self.is_sent(id, Sent::default()) {
                    self.server.send(bytes, Some(id.clone())).await;
                }
            }
            Err(error) => {
                let bytes = reply::error(Some(id), reply::INVALID, &error.to_string());
                self.answer(id, bytes).await;
            }
        }
    }

    /// Every page of the server's tools, as far as the policy could let them through.
    async fn list(&self, id: &Id, message: &Message, era: Era) {
        let cursor = message.param("cursor").is_some_and(|cursor| !cursor.is_null());
        let listed = match cursor {
            true => Err(reply::error(Some(id), reply::PARAMS, "no page of this cursor was given")),
            false => match self.catalog.list(&self.server, message).await {
                Ok(result) => Ok(reply::result(id, &result)),
                Err(NoList::Error(error)) => Err(reply::raw_error(id, &error.to_string())),
                Err(NoList::Refused(why)) => {
                    self.recorder.refused(From::Server, "tools/list", &why).await;
                    Err(reply::refusal(id, "tools/list", era, &why))
                }
            },
        };
        self.answer(id, listed.unwrap_or_else(|refused| refused)).await;
    }

    async fn client_says(&self, method: &str, message: Message) {
        if !method::client_may_say(method) {
            let why = match method::to_server(method, Era::Legacy) {
                Some(_) => "a request that wants no answer is not made".to_owned(),
                None => not_passed(method),
            };
            return self.recorder.refused(From::Client, method, &why).await;
        }
        if method == "notifications/cancelled" {
            let id = message.param("requestId").and_then(Id::read);
            if !id.is_some_and(|id| self.cancel(&id)) {
                return;
            }
        }
        if let Ok(bytes) = message.forwarded() {
            self.server.send(bytes, None).await;
        }
    }

    /// The client no longer waits for a request; whether the server has it.
    pub(in crate::mcp) fn cancel(&self, id: &Id) -> bool {
        let mut calls = self.calls();
        let Some(call) = calls.get_mut(id) else { return false };
        call.cancelled = Some(Instant::now());
        call.cancel.send_replace(true);
        let is_sent = call.sent.is_some();
        if !is_sent {
            calls.remove(id);
        }
        drop(calls);
        self.idle.notify_waiters();
        is_sent
    }

    async fn client_answers(&self, id: &Id, message: Message) {
        if self.client.is_own(id) {
            // A question that was given up meanwhile needs no answer.
            self.client.answered(id, message);
            return;
        }
        // What the client was never asked it cannot answer, and so cannot make vanish.
        let want = take(&mut self.wants(), id);
        let Some((_, sent)) = want else {
            let why = "no request has this id";
            return self.recorder.refused(From::Client, "response", why).await;
        };
        let failed = message.result().is_none();
        self.finished(sent.approval, failed, None).await;
        if let Ok(bytes) = message.forwarded() {
            self.server.send(bytes, None).await;
        }
    }
}

/// Whether it is a subscription to lists alone, which say no more than asking for them does.
fn watches_nothing(message: &Message) -> bool {
    let nothing = |(key, value): (&str, Value<'_>)| {
        let empty = value.is_null() || value.as_list().is_some_and(List::is_empty);
        LISTS.contains(&key) || (key == "resourceSubscriptions" && empty)
    };
    let mut params = message.params().into_iter().flatten();
    message.method() == "subscriptions/listen"
        && params.all(|(key, value)| match (key, value) {
            ("_meta", _) => true,
            ("notifications", Value::Object(watched)) => watched.iter().all(nothing),
            _ => false,
        })
}
