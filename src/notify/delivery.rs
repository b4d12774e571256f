//! One thing to tell one channel: a row that is written with the request's move, and its life.
//!
//! ```text
//! waiting → sending → sent        kept while the request goes on, so that its message is found again
//!                   → waiting     a fault; due again by the schedule
//!                   → failed      never to work, or the schedule is over
//!                   → obsolete    the request went on meanwhile
//! ```

use super::{Channels, Receipt, What};
use crate::approvals::{Announce, Announcement};
use crate::store::Item;
use fence_engine::scalar::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::sync::Arc;

/// The kind of item that a delivery is.
pub const KIND: &str = "delivery";

/// Where a delivery is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Due at its time.
    Waiting,
    /// Under way; due again should its worker not come back.
    Sending,
    /// Told.
    Sent,
    /// Given up.
    Failed,
    /// No longer worth telling.
    Obsolete,
}

/// The body of a delivery's item.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// The channel's name.
    pub channel: String,
    /// What happened: [`What::word`].
    pub event: String,
    /// The request.
    pub request: String,
    /// The version it happened to.
    pub version: u32,
    /// When it happened, in microseconds since 1970.
    pub since: i64,
    /// How many attempts were begun.
    pub attempts: u32,
    /// Where it is in its life.
    pub state: State,
    /// What finds the message again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receipt: Option<Receipt>,
    /// The state of the request that was told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub told: Option<String>,
    /// Why the last attempt failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_error: Option<String>,
}

/// The rows to write in the very transaction of a move: one for each configured channel that the
/// request's terms name, none for what nobody is told of. The same move gives the same rows.
#[must_use]
pub fn deliveries<'a>(
    happened: &Announcement<'_>,
    configured: impl IntoIterator<Item = &'a str>,
) -> Vec<Item> {
    let Some(what) = What::of_event(happened.kind) else { return Vec::new() };
    let named = |channel: &str| {
        happened.channels.is_none_or(|names| names.iter().any(|name| **name == *channel))
    };
    let channels = configured.into_iter().filter(|channel| named(channel));
    channels.map(|channel| row(what, happened, channel)).collect()
}

/// [`deliveries`] to these channels, for a gate's [`announce`](crate::gate::GateBuilder::announce).
#[must_use]
pub fn announce(channels: &Channels) -> Announce {
    let names: Vec<String> = channels.names().map(str::to_owned).collect();
    Arc::new(move |happened| deliveries(happened, names.iter().map(String::as_str)))
}

fn row(what: What, happened: &Announcement<'_>, channel: &str) -> Item {
    let delivery = Delivery {
        channel: channel.to_owned(),
        event: what.word().to_owned(),
        request: happened.request.to_string(),
        version: happened.version,
        since: happened.at.micros(),
        attempts: 0,
        state: State::Waiting,
        receipt: None,
        told: None,
        last_error: None,
    };
    delivery.item(id(&delivery), Some(happened.at), None)
}

/// The first half of a hash over what tells one delivery from another.
fn id(delivery: &Delivery) -> [u8; 16] {
    let (version, since) = (delivery.version.to_string(), delivery.since.to_string());
    let mut hash = Sha256::new();
    for part in [&delivery.request, &version, &delivery.event, &since, &delivery.channel] {
        hash.update(part.len().to_be_bytes());
        hash.update(part);
    }
    let mut id = [0; 16];
    id.copy_from_slice(&hash.finalize()[..16]);
    id
}

impl Delivery {
    /// The delivery in an item; `None` where it is none.
    #[must_use]
    pub fn of(item: &Item) -> Option<Self> {
        serde_json::from_str(&item.body).ok()
    }

    /// As an item.
    #[must_use]
    pub fn item(&self, id: [u8; 16], due: Option<Timestamp>, ended: Option<Timestamp>) -> Item {
        Item {
            kind: KIND.to_owned(),
            id,
            key: self.request.clone(),
            due,
            // Texts and numbers alone: there is nothing that could not be written.
            body: serde_json::to_string(self).unwrap_or_default(),
            ended_at: ended,
        }
    }

    /// When it happened.
    #[must_use]
    pub fn since(&self) -> Timestamp {
        Timestamp::from_micros(self.since)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::approvals::RequestId;

    const OPENED: &str = "request.opened";

    fn happened<'a>(kind: &'a str, channels: Option<&'a [Box<str>]>) -> Announcement<'a> {
        let (request, at) = (RequestId([7; 16]), Timestamp::from_micros(7));
        Announcement { kind, request, version: 1, channels, at }
    }

    fn channels(items: &[Item]) -> Vec<String> {
        items.iter().map(|item| Delivery::of(item).unwrap().channel).collect()
    }

    #[test]
    fn every_configured_channel_is_told_unless_the_terms_name_some() {
        let all = deliveries(&happened(OPENED, None), ["desk", "team"]);
        assert_eq!(channels(&all), ["desk", "team"]);
        let named: [Box<str>; 2] = ["team".into(), "nowhere".into()];
        let some = deliveries(&happened(OPENED, Some(&named)), ["desk", "team"]);
        assert_eq!(channels(&some), ["team"]);
        assert!(deliveries(&happened(OPENED, Some(&[])), ["desk"]).is_empty());
    }

    #[test]
    fn nobody_is_told_of_what_the_agent_does_with_an_approval() {
        for kind in ["request.claimed", "request.finished", "request.lost", "clock.accepted", ""] {
            assert!(deliveries(&happened(kind, None), ["desk"]).is_empty(), "{kind}");
        }
    }

    #[test]
    fn the_same_move_gives_the_same_rows_and_another_gives_others() {
        let first = deliveries(&happened(OPENED, None), ["desk"]);
        assert_eq!(first, deliveries(&happened(OPENED, None), ["desk"]));
        assert_eq!(first[0].key, RequestId([7; 16]).to_string());
        assert_eq!(first[0].due, Some(Timestamp::from_micros(7)));
        let other = deliveries(&happened("request.refused", None), ["desk"]);
        let newer = deliveries(&Announcement { version: 2, ..happened(OPENED, None) }, ["desk"]);
        let ids = [first[0].id, other[0].id, newer[0].id];
        assert!(ids[0] != ids[1] && ids[1] != ids[2] && ids[0] != ids[2]);
    }
}
