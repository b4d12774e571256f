//! One thing to tell one channel: a row that is written with the request's move, and its life.
//!
//! ```text
//! waiting → sending → sent        kept while the request goes on, so that its message is found again
//!                   → waiting     a fault; due again by the schedule
//!                   → failed      never to work, or the schedule is over
//!                   → obsolete    the request went on meanwhile
//! ```

use super::stand_in::Item;
use super::{Receipt, What};
use fence_engine::scalar::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

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
    /// Why the last attempt failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_error: Option<String>,
}

/// What must be known of a request to write its deliveries.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// Its id, as people see it.
    pub request: &'a str,
    /// Its version.
    pub version: u32,
    /// The time of the move.
    pub at: Timestamp,
    /// The channels that its terms name; `None`: all.
    pub notify: Option<&'a [Box<str>]>,
}

/// The rows to write in the very transaction of a move: one for each configured channel that the
/// request's terms name. The same move gives the same rows.
#[must_use]
pub fn deliveries<'a>(
    what: What,
    facts: &Facts<'_>,
    configured: impl IntoIterator<Item = &'a str>,
) -> Vec<Item> {
    let named = |channel: &str| {
        facts.notify.is_none_or(|names| names.iter().any(|name| **name == *channel))
    };
    let channels = configured.into_iter().filter(|channel| named(channel));
    channels.map(|channel| row(what, facts, channel)).collect()
}

fn row(what: What, facts: &Facts<'_>, channel: &str) -> Item {
    let delivery = Delivery {
        channel: channel.to_owned(),
        event: what.word().to_owned(),
        request: facts.request.to_owned(),
        version: facts.version,
        since: facts.at.micros(),
        attempts: 0,
        state: State::Waiting,
        receipt: None,
        last_error: None,
    };
    delivery.item(id(&delivery), Some(facts.at), None)
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

    fn facts(notify: Option<&[Box<str>]>) -> Facts<'_> {
        Facts { request: "r_1", version: 1, at: Timestamp::from_micros(7), notify }
    }

    fn channels(items: &[Item]) -> Vec<String> {
        items.iter().map(|item| Delivery::of(item).unwrap().channel).collect()
    }

    #[test]
    fn every_configured_channel_is_told_unless_the_terms_name_some() {
        let all = deliveries(What::Opened, &facts(None), ["desk", "team"]);
        assert_eq!(channels(&all), ["desk", "team"]);
        let named: [Box<str>; 2] = ["team".into(), "nowhere".into()];
        let some = deliveries(What::Opened, &facts(Some(&named)), ["desk", "team"]);
        assert_eq!(channels(&some), ["team"]);
        assert!(deliveries(What::Opened, &facts(Some(&[])), ["desk"]).is_empty());
    }

    #[test]
    fn the_same_move_gives_the_same_rows_and_another_gives_others() {
        let first = deliveries(What::Opened, &facts(None), ["desk"]);
        assert_eq!(first, deliveries(What::Opened, &facts(None), ["desk"]));
        assert_eq!((first[0].key.as_str(), first[0].due), ("r_1", Some(Timestamp::from_micros(7))));
        let other = deliveries(What::Ended, &facts(None), ["desk"]);
        let newer = deliveries(What::Opened, &Facts { version: 2, ..facts(None) }, ["desk"]);
        let ids = [first[0].id, other[0].id, newer[0].id];
        assert!(ids[0] != ids[1] && ids[1] != ids[2] && ids[0] != ids[2]);
    }
}
