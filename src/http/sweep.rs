//! What time alone does: requests expire, escalate, are lost; what was kept for a while is forgotten.

use super::state::State;
use crate::approvals::{Change, RequestId};
use crate::store::{StoreError, perform};
use fence_engine::scalar::Timestamp;
use std::time::Duration;
use tokio::sync::broadcast::error::RecvError;

/// How often what is due is done.
const TICK: Duration = Duration::from_secs(1);
/// How often what ended is forgotten.
const TIDY: Duration = Duration::from_secs(600);
/// Kept for so long after it ended.
const KEPT: i64 = 24 * 3600 * 1_000_000;
/// What is forgotten once it ended: the record of what happened stays in the events.
const FORGOTTEN: [&str; 2] = ["login", "reply"];

/// Sweeps until the server stops.
pub(super) async fn sweep(state: State) {
    let mut since_tidy = TIDY;
    while !state.stops_within(TICK).await {
        if let Err(problem) = state.blocking(|state| state.approvals.sweep()).await {
            tracing::error!(?problem, "what is due could not be done");
        }
        since_tidy += TICK;
        if since_tidy >= TIDY {
            since_tidy = Duration::ZERO;
            if let Err(problem) = state.blocking(tidy).await {
                tracing::error!(?problem, "what ended could not be forgotten");
            }
        }
    }
}

/// Ends what is over, and forgets what ended a day ago.
fn tidy(state: &State) -> Result<(), StoreError> {
    let now = state.clock.now();
    let before = Timestamp::from_micros(now.micros().saturating_sub(KEPT));
    for kind in FORGOTTEN {
        let over = state.store().due_items(kind, now, 1_000)?;
        let ended = perform::<_, StoreError>(state.store(), move |transaction| {
            for item in &over {
                // Read again: it may have been renewed meanwhile.
                if let Some(mut item) = transaction.item(kind, item.id)?
                    && item.due.is_some_and(|due| due <= now)
                {
                    item.ended_at = item.ended_at.or(Some(now));
                    transaction.put_item(&item)?;
                }
            }
            transaction.forget_items(kind, before)
        });
        ended.wait()?;
    }
    Ok(())
}

/// Counts what happens to requests, until the server stops.
pub(super) async fn count(state: State) {
    let mut changes = state.approvals.subscribe();
    loop {
        let change = tokio::select! {
            () = state.stopped() => return,
            change = changes.recv() => change,
        };
        match change {
            Ok(change) => counted(&state, &change).await,
            // Too many to count one by one; what was missed is in the record.
            Err(RecvError::Lagged(_)) => {}
            Err(RecvError::Closed) => return,
        }
    }
}

async fn counted(state: &State, change: &Change) {
    let Some(kind) = change.kind.strip_prefix("request.") else { return };
    state.metrics.changed(kind);
    let (Some(id), true) = (change.request, settles(kind)) else { return };
    if let Ok((outcome, after)) = state.blocking(move |state| settled(state, id)).await {
        state.metrics.settled(outcome, after);
    }
}

/// Whether it may be what people's time ends with.
fn settles(kind: &str) -> bool {
    matches!(kind, "voted" | "glass_broken" | "refused" | "expired" | "cancelled")
}

fn settled(state: &State, id: RequestId) -> Result<(&'static str, Duration), super::Problem> {
    let view = state.approvals.get(id)?;
    let open = || super::Problem::not_found("it still waits");
    let at = |text: &str| Timestamp::parse(text).map(Timestamp::micros).ok_or_else(open);
    if view.state == "pending" {
        return Err(open());
    }
    let end = view.history.last().map_or(&*view.opened_at, |event| &*event.at);
    let micros = at(end)?.saturating_sub(at(&view.opened_at)?);
    Ok((view.state, Duration::from_micros(u64::try_from(micros).unwrap_or(0))))
}
