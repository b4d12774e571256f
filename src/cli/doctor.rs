//! `fence doctor`: proves each installed gate live by calls that must be blocked.

mod probe;

use super::hook::install::home;
use super::hook::line::{HOLD, Written};
use super::hook::{HOLD as LONGEST, Named, host};
use super::settings::wait;
use super::{Context, Exit, Failure};
use crate::hook::place::{Entry, Place, Scope};
use crate::hook::{HOSTS, Host};
use crate::policies::read_regular;
use clap::Args;
use fence_engine::json::{Json, Value};
use fence_engine::show::printable;
use serde::Serialize;
use std::path::{Path, PathBuf};

/// A host must be patient for so many seconds longer than people are waited for.
const MARGIN: f64 = 5.0;

const EXAMPLE: &str = "Examples:
  fence doctor
  fence doctor claude-code --json

Looks into your settings and those of the current folder. Each hook that is found as `install`
writes it is run, by this very program: with a call of a tool that cannot exist, which is recorded and
must be blocked, and with faults, which must block as well. The exit code is 1 when a gate is open, or there is none.";

/// Prove that the installed gates are live, and closed when something fails
#[derive(Debug, Args)]
#[command(after_help = EXAMPLE)]
pub(crate) struct Doctor {
    /// The hosts to look at [default: all that have a gate]
    #[arg(value_name = "HOST", value_parser = host())]
    hosts: Vec<Named>,
    /// Results as JSON, one gate a line
    #[arg(long)]
    json: bool,
}

/// One hook that was found, and what is wrong with it.
#[derive(Debug, Serialize)]
struct Gate {
    host: &'static str,
    file: String,
    event: String,
    command: String,
    /// Whether it blocked everything that must be blocked.
    live: bool,
    /// Why it is open, or could be.
    problems: Vec<String>,
}

impl Doctor {
    pub(crate) fn run(self, context: &Context) -> Result<Exit, Failure> {
        let project = std::env::current_dir().map_err(Failure::usage)?;
        let home = home()?;
        let hosts: Vec<&dyn Host> = match self.hosts.is_empty() {
            true => HOSTS.to_vec(),
            false => self.hosts.iter().map(|named| named.0).collect(),
        };
        let mut gates = Vec::new();
        for host in hosts {
            let found = examine(host, &home, &project);
            if found.is_empty() && !self.hosts.is_empty() {
                gates.push(missing(host, &home));
            }
            gates.extend(found);
        }
        for gate in &gates {
            match self.json {
                true => context.output.line(&serde_json::to_string(gate).map_err(Failure::usage)?),
                false => context.output.raw(&words(gate)),
            }
        }
        if gates.is_empty() {
            context.output.note("no gate is installed: `fence hook install HOST FILE…` does it");
        }
        Ok(Exit::from(!gates.is_empty() && gates.iter().all(|gate| gate.problems.is_empty())))
    }
}

fn words(gate: &Gate) -> String {
    let state = if gate.problems.is_empty() { "live" } else { "OPEN" };
    let mut text = format!("{state}  {}  {}  {}\n", gate.host, gate.event, gate.file);
    for problem in &gate.problems {
        text.push_str(&format!("      {problem}\n"));
    }
    text
}

fn missing(host: &dyn Host, home: &Path) -> Gate {
    let place = host.place();
    let problem = format!("no hook of Fence stands there or in this folder's {}", place.project);
    Gate {
        host: host.name(),
        file: home.join(place.user).display().to_string(),
        event: place.before.first().map_or_else(String::new, |(event, _)| (*event).to_owned()),
        command: String::new(),
        live: false,
        problems: vec![problem],
    }
}

/// A file of settings with what it holds.
struct Found {
    file: PathBuf,
    json: Result<Json, String>,
}

fn settings(file: PathBuf) -> Option<Found> {
    file.exists().then(|| {
        let text = read_regular(&file);
        let json = text.and_then(|text| Json::parse(&text).map_err(|error| error.to_string()));
        Found { file, json }
    })
}

