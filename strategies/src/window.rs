//! `auto during WINDOW`: releases within weekly hours on a zone's wall clock.
//!
//! ```fence
//! fence 1
//! policy p
//! zone "Europe/Berlin"
//! window office = mon..fri 09:00..17:00
//! ask blog_publish_* { auto during office }
//! ```
//! ```json
//! {"release": {"tool": "blog_publish_x", "at": "2026-11-23T09:00:00+01:00"},
//!  "hold": {"tool": "blog_publish_x", "at": "2026-11-23T17:00:00+01:00"}}
//! ```

use fence_engine::condition::{Condition, ConditionKind, Scope};
use fence_engine::span::Span;
use fence_engine::strategy::{
    Argument, Arguments, Judgement, Parameter, ParameterKind, PhraseFacts, PrepareError, Prepared,
    Strategy,
};
use std::sync::Arc;

/// Releases within a time window.
#[derive(Clone, Copy, Debug)]
pub struct During;

const PARAMETERS: &[Parameter] =
    &[Parameter::required("window", ParameterKind::Window, "When it releases.")];

impl Strategy for During {
    fn name(&self) -> &'static str {
        "during"
    }

    fn summary(&self) -> &'static str {
        "releases within weekly hours on a zone's wall clock"
    }

    fn parameters(&self) -> &[Parameter] {
        PARAMETERS
    }

    fn prepare(&self, arguments: &Arguments) -> Result<Box<dyn Prepared>, PrepareError> {
        let Some(Argument::Window(window)) = arguments.get("window") else {
            return Err(PrepareError("the window is missing".into()));
        };
        let kind = ConditionKind::During { time: None, window: Arc::clone(window) };
        let condition = Condition { kind, span: Span::default() };
        Ok(Box::new(Within { condition, never: window.parts.is_empty() }))
    }
}

#[derive(Debug)]
struct Within {
    condition: Condition,
    never: bool,
}

impl Prepared for Within {
    fn lower(&self) -> Option<&Condition> {
        Some(&self.condition)
    }

    fn always_holds(&self) -> bool {
        self.never
    }

    fn judge(&self, scope: &Scope<'_>, facts: &PhraseFacts<'_>) -> Judgement {
        use fence_engine::decision::Truth;
        match self.condition.evaluate(scope) {
            Truth::True => Judgement::release(),
            Truth::False => Judgement::hold(),
            Truth::Unknown if facts.now.behind => {
                Judgement::unknown().because("the clock is behind newer decisions")
            }
            Truth::Unknown => Judgement::unknown(),
        }
    }
}
