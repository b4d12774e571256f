//! Requests that have effects: judged, held while people answer, forwarded as they were approved.

use super::{Sent, Session};
use crate::mcp::dialog;
use crate::mcp::judge::{Dialog, Held, Judged, Released, is_unchanged, opened, progress_token};
use crate::mcp::members;
use crate::mcp::message::{Id, Message};
use crate::mcp::method::{self, Era, Treatment};
use crate::mcp::record::From;
use crate::mcp::reply;
use crate::mcp::subject::Subject;
use fence_engine::json::{Limits, Value};
use std::sync::Arc;
use tokio::sync::watch;

/// Why a request is not forwarded.
enum Stopped {
    /// It is answered with this.
    Answer(Vec<u8>),
    /// Nobody waits for an answer.
    Silent,
}

impl Session {
    /// A client's request that has effects.
    pub(super) async fn call(&self, id: &Id, message: &Message, cancelled: watch::Receiver<bool>) {
        let Some((era, treatment)) = self.calls().get(id).map(|call| (call.era, call.treatment))
        else {
            return;
        };
        match self.released(id, message, (era, treatment), cancelled).await {
            Ok((bytes, sent)) => {
                let approval = sent.approval.clone();
                if self.is_sent(id, sent) {
                    self.server.send(bytes, Some(id.clone())).await;
                } else {
                    let why = "it was cancelled before it was made";
                    self.finished(approval, true, Some(why)).await;
                }
            }
            Err(Stopped::Answer(bytes)) => self.answer(id, bytes).await,
            Err(Stopped::Silent) => {}
        }
    }

    async fn released(
        &self,
        id: &Id,
        message: &Message,
        (era, treatment): (Era, Treatment),
        cancelled: watch::Receiver<bool>,
    ) -> Result<(Vec<u8>, Sent), Stopped> {
        let refused = |why: &str| Stopped::Answer(reply::refusal(id, message.method(), era, why));
        let subject = self.subject(message, treatment);
        let subject = match subject {
            Ok(subject) => subject,
            Err(why) => {
                self.recorder.refused(From::Client, message.method(), &why).await;
                return Err(Stopped::Answer(reply::error(Some(id), reply::PARAMS, &why)));
            }
        };
        if treatment == Treatment::Call
            && let Some(why) = self.catalog.barred(&self.server, message, &subject.tool).await
        {
            let what = format!("tools/call {}", self.judge.settings.tool(&subject.tool));
            self.recorder.refused(From::Client, &what, &why).await;
            return Err(refused(&why));
        }
        let call = self.judge.settings.call(&subject.tool).args(subject.args.clone());
        let answered = match opened(&self.judge, message, &call).await {
            Ok(answered) => answered,
            Err(why) => {
                self.recorder.refused(From::Client, message.method(), &why).await;
                return Err(refused(&why));
            }
        };
        let ours = answered.is_some();
        let held = Held {
            client: &self.client,
            about: Some(id),
            unseen: Subject::unseen(message, ours),
            dialog: self.dialog(era, message),
            answered,
            progress: progress_token(message),
            cancelled,
            closing: self.closing.subscribe(),
        };
        match self.judge.judge(&call, &held).await {
            Judged::Go(released) => self
                .put_together(message, treatment, &released, ours)
                .await
                .map_err(|why| refused(&why)),
            Judged::No(why) => Err(refused(&why)),
            Judged::Ask(result) => Err(Stopped::Answer(reply::result(id, &result))),
            Judged::Cancelled => Err(Stopped::Silent),
        }
    }

    /// What is judged; nothing larger than a call may be.
    fn subject(&self, message: &Message, treatment: Treatment) -> Result<Subject, String> {
        let limit = Limits::CALL.bytes;
        match message.raw().len() > limit {
            true => Err(format!("a request that is judged has at most {limit} bytes")),
            false => Subject::of(message, treatment),
        }
    }

    /// Forms are for calls that carry nothing for the server's own questions.
    fn dialog(&self, era: Era, message: &Message) -> Dialog {
        let capabilities = self.capabilities();
        if !dialog::is_possible(era, message, capabilities.as_ref()) {
            return Dialog::None;
        }
        match era {
            Era::Legacy => Dialog::Meanwhile,
            Era::Modern if message.param("requestState").is_some() => Dialog::None,
            Era::Modern if message.method() == "completion/complete" => Dialog::None,
            Era::Modern if message.method() == "subscriptions/listen" => Dialog::None,
            Era::Modern => Dialog::InBand,
        }
    }

    async fn put_together(
        &self,
        message: &Message,
        treatment: Treatment,
        released: &Released,
        answered: bool,
    ) -> Result<(Vec<u8>, Sent), String> {
        let how = (answered, released.approved);
        let bytes = Subject::forward(message, treatment, &released.call.args, how);
        let sent = Sent {
            tool: Some(released.call.tool.clone()),
            decision: released.decision.clone(),
            approval: released.request.clone(),
        };
        match bytes {
            Ok(bytes) => Ok((bytes, sent)),
            Err(error) => {
                self.finished(sent.approval, true, Some("it could not be put together")).await;
                Err(error.to_string())
            }
        }
    }

