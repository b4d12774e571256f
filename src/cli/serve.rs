//! `fence serve`: the HTTP API, the dashboard, notifications, policies read again as they change.

use super::{Context, Exit, Failure, load};
use crate::clock::{Clock as _, SystemClock};
use crate::http::{self, Loads, Settings, State};
use crate::notify;
use crate::store::{Options, SqliteStore};
use crate::telemetry;
use clap::Args;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::net::TcpListener;

const EXAMPLE: &str = "Examples:
  fence serve content.fence --db fence.db
  fence serve company.fence content.fence --listen 127.0.0.1:7480

Programs and people need tokens: see `fence token create --help`. The settings are in `[server]`
and `[people]` of fence.toml; FENCE_LOG=json makes the log JSON lines. SIGHUP reads the policies
again, SIGTERM ends the server once what is under way has been answered.";

/// Serve decisions and approvals over HTTP
#[derive(Debug, Args)]
#[command(after_help = EXAMPLE)]
pub(crate) struct Serve {
    /// The policies, judging together
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The address to listen on [default: 127.0.0.1:7480]
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<String>,
    /// The database to record in
    #[arg(long, value_name = "FILE")]
    db: Option<PathBuf>,
}

impl Serve {
    pub(crate) fn run(self, context: &Context) -> Result<Exit, Failure> {
        let settings = context.settings(&self.files)?;
        let server = settings.server(self.listen.as_deref())?;
        let loaded = load::load(context, &self.files)?;
        let path = settings.database(self.db.as_deref()).map_err(Failure::usage)?;
        // Denying every call is no service: without its database the server does not start.
        let store = SqliteStore::open_with(&path, Options::default()).map_err(Failure::usage)?;
        let people = settings.people()?;
        let channels = settings.channels()?;
        for unknown in notify::unknown_channels(&loaded.layers, &channels) {
            context.output.note(&unknown.to_string());
        }
        let gate = loaded.gate().people(people).announce(notify::announce(&channels));
        let gate = gate.store(store).build().map_err(Failure::usage)?;
        let strategies = context.strategies(&settings)?;
        let now = SystemClock.now();
        let loads = Loads::new(self.files, strategies, &loaded.layers, now);
        let state = State::new(gate, server, channels, Arc::new(SystemClock), loads);
        has_tokens(context, &state)?;
        // Whoever speaks TLS finds its cryptography here; a process that chose one keeps it.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let telemetry = telemetry::start().map_err(Failure::usage)?;
        raise_file_limit();
        let served = runtime()?.block_on(serve(context, state));
        drop(telemetry);
        served.map(|()| Exit::Positive)
    }
}

/// Nobody from elsewhere may reach a server for which no token was ever made.
fn has_tokens(context: &Context, state: &State) -> Result<(), Failure> {
    if !state.tokens.list().map_err(Failure::usage)?.is_empty() {
        return Ok(());
    }
    let make = "make one with `fence token create --role agent --agent NAME`";
    if state.settings.listen.ip().is_loopback() {
        context.output.note(&format!("there is no token yet, so nobody can call: {make}"));
        return Ok(());
    }
    let refused = "there is no token yet: the server does not listen beyond this machine";
    Err(Failure::usage(refused).help(make))
}

fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder.enable_all().thread_name("fence-http").build().map_err(Failure::usage)
}

async fn serve(context: &Context, state: State) -> Result<(), Failure> {
    let wanted = state.settings.listen;
    let taken = |error| Failure::usage(format!("{wanted} cannot be listened on: {error}"));
    let listener = TcpListener::bind(wanted).await.map_err(taken)?;
    let address = listener.local_addr().map_err(Failure::usage)?;
    context.output.note(&format!("listening on http://{address}"));
    exposed(context, &state.settings);
    let stopping = state.clone();
    tokio::spawn(async move {
        terminated().await;
        tracing::info!("stopping");
        stopping.stop();
    });
    http::serve(listener, state).await;
    Ok(())
}

/// Tokens must not travel in the clear.
fn exposed(context: &Context, settings: &Settings) {
    if !settings.listen.ip().is_loopback() && !settings.is_https() {
        context.output.note(
            "this address is reached from elsewhere without TLS: put a proxy with TLS before it \
             and set `[server] public_url` to its https URL",
        );
    }
}

/// Resolves when the process is asked to end.
async fn terminated() {
    let interrupted = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = interrupted => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    let _ = interrupted.await;
}

/// As many connections as the system allows; without this it may be no more than 1024 files.
fn raise_file_limit() {
    #[cfg(unix)]
    {
        use nix::sys::resource::{Resource, getrlimit, setrlimit};
        if let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE)
            && soft < hard
        {
            let _ = setrlimit(Resource::RLIMIT_NOFILE, hard, hard);
        }
    }
}
