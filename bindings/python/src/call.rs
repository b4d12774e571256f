//! A call as Python gives it, and who makes it.

use crate::errors::UsageError;
use crate::json::{kind, object};
use fence::{Agent, ToolCall};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};

/// Who makes calls, where a call does not say.
#[derive(Default)]
pub(crate) struct Who {
    pub(crate) agent: Option<Agent>,
    pub(crate) user: Option<String>,
    pub(crate) session: Option<String>,
}

/// A call's parts as they were given.
pub(crate) struct Given<'a, 'py> {
    pub(crate) tool: &'a Bound<'py, PyAny>,
    pub(crate) args: Option<&'a Bound<'py, PyAny>>,
    pub(crate) context: Option<&'a Bound<'py, PyAny>>,
    pub(crate) host_context: Option<&'a Bound<'py, PyAny>>,
    pub(crate) agent: Option<&'a Bound<'py, PyAny>>,
    pub(crate) user: Option<&'a Bound<'py, PyAny>>,
    pub(crate) session: Option<&'a Bound<'py, PyAny>>,
    pub(crate) call_id: Option<&'a Bound<'py, PyAny>>,
}

impl Given<'_, '_> {
    /// The call; what it does not say stands in `who`.
    pub(crate) fn call(self, who: &Who) -> PyResult<ToolCall> {
        let mut call = ToolCall::new(text("tool", self.tool)?);
        match (self.args, self.context) {
            (Some(args), None) => call.args = object("args", args)?,
            (None, Some(args)) => call.args = object("context", args)?,
            (None, None) => {}
            (Some(_), Some(_)) => {
                let why = "`context` is another name for `args`: give one of them; what the host \
                    adds belongs into `host_context`";
                return Err(UsageError::new_err(why));
            }
        }
        call.context = self.host_context.map(|json| object("host_context", json)).transpose()?;
        call.agent = match self.agent {
            Some(agent) => Some(read_agent(agent)?),
            None => who.agent.clone(),
        };
        call.user = maybe("user", self.user)?.or_else(|| who.user.clone());
        call.session = maybe("session", self.session)?.or_else(|| who.session.clone());
        call.call_id = maybe("call_id", self.call_id)?;
        Ok(call)
    }
}

/// A text that JSON can hold; `what` is how messages call it.
pub(crate) fn text<'a>(what: &str, value: &'a Bound<'_, PyAny>) -> PyResult<&'a str> {
    let Ok(text) = value.cast::<PyString>() else {
        return Err(UsageError::new_err(format!("`{what}` must be a text, not {}", kind(value))));
    };
    text.to_str().map_err(|_| UsageError::new_err(format!("`{what}` is no proper Unicode text")))
}

/// The same, where it may be left out.
pub(crate) fn maybe(what: &str, value: Option<&Bound<'_, PyAny>>) -> PyResult<Option<String>> {
    value.map(|value| text(what, value).map(str::to_owned)).transpose()
}

/// An agent: its id, or a dict with `id`, `parents` and `roles`.
pub(crate) fn read_agent(agent: &Bound<'_, PyAny>) -> PyResult<Agent> {
    if agent.is_instance_of::<PyString>() {
        return Ok(Agent::new(text("agent", agent)?));
    }
    let shape = "an agent is its id, or a dict with `id`, `parents` and `roles`";
    let Ok(dict) = agent.cast::<PyDict>() else {
        return Err(UsageError::new_err(format!("{shape}, not {}", kind(agent))));
    };
    let mut read = Agent::new("");
    for (key, value) in dict {
        let wrong = |_| UsageError::new_err(format!("{shape}; `{key}` is {}", kind(&value)));
        match key.extract::<String>().as_deref() {
            Ok("id") => read.id = value.extract().map_err(wrong)?,
            Ok("parents") => read.parents = Some(texts(&value).map_err(wrong)?),
            Ok("roles") => read.roles = Some(texts(&value).map_err(wrong)?),
            _ => return Err(UsageError::new_err(format!("{shape}; it has no `{key}`"))),
        }
    }
    Ok(read)
}

/// A list of texts; a text is none.
fn texts(value: &Bound<'_, PyAny>) -> PyResult<Vec<String>> {
    value.extract()
}
