//! A server that is a program: started by the command line's words and by nothing else.

use super::lines::{self, Line};
use super::peer::{Outgoing, turned};
use super::record::From;
use super::session::Session;
use super::{McpError, Settings};
use std::ffi::OsString;
use std::pin::pin;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::BufReader;
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::{mpsc, watch};

/// How long a program may take to end by itself once nothing more comes,
const PATIENCE: Duration = Duration::from_secs(3);
/// and how much is read of it at once.
const BUFFER: usize = 64 << 10;

/// A program that runs.
pub(super) struct Program {
    child: Child,
    stdin: ChildStdin,
    stdout: ChildStdout,
}

impl Program {
    /// Starts the program. A shell that it opens is an agent's, which approves nothing; the tokens
    /// of whoever started this process stay here.
    ///
    /// # Errors
    /// Where it cannot be started.
    pub(super) fn start(words: &[OsString], settings: &Settings) -> Result<Self, McpError> {
        let (program, arguments) = words.split_first().ok_or_else(|| McpError::Start {
            program: String::new(),
            error: std::io::ErrorKind::InvalidInput.into(),
        })?;
        let agent = settings.agent.as_ref().map_or("mcp", |agent| &*agent.id);
        let mut command = Command::new(program);
        command.args(arguments).env("FENCE_AGENT", agent);
        command.env_remove("FENCE_TOKEN").env_remove("FENCE_TOKEN_FILE");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
        let failed = |error| McpError::Start { program: program.display().to_string(), error };
        let mut child = command.spawn().map_err(failed)?;
        let streams = child.stdin.take().zip(child.stdout.take());
        let (stdin, stdout) =
            streams.ok_or_else(|| failed(std::io::ErrorKind::BrokenPipe.into()))?;
        Ok(Self { child, stdin, stdout })
    }

    /// Joins it to a session until its output ends, or it was told to stop; then nothing that it
    /// was asked is answered any more. Gives back how it ended.
    pub(super) async fn run(
        mut self,
        session: Arc<Session>,
        messages: mpsc::Receiver<Outgoing>,
        mut stop: watch::Receiver<bool>,
    ) -> Option<ExitStatus> {
        let writing = tokio::spawn(lines::write(self.stdin, messages));
        let mut reading = pin!(read(self.stdout, &session));
        tokio::select! {
            () = &mut reading => {}
            () = turned(&mut stop) => {
                terminate(&self.child);
                drop(tokio::time::timeout(PATIENCE, reading).await);
            }
        }
        session.server_ended().await;
        writing.abort();
        if let Ok(status) = tokio::time::timeout(PATIENCE, self.child.wait()).await {
            return status.ok();
        }
        drop(self.child.kill().await);
        self.child.wait().await.ok()
    }
}

async fn read(stdout: ChildStdout, session: &Arc<Session>) {
    let mut from = BufReader::with_capacity(BUFFER, stdout);
    loop {
        match lines::next(&mut from).await {
            Ok(Line::Text(raw)) => session.from_server(raw).await,
            Ok(Line::TooLong(bytes)) => session.too_long(From::Server, bytes).await,
            Ok(Line::End) | Err(_) => return,
        }
    }
}

/// Asks a program to end, as its host would.
fn terminate(child: &Child) {
    use nix::sys::signal::{Signal, kill};
    let id = child.id().and_then(|id| i32::try_from(id).ok());
    if let Some(id) = id {
        // One that has ended already needs no asking.
        let _ = kill(nix::unistd::Pid::from_raw(id), Signal::SIGTERM);
    }
}
