//! `GET /live`: tells open pages that something moved. It carries ids alone; what the pages show
//! they ask for themselves.

use super::visit::Visit;
use crate::http::{Problem, State};
use axum::extract::State as Of;
use axum::http::{HeaderValue, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse as _, Response};
use futures_util::stream;
use std::convert::Infallible;
use tokio::sync::broadcast::error::RecvError;

pub(super) async fn live(Of(state): Of<State>, visit: Visit) -> Result<Response, Problem> {
    let under_way = state.begin_wait(visit.caller.token.id)?;
    let heartbeat = KeepAlive::new().interval(state.settings.heartbeat);
    let changes = state.approvals.subscribe();
    let events =
        stream::unfold((state, changes, under_way), async |(state, mut changes, under_way)| {
            let event = tokio::select! {
                change = changes.recv() => match change {
                    Ok(change) => moved(change.request.map(|id| id.to_string())),
                    // Some were lost: the page looks at everything anew.
                    Err(RecvError::Lagged(_)) => Event::default().event("resync").data("all"),
                    Err(RecvError::Closed) => return None,
                },
                () = state.stopped() => return None,
            };
            Some((Ok::<_, Infallible>(event), (state, changes, under_way)))
        });
    let mut response = Sse::new(events).keep_alive(heartbeat).into_response();
    // A proxy that collects answers would hold the stream back.
    response.headers_mut().insert("x-accel-buffering", HeaderValue::from_static("no"));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

fn moved(request: Option<String>) -> Event {
    match request {
        Some(id) => Event::default().event("change").data(id),
        None => Event::default().event("resync").data("gate"),
    }
}
