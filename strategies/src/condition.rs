//! `auto when EXPR`, `auto unless EXPR`: releases while a condition holds; thresholds, mostly.
//!
//! ```fence
//! fence 1
//! policy p
//! ask email_send { auto when count(args.to) <= 2 }
//! ```
//! ```json
//! {"release": {"tool": "email_send", "args": {"to": ["a@x.test", "b@x.test"]}},
//!  "hold": {"tool": "email_send", "args": {"to": ["a@x.test", "b@x.test", "c@x.test"]}}}
//! ```

use fence_engine::condition::{Condition, Scope};
use fence_engine::decision::Truth;
use fence_engine::strategy::{
    Argument, Arguments, Judgement, Parameter, ParameterKind, PhraseFacts, PrepareError, Prepared,
    Strategy,
};

/// Releases while a condition holds.
#[derive(Clone, Copy, Debug)]
pub struct ConditionStrategy;

const PARAMETERS: &[Parameter] =
    &[Parameter::required("condition", ParameterKind::Condition, "What must hold.")];

impl Strategy for ConditionStrategy {
    fn name(&self) -> &'static str {
        "when"
    }

    fn summary(&self) -> &'static str {
        "releases while a condition over the call holds"
    }

    fn parameters(&self) -> &[Parameter] {
        PARAMETERS
    }

    fn prepare(&self, arguments: &Arguments) -> Result<Box<dyn Prepared>, PrepareError> {
        match arguments.get("condition") {
            Some(Argument::Condition(condition)) => Ok(Box::new(Holds(condition.clone()))),
            _ => Err(PrepareError("the condition is missing".into())),
        }
    }
}

#[derive(Debug)]
struct Holds(Condition);

impl Prepared for Holds {
    fn lower(&self) -> Option<&Condition> {
        Some(&self.0)
    }

    fn judge(&self, scope: &Scope<'_>, _facts: &PhraseFacts<'_>) -> Judgement {
        match self.0.evaluate(scope) {
            Truth::True => Judgement::release(),
            Truth::False => Judgement::hold(),
            Truth::Unknown => Judgement::unknown(),
        }
    }
}
