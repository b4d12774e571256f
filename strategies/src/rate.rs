//! `auto at most N per DURATION per KEY`: releases while fewer than N were released in the span
//! of time before now.
//!
//! ```fence
//! fence 1
//! policy p
//! ask social_post_* as steady { auto at most 3 per 1h per agent }
//! ```
//! ```json
//! {"release": {"tool": "social_post_x", "agent": "a", "used": 2},
//!  "hold": {"tool": "social_post_x", "agent": "a", "used": 3}}
//! ```

use crate::first::{MAX_COUNT, judge_count, key};
use fence_engine::condition::Scope;
use fence_engine::facts::CounterSpan;
use fence_engine::scalar::Duration;
use fence_engine::strategy::{
    Argument, Arguments, Judgement, Key, Parameter, ParameterKind, PhraseFacts, PhraseNeeds,
    PrepareError, Prepared, Strategy,
};

/// Releases at most N calls of each key in any span of time of the given length.
#[derive(Clone, Copy, Debug)]
pub struct Rate;

const PARAMETERS: &[Parameter] = &[
    Parameter::required("count", ParameterKind::Whole(1, MAX_COUNT), "How many are released."),
    Parameter::required("within", ParameterKind::Duration, "The span of time before now."),
    Parameter::required("key", ParameterKind::Key, "What is counted for itself."),
];

impl Strategy for Rate {
    fn name(&self) -> &'static str {
        "at most"
    }

    fn summary(&self) -> &'static str {
        "releases at most N calls of each key in a sliding span of time"
    }

    fn parameters(&self) -> &[Parameter] {
        PARAMETERS
    }

    fn prepare(&self, arguments: &Arguments) -> Result<Box<dyn Prepared>, PrepareError> {
        let Some(Argument::Duration(within)) = arguments.get("within") else {
            return Err(PrepareError("the span of time is missing".into()));
        };
        let (count, key, within) = (arguments.whole("count")?, key(arguments)?, *within);
        Ok(Box::new(AtMost { count, key, within }))
    }
}

#[derive(Debug)]
struct AtMost {
    count: u64,
    key: Key,
    within: Duration,
}

impl Prepared for AtMost {
    fn counts(&self) -> bool {
        true
    }

    fn needs(&self, scope: &Scope<'_>, needs: &mut PhraseNeeds<'_>) {
        if scope.now.at.is_some() {
            needs.count(&self.key, &CounterSpan::Within(self.within), self.count, scope);
        }
    }

    fn judge(&self, _scope: &Scope<'_>, facts: &PhraseFacts<'_>) -> Judgement {
        judge_count(self.count, facts)
    }
}
