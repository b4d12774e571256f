//! `auto first N per KEY [each PERIOD]`: releases the first N calls of each key.
//!
//! ```fence
//! fence 1
//! policy p
//! ask social_post_* as warm_up { auto first 2 per session }
//! ```
//! ```json
//! {"release": {"tool": "social_post_x", "session": "s"},
//!  "hold": {"tool": "social_post_x", "session": "s", "used": 2}}
//! ```

use fence_engine::condition::Scope;
use fence_engine::facts::CounterSpan;
use fence_engine::strategy::{
    Argument, Arguments, Judgement, Key, Parameter, ParameterKind, PhraseFacts, PhraseNeeds,
    PrepareError, Prepared, Strategy,
};
use fence_engine::window::{Period, Zone};
use std::sync::Arc;

/// The most calls a counter may release, so that reading it stays cheap.
pub(crate) const MAX_COUNT: u64 = 1_000_000;

/// Releases the first N calls of each key, counted anew in each calendar period if one is named.
#[derive(Clone, Copy, Debug)]
pub struct First;

const PARAMETERS: &[Parameter] = &[
    Parameter::required("count", ParameterKind::Whole(1, MAX_COUNT), "How many are released."),
    Parameter::required("key", ParameterKind::Key, "What is counted for itself."),
    Parameter::optional("each", ParameterKind::Period, "When counting starts anew."),
];

impl Strategy for First {
    fn name(&self) -> &'static str {
        "first"
    }

    fn summary(&self) -> &'static str {
        "releases the first N calls of each key"
    }

    fn parameters(&self) -> &[Parameter] {
        PARAMETERS
    }

    fn prepare(&self, arguments: &Arguments) -> Result<Box<dyn Prepared>, PrepareError> {
        let each = match arguments.get("each") {
            Some(Argument::Period(period)) => Some((*period, arguments.zone())),
            _ => None,
        };
        Ok(Box::new(FirstOf { count: arguments.whole("count")?, key: key(arguments)?, each }))
    }
}

/// The key a counting phrase was written with.
pub(crate) fn key(arguments: &Arguments) -> Result<Key, PrepareError> {
    match arguments.get("key") {
        Some(Argument::Key(key)) => Ok(key.clone()),
        _ => Err(PrepareError("what is counted for itself is missing".into())),
    }
}

/// Release while fewer than `count` are used; a key or counter that is not there holds.
pub(crate) fn judge_count(count: u64, facts: &PhraseFacts<'_>) -> Judgement {
    match facts.used() {
        Some(used) if used < count => Judgement::release(),
        Some(used) => Judgement::hold().because(format!("{used} of {count} are used")),
        None if facts.now.behind => {
            Judgement::hold().because("the clock is behind newer decisions")
        }
        None if facts.counters.is_empty() => {
            Judgement::hold().because("what is counted for itself is missing")
        }
        None => Judgement::unknown().because("the counter could not be read"),
    }
}

#[derive(Debug)]
struct FirstOf {
    count: u64,
    key: Key,
    each: Option<(Period, Arc<Zone>)>,
}

impl Prepared for FirstOf {
    fn counts(&self) -> bool {
        true
    }

    fn needs(&self, scope: &Scope<'_>, needs: &mut PhraseNeeds<'_>) {
        let span = match (&self.each, scope.now.at) {
            (None, _) => CounterSpan::Total,
            (Some((period, zone)), Some(at)) => CounterSpan::Period(period.label(at, zone)),
            (Some(_), None) => return,
        };
        needs.count(&self.key, &span, self.count, scope);
    }

    fn judge(&self, _scope: &Scope<'_>, facts: &PhraseFacts<'_>) -> Judgement {
        judge_count(self.count, facts)
    }
}
