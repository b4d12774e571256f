//! Where a host keeps its hooks, and the forms in which they are written there.

use crate::engine::json::{Json, Value};
use serde_json::json;
use std::path::{Path, PathBuf};

/// A host's settings of hooks.
#[derive(Debug)]
pub(crate) struct Place {
    /// The user's file, from the home folder.
    pub(crate) user: &'static str,
    /// The project's file, from its folder.
    pub(crate) project: &'static str,
    /// Other files of the project that may switch hooks off.
    pub(crate) also: &'static [&'static str],
    /// The events before a call, each with the matcher that covers what is judged there.
    pub(crate) before: &'static [(&'static str, Option<&'static str>)],
    /// The events after a call.
    pub(crate) after: &'static [&'static str],
    /// How the hooks of an event are laid out.
    pub(crate) layout: Layout,
    /// The key of the command.
    pub(crate) command: &'static str,
    /// The key of the time after which the host lets the call through, and its unit.
    pub(crate) timeout: (&'static str, Unit),
    /// The key and value by which a hook that fails blocks the call, where the host has one.
    pub(crate) closed: Option<(&'static str, &'static str)>,
    /// Whether the file has a version.
    pub(crate) version: bool,
}

/// How the hooks of an event are laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Layout {
    /// `[{matcher, hooks: [{command, …}]}]`
    Groups,
    /// `[{matcher, command, …}]`
    Flat,
}

/// The unit of a timeout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    /// Seconds.
    Seconds,
    /// Thousandths of them.
    Milliseconds,
}

/// Whose settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Scope {
    /// The user's, for every project
    User,
    /// The project's, in the current folder
    Project,
}

/// A hook to be written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct New<'a> {
    /// The host it is for.
    pub(crate) host: &'a str,
    /// Which tools it is asked about; none: all.
    pub(crate) matcher: Option<&'a str>,
    /// What is run, by a shell.
    pub(crate) command: &'a str,
    /// After so many seconds the host may go on without it.
    pub(crate) seconds: u64,
    /// Whether something is decided: then its failure must block.
    pub(crate) decides: bool,
}

/// A hook as it stands in a host's settings.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Entry {
    /// Its event.
    pub(crate) event: String,
    /// Which tools it is asked about; none: all.
    pub(crate) matcher: Option<String>,
    /// What is run, by a shell.
    pub(crate) command: String,
    /// After so many seconds the host goes on without it.
    pub(crate) seconds: Option<f64>,
    /// Whether its failure blocks the call, by the host's own setting.
    pub(crate) closed: bool,
}

impl Place {
    /// The file of a scope.
    pub(crate) fn file(&self, scope: Scope, home: &Path, project: &Path) -> PathBuf {
        match scope {
            Scope::User => home.join(self.user),
            Scope::Project => project.join(self.project),
        }
    }

    /// The hooks of one event with a new one, in place of Fence's earlier ones for this host.
    pub(crate) fn with_entry(&self, old: Option<Value<'_>>, new: &New<'_>) -> Option<Json> {
        let others = old.and_then(Value::as_list).into_iter().flatten();
        let others = others.filter(|item| !self.is_own(*item, new.host));
        let mut items: Vec<String> = others.map(|item| item.to_string()).collect();
        items.push(self.written(new).to_string());
        Json::parse(format!("[{}]", items.join(",")).as_bytes()).ok()
    }

    fn written(&self, new: &New<'_>) -> serde_json::Value {
        let (timeout, unit) = self.timeout;
        let amount = match unit {
            Unit::Seconds => new.seconds,
            Unit::Milliseconds => new.seconds * 1_000,
        };
        let mut hook = json!({"type": "command", self.command: new.command, timeout: amount});
        match self.closed.filter(|_| new.decides) {
            Some((key, "true")) => hook[key] = json!(true),
            Some((key, value)) => hook[key] = json!(value),
            None => {}
        }
        let mut entry = match self.layout {
            Layout::Groups => json!({"hooks": [hook]}),
            Layout::Flat => hook,
        };
        if let Some(matcher) = new.matcher {
            entry["matcher"] = json!(matcher);
        }
        entry
    }

    /// The hooks of Fence for this host in its settings.
    pub(crate) fn entries(&self, settings: &Json, host: &str) -> Vec<Entry> {
        let events = settings.root().get("hooks").and_then(Value::as_object);
        let events = events.into_iter().flatten();
        let items = events.flat_map(|(event, items)| {
            let items = items.as_list().into_iter().flatten();
            items.flat_map(move |item| self.entries_of(event, item))
        });
        items.filter(|entry| is_fence(&entry.command, host)).collect()
    }

    fn is_own(&self, item: Value<'_>, host: &str) -> bool {
        let entries = self.entries_of("", item);
        !entries.is_empty() && entries.iter().all(|entry| is_fence(&entry.command, host))
    }

    fn entries_of(&self, event: &str, item: Value<'_>) -> Vec<Entry> {
        let matcher = item.get("matcher").and_then(Value::as_text).map(str::to_owned);
        let hooks: Vec<Value<'_>> = match item.get("hooks").and_then(Value::as_list) {
            Some(hooks) => hooks.iter().collect(),
            None => vec![item],
        };
        let entry = |hook: Value<'_>| {
            Some(Entry {
                event: event.to_owned(),
                matcher: matcher.clone(),
                command: hook.get(self.command)?.as_text()?.to_owned(),
                seconds: self.seconds(hook),
                closed: self.closed.is_some_and(|(key, value)| {
                    hook.get(key).is_some_and(|found| {
                        found.as_text() == Some(value) || found.to_string() == value
                    })
                }),
            })
        };
        hooks.into_iter().filter_map(entry).collect()
    }

    fn seconds(&self, hook: Value<'_>) -> Option<f64> {
        let (key, unit) = self.timeout;
        let amount: f64 = hook.get(key)?.to_string().parse().ok()?;
        Some(match unit {
            Unit::Seconds => amount,
            Unit::Milliseconds => amount / 1_000.0,
        })
    }
}

/// Whether a command runs this door for this host.
fn is_fence(command: &str, host: &str) -> bool {
    command.contains(&format!(" hook {host} "))
}
