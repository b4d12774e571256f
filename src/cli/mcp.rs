//! `fence mcp`: the gate in front of an MCP server.

mod accept;
mod listen;

use super::settings::{Door, Settings};
use super::{Context, Exit, Failure, card, load};
use crate::mcp::{self, Upstream};
use crate::people::People;
use clap::{Args, Subcommand};
use fence_engine::call::Agent;
use fence_engine::show::printable;
use reqwest::header::{HeaderName, HeaderValue};
use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::Duration;

/// How long a call is held for people unless that is set: most clients wait a minute.
const WAIT: Duration = Duration::from_secs(30);

const EXAMPLE: &str = "\
Examples:
  fence mcp files.fence --server files -- npx -y @modelcontextprotocol/server-filesystem /tmp
  fence mcp issues.fence --server issues --http https://mcp.example.com/ --header-env Authorization=ISSUES
  fence mcp accept files/read_file

Put the whole line where your client's settings name the server's command. Tools are `server/tool`
in policies (`tool` without `--server`), resources `server/resources.read` and so on; the settings
are in `[mcp]` of fence.toml. What the server writes to its standard error comes out unchanged, and
its exit code is this command's.";

/// Guard an MCP server
#[derive(Debug, Args)]
#[command(after_help = EXAMPLE, args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct Mcp {
    #[command(subcommand)]
    action: Option<Action>,
    /// The policies, judging together
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// What the server is called in policies
    #[arg(long, value_name = "NAME")]
    server: Option<String>,
    /// Who makes the calls
    #[arg(long, value_name = "AGENT")]
    agent: Option<String>,
    /// For whom
    #[arg(long, value_name = "PERSON")]
    user: Option<String>,
    /// In which session [default: one of its own for each run]
    #[arg(long, value_name = "SESSION")]
    session: Option<String>,
    /// The one person who answers the client's own forms; one of `[people]`
    #[arg(long, value_name = "PERSON")]
    dialog: Option<String>,
    /// How long a call is held while people answer [default: 30s]
    #[arg(long, value_name = "TIME")]
    wait: Option<String>,
    /// The database to record in
    #[arg(long, value_name = "FILE")]
    db: Option<PathBuf>,
    /// A server that is reached over streamable HTTP, in place of a command
    #[arg(long, value_name = "URL", conflicts_with = "command")]
    http: Option<String>,
    /// Send it this header, with the value of this variable
    #[arg(long, value_name = "NAME=VARIABLE", requires = "http")]
    header_env: Vec<String>,
    /// Serve clients over streamable HTTP at this address of this machine, not on standard streams
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
    /// The server's command and its arguments
    #[arg(last = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

#[derive(Debug, Subcommand)]
enum Action {
    Accept(accept::Accept),
}

impl Mcp {
    pub(crate) fn run(self, context: &Context) -> Result<Exit, Failure> {
        match self.action {
            Some(Action::Accept(accept)) => accept.run(context),
            None => self.serve(context),
        }
    }

    /// Policies, settings and database come first: nothing is started before all of them are right.
    fn serve(self, context: &Context) -> Result<Exit, Failure> {
        let upstream = self.upstream()?;
        let settings = context.settings(&self.files)?;
        let loaded = load::load_with(context, &self.files, &settings)?;
        let people = settings.people()?;
        let door = self.door(&settings, &people)?;
        let store = load::recording(context, &self.files, self.db.as_deref())?;
        let gate = load::telling(loaded.gate(), &settings).shared_store(store).build();
        let gate = gate.map_err(Failure::usage)?;
        // Whoever speaks TLS finds its cryptography here; a process that chose one keeps it.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut runtime = tokio::runtime::Builder::new_multi_thread();
        let runtime =
            runtime.enable_all().thread_name("fence-mcp").build().map_err(Failure::usage)?;
        if let Some(address) = self.listen {
            let admit = self::listen::admit(&gate, &door)?;
            let served = self::listen::serve(context, gate, door, upstream, (address, admit));
            return runtime.block_on(served);
        }
        let served = runtime.block_on(mcp::serve(gate, door, &upstream));
        // The standard input may still be read from, which cannot be broken off.
        runtime.shutdown_background();
        served.map(exit).map_err(Failure::usage)
    }

