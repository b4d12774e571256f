//! `fence hook`: answers one event of a coding agent, or blocks.
//!
//! Whatever goes wrong ends with the exit code that blocks in every host, and within two seconds.
//! Neither the environment nor the agent's own folder has a say: a project's settings may set
//! variables for its host.

mod file;
pub(crate) mod install;
pub(crate) mod line;

use super::{Context, Exit, Failure, Settings, load};
use crate::Gate;
use crate::hook::deadline::{self, Deadline, LATE};
use crate::hook::fault::on_purpose;
use crate::hook::judge::{Caller, Judge};
use crate::hook::{HOSTS, Host, Moment, Proposed, Reply};
use crate::store::{Options, SqliteStore};
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Subcommand};
use fence_engine::call::Agent;
use fence_engine::json::{Json, Limits, Value};
use install::Install;
use std::io::{IsTerminal as _, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The longest event. What a tool answered may stand in one; arguments have a limit of their own.
const EVENT: Limits = Limits { bytes: 8 << 20, depth: 128, values: 1_000_000 };

/// Another process may hold the database so long; well below the deadline.
const BUSY: Duration = Duration::from_millis(600);

/// A line that does not say how long it holds a call may hold it so long: every host waits longer.
pub(crate) const HOLD: Duration = Duration::from_secs(20);

/// No line may hold a call longer than this.
pub(crate) const LONGEST_HOLD: Duration = Duration::from_secs(540);

const EXAMPLE: &str = r#"Examples:
  fence hook install claude-code coding.fence
  echo '{"hook_event_name":"PreToolUse","tool_name":"Bash","tool_input":{"command":"ls"},"session_id":"s"}' |
    fence hook claude-code coding.fence --db fence.db

The answer on standard output has the form of the host. Exit code 2 blocks the call, with the reason
on standard error: whatever goes wrong ends so. Settings come from `--config`, else from the
`fence.toml` beside the first policy; variables and the current folder have no say here."#;

/// Answer one hook event of a coding agent
#[derive(Debug, Args)]
#[command(after_help = EXAMPLE, args_conflicts_with_subcommands = true)]
#[command(subcommand_negates_reqs = true)]
pub(crate) struct Hook {
    #[command(subcommand)]
    install: Option<Do>,
    /// Which host's event it is
    #[arg(required = true, value_parser = host())]
    host: Option<Named>,
    /// The policies, judging together
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    door: Flags,
}

#[derive(Debug, Subcommand)]
enum Do {
    Install(Install),
}

/// What a hook fixes of every call; the settings' `[hook]` otherwise.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct Flags {
    /// The database to record in
    #[arg(long, value_name = "FILE")]
    db: Option<PathBuf>,
    /// Who makes the calls
    #[arg(long, value_name = "ID")]
    agent: Option<String>,
    /// The person for whom the agent acts
    #[arg(long, value_name = "ID")]
    user: Option<String>,
    /// The session, where the host names none
    #[arg(long, value_name = "ID")]
    session: Option<String>,
    /// Hold a call no longer than this, whatever the settings say [default: 20s]
    #[arg(long, value_name = "TIME", value_parser = super::settings::wait)]
    hold_at_most: Option<Duration>,
}

/// A host by its name.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Named(pub(crate) &'static dyn Host);

/// Reads the name of a host.
pub(crate) fn host() -> impl TypedValueParser<Value = Named> {
    let names = PossibleValuesParser::new(HOSTS.map(Host::name));
    names.try_map(|name| {
        let found = HOSTS.into_iter().find(|host| host.name() == name);
        found.map(Named).ok_or("no such host")
    })
}

impl Hook {
    pub(crate) fn run(self, context: &Context) -> Result<Exit, Failure> {
        match (self.install, self.host) {
            (Some(Do::Install(install)), _) => install.run(context),
            (None, Some(Named(host))) => {
                deadline::block_on_panic();
                let deadline = Deadline::start().map_err(Failure::usage)?;
                let reply = match event(std::io::stdin().lock()) {
                    Ok(event) => {
                        deadline::otherwise(fault(host, Some(&event), LATE));
                        match Door::open(context, &self.files, &self.door) {
                            Ok(door) => door.answer(host, &event, &deadline),
                            Err(why) => fault(host, Some(&event), &why.message),
                        }
                    }
                    Err(why) => fault(host, None, &why.message),
                };
                Err(leave(&reply, &deadline))
            }
            (None, None) => Err(Failure::usage("name the host whose event it is")),
        }
    }
}

/// Takes the event of a command line that could not be understood, within the deadline: a host that
/// cannot hand its event over may go on without the hook.
pub(crate) fn drain() {
    let input = std::io::stdin();
    if !input.is_terminal() && Deadline::start().is_ok() {
        let _ = std::io::copy(&mut input.lock(), &mut std::io::sink());
    }
}

