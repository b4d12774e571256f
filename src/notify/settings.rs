//! `[notify.NAME]` of `fence.toml`: channels made of what is written.
//!
//! Each channel reads its own keys; an unknown one is refused with the one that was meant. Secrets
//! stand in variables (`token_env = "NAME"`) or files (`token_file = "PATH"`), never in the
//! settings themselves.

use super::http::HttpError;
use super::http::guard::{Lookup, SystemLookup};
use super::secret::Secret;
use super::slack::Door;
use super::{Channel, Channels, KINDS};
use crate::meant::meant;
use fence_engine::diagnostic::nearest;
use fence_engine::show::printable;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// How long an attempt may take where nothing else is written.
const TIMEOUT: Duration = Duration::from_secs(10);

/// The longest that may be written.
const LONGEST_TIMEOUT: Duration = Duration::from_secs(60);

/// The longest name of a channel, in bytes.
const LONGEST_NAME: usize = 80;

/// One `[notify.NAME]` as written.
pub type Table = serde_json::Map<String, serde_json::Value>;

/// What is wrong with one channel.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the channel `{name}`: {error}")]
pub struct WrongChannel {
    /// Its name, made printable.
    pub name: String,
    /// What is wrong.
    pub error: SettingsError,
}

/// What can be wrong with a channel.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// Not a name.
    #[error("this is no name: use 1 to {LONGEST_NAME} visible characters")]
    Name,
    /// `kind` is missing or unknown.
    #[error("{0}")]
    Kind(String),
    /// The keys are not right; what was meant, if a name is near.
    #[error("{0}")]
    Keys(String, Option<String>),
    /// Neither the variable nor the file of a secret is named.
    #[error("`{0}_env` or `{0}_file` is missing: name what holds it")]
    Missing(&'static str),
    /// More than one source for the same thing.
    #[error("`{0}` is given more than once")]
    Twice(&'static str),
    /// The variable is not set, or empty.
    #[error("the variable `{0}` is not set")]
    Unset(String),
    /// The file of a secret cannot be read, or is empty.
    #[error("`{0}_file` cannot be read: {1}")]
    File(&'static str, String),
    /// Not a time an attempt may take.
    #[error("`{0}` is no timeout: write `10s`, at most `1m`")]
    Timeout(String),
    /// An address that is not allowed.
    #[error("`{0}`: {1}")]
    Address(&'static str, HttpError),
    /// Not a signing secret of Standard Webhooks.
    #[error("a webhook's secret is `whsec_` and at least 24 random bytes in base64")]
    WebhookSecret,
    /// Anything of one kind of channel alone.
    #[error("{0}")]
    Other(String),
}

impl From<HttpError> for SettingsError {
    fn from(error: HttpError) -> Self {
        Self::Address("url", error)
    }
}

impl WrongChannel {
    /// A suggestion, where there is one.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        match &self.error {
            SettingsError::Keys(_, Some(key)) => Some(format!("did you mean `{key}`?")),
            _ => None,
        }
    }
}

/// A channel, and where Slack's buttons come back to, if it has any.
pub(super) struct Made {
    channel: Arc<dyn Channel>,
    pub(super) door: Option<Door>,
}

impl Made {
    pub(super) fn of(channel: Arc<dyn Channel>) -> Self {
        Self { channel, door: None }
    }
}

/// Where the settings' variables, paths and names lead.
pub struct Surroundings<'a> {
    /// What relative paths start from.
    pub folder: &'a Path,
    /// The environment.
    pub variable: &'a dyn Fn(&str) -> Option<String>,
    /// How names of hosts are looked up.
    pub lookup: Arc<dyn Lookup>,
}

impl<'a> Surroundings<'a> {
    /// The process's environment and the operating system's resolver.
    #[must_use]
    pub fn system(folder: &'a Path) -> Self {
        let variable = &|name: &str| std::env::var(name).ok();
        Self { folder, variable, lookup: Arc::new(SystemLookup) }
    }
}

/// All channels that are written; nothing is connected yet.
///
/// # Errors
/// The first channel that is wrong, by its name.
pub fn channels(
    written: &BTreeMap<String, Table>,
    around: &Surroundings<'_>,
) -> Result<Channels, WrongChannel> {
    let mut channels = Channels::default();
    for (name, table) in written {
        let wrong = |error| WrongChannel { name: printable(name, LONGEST_NAME), error };
        let made = make(name, table, around).map_err(wrong)?;
        channels.add(name, made.channel, made.door);
    }
    Ok(channels)
}

