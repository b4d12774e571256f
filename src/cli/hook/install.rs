//! `fence hook install`: writes the hook into a host's settings, beside everything that stands there.

use super::line::Line;
use super::{Flags, Named, host};
use crate::cli::{Context, Exit, Failure, Settings, load};
use crate::hook::place::{New, Scope};
use crate::policies::{plain_reason, read_regular};
use clap::Args;
use fence_engine::json::{Json, Value};
use similar::TextDiff;
use std::path::{Path, PathBuf};

/// A host goes on without a hook so many seconds after people were waited for.
const MARGIN: u64 = 30;

const EXAMPLE: &str = "Examples:
  fence hook install claude-code coding.fence --dry-run
  fence hook install claude-code coding.fence --agent code-1 --user ana@example.com
  fence hook install copilot coding.fence --scope project

Everything else in the settings stays. The old file is kept beside it as `….before-fence`. Keep the
policy, its `fence.toml` and the database where the agent cannot write. `fence doctor` then proves
that the gate is live.";

/// Write the hook into a host's settings
#[derive(Debug, Args)]
#[command(after_help = EXAMPLE)]
pub(super) struct Install {
    /// The host
    #[arg(value_parser = host())]
    host: Named,
    /// The policies, judging together
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Whose settings
    #[arg(long, value_enum, default_value_t = Scope::User)]
    scope: Scope,
    /// Show what would change, and change nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    flags: Flags,
}

impl Install {
    pub(super) fn run(self, context: &Context) -> Result<Exit, Failure> {
        let host = self.host.0;
        let (place, file) = (host.place(), self.file()?);
        let settings = Settings::beside_policy(context.global.config.as_deref(), &self.files)?;
        // Whatever would block every call is told now.
        load::load_with(context, &self.files, &settings)?;
        let old = read(&file)?;
        let new = self.merged(context, &settings, old.as_ref())?;
        self.warn(context, &settings)?;
        let (old, new) = (old.map(|old| old.text).unwrap_or_default(), pretty(&new));
        if old == new {
            context.output.note(&format!("{} is as it should be", file.display()));
            return Ok(Exit::Positive);
        }
        if self.dry_run {
            let name = file.display().to_string();
            let diff = TextDiff::from_lines(&old, &new);
            context.output.raw(&diff.unified_diff().header(&name, &name).to_string());
            return Ok(Exit::Positive);
        }
        write(&file, &old, &new).map_err(|error| {
            let reason = plain_reason(&error);
            Failure::usage(format!("{} cannot be written: {reason}", file.display()))
        })?;
        context.output.line(&file.display().to_string());
        let events: Vec<&str> = place.before.iter().map(|(event, _)| *event).collect();
        context.output.note(&format!(
            "{} asks Fence at {}. Start it anew, then prove it: fence doctor {}",
            host.name(),
            events.join(" and "),
            host.name()
        ));
        Ok(Exit::Positive)
    }

    fn file(&self) -> Result<PathBuf, Failure> {
        let project = std::env::current_dir().map_err(Failure::usage)?;
        Ok(self.host.0.place().file(self.scope, &home()?, &project))
    }

    /// The settings with the hook at every event that matters.
    fn merged(
        &self,
        context: &Context,
        settings: &Settings,
        old: Option<&Old>,
    ) -> Result<Json, Failure> {
        let place = self.host.0.place();
        let mut json = old.map_or_else(Json::empty_object, |old| old.json.clone());
        if place.version && json.root().get("version").is_none() {
            json = json.with_member("version", &1_u32).map_err(Failure::usage)?;
        }
        let wait = settings.hook()?.wait.unwrap_or_default();
        let (decides, notes) = self.commands(context, settings)?;
        let host = self.host.0.name();
        let new = New {
            host,
            matcher: None,
            command: &decides,
            seconds: wait.as_secs() + MARGIN,
            decides: true,
        };
        let before =
            place.before.iter().map(|(event, matcher)| (*event, New { matcher: *matcher, ..new }));
        let after = place
            .after
            .iter()
            .map(|event| (*event, New { command: &notes, decides: false, ..new }));
        for (event, new) in before.chain(after) {
            let listed = json.root().get("hooks").and_then(|hooks| hooks.get(event));
            let list = place.with_entry(listed, &new);
            let set = list.and_then(|list| set(&json, &["hooks", event], list.root()));
            json = set.ok_or_else(|| Failure::usage("the settings become too large"))?;
        }
        Ok(json)
    }

    /// What a host runs where something is decided, and where it is only noted.
    fn commands(
        &self,
        context: &Context,
        settings: &Settings,
    ) -> Result<(String, String), Failure> {
        let database = settings.database(self.flags.db.as_deref()).map_err(Failure::usage)?;
        let program = std::env::current_exe().map_err(Failure::usage)?;
        let line = Line {
            program: &program,
            host: self.host.0.name(),
            files: &self.files,
            config: context.global.config.as_deref(),
            flags: &self.flags,
            database: &database,
        };
        Ok((line.closed()?, line.text()?))
    }

