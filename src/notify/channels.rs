//! The channels that are configured, and whether policies name others.

use super::Channel;
use super::slack::{Action, Door, SlackRefusal};
use fence_engine::Layers;
use fence_engine::diagnostic::nearest;
use fence_engine::scalar::Timestamp;
use fence_engine::show::printable;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The configured channels, by name.
#[derive(Clone, Default)]
pub struct Channels {
    by_name: BTreeMap<String, Arc<dyn Channel>>,
    doors: Vec<Arc<Door>>,
}

impl Channels {
    /// Adds a channel, and the door that its buttons come back to.
    pub fn add(&mut self, name: &str, channel: Arc<dyn Channel>, door: Option<Door>) {
        self.by_name.insert(name.to_owned(), channel);
        self.doors.extend(door.map(Arc::new));
    }

    /// The channel of this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Arc<dyn Channel>> {
        self.by_name.get(name)
    }

    /// All names, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.by_name.keys().map(String::as_str)
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.by_name.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_name.is_empty()
    }

    /// Whether any Slack channel takes answers: without one, its route should not exist.
    #[must_use]
    pub fn takes_slack(&self) -> bool {
        !self.doors.is_empty()
    }

    /// Verifies and reads one press of a Slack button; see [`Door::receive`]. With several Slack
    /// apps, the one whose secret signed it.
    ///
    /// # Errors
    /// [`SlackRefusal`].
    pub fn slack(
        &self,
        body: &[u8],
        timestamp: &str,
        signature: &str,
        now: Timestamp,
    ) -> Result<Option<Action>, SlackRefusal> {
        for door in &self.doors {
            match door.receive(body, timestamp, signature, now) {
                Err(SlackRefusal::Signature) => {}
                told => return told,
            }
        }
        Err(SlackRefusal::Signature)
    }
}

/// A channel that a policy names and the settings do not have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{policy}:{line}: the rule `{rule}` notifies `{channel}`, which fence.toml does not have{meant}"
)]
pub struct UnknownChannel {
    /// The policy.
    pub policy: String,
    /// The rule's name.
    pub rule: String,
    /// Its line.
    pub line: u32,
    /// The channel, made printable.
    pub channel: String,
    /// `; did you mean …?`, or nothing.
    meant: String,
}

/// The channels that rules name in vain: such a rule tells fewer people than it says.
#[must_use]
pub fn unknown_channels(layers: &Layers, channels: &Channels) -> Vec<UnknownChannel> {
    let mut unknown = Vec::new();
    for policy in layers.policies() {
        for rule in policy.rules() {
            let named = rule.ask.as_ref().and_then(|ask| ask.terms.notify.as_ref());
            let missing = named.into_iter().flatten().filter(|name| channels.get(name).is_none());
            unknown.extend(missing.map(|name| {
                UnknownChannel {
                    policy: policy.name().to_owned(),
                    rule: rule.label().to_owned(),
                    line: rule.line,
                    channel: printable(name, 80),
                    meant: nearest(name, channels.names())
                        .map_or(String::new(), |near| format!("; did you mean `{near}`?")),
                }
            }));
        }
    }
    unknown
}
