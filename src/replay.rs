//! Making a recorded decision again from its record alone: the call, the facts and the policies'
//! texts kept under their digest.

mod record;
mod texts;

pub use record::{Record, RecordError};
pub use texts::{TextsError, layers};

use crate::Decision;
use crate::approvals::grants::released;
use crate::record::decision;
use crate::store::{Store, StoreError};
use fence_engine::Layers;
use fence_engine::call::hex_digest;
use fence_engine::decision::Effect;
use fence_engine::eval::report;
use fence_engine::facts::Facts;
use fence_engine::strategy::Strategies;
use std::collections::HashMap;

/// What came of making a decision again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Replayed {
    /// The same in every respect.
    Same,
    /// Something is different.
    Differs(Vec<Difference>),
    /// There is nothing to judge: the call was malformed, or its id was used for another one.
    Unjudged,
}

/// One respect in which a decision made again is different.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Difference {
    /// The decision's field.
    pub field: String,
    /// As recorded, in JSON.
    pub recorded: serde_json::Value,
    /// As judged again.
    pub again: serde_json::Value,
}

/// Why a decision cannot be made again.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReplayError {
    /// Its record cannot be read.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// Its policies cannot be put together again.
    #[error(transparent)]
    Texts(#[from] TextsError),
    /// The log does not hold its policies.
    #[error("the policies {0} are not in the database")]
    NoTexts(String),
    /// The log cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Judges a recorded call by these layers, with the recorded facts. Pure.
#[must_use]
pub fn judge(record: &Record, layers: &Layers) -> Decision {
    let facts = Facts { now: record.now, counters: &record.counters, answers: &record.answers };
    let report = report(layers, &record.call, &facts);
    let recorded = &record.decision;
    let digest = hex_digest(&record.call.digest());
    let again = decision(&report, &recorded.id, &digest, &recorded.at);
    match (&recorded.grant, &recorded.auto) {
        // What the policy asks for, a grant released: that is the record's to say.
        (Some(grant), Some(auto)) if again.decision == Effect::Ask => {
            released(&again, grant.clone(), auto.clone())
        }
        _ => Decision { request: recorded.request.clone(), ..again },
    }
}

/// In what the second decision is different from the first.
#[must_use]
pub fn differences(recorded: &Decision, again: &Decision) -> Vec<Difference> {
    let members = |decision: &Decision| match serde_json::to_value(decision) {
        Ok(serde_json::Value::Object(members)) => members,
        _ => serde_json::Map::new(),
    };
    let (recorded, mut again) = (members(recorded), members(again));
    let mut found = Vec::new();
    for (field, recorded) in recorded {
        let again = again.remove(&field).unwrap_or_default();
        if recorded != again {
            found.push(Difference { field, recorded, again });
        }
    }
    let added = again.into_iter().map(|(field, again)| {
        let recorded = serde_json::Value::Null;
        Difference { field, recorded, again }
    });
    found.extend(added.filter(|difference| !difference.again.is_null()));
    found
}

/// Replays records of one log; policies are put together once for each digest.
pub struct Replayer<'s> {
    store: &'s dyn Store,
    strategies: &'s Strategies,
    known: HashMap<[u8; 32], Layers>,
}

impl<'s> Replayer<'s> {
    /// Takes policies' texts from this store, and what they name after `via` from these strategies.
    #[must_use]
    pub fn new(store: &'s dyn Store, strategies: &'s Strategies) -> Self {
        Self { store, strategies, known: HashMap::new() }
    }

    /// Makes the decision of this record again.
    ///
    /// # Errors
    /// When the record does not hold what that takes.
    pub fn replay(&mut self, body: &str) -> Result<Replayed, ReplayError> {
        let Some(record) = Record::parse(body)? else { return Ok(Replayed::Unjudged) };
        let layers = self.layers(&record)?;
        let again = judge(&record, layers);
        let found = differences(&record.decision, &again);
        Ok(if found.is_empty() { Replayed::Same } else { Replayed::Differs(found) })
    }

    fn layers(&mut self, record: &Record) -> Result<&Layers, ReplayError> {
        use std::collections::hash_map::Entry;
        match self.known.entry(record.policies) {
            Entry::Occupied(known) => Ok(known.into_mut()),
            Entry::Vacant(place) => {
                let missing = || ReplayError::NoTexts(hex_digest(&record.policies));
                let kept = self.store.policy_texts(record.policies)?.ok_or_else(missing)?;
                Ok(place.insert(layers(&kept, record.policies, self.strategies)?))
            }
        }
    }
}
