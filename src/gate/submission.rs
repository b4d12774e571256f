//! A call on its way to its decision: what is known of it, and what is made of it when no counter
//! has a say.

use super::Arrived;
use super::draft::{Draft, Grounds, draft, refusal};
use super::work::{Arrival, Ids};
use crate::record::Subject;
use crate::store::{Entry, Later};
use fence_engine::decision::Effect;
use fence_engine::facts::{Facts, Needs};
use fence_engine::{evaluate, plan};
use std::sync::OnceLock;

/// A call that was submitted. What can be assumed is judged at once; it is written up in full when
/// somebody reads it, and that is the same whenever it happens, for nothing in here changes.
pub(crate) struct Submission {
    pub(crate) arrival: Arrival,
    pub(crate) ids: Ids,
    assumed: Option<Assumed>,
    draft: OnceLock<Box<Draft>>,
}

/// The verdict that stands unless the clock is behind or the same request is open already.
#[derive(Clone, Copy, Debug)]
struct Assumed {
    effect: Effect,
    /// Whether an `ask` has a say.
    asked: bool,
    /// Whether the call claims its id; one that its tool's declaration refuses does not.
    claims: bool,
}

impl Submission {
    pub(crate) fn new(arrival: Arrival, ids: Ids) -> Self {
        let assumed = assumed(&arrival);
        Self { arrival, ids, assumed, draft: OnceLock::new() }
    }

    /// What becomes of the call, if that could be assumed.
    pub(crate) fn effect(&self) -> Option<Effect> {
        self.assumed.map(|assumed| assumed.effect)
    }

    /// Whether neither a person's earlier answer nor an open request can have a say.
    pub(crate) fn is_plain(&self) -> bool {
        self.assumed.is_some_and(|assumed| !assumed.asked && assumed.effect != Effect::Ask)
    }

    /// Writes the decision up now, where it could be assumed.
    pub(crate) fn write_up_if_assumed(&self) {
        if self.assumed.is_some() {
            self.draft();
        }
    }

    /// The decision in full, as it was assumed.
    pub(crate) fn draft(&self) -> &Draft {
        self.draft.get_or_init(|| Box::new(self.write_up()))
    }

    /// As [`Submission::draft`], taken out.
    pub(crate) fn into_draft(mut self) -> Draft {
        self.draft.take().map_or_else(|| self.write_up(), |draft| *draft)
    }

    fn write_up(&self) -> Draft {
        let Self { arrival, ids, .. } = self;
        match &arrival.arrived {
            Arrived::Call(call) => {
                let needs = Needs::default();
                let grounds =
                    Grounds { now: arrival.now, needs: &needs, counters: &[], open: None };
                draft(arrival, *ids, call, &grounds)
            }
            Arrived::Text { malformed, bytes, .. } => {
                let subject = Subject::Malformed { tool: "", bytes: *bytes };
                refusal(arrival, *ids, malformed.to_string(), subject)
            }
        }
    }
}

/// Judges a call on what is known before its transaction; not one that needs counters, or that is
/// malformed.
fn assumed(arrival: &Arrival) -> Option<Assumed> {
    let Arrived::Call(call) = &arrival.arrived else { return None };
    let layers = &arrival.policies.layers;
    if !plan(layers, call, &Facts::at(arrival.now)).counters.is_empty() {
        return None;
    }
    let facts = Facts { now: arrival.now, counters: &[], answers: &arrival.answers };
    let evaluation = evaluate(layers, call, &facts);
    let claims = evaluation.malformed().is_none();
    let assumed = Assumed { effect: evaluation.effect, asked: evaluation.asked(), claims };
    // What its tool's declaration refuses is recorded whole, what is malformed in itself is not.
    (claims || call.validate().is_ok()).then_some(assumed)
}

impl Later for Submission {
    fn id(&self) -> [u8; 16] {
        self.ids.decision.into_bytes()
    }

    fn session(&self) -> Option<&str> {
        match &self.arrival.arrived {
            Arrived::Call(call) => call.session.as_deref(),
            Arrived::Text { .. } => None,
        }
    }

    fn call_id(&self) -> Option<&str> {
        match &self.arrival.arrived {
            Arrived::Call(call) if self.assumed.is_some_and(|assumed| assumed.claims) => {
                call.call_id.as_deref()
            }
            _ => None,
        }
    }

    fn entry(&self) -> &Entry {
        &self.draft().entry
    }
}