    /// What a server wants of the client.
    pub(super) async fn want(&self, id: &Id, message: &Message, cancelled: watch::Receiver<bool>) {
        let Some(treatment) = self.wants().get(id).map(|want| want.treatment) else { return };
        let outcome = match self.wanted(message, treatment, cancelled).await {
            Ok(released) => self.put_together(message, treatment, &released, false).await,
            Err(Some(why)) => Err(why),
            Err(None) => return,
        };
        match outcome {
            Ok((bytes, sent)) => {
                if let Some(want) = self.wants().get_mut(id) {
                    want.sent = Some(sent);
                }
                self.client.send(bytes, None).await;
            }
            Err(why) => {
                self.wants().remove(id);
                self.server.send(reply::error(Some(id), reply::REFUSED, &why), None).await;
            }
        }
    }

    async fn wanted(
        &self,
        message: &Message,
        treatment: Treatment,
        cancelled: watch::Receiver<bool>,
    ) -> Result<Box<Released>, Option<String>> {
        let subject = match self.subject(message, treatment) {
            Ok(subject) => subject,
            Err(why) => {
                self.recorder.refused(From::Server, message.method(), &why).await;
                return Err(Some(why));
            }
        };
        let call = self.judge.settings.call(&subject.tool).args(subject.args);
        let held = Held {
            client: &self.client,
            about: None,
            unseen: Subject::unseen(message, false),
            dialog: Dialog::None,
            answered: None,
            progress: None,
            cancelled,
            closing: self.closing.subscribe(),
        };
        match self.judge.judge(&call, &held).await {
            Judged::Go(released) => Ok(released),
            Judged::No(why) => Err(Some(why)),
            Judged::Ask(_) | Judged::Cancelled => Err(None),
        }
    }

    /// A result in which the server wants something of the client: every want is judged, and the
    /// result passes only where all of them may.
    pub(super) async fn wants_input(
        self: Arc<Self>,
        id: Id,
        method: String,
        era: Era,
        message: Message,
    ) {
        let requests = message.result().and_then(|result| result.get("inputRequests")?.as_object());
        let mut refused = None;
        for (_, request) in requests.into_iter().flatten() {
            if let Err(why) = self.input(request).await {
                refused = Some(why);
                break;
            }
        }
        match refused {
            None => self.pass_on(&message, (id, &method, era)).await,
            Some(why) => self.client.answer(reply::refusal(&id, &method, era, &why), id).await,
        }
    }

    /// Forwards a server's answer.
    pub(super) async fn pass_on(&self, message: &Message, (id, method, era): (Id, &str, Era)) {
        let bytes = message.forwarded();
        let bytes = bytes.unwrap_or_else(|e| reply::refusal(&id, method, era, &e.to_string()));
        self.client.answer(bytes, id).await;
    }

    async fn input(&self, request: Value<'_>) -> Result<(), String> {
        let method = request.get("method").and_then(Value::as_text).unwrap_or_default();
        let Some(treatment @ Treatment::Judge(_)) = method::to_client(method, Era::Modern) else {
            let why = super::not_passed(method);
            self.recorder.refused(From::Server, method, &why).await;
            return Err(why);
        };
        if !is_plain(request, method) {
            let why = "the server's question has members that are not judged";
            self.recorder.refused(From::Server, method, why).await;
            return Err(why.to_owned());
        }
        let params = request.get("params").map_or("{}".to_owned(), |params| params.to_string());
        let request = reply::request(&Id::own("want-", 1), method, &params);
        let message = Message::read(request).map_err(|unreadable| unreadable.why)?;
        let (_keep, cancelled) = watch::channel(false);
        let released = self.wanted(&message, treatment, cancelled).await;
        let released =
            released.map_err(|why| why.unwrap_or_else(|| "it was cancelled".to_owned()))?;
        let subject = Subject::of(&message, treatment)?;
        let unchanged = is_unchanged(&released, &subject.args);
        let note = (!unchanged).then_some("an edited question of a server cannot be passed on");
        self.finished(released.request.clone(), !unchanged, note).await;
        note.map_or(Ok(()), |note| Err(note.to_owned()))
    }
}

/// Whether everything in a question within a result is judged, or the protocol's own.
fn is_plain(request: Value<'_>, method: &str) -> bool {
    let Value::Object(request) = request else { return false };
    let params = request.get("params").and_then(Value::as_object).into_iter().flatten();
    let mut around = request.iter().filter(|(key, _)| !matches!(*key, "method" | "params"));
    around.next().is_none()
        && params.into_iter().all(|(key, value)| match key {
            "_meta" => value
                .as_object()
                .is_some_and(|meta| meta.iter().all(|(key, _)| members::is_protocols(key))),
            _ => method::parameters(method).contains(&key),
        })
}
