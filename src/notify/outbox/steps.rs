//! The steps of a delivery, each one transaction.

use crate::notify::backoff::later;
use crate::notify::{Delivery, DeliveryError, KIND, Receipt, Schedule, State, What};
use crate::store::StoreError;
use crate::store::{Item, Transaction};
use fence_engine::scalar::Timestamp;
use fence_engine::show::printable;
use std::time::Duration;

/// How long a sent message is left alone before its request is looked at again.
const REST: Duration = Duration::from_hours(24);

/// The longest reason that is kept, in characters.
const REASON: usize = 300;

/// What a channel knows of a request from other deliveries.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Known {
    /// It may have been told of it.
    pub(super) any: bool,
    /// The states that were told as its end.
    pub(super) ends: Vec<String>,
    /// A later delivery will tell its end.
    pub(super) later: bool,
}

/// What became of an attempt to take a delivery.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Taken {
    /// It is ours until the lease ends.
    Ours {
        /// The delivery, marked as under way.
        delivery: Delivery,
        /// The receipts of this channel's messages about the request, oldest first.
        earlier: Vec<Receipt>,
        /// What this channel knows of the request.
        known: Known,
    },
    /// A message that was sent: only whether its request is over is of interest.
    Resting(Delivery),
    /// Another worker has it, or another of the same request and channel is under way.
    NotNow,
}

/// Marks a due delivery as under way until `lease` later.
pub(super) fn take(
    to: &mut dyn Transaction,
    id: [u8; 16],
    now: Timestamp,
    lease: Duration,
) -> Result<Taken, StoreError> {
    let Some(item) = to.item(KIND, id)? else { return Ok(Taken::NotNow) };
    let due = item.ended_at.is_none() && item.due.is_some_and(|due| due <= now);
    let (true, Some(mut delivery)) = (due, Delivery::of(&item)) else { return Ok(Taken::NotNow) };
    if delivery.state == State::Sent {
        return Ok(Taken::Resting(delivery));
    }
    let others = others(to, id, &delivery)?;
    let leased = |(item, other): &(Item, Delivery)| {
        other.state == State::Sending && item.due.is_some_and(|until| until > now)
    };
    if others.iter().any(leased) {
        return Ok(Taken::NotNow);
    }
    delivery.state = State::Sending;
    delivery.attempts = delivery.attempts.saturating_add(1);
    to.put_item(&delivery.item(id, Some(later(now, lease)), None))?;
    let known = Known {
        any: delivery.attempts > 1 || others.iter().any(|(_, other)| other.attempts > 0),
        ends: others.iter().filter_map(|(_, other)| other.told.clone()).collect(),
        later: others.iter().any(|(_, other)| {
            let told_by = [What::Voted, What::BrokenGlass, What::Ended];
            other.since > delivery.since
                && What::of(&other.event).is_some_and(|what| told_by.contains(&what))
        }),
    };
    let earlier = others.into_iter().filter_map(|(_, other)| other.receipt).collect();
    Ok(Taken::Ours { delivery, earlier, known })
}

/// The live deliveries of the same request to the same channel, oldest first.
fn others(
    to: &mut dyn Transaction,
    id: [u8; 16],
    delivery: &Delivery,
) -> Result<Vec<(Item, Delivery)>, StoreError> {
    let live = to.live_items(KIND, &delivery.request)?.into_iter().filter(|item| item.id != id);
    let others = live.filter_map(|item| Delivery::of(&item).map(|other| (item, other)));
    let mut others: Vec<_> =
        others.filter(|(_, other)| other.channel == delivery.channel).collect();
    others.sort_by_key(|(_, other)| other.since);
    Ok(others)
}

/// `what` was told, of a request in this `state`. The row is kept while the request goes on; once it
/// is `over` all of them end.
pub(super) fn sent(
    to: &mut dyn Transaction,
    id: [u8; 16],
    mut delivery: Delivery,
    receipt: Option<Receipt>,
    (what, state, over): (What, &str, bool),
    now: Timestamp,
) -> Result<(), StoreError> {
    let ends = what.ends();
    delivery.state = State::Sent;
    delivery.receipt = receipt;
    delivery.told = ends.then(|| state.to_owned());
    delivery.last_error = None;
    if !over {
        return to.put_item(&delivery.item(id, Some(later(now, REST)), None));
    }
    if ends {
        for (item, other) in others(to, id, &delivery)? {
            if other.state == State::Sent {
                to.put_item(&other.item(item.id, None, Some(now)))?;
            }
        }
    }
    to.put_item(&delivery.item(id, None, Some(now)))
}

/// A sent message is looked at: its row ends with the request.
pub(super) fn rested(
    to: &mut dyn Transaction,
    id: [u8; 16],
    delivery: &Delivery,
    over: bool,
    now: Timestamp,
) -> Result<(), StoreError> {
    let (due, ended) = if over { (None, Some(now)) } else { (Some(later(now, REST)), None) };
    to.put_item(&delivery.item(id, due, ended))
}

/// It ended untold.
pub(super) fn dropped(
    to: &mut dyn Transaction,
    id: [u8; 16],
    mut delivery: Delivery,
    state: State,
    reason: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    delivery.state = state;
    delivery.last_error = Some(printable(reason, REASON));
    to.put_item(&delivery.item(id, None, Some(now)))
}

/// It failed: due again by the schedule, or given up.
pub(super) fn failed(
    to: &mut dyn Transaction,
    id: [u8; 16],
    mut delivery: Delivery,
    error: &DeliveryError,
    next: Option<Timestamp>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let Some(next) = next else {
        return dropped(to, id, delivery, State::Failed, &error.to_string(), now);
    };
    delivery.state = State::Waiting;
    delivery.last_error = Some(printable(&error.to_string(), REASON));
    to.put_item(&delivery.item(id, Some(next), None))
}

/// When to try again after this error; `None`: never.
pub(super) fn next(
    schedule: &Schedule,
    delivery: &Delivery,
    error: &DeliveryError,
    now: Timestamp,
    chance: u8,
) -> Option<Timestamp> {
    match error {
        DeliveryError::Later { after, .. } => {
            schedule.next(delivery.attempts, delivery.since(), now, *after, chance)
        }
        DeliveryError::Never(_) | DeliveryError::Gone(_) => None,
    }
}

/// The instant so much earlier.
pub(super) fn earlier(at: Timestamp, by: Duration) -> Timestamp {
    let micros = i64::try_from(by.as_micros()).unwrap_or(i64::MAX);
    Timestamp::from_micros(at.micros().saturating_sub(micros))
}
