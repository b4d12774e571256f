//! `auto via risk_score(fields: [F, …], weights: [W, …], below: LIMIT)`: releases while the
//! weighted sum of numeric fields stays below a limit.
//!
//! The score is `F₁ × W₁ + F₂ × W₂ + …`, exactly; a missing or non-numeric field makes it unknown.
//! A truth value counts as 1 or 0.
//!
//! ```fence
//! fence 1
//! policy p
//! ask wire_* { auto via risk_score(fields: [args.amount, args.new_payee], weights: [1, 500], below: 1000) }
//! ```
//! ```json
//! {"release": {"tool": "wire_out", "args": {"amount": 499, "new_payee": true}},
//!  "hold": {"tool": "wire_out", "args": {"amount": 500, "new_payee": true}}}
//! ```

use fence_engine::condition::{Datum, Field, Scope};
use fence_engine::number::{Number, Sum};
use fence_engine::strategy::{
    Argument, Arguments, Judgement, Parameter, ParameterKind, PhraseFacts, PrepareError, Prepared,
    Strategy,
};
use std::sync::LazyLock;

/// Releases while a weighted sum of fields stays below a limit.
#[derive(Clone, Copy, Debug)]
pub struct RiskScore;

static PARAMETERS: LazyLock<[Parameter; 3]> = LazyLock::new(|| {
    let (fields, weights) = (ParameterKind::Field, ParameterKind::Number);
    [
        Parameter::required(
            "fields",
            ParameterKind::List(Box::new(fields)),
            "Numeric or true/false fields.",
        ),
        Parameter::required(
            "weights",
            ParameterKind::List(Box::new(weights)),
            "What each field is multiplied by.",
        ),
        Parameter::required("below", ParameterKind::Number, "The score that holds."),
    ]
});

impl Strategy for RiskScore {
    fn name(&self) -> &'static str {
        "risk_score"
    }

    fn summary(&self) -> &'static str {
        "releases while a weighted sum of fields stays below a limit"
    }

    fn parameters(&self) -> &[Parameter] {
        &*PARAMETERS
    }

    fn prepare(&self, arguments: &Arguments) -> Result<Box<dyn Prepared>, PrepareError> {
        let fields = arguments.list("fields").iter().filter_map(|argument| match argument {
            Argument::Field(field) => Some(field.clone()),
            _ => None,
        });
        let weights = arguments.list("weights").iter().filter_map(|argument| match argument {
            Argument::Number(weight) => Some(*weight),
            _ => None,
        });
        let (fields, weights): (Vec<Field>, Vec<Number>) = (fields.collect(), weights.collect());
        if fields.is_empty() || fields.len() != weights.len() {
            let (fields, weights) = (fields.len(), weights.len());
            return Err(PrepareError(format!(
                "`fields` has {fields} and `weights` has {weights}: give each field one weight"
            )));
        }
        let weighted = fields.into_iter().zip(weights).collect();
        Ok(Box::new(Score { weighted, below: arguments.number("below")? }))
    }
}

#[derive(Debug)]
struct Score {
    weighted: Vec<(Field, Number)>,
    below: Number,
}

impl Score {
    fn of(&self, scope: &Scope<'_>) -> Option<Number> {
        let mut sum = Sum::default();
        for (field, weight) in &self.weighted {
            let value = match field.datum(scope)? {
                Datum::Number(number) => number,
                Datum::Bool(value) => Number::from(u64::from(value)),
                _ => return None,
            };
            sum.add(value.checked_mul(*weight)?);
        }
        sum.finish()
    }
}

impl Prepared for Score {
    fn judge(&self, scope: &Scope<'_>, _facts: &PhraseFacts<'_>) -> Judgement {
        match self.of(scope) {
            Some(score) if score < self.below => Judgement::release(),
            Some(score) => {
                Judgement::hold().because(format!("the score {score} is not below {}", self.below))
            }
            None => Judgement::unknown().because("a field of the score is missing or no number"),
        }
    }
}
