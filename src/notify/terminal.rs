//! `kind = "terminal"`: one line on the server's standard error, with a bell on a terminal.
//!
//! ```toml
//! [notify.console]
//! kind = "terminal"
//! ```

use super::card::{short, title};
use super::settings::{Made, Making, SettingsError};
use super::{Channel, Delivering, DeliveryError, Notice, Receipt};
use serde::Deserialize;
use std::io::{IsTerminal as _, Write};
use std::sync::{Arc, Mutex, PoisonError};

/// Lines for whoever watches the server.
pub struct Terminal {
    to: Mutex<Box<dyn Write + Send>>,
    bell: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    bell: Option<bool>,
}

/// The channel as the settings have it.
pub(super) fn make(making: &Making<'_>) -> Result<Made, SettingsError> {
    let written: Written = making.read()?;
    let stderr = std::io::stderr();
    let bell = stderr.is_terminal() && written.bell.unwrap_or(true);
    Ok(Made::of(Arc::new(Terminal::new(Box::new(stderr), bell))))
}

impl Terminal {
    /// Writes to `to`, with a bell before what asks for an answer if `bell`.
    #[must_use]
    pub fn new(to: Box<dyn Write + Send>, bell: bool) -> Self {
        Self { to: Mutex::new(to), bell }
    }
}

impl Channel for Terminal {
    fn deliver<'a>(&'a self, notice: &'a Notice, _: &'a [Receipt]) -> Delivering<'a> {
        let bell = if self.bell && notice.what.asks() { "\u{7}" } else { "" };
        let text = format!("{bell}{}\n", line(notice));
        let mut to = self.to.lock().unwrap_or_else(PoisonError::into_inner);
        let written = to.write_all(text.as_bytes()).and_then(|()| to.flush());
        let written = written.map(|()| None);
        Box::pin(std::future::ready(
            written.map_err(|error| DeliveryError::later(format!("cannot write: {error}"))),
        ))
    }
}

/// The notice in one line; everything from outside escaped and bounded.
fn line(notice: &Notice) -> String {
    let request = &notice.request;
    let mut parts = vec![format!("fence: {}", title(notice))];
    parts.extend(request.agent.as_ref().map(|agent| format!("agent {}", short(agent))));
    parts.extend(request.rules.first().map(|rule| format!("rule {}", short(&rule.rule))));
    let outcome = request.outcome.as_ref();
    let why = outcome.and_then(|outcome| outcome.reason.as_ref()).or(request.because.as_ref());
    parts.extend(why.map(|why| short(why)));
    if notice.pending() {
        parts.push(format!("answer by {}", short(&request.expires_at)));
    }
    let id = short(&request.id);
    parts.push(notice.link.clone().unwrap_or_else(|| format!("fence show {id}")));
    parts.join(" | ")
}
