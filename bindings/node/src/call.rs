//! A call as JavaScript describes it.

use crate::values::{Given, Text};
use fence::engine::json::Json;
use fence::{Agent, ToolCall};
use napi::bindgen_prelude::Either;
use napi_derive::napi;

/// Who calls, and what the host adds.
#[napi(object, object_to_js = false)]
pub struct Who {
    pub agent: Option<Either<Text, Path>>,
    pub user: Option<Text>,
    pub session: Option<Text>,
    pub call_id: Option<Text>,
    pub context: Option<Given>,
}

/// An agent that works for others, or has roles.
#[napi(object, object_to_js = false)]
pub struct Path {
    pub id: Text,
    pub parents: Option<Vec<Text>>,
    pub roles: Option<Vec<Text>>,
}

/// Who calls unless a call says otherwise.
#[derive(Clone, Default)]
pub struct Caller {
    agent: Option<Agent>,
    user: Option<String>,
    session: Option<String>,
}

impl Caller {
    /// As the policy's options say.
    pub fn new(who: Who) -> Self {
        let mut call = ToolCall::new("");
        name(&mut call, who);
        Self { agent: call.agent, user: call.user, session: call.session }
    }

    /// The call. What has no JSON makes it malformed: it is denied, and recorded so.
    pub fn call(&self, tool: String, args: Given, who: Option<Who>) -> ToolCall {
        let mut call = ToolCall::new(tool);
        call.agent.clone_from(&self.agent);
        call.user.clone_from(&self.user);
        call.session.clone_from(&self.session);
        let (args, what) = told("args", args);
        call.args = args;
        let added = who.and_then(|who| name(&mut call, who));
        match what.or(added) {
            Some(what) => call.defective(what),
            None => call,
        }
    }
}

/// Fills in who calls; answers what of the context has no JSON.
fn name(call: &mut ToolCall, who: Who) -> Option<String> {
    let text = |text: Text| text.0;
    if let Some(agent) = who.agent {
        call.agent = Some(match agent {
            Either::A(id) => Agent::new(id.0),
            Either::B(path) => Agent {
                id: path.id.0,
                parents: path.parents.map(|all| all.into_iter().map(text).collect()),
                roles: path.roles.map(|all| all.into_iter().map(text).collect()),
            },
        });
    }
    call.user = who.user.map(text).or_else(|| call.user.take());
    call.session = who.session.map(text).or_else(|| call.session.take());
    call.call_id = who.call_id.map(text);
    let (context, what) = told("context", who.context?);
    call.context = Some(context);
    what
}

/// The value; else an empty object, and what has no JSON.
fn told(name: &str, given: Given) -> (Json, Option<String>) {
    match given.0 {
        Ok(json) => (json, None),
        Err(what) => {
            let place = what.strip_prefix('`').map(|rest| format!("`{name}{rest}"));
            (Json::empty_object(), Some(place.unwrap_or_else(|| format!("`{name}` {what}"))))
        }
    }
}