fn make(name: &str, table: &Table, around: &Surroundings<'_>) -> Result<Made, SettingsError> {
    let blank = name.trim().is_empty() || name.len() > LONGEST_NAME;
    if blank || printable(name, LONGEST_NAME) != name {
        return Err(SettingsError::Name);
    }
    let mut table = table.clone();
    let written = table.remove("kind");
    let kind = written.as_ref().and_then(serde_json::Value::as_str).unwrap_or_default();
    match KINDS.iter().find(|(known, _)| *known == kind) {
        Some((_, make)) => make(&Making { table, around }),
        None => Err(SettingsError::Kind(unknown_kind(kind))),
    }
}

fn unknown_kind(written: &str) -> String {
    let known: Vec<_> = KINDS.iter().map(|(known, _)| format!("`{known}`")).collect();
    let known = known.join(", ");
    if written.is_empty() {
        return format!("`kind` is missing: use one of {known}");
    }
    let near = nearest(written, KINDS.iter().map(|(known, _)| *known));
    let near = near.map_or(String::new(), |near| format!("; did you mean `{near}`?"));
    format!("`{}` is no kind of channel: use one of {known}{near}", printable(written, 80))
}

/// One channel in the making.
pub(super) struct Making<'a> {
    table: Table,
    around: &'a Surroundings<'a>,
}

impl Making<'_> {
    /// The keys of this kind of channel.
    pub(super) fn read<T: DeserializeOwned>(&self) -> Result<T, SettingsError> {
        T::deserialize(serde_json::Value::Object(self.table.clone())).map_err(|error| {
            let message = error.to_string();
            let meant = meant(&message).map(str::to_owned);
            SettingsError::Keys(printable(&message, 500), meant)
        })
    }

    pub(super) fn lookup(&self) -> Arc<dyn Lookup> {
        Arc::clone(&self.around.lookup)
    }

    pub(super) fn timeout(&self, written: Option<Span>) -> Result<Duration, SettingsError> {
        let Some(Span(text)) = written else { return Ok(TIMEOUT) };
        let found = match text.strip_suffix("ms") {
            Some(digits) => digits.parse().ok().map(Duration::from_millis),
            None => fence_engine::scalar::Duration::parse(&text)
                .map(|found| Duration::from_secs(found.seconds())),
        };
        let sensible = found.filter(|found| !found.is_zero() && *found <= LONGEST_TIMEOUT);
        sensible.ok_or_else(|| SettingsError::Timeout(printable(&text, 40)))
    }

    /// A secret that must be there.
    pub(super) fn secret(
        &self,
        key: &'static str,
        variable: Option<String>,
        file: Option<String>,
    ) -> Result<Secret, SettingsError> {
        self.secret_if(key, variable, file)?.ok_or(SettingsError::Missing(key))
    }

    /// A secret that may be left out, but not be empty.
    pub(super) fn secret_if(
        &self,
        key: &'static str,
        variable: Option<String>,
        file: Option<String>,
    ) -> Result<Option<Secret>, SettingsError> {
        match (variable, file) {
            (None, None) => Ok(None),
            (Some(_), Some(_)) => Err(SettingsError::Twice(key)),
            (Some(name), None) => {
                let found = (self.around.variable)(&name).filter(|found| !found.trim().is_empty());
                let found = found.ok_or_else(|| SettingsError::Unset(printable(&name, 80)))?;
                Ok(Some(Secret::new(found)))
            }
            (None, Some(path)) => self.secret_of_file(key, &path).map(Some),
        }
    }

    fn secret_of_file(&self, key: &'static str, path: &str) -> Result<Secret, SettingsError> {
        let wrong = |reason: &str| SettingsError::File(key, printable(reason, 200));
        let bytes = crate::policies::read_regular(&self.around.folder.join(path))
            .map_err(|reason| wrong(&reason))?;
        let text = String::from_utf8(bytes).map_err(|_| wrong("it is not UTF-8"))?;
        // Editors end a file with a line end, which is no part of a secret.
        match text.trim_end_matches(['\r', '\n']) {
            "" => Err(wrong("it is empty")),
            secret => Ok(Secret::new(secret.to_owned())),
        }
    }
}

/// A span of time as written, such as `10s`.
#[derive(Clone, Debug, Deserialize)]
#[serde(transparent)]
pub(super) struct Span(String);