/// Every gate of one host.
fn examine(host: &dyn Host, home: &Path, project: &Path) -> Vec<Gate> {
    let place = host.place();
    let scopes = [Scope::User, Scope::Project];
    let files = scopes.map(|scope| place.file(scope, home, project));
    let mut files: Vec<PathBuf> = files.into();
    files.dedup();
    files.extend(place.also.iter().map(|file| project.join(file)));
    let with_hooks: Vec<Found> = files.into_iter().filter_map(settings).collect();
    let off = switched_off(with_hooks.iter());
    let found = |settings: &Found| {
        let entries = entries(place, settings, host.name());
        let gates = place
            .before
            .iter()
            .map(|(event, matcher)| gate(host, settings, event, *matcher, &entries, &off));
        if entries.is_empty() { Vec::new() } else { gates.collect() }
    };
    with_hooks.iter().flat_map(found).collect()
}

fn entries(place: &Place, settings: &Found, host: &str) -> Vec<Entry> {
    settings.json.as_ref().map_or_else(|_| Vec::new(), |json| place.entries(json, host))
}

/// The files that switch all hooks off.
fn switched_off<'a>(all: impl Iterator<Item = &'a Found>) -> Vec<String> {
    let off = |settings: &&Found| {
        let json = settings.json.as_ref().ok().map(Json::root);
        let says = |path: &[&str], off: bool| {
            let found =
                json.and_then(|json| path.iter().try_fold(json, |value, key| value.get(key)));
            found.and_then(Value::as_bool) == Some(off)
        };
        says(&["disableAllHooks"], true)
            || says(&["hooks", "enabled"], false)
            || says(&["hooksConfig", "enabled"], false)
            || says(&["tools", "enableHooks"], false)
    };
    all.filter(off).map(|settings| settings.file.display().to_string()).collect()
}

/// What is wrong with the hook of one event.
fn gate(
    host: &dyn Host,
    settings: &Found,
    event: &str,
    matcher: Option<&str>,
    entries: &[Entry],
    off: &[String],
) -> Gate {
    let own: Vec<&Entry> = entries.iter().filter(|entry| entry.event == event).collect();
    let mut problems: Vec<String> =
        off.iter().map(|file| format!("{file} switches all hooks off")).collect();
    match own.as_slice() {
        [] => problems.push(format!("nothing asks Fence at `{event}`")),
        [_] => {}
        _ => problems.push("it stands there twice, so that calls are counted twice".to_owned()),
    }
    let mut live = !own.is_empty();
    for entry in &own {
        problems.extend(written_wrong(host.place(), entry, matcher));
        let open = probe::probe(host, entry);
        live &= open.is_empty();
        problems.extend(open);
    }
    Gate {
        host: host.name(),
        file: settings.file.display().to_string(),
        event: event.to_owned(),
        command: own.first().map_or_else(String::new, |entry| entry.command.clone()),
        live,
        problems,
    }
}

/// What is wrong with the settings themselves.
fn written_wrong(place: &Place, entry: &Entry, matcher: Option<&str>) -> Vec<String> {
    let mut problems = Vec::new();
    let found = entry.matcher.as_deref().unwrap_or("");
    if !["", "*", ".*"].contains(&found) && Some(found) != matcher {
        problems.push(format!("the matcher `{}` leaves tools out", printable(found, 80)));
    }
    let least = holds(entry) + MARGIN;
    match entry.seconds {
        Some(seconds) if seconds >= least => {}
        Some(_) => problems.push(format!("the timeout is shorter than {least} s")),
        None => problems.push("it has no timeout that can be told".to_owned()),
    }
    for member in &entry.strange {
        let member = printable(member, 80);
        problems.push(format!(
            "`{member}` is not as `fence hook install` writes it, and may keep the hook from deciding"
        ));
    }
    if let Some((key, value)) = place.closed.filter(|_| !entry.closed) {
        problems.push(format!("`{key}` is not `{value}`: a hook that is killed or too slow opens"));
    }
    problems
}

/// For how many seconds this hook may hold a call, whatever its settings come to say.
fn holds(entry: &Entry) -> f64 {
    let line = Written::read(&entry.command);
    let flag = line.as_ref().and_then(|line| line.flag(HOLD)).map(wait);
    flag.and_then(Result::ok).unwrap_or(LONGEST).as_secs_f64()
}
