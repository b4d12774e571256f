//! Watches the policies' files, and the signal that asks to read them again.

use super::reload::reload;
use super::state::State;
use notify::{RecommendedWatcher, RecursiveMode, Watcher as _};
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;
use tokio::sync::mpsc::{Receiver, channel};

/// Files that are being written are left alone for so long.
const SETTLE: Duration = Duration::from_millis(150);
/// Looked at even where the file system tells nothing.
const POLL: Duration = Duration::from_secs(2);

/// Reads the policies again whenever they changed, until the server stops.
pub(super) async fn watch(state: State) {
    let (sender, mut told) = channel(1);
    let on_change = move |_: notify::Result<notify::Event>| {
        // One notice that waits already says all there is to say.
        let _ = sender.try_send(());
    };
    let mut watcher = notify::recommended_watcher(on_change)
        .inspect_err(|error| tracing::warn!(%error, "the file system tells no changes; polling"))
        .ok();
    let mut watched = BTreeSet::new();
    let mut hangup = Hangup::new();
    // Read once more now: they may have changed since they were loaded, before anybody watched.
    let mut last = fingerprint(&state).await;
    read_again(&state).await;
    loop {
        follow(watcher.as_mut(), &mut watched, state.loads.folders());
        let forced = tokio::select! {
            () = state.stopped() => return,
            () = hangup.received() => true,
            () = changed(&mut told) => false,
        };
        let seen = fingerprint(&state).await;
        // While they cannot be loaded, what is missing may be a file that was never read.
        if forced || seen != last || state.loads.failure().is_some() {
            // What changes while they are read is seen the next time.
            last = seen;
            read_again(&state).await;
        }
    }
}

async fn read_again(state: &State) {
    let again = state.clone();
    drop(tokio::task::spawn_blocking(move || reload(&again)).await);
}

/// Resolves when something changed and came to rest, or it is time to look anyway.
async fn changed(told: &mut Receiver<()>) {
    if tokio::time::timeout(POLL, told.recv()).await == Ok(Some(())) {
        while tokio::time::timeout(SETTLE, told.recv()).await == Ok(Some(())) {}
    }
}

async fn fingerprint(state: &State) -> [u8; 32] {
    let state = state.clone();
    tokio::task::spawn_blocking(move || state.loads.fingerprint()).await.unwrap_or_default()
}

/// Watches the folders that are to be watched, and those alone.
fn follow(
    watcher: Option<&mut RecommendedWatcher>,
    watched: &mut BTreeSet<PathBuf>,
    wanted: BTreeSet<PathBuf>,
) {
    let Some(watcher) = watcher else { return };
    for folder in watched.difference(&wanted) {
        let _ = watcher.unwatch(folder);
    }
    for folder in wanted.difference(watched) {
        if let Err(error) = watcher.watch(folder, RecursiveMode::NonRecursive) {
            tracing::warn!(%error, "a folder of policies cannot be watched; it is polled");
        }
    }
    *watched = wanted;
}

/// SIGHUP, where there is such a thing.
struct Hangup(#[cfg(unix)] Option<tokio::signal::unix::Signal>);

impl Hangup {
    #[cfg(unix)]
    fn new() -> Self {
        use tokio::signal::unix::{SignalKind, signal};
        Self(signal(SignalKind::hangup()).ok())
    }

    #[cfg(not(unix))]
    const fn new() -> Self {
        Self()
    }

    async fn received(&mut self) {
        #[cfg(unix)]
        if let Some(signal) = &mut self.0
            && signal.recv().await.is_some()
        {
            return;
        }
        std::future::pending::<()>().await;
    }
}
