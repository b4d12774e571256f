//! `fence hook install`: writes the hook into a host's settings, beside everything that stands there.

use super::file::{self, Old};
use super::line::{self, Line, Written};
use super::{Flags, HOLD, LONGEST_HOLD, Named, host};
use crate::cli::{Context, Exit, Failure, Settings, load};
use crate::hook::place::{New, Scope};
use crate::policies::plain_reason;
use clap::Args;
use fence_engine::json::Json;
use similar::TextDiff;
use std::path::{Path, PathBuf};
use std::time::Duration;

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
    pub(super) fn run(mut self, context: &Context) -> Result<Exit, Failure> {
        // The settings are looked for where the policy really is, now and in the hook.
        let real = self.files.iter().map(|file| line::real(file)).collect::<Result<_, _>>();
        self.files = real.map_err(Failure::usage)?;
        let settings = Settings::beside_policy(context.global.config.as_deref(), &self.files)?;
        // Whatever would block every call is told now.
        load::load_with(context, &self.files, &settings)?;
        let path = self.file()?;
        let old = file::read(&path)?;
        let new = file::pretty(&self.merged(context, &settings, old.as_ref())?);
        let old = old.map(|old| old.text).unwrap_or_default();
        self.warn(context, &settings)?;
        match (old == new, self.dry_run) {
            (true, _) => context.output.note(&format!("{} is as it should be", path.display())),
            (false, true) => context.output.raw(&difference(&path, &old, &new)),
            (false, false) => self.write(context, &path, &old, &new)?,
        }
        Ok(Exit::Positive)
    }

    fn write(&self, context: &Context, path: &Path, old: &str, new: &str) -> Result<(), Failure> {
        file::write(path, old, new).map_err(|error| {
            let reason = plain_reason(&error);
            Failure::usage(format!("{} cannot be written: {reason}", path.display()))
        })?;
        context.output.line(&path.display().to_string());
        let (host, before) = (self.host.0.name(), self.host.0.place().before);
        let events: Vec<&str> = before.iter().map(|(event, _)| *event).collect();
        context.output.note(&format!(
            "{host} asks Fence at {}. Start it anew, then prove it: fence doctor {host}",
            events.join(" and "),
        ));
        Ok(())
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
        let hooks = json.root().get("hooks");
        if hooks.is_some_and(|hooks| hooks.as_object().is_none()) {
            return Err(unclear(&self.file()?, "its `hooks` are no object"));
        }
        let wait = settings.hook()?.wait.unwrap_or_default();
        let hold = self.flags.hold_at_most.unwrap_or_else(|| HOLD.max(wait)).min(LONGEST_HOLD);
        let (decides, notes) = self.commands(context, settings, hold)?;
        let new = New {
            host: self.host.0.name(),
            matcher: None,
            command: &decides,
            seconds: hold.as_secs() + MARGIN,
            decides: true,
        };
        let before = place.before.iter().map(|&(event, matcher)| (event, New { matcher, ..new }));
        let noting = New { command: &notes, decides: false, ..new };
        for (event, new) in before.chain(place.after.iter().map(|event| (*event, noting))) {
            let listed = json.root().get("hooks").and_then(|hooks| hooks.get(event));
            let own =
                |command: &str| Written::read(command).is_some_and(|line| line.is_fence(new.host));
            let list = place.with_entry(listed, &new, &own);
            let list = list.map_err(|why| unclear(&PathBuf::from(place.user), why))?;
            let set = file::set(&json, &["hooks", event], list.root());
            json = set.ok_or_else(|| Failure::usage("the settings become too large"))?;
        }
        Ok(json)
    }

    /// What a host runs where something is decided, and where it is only noted.
    fn commands(
        &self,
        context: &Context,
        settings: &Settings,
        hold: Duration,
    ) -> Result<(String, String), Failure> {
        let database = settings.database(self.flags.db.as_deref()).map_err(Failure::usage)?;
        let program = std::env::current_exe().map_err(Failure::usage)?;
        let line = Line {
            program: &program,
            host: self.host.0,
            files: &self.files,
            config: context.global.config.as_deref(),
            flags: &self.flags,
            database: &database,
            hold,
        };
        Ok((line.closed()?, line.open()?))
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

/// Settings that hold something else than hooks where hooks belong.
fn unclear(file: &Path, why: &str) -> Failure {
    Failure::usage(format!("{} cannot be changed: {why}", file.display()))
        .help("add the hook by hand, as `docs/hooks.md` shows")
}

/// The user's home folder.
pub(crate) fn home() -> Result<PathBuf, Failure> {
    etcetera::home_dir().map_err(Failure::usage)
}

fn difference(path: &Path, old: &str, new: &str) -> String {
    let name = path.display().to_string();
    TextDiff::from_lines(old, new).unified_diff().header(&name, &name).to_string()
}
