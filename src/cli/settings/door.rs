//! `[mcp]`, `[hook]`: what a local door vouches for, and who sits at the host's own dialogs.

use super::strategies::time;
use fence_engine::call::Agent;
use fence_engine::show::printable;
use serde::Deserialize;
use std::time::Duration;

/// The longest time a call is held while people answer.
const LONGEST: Duration = Duration::from_secs(24 * 3600);

/// The section as written.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Written {
    agent: Option<String>,
    roles: Option<Vec<String>>,
    user: Option<String>,
    session: Option<String>,
    server: Option<String>,
    dialog: Option<String>,
    wait: Option<String>,
}

/// What a door fixes of every call. Nothing here is taken from the model.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Door {
    /// Who makes the calls.
    pub(crate) agent: Option<Agent>,
    /// For whom.
    pub(crate) user: Option<String>,
    /// In which session, where the host names none.
    pub(crate) session: Option<String>,
    /// What the tools' server is called in policies.
    pub(crate) server: Option<String>,
    /// The one person who answers this host's own dialogs.
    pub(crate) dialog: Option<String>,
    /// How long a call is held while people answer; not at all where this is zero.
    pub(crate) wait: Option<Duration>,
}

/// The door, or what of it makes no sense.
pub(super) fn make(written: &Written, known: impl Fn(&str) -> bool) -> Result<Door, String> {
    if let Some(person) = written.dialog.as_deref().filter(|person| !known(person)) {
        let person = printable(person, 80);
        return Err(format!("`dialog` names `{person}`, who is not among `[people]`"));
    }
    if written.roles.is_some() && written.agent.is_none() {
        return Err("`roles` are an agent's: name it with `agent`".to_owned());
    }
    let roles = written.roles.clone();
    let agent = written.agent.clone().map(|id| Agent { roles, ..Agent::new(id) });
    Ok(Door {
        agent,
        user: written.user.clone(),
        session: written.session.clone(),
        server: written.server.clone(),
        dialog: written.dialog.clone(),
        wait: written.wait.as_deref().map(wait).transpose()?,
    })
}

/// `0s`, or a time of at most a day.
pub(crate) fn wait(text: &str) -> Result<Duration, String> {
    match text {
        "0" | "0s" => Ok(Duration::ZERO),
        _ => time(text, LONGEST).ok_or_else(|| {
            format!("`{}` is no time to wait: write `0s`, `30s` or `10m`", printable(text, 40))
        }),
    }
}