    fn upstream(&self) -> Result<Upstream, Failure> {
        match (&self.http, self.command.is_empty()) {
            (Some(url), _) => remote(url, &self.header_env).map(Upstream::Http),
            (None, false) => Ok(Upstream::Command(self.command.clone())),
            (None, true) => Err(Failure::usage("no server is named").help(
                "end the line with its command, `-- COMMAND ARGUMENTS…`, or name its `--http URL`",
            )),
        }
    }

    /// What the settings fix, and flags above it.
    fn door(&self, settings: &Settings, people: &People) -> Result<mcp::Settings, Failure> {
        let written = settings.mcp()?;
        let dialog = self.dialog.clone().or(written.dialog.clone());
        if let Some(person) = dialog.as_deref().filter(|person| people.find(person).is_none()) {
            let nobody = format!("`--dialog {person}`: nobody of this id is among `[people]`");
            return Err(Failure::usage(nobody));
        }
        let wait = self.wait.as_deref().map(super::settings::wait).transpose();
        let wait = wait.map_err(Failure::usage)?.or(written.wait).unwrap_or(WAIT);
        let own = || format!("mcp-{}", uuid::Uuid::new_v4());
        let door = mcp::Settings {
            agent: self.agent(&written),
            server: self.server.clone().or(written.server),
            user: self.user.clone().or(written.user),
            session: Some(self.session.clone().or(written.session).unwrap_or_else(own)),
            dialog,
            card: Arc::new(card::plain),
            wait,
        };
        proper(&door).map(|()| door)
    }

    /// Another agent than the settings' has none of its roles.
    fn agent(&self, written: &Door) -> Option<Agent> {
        match (&self.agent, &written.agent) {
            (Some(id), Some(agent)) if agent.id != *id => Some(Agent::new(id)),
            (Some(id), None) => Some(Agent::new(id)),
            (_, agent) => agent.clone(),
        }
    }
}

/// A server's URL, with headers whose values stay out of the command line.
fn remote(url: &str, headers: &[String]) -> Result<mcp::Remote, Failure> {
    let shown = printable(url, 200);
    let parsed =
        url.parse().map_err(|error| Failure::usage(format!("`{shown}` is no URL: {error}")));
    let url: reqwest::Url = parsed?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(Failure::usage(format!("`{shown}` is no URL of `http:` or `https:`")));
    }
    let headers = headers.iter().map(|written| header(written)).collect::<Result<_, _>>()?;
    Ok(mcp::Remote { url, headers })
}

fn header(written: &str) -> Result<(HeaderName, HeaderValue), Failure> {
    let wrong = || {
        let written = printable(written, 80);
        Failure::usage(format!("`--header-env {written}`: write `Authorization=MY_VARIABLE`"))
    };
    let (name, variable) = written.split_once('=').ok_or_else(wrong)?;
    let unset = || Failure::usage(format!("the variable `{}` is not set", printable(variable, 80)));
    let value = std::env::var(variable).map_err(|_| unset())?;
    let mut value = HeaderValue::from_str(&value).map_err(|_| wrong())?;
    value.set_sensitive(true);
    Ok((name.parse().map_err(|_| wrong())?, value))
}

/// A name that no call may carry would deny every call.
fn proper(door: &mcp::Settings) -> Result<(), Failure> {
    door.call("probe").validate().map(drop).map_err(Failure::usage)
}

/// The program's exit code; a signal's number after 128, as shells have it.
fn exit(status: Option<ExitStatus>) -> Exit {
    use std::os::unix::process::ExitStatusExt as _;
    let Some(status) = status else { return Exit::Positive };
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal));
    Exit::Code(code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1))
}
