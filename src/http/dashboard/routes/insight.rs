//! `GET /insight`: figures made of the newest requests and decisions, kept for a few seconds.

use super::visit::{Visit, read};
use crate::http::State;
use crate::http::dashboard::figures;
use crate::http::dashboard::insight::{Insight, insight as page};
use axum::extract::State as Of;
use axum::response::Response;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long figures are shown without being made anew.
const KEPT: Duration = Duration::from_secs(5);

/// The figures last made, with the server run they were made for.
static LAST: Mutex<Option<(uuid::Uuid, Instant, Arc<Insight>)>> = Mutex::new(None);

pub(super) async fn insight(Of(state): Of<State>, visit: Visit) -> Response {
    let figures = read(&state, figures).await;
    let page = figures.map(|figures| page(&visit.frame, &figures));
    visit.show(page)
}

fn figures(state: &State) -> Result<Arc<Insight>, crate::approvals::ApprovalError> {
    // Held while they are made: whoever asks meanwhile waits for the same ones.
    let mut last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((run, made, figures)) = &*last
        && *run == state.run
        && made.elapsed() < KEPT
    {
        return Ok(Arc::clone(figures));
    }
    let made =
        Arc::new(figures::figures(&state.approvals, &**state.gate.store(), state.clock.now())?);
    *last = Some((state.run, Instant::now(), Arc::clone(&made)));
    Ok(made)
}
