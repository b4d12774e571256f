//! A session's server, whatever it is: begun, waited for, ended.

use super::child::Program;
use super::peer::Outgoing;
use super::remote::Wire;
use super::session::Session;
use super::{McpError, Settings, Upstream};
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

/// How long answers that are under way are waited for once the client says no more,
const GRACE: Duration = Duration::from_secs(2);
/// and how long a server may take to end by itself after that.
const PATIENCE: Duration = Duration::from_secs(3);

/// A server at work for one session.
pub(super) struct Link {
    session: Arc<Session>,
    running: JoinHandle<Option<ExitStatus>>,
    stop: watch::Sender<bool>,
}

impl Link {
    /// Joins a server to a session.
    ///
    /// # Errors
    /// Where it cannot be started.
    pub(super) fn begin(
        upstream: &Upstream,
        settings: &Settings,
        session: &Arc<Session>,
        messages: mpsc::Receiver<Outgoing>,
    ) -> Result<Self, McpError> {
        let (stop, stopped) = watch::channel(false);
        let joined = Arc::clone(session);
        let running = match upstream {
            Upstream::Command(words) => {
                let program = Program::start(words, settings)?;
                tokio::spawn(program.run(joined, messages, stopped))
            }
            Upstream::Http(remote) => {
                let wire = Wire::new(remote.clone(), joined, Arc::clone(&session.catalog))?;
                tokio::spawn(async move {
                    wire.run(messages, stopped).await;
                    None
                })
            }
        };
        Ok(Self { session: Arc::clone(session), running, stop })
    }

    /// Resolves when the server ended by itself: with its status, where it is a program.
    pub(super) async fn ended(&mut self) -> Option<ExitStatus> {
        (&mut self.running).await.ok().flatten()
    }

    /// The client says no more: what is under way is answered, then the server ends.
    pub(super) async fn finish(&mut self) -> Option<ExitStatus> {
        self.session.wind_up(GRACE).await;
        self.session.server.close();
        match tokio::time::timeout(PATIENCE, &mut self.running).await {
            Ok(ended) => ended.ok().flatten(),
            Err(_) => self.stop().await,
        }
    }

    /// Ends the server where it turns true.
    pub(super) fn stopper(&self) -> watch::Sender<bool> {
        self.stop.clone()
    }

    /// Ends the server now.
    pub(super) async fn stop(&mut self) -> Option<ExitStatus> {
        self.stop.send_replace(true);
        self.ended().await
    }
}
