//! A client on this process's own standard streams.

use super::catalog::Catalog;
use super::lines::{self, Line};
use super::link::Link;
use super::record::From;
use super::session::{Opened, Session};
use super::{McpError, Settings, Upstream};
use crate::Gate;
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::BufReader;
use tokio::signal::unix::{SignalKind, signal};

/// How long the last messages may take to be written.
const GRACE: Duration = Duration::from_secs(2);

/// Serves the client on the standard streams until it or the server ends; gives back how a program
/// ended.
///
/// # Errors
/// Where the server cannot be started.
pub async fn serve(
    gate: Gate,
    settings: Settings,
    upstream: &Upstream,
) -> Result<Option<ExitStatus>, McpError> {
    let catalog = Arc::new(Catalog::new(gate.clone(), settings.clone()));
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let Opened { session, to_client, to_server } = Session::open(gate, settings.clone(), catalog)?;
    let mut link = Link::begin(upstream, &settings, &session, to_server)?;
    let writing = tokio::spawn(lines::write(tokio::io::stdout(), to_client));
    let mut reading = tokio::spawn(read(Arc::clone(&session)));
    let status = tokio::select! {
        status = link.ended() => status,
        _ = &mut reading => link.finish().await,
        _ = interrupt.recv() => link.stop().await,
        _ = terminate.recv() => link.stop().await,
    };
    session.client.close();
    drop(tokio::time::timeout(GRACE, writing).await);
    Ok(status)
}

async fn read(session: Arc<Session>) {
    let mut from = BufReader::new(tokio::io::stdin());
    loop {
        match lines::next(&mut from).await {
            Ok(Line::Text(raw)) => session.from_client(raw).await,
            Ok(Line::TooLong(bytes)) => session.too_long(From::Client, bytes).await,
            Ok(Line::End) | Err(_) => return,
        }
    }
}