/// One event, whole. Its input is read to the end, however long it is: a host that cannot hand its
/// event over may go on without the hook.
fn event(mut input: impl std::io::Read) -> Result<Json, Failure> {
    let (most, mut bytes) = (EVENT.bytes as u64, Vec::new());
    let read = input.by_ref().take(most + 1).read_to_end(&mut bytes);
    let read = read.and_then(|_| std::io::copy(&mut input, &mut std::io::sink()));
    read.map_err(|error| Failure::usage(format!("the event cannot be read: {error}")))?;
    let event = Json::parse_with(&bytes, &EVENT);
    let event =
        event.map_err(|error| Failure::usage(format!("the event is no strict JSON: {error}")))?;
    match event.root() {
        Value::Object(_) => Ok(event),
        _ => Err(Failure::usage("the event is no object")),
    }
}

/// Writes the answer and ends the process; comes back only where it cannot be written.
fn leave(reply: &Reply, deadline: &Deadline) -> Failure {
    let written = write(reply);
    deadline.answered();
    match written {
        // Everything is durable: there is nothing left to wait for.
        Ok(()) => std::process::exit(i32::from(reply.code)),
        Err(error) => Failure::usage(format!("the answer cannot be written: {error}")),
    }
}

fn write(reply: &Reply) -> std::io::Result<()> {
    if !reply.err.is_empty() {
        writeln!(std::io::stderr(), "{}", reply.err)?;
    }
    if reply.out.is_empty() {
        return Ok(());
    }
    let mut out = std::io::stdout().lock();
    if leads_nowhere(&out)? {
        return Err(std::io::Error::other("standard output leads nowhere"));
    }
    writeln!(out, "{}", reply.out)?;
    out.flush()
}

/// Whether what is written is thrown away. A process that is started with its output closed finds
/// the null device in its place, and a denial would be lost unnoticed.
fn leads_nowhere(out: &impl std::os::fd::AsFd) -> std::io::Result<bool> {
    use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
    let about = std::fs::File::from(out.as_fd().try_clone_to_owned()?).metadata()?;
    let null = std::fs::metadata("/dev/null")?;
    Ok(about.file_type().is_char_device() && about.rdev() == null.rdev())
}

/// The gate behind one process, and what it fixes of every call.
pub(crate) struct Door {
    gate: Gate,
    caller: Caller,
    wait: Duration,
}

impl Door {
    /// Loads everything that an answer needs.
    pub(crate) fn open(
        context: &Context,
        files: &[PathBuf],
        flags: &Flags,
    ) -> Result<Self, Failure> {
        let settings = Settings::beside_policy(context.global.config.as_deref(), files)?;
        let fixed = settings.hook()?;
        let loaded = load::load_with(context, files, &settings)?;
        let path = settings.database(flags.db.as_deref()).map_err(Failure::usage)?;
        let store = open(&path)?;
        let gate = load::telling(loaded.gate(), &settings).store(store).build();
        let named = flags.agent.clone().map(Agent::new);
        Ok(Self {
            gate: gate.map_err(Failure::usage)?,
            caller: Caller {
                agent: named.or(fixed.agent),
                user: flags.user.clone().or(fixed.user),
                session: flags.session.clone().or(fixed.session),
            },
            wait: fixed
                .wait
                .unwrap_or_default()
                .min(flags.hold_at_most.unwrap_or(HOLD).min(LONGEST_HOLD)),
        })
    }

    fn answer(&self, host: &dyn Host, whole: &Json, deadline: &Deadline) -> Reply {
        let event = whole.root();
        on_purpose();
        let moment = match host.read(event) {
            Ok(moment) => moment,
            Err(reason) => return fault(host, Some(whole), &reason),
        };
        let hold = |time| deadline.extend(time);
        let judge = Judge { gate: &self.gate, host, event, wait: self.wait, hold: &hold };
        let call = |proposed: Proposed| self.caller.call(proposed);
        let answer = match moment {
            Moment::Before(proposed) => judge.before(&call(proposed)),
            Moment::Question(proposed) => judge.question(&call(proposed)),
            Moment::After(proposed, used) => return after(&judge, &call(proposed), used),
            Moment::Other => return Reply::default(),
        };
        match answer {
            Ok(answer) => host.write(event, &answer),
            Err(why) => fault(host, Some(whole), &why.to_string()),
        }
    }
}

/// The answer where there is no decision.
fn fault(host: &dyn Host, event: Option<&Json>, reason: &str) -> Reply {
    host.fault(event.map(Json::root), &format!("blocked by Fence: {reason}"))
}

/// Nothing can be blocked any more; what cannot be noted is said and no more.
fn after(judge: &Judge<'_>, call: &crate::ToolCall, used: crate::hook::Used) -> Reply {
    let err = match judge.after(call, used) {
        Ok(()) => String::new(),
        Err(error) => format!("how the call ended was not recorded: {error}"),
    };
    Reply { err, ..Reply::default() }
}

fn open(path: &Path) -> Result<SqliteStore, Failure> {
    let options = Options { busy_timeout: BUSY, ..Options::default() };
    SqliteStore::open_with(path, options)
        .map_err(|error| Failure::usage(format!("{error}: every call is blocked")))
}