    /// Tells what is not as somebody may think.
    fn warn(&self, context: &Context, settings: &Settings) -> Result<(), Failure> {
        if settings.hook()?.dialog.is_some() {
            context.output.note(
                "warning: `dialog` changes nothing in hooks: a host does not tell its hook who \
                 answered, so the answer would be nobody's",
            );
        }
        let folder = std::env::current_dir().and_then(std::fs::canonicalize);
        let folder = folder.map_err(Failure::usage)?;
        let within = |file: &&PathBuf| {
            std::fs::canonicalize(file).is_ok_and(|file| file.starts_with(&folder))
        };
        // An agent that can write its own policy is governed by nobody.
        if let Some(file) = self.files.iter().find(within) {
            context.output.note(&format!(
                "warning: {} lies in the folder where you stand. If the agent works here, it can \
                 write its own policy: keep it elsewhere, or deny writing it",
                file.display()
            ));
        }
        Ok(())
    }
}

/// The user's home folder.
pub(crate) fn home() -> Result<PathBuf, Failure> {
    etcetera::home_dir().map_err(Failure::usage)
}

/// A host's settings as they are.
struct Old {
    text: String,
    json: Json,
}

fn read(file: &Path) -> Result<Option<Old>, Failure> {
    if !file.exists() {
        return Ok(None);
    }
    let name = file.display();
    let wrong = |reason: String| {
        Failure::usage(format!("{name} cannot be changed: {reason}"))
            .help("add the hook by hand, as `docs/hooks.md` shows, or make it strict JSON")
    };
    let bytes = read_regular(file).map_err(&wrong)?;
    let text = String::from_utf8(bytes).map_err(|_| wrong("it is not UTF-8".to_owned()))?;
    let json = match text.trim().is_empty() {
        true => Json::empty_object(),
        false => text.parse().map_err(|error| wrong(format!("it is no strict JSON: {error}")))?,
    };
    match json.root() {
        Value::Object(_) => Ok(Some(Old { text, json })),
        _ => Err(wrong("it holds no object".to_owned())),
    }
}

/// A copy in which the member at `path` is `new`, its parents made where they are missing.
fn set(json: &Json, path: &[&str], new: Value<'_>) -> Option<Json> {
    let (key, below) = path.split_first()?;
    let old = json.root().get(key);
    let child = match below {
        [] => Json::from(new),
        _ => set(&old.map_or_else(Json::empty_object, Json::from), below, new)?,
    };
    match old {
        Some(_) => json.replaced(&[key], child.root()),
        None => json.clone().with_member(key, &child).ok(),
    }
}

/// With two blanks a level, as the hosts write it.
fn pretty(json: &Json) -> String {
    let mut out = String::new();
    lay_out(json.root(), 0, &mut out);
    out.push('\n');
    out
}

fn lay_out(value: Value<'_>, depth: usize, out: &mut String) {
    let mut members = |open, close, lines: Vec<String>| {
        let (inner, outer) = ("  ".repeat(depth + 1), "  ".repeat(depth));
        out.push_str(open);
        out.push('\n');
        let lines: Vec<String> = lines.iter().map(|line| format!("{inner}{line}")).collect();
        out.push_str(&lines.join(",\n"));
        out.push_str(&format!("\n{outer}{close}"));
    };
    let below = |value| {
        let mut text = String::new();
        lay_out(value, depth + 1, &mut text);
        text
    };
    match value {
        Value::List(list) if !list.is_empty() => {
            members("[", "]", list.iter().map(below).collect());
        }
        Value::Object(object) if !object.is_empty() => {
            let member = |(key, value)| {
                let mut name = String::new();
                Value::Text(key).write_compact(&mut name);
                format!("{name}: {}", below(value))
            };
            members("{", "}", object.iter().map(member).collect());
        }
        other => other.write_compact(out),
    }
}

/// The new file in place of the old one, at once; the old one is kept.
fn write(file: &Path, old: &str, new: &str) -> std::io::Result<()> {
    use std::io::Write as _;
    let folder = file.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    // Settings may be a link to where somebody keeps them.
    let file = std::fs::canonicalize(file).unwrap_or_else(|_| file.to_path_buf());
    let folder = file.parent().unwrap_or(folder);
    if !old.is_empty() {
        let mut kept = file.clone().into_os_string();
        kept.push(".before-fence");
        std::fs::write(kept, old)?;
    }
    let mut written = tempfile::NamedTempFile::new_in(folder)?;
    written.write_all(new.as_bytes())?;
    if let Ok(about) = std::fs::metadata(&file) {
        std::fs::set_permissions(written.path(), about.permissions())?;
    }
    written.as_file().sync_all()?;
    written.persist(&file).map(drop).map_err(|error| error.error)
}
