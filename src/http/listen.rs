//! Connections: accepted, bounded, served, drained.
//!
//! A connection that has shown no valid token may be closed for a newer one once there are as many
//! as there may be, so that no crowd of slow ones keeps others out.

use super::settings::Settings;
use super::state::State;
use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, JoinSet};
use tower::ServiceExt as _;

/// Whether a connection's request under way has shown a valid token.
#[derive(Clone, Debug, Default)]
pub(super) struct Standing(Arc<AtomicBool>);

impl Standing {
    /// It has.
    pub(super) fn known(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    fn forget(&self) {
        self.0.store(false, Ordering::Relaxed);
    }

    fn is_known(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Serves until the state says stop, then lets what is under way end, but not for longer than
/// [`Settings::drain`].
pub(super) async fn serve(listener: TcpListener, router: Router, state: &State) {
    let crowd = Crowd::default();
    let mut tasks = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    let most = state.settings.max_connections;
                    if crowd.makes_room(most) {
                        crowd.admit(&mut tasks, stream, router.clone(), state);
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    // Out of files: the oldest stranger gives way.
                    crowd.makes_room(0);
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            },
            Some(_) = tasks.join_next(), if !tasks.is_empty() => {}
            () = state.stopped() => break,
        }
        state.metrics.connections(crowd.members().len());
    }
    drop(listener);
    let drained = async { while tasks.join_next().await.is_some() {} };
    if tokio::time::timeout(state.settings.drain, drained).await.is_err() {
        tracing::warn!("requests under way did not end in time and are broken off");
        tasks.shutdown().await;
    }
}

/// The connections there are, oldest first.
#[derive(Clone, Default)]
struct Crowd(Arc<Mutex<Members>>);

#[derive(Default)]
struct Members {
    next: u64,
    all: BTreeMap<u64, Member>,
}

impl Members {
    fn len(&self) -> usize {
        self.all.len()
    }
}

struct Member {
    standing: Standing,
    abort: AbortHandle,
}

impl Crowd {
    fn members(&self) -> MutexGuard<'_, Members> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether one more may come; the oldest stranger goes where there are `most` already.
    fn makes_room(&self, most: usize) -> bool {
        let mut members = self.members();
        if members.len() < most {
            return true;
        }
        let oldest = members.all.iter().find(|(_, member)| !member.standing.is_known());
        let Some((&number, _)) = oldest else { return false };
        if let Some(member) = members.all.remove(&number) {
            member.abort.abort();
        }
        true
    }

    fn admit(&self, tasks: &mut JoinSet<()>, stream: TcpStream, router: Router, state: &State) {
        let standing = Standing::default();
        let mut members = self.members();
        let number = members.next;
        members.next += 1;
        let left = Left { crowd: self.clone(), number };
        let (state, shown) = (state.clone(), standing.clone());
        let abort = tasks.spawn(async move {
            let _left = left;
            connection(stream, router, &state, &shown).await;
        });
        members.all.insert(number, Member { standing, abort });
    }
}

/// Takes a connection out of the crowd when it ends, however it does.
struct Left {
    crowd: Crowd,
    number: u64,
}

impl Drop for Left {
    fn drop(&mut self) {
        self.crowd.members().all.remove(&self.number);
    }
}

async fn connection(stream: TcpStream, router: Router, state: &State, standing: &Standing) {
    // Small answers must not wait for more to send.
    let _ = stream.set_nodelay(true);
    let service = hyper::service::service_fn(|request: Request<Incoming>| {
        standing.forget();
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(standing.clone());
        router.clone().oneshot(request)
    });
    let serving = protocol(&state.settings).serve_connection(TokioIo::new(stream), service);
    let mut serving = std::pin::pin!(serving);
    let outcome = tokio::select! {
        outcome = serving.as_mut() => outcome,
        () = state.stopped() => {
            serving.as_mut().graceful_shutdown();
            serving.await
        }
    };
    if let Err(error) = outcome {
        tracing::debug!(%error, "a connection ended early");
    }
}

fn protocol(settings: &Settings) -> http1::Builder {
    let mut protocol = http1::Builder::new();
    protocol
        .timer(TokioTimer::new())
        .header_read_timeout(settings.head_timeout)
        .max_headers(64)
        .max_header_size(settings.max_head)
        .max_buf_size(settings.max_head.max(16 << 10))
        .half_close(false);
    protocol
}
