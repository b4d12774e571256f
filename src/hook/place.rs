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
    /// After so many seconds the host goes on without a hook that names no time, where it says so.
    pub(crate) default: Option<f64>,
    /// The variable that names another folder for the user's file, where the host has one.
    pub(crate) moved: Option<&'static str>,
    /// Whether hooks run in the user's own shell, which may be no POSIX shell.
    pub(crate) any_shell: bool,
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
    /// What stands there that is never installed, and may keep the hook from being asked.
    pub(crate) strange: Vec<String>,
    /// Whether its failure blocks the call, by the host's own setting.
    pub(crate) closed: bool,
}

impl Place {
    /// The file of a scope.
    pub(crate) fn file(&self, scope: Scope, home: &Path, project: &Path) -> PathBuf {
        match scope {
            Scope::User => self.of_user(home),
            Scope::Project => project.join(self.project),
        }
    }

    fn of_user(&self, home: &Path) -> PathBuf {
        let moved = self.moved.and_then(std::env::var_os).filter(|folder| !folder.is_empty());
        let within = || Path::new(self.user).components().skip(1).collect::<PathBuf>();
        moved.map_or_else(|| home.join(self.user), |folder| Path::new(&folder).join(within()))
    }

    /// The hooks of one event with a new one, in place of those that `is_own` tells of their command.
    /// Everything else stays, whatever its shape.
    ///
    /// # Errors
    /// Where the hooks are no list, or become too large.
    pub(crate) fn with_entry(
        &self,
        old: Option<Value<'_>>,
        new: &New<'_>,
        is_own: &dyn Fn(&str) -> bool,
    ) -> Result<Json, &'static str> {
        let own =
            |hook: Value<'_>| hook.get(self.command).and_then(Value::as_text).is_some_and(is_own);
        let mut items = Vec::new();
        for item in listed(old)? {
            items.extend(others(item, &own)?);
        }
        items.push(self.written(new).to_string());
        Json::parse(format!("[{}]", items.join(",")).as_bytes()).map_err(|_| LARGE)
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

    /// The hooks in a host's settings whose command names Fence's for this host.
    pub(crate) fn entries(&self, settings: &Json, host: &str) -> Vec<Entry> {
        let events = settings.root().get("hooks").and_then(Value::as_object);
        let events = events.into_iter().flatten();
        let items = events.flat_map(|(event, items)| {
            let items = items.as_list().into_iter().flatten();
            items.flat_map(move |item| self.entries_of(event, item))
        });
        let named = format!(" hook {host} ");
        items.filter(|entry| entry.command.contains(&named)).collect()
    }

    fn entries_of(&self, event: &str, item: Value<'_>) -> Vec<Entry> {
        let matcher = item.get("matcher").and_then(Value::as_text).map(str::to_owned);
        let hooks: Vec<Value<'_>> = match item.get("hooks").and_then(Value::as_list) {
            Some(hooks) => hooks.iter().collect(),
            None => vec![item],
        };
        let around = match self.layout {
            Layout::Groups => strange(item, &["matcher", "hooks"]),
            Layout::Flat => Vec::new(),
        };
        let entry = |hook: Value<'_>| {
            Some(Entry {
                event: event.to_owned(),
                matcher: matcher.clone(),
                command: hook.get(self.command)?.as_text()?.to_owned(),
                seconds: self.seconds(hook),
                strange: around.iter().cloned().chain(self.strange(hook)).collect(),
                closed: self.closed.is_some_and(|(key, value)| {
                    hook.get(key).is_some_and(|found| {
                        found.as_text() == Some(value) || found.to_string() == value
                    })
                }),
            })
        };
        hooks.into_iter().filter_map(entry).collect()
    }

    /// Whatever `written` would not have written.
    fn strange(&self, hook: Value<'_>) -> Vec<String> {
        let closed = self.closed.map_or("", |(key, _)| key);
        let matcher = if self.layout == Layout::Flat { "matcher" } else { "" };
        let known = ["type", self.command, self.timeout.0, closed, matcher];
        let mut strange = strange(hook, &known);
        if hook.get("type").and_then(Value::as_text) != Some("command") {
            strange.push("type".to_owned());
        }
        strange
    }

    fn seconds(&self, hook: Value<'_>) -> Option<f64> {
        let (key, unit) = self.timeout;
        let Some(amount) = hook.get(key) else { return self.default };
        let amount: f64 = amount.to_string().parse().ok()?;
        Some(match unit {
            Unit::Seconds => amount,
            Unit::Milliseconds => amount / 1_000.0,
        })
    }
}

const LARGE: &str = "the settings become too large";

/// The hooks of an event as they are; none where there are none.
fn listed(old: Option<Value<'_>>) -> Result<Vec<Value<'_>>, &'static str> {
    let Some(old) = old else { return Ok(Vec::new()) };
    let list = old.as_list().ok_or("its hooks of an event are no list")?;
    Ok(list.iter().collect())
}

/// An item without Fence's own hooks; nothing where it holds no other.
fn others(
    item: Value<'_>,
    own: &dyn Fn(Value<'_>) -> bool,
) -> Result<Option<String>, &'static str> {
    let Some(hooks) = item.get("hooks").and_then(Value::as_list) else {
        return Ok((!own(item)).then(|| item.to_string()));
    };
    let left: Vec<String> =
        hooks.iter().filter(|hook| !own(*hook)).map(|hook| hook.to_string()).collect();
    if left.len() == hooks.iter().count() {
        return Ok(Some(item.to_string()));
    }
    let list = Json::parse(format!("[{}]", left.join(",")).as_bytes()).map_err(|_| LARGE)?;
    let item = Json::from(item).replaced(&["hooks"], list.root()).ok_or(LARGE)?;
    Ok((!left.is_empty()).then(|| item.to_string()))
}

/// The members that are not among the known ones.
fn strange(object: Value<'_>, known: &[&str]) -> Vec<String> {
    let members = object.as_object().into_iter().flatten();
    members.map(|(key, _)| key).filter(|key| !known.contains(key)).map(str::to_owned).collect()
}
