//! The HTTP door: the API of `fence serve`. One file a route group, one row in the table for each route.
//!
//! From outside in: what is refused whoever calls (`transport`), the net under every handler
//! (`catch`), who may pass (`guard`, which reads [`table`] alone), then the handlers, which reach
//! no further than the gate and the approvals.

mod answers;
mod body;
pub mod caller;
mod catch;
mod claims;
mod decide;
mod decisions;
mod delegations;
mod events;
mod grants;
mod guard;
mod halts;
mod health;
mod idempotency;
mod identity;
mod listen;
pub mod login;
mod metrics;
mod openapi;
mod policies;
mod problem;
mod query;
mod refusal;
mod reload;
mod requests;
mod sessions;
mod settings;
mod slack;
mod state;
mod sweep;
pub mod table;
#[cfg(test)]
mod tests;
pub(crate) mod trace;
mod transport;
mod watch;

pub use guard::CSRF_HEADER;
pub use metrics::{Metrics, Reload};
pub use openapi::document;
pub use problem::Problem;
pub use reload::{Failure, Finding, Loads, reload};
pub use settings::Settings;
pub use state::{Inner, State};

use crate::notify::{Outbox, PublicUrl};
use axum::Router;
use axum::middleware::from_fn_with_state;
use tokio::net::TcpListener;

/// Every route of the server, guarded.
pub fn router(state: &State) -> Router {
    let (routes, _) = openapi::routes().split_for_parts();
    guarded(state, routes)
}

/// Routes of one's own beside the server's must pass the same guard: they need rows in [`table`].
fn guarded(state: &State, routes: Router<State>) -> Router {
    #[cfg(test)]
    let routes = routes.route_layer(axum::middleware::from_fn(tests::fail));
    routes
        .method_not_allowed_fallback(nothing)
        .route_layer(from_fn_with_state(state.clone(), guard::guard))
        .fallback(nothing)
        .layer(from_fn_with_state(state.clone(), catch::catch))
        .layer(from_fn_with_state(state.clone(), transport::check))
        .with_state(state.clone())
}

async fn nothing() -> Problem {
    Problem::not_found("there is nothing at this path")
}

/// Serves until [`State::stop`], with everything that goes on in the background: reading the
/// policies again, following the events, sweeping what expired, telling people.
pub async fn serve(listener: TcpListener, state: State) {
    let background = [
        tokio::spawn(watch::watch(state.clone())),
        tokio::spawn(events::tail(state.clone())),
        tokio::spawn(sweep::sweep(state.clone())),
        tokio::spawn(sweep::count(state.clone())),
    ];
    let telling = tokio::spawn(tell(state.clone()));
    listen::serve(listener, router(&state), &state).await;
    for task in background {
        task.abort();
    }
    // What is under way comes to its end; the channels' timeouts bound that.
    drop(telling.await);
}

/// Tells people what is due, through the channels of the settings.
async fn tell(state: State) {
    if state.channels.is_empty() {
        return;
    }
    let public = state.settings.public_url.as_deref().and_then(|url| PublicUrl::parse(url).ok());
    let outbox = Outbox::of(&state.gate, state.channels.clone(), public);
    outbox.run(state.stopped()).await;
}
