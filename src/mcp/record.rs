//! What this door writes into the record besides decisions.

use crate::clock::Clock;
use crate::note::note;
use crate::store::{Store, StoreError, perform};
use fence_engine::show::printable;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The same refusal is recorded once in this time,
const ONCE: Duration = Duration::from_secs(60);
/// and so many are remembered for that.
const MOST: usize = 1_000;

/// Which way a message was going.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum From {
    /// From the client.
    Client,
    /// From the server.
    Server,
}

/// Writes events.
pub(super) struct Recorder {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    server: Option<String>,
    lately: Mutex<HashMap<String, Instant>>,
}

impl Recorder {
    pub(super) fn new(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        server: Option<String>,
    ) -> Self {
        Self { store, clock, server, lately: Mutex::default() }
    }

    /// A message was not forwarded, and no decision says so. The same is recorded once a minute.
    pub(super) async fn refused(&self, from: From, what: &str, why: &str) {
        let from = if from == From::Client { "client" } else { "server" };
        let what = printable(what, 80);
        if !self.is_news(format!("{from} {what} {why}")) {
            return;
        }
        let why = printable(why, 500);
        self.write("mcp.refused", &[("from", from), ("message", &what), ("reason", &why)]).await;
    }

    /// A result holds characters that a reader does not see; it was passed on as it is.
    pub(super) async fn flagged(&self, what: &str, hidden: char) {
        let hidden = format!("U+{:04X}", u32::from(hidden));
        self.write("mcp.flagged", &[("hidden", &hidden), ("message", &printable(what, 300))]).await;
    }

    /// Nobody knows what became of a call that was forwarded.
    pub(super) async fn lost(&self, tool: &str, decision: &str, request: Option<&str>, why: &str) {
        let tool = printable(tool, 300);
        let mut members = vec![("decision", decision), ("reason", why), ("tool", &*tool)];
        members.extend(request.map(|request| ("request", request)));
        self.write("mcp.lost", &members).await;
    }

    fn is_news(&self, what: String) -> bool {
        let mut lately = self.lately.lock().unwrap_or_else(PoisonError::into_inner);
        if lately.len() >= MOST {
            lately.clear();
        }
        let now = Instant::now();
        match lately.get(&what) {
            Some(then) if now.duration_since(*then) < ONCE => false,
            _ => {
                lately.insert(what, now);
                true
            }
        }
    }

    async fn write(&self, kind: &'static str, members: &[(&'static str, &str)]) {
        let server = ("server", self.server.as_deref());
        let members = members.iter().map(|(key, value)| (*key, Some(*value)));
        let members: Vec<_> = members.chain([server]).collect();
        let event = note(self.clock.now(), kind, &members);
        let written =
            perform::<_, StoreError>(&*self.store, move |transaction| transaction.event(&event));
        // What is told here was refused, or has happened, whether or not it could be recorded.
        drop(written.await);
    }
}
