//! The built-in strategies of the `.fence` language, one file each.
//!
//! The language's own phrases (`when`, `during`, `first`, `at most`) and those named after `via`
//! use the same interface; [`builtin`] is the table of them.

mod condition;
mod first;
mod rate;
mod risk_score;
mod window;

pub use condition::ConditionStrategy;
pub use first::First;
pub use rate::Rate;
pub use risk_score::RiskScore;
pub use window::During;

use fence_engine::strategy::{Strategies, Strategy};
use std::sync::Arc;

/// Every built-in strategy.
#[must_use]
pub fn builtin() -> Strategies {
    let table: [Arc<dyn Strategy>; 5] = [
        Arc::new(ConditionStrategy),
        Arc::new(During),
        Arc::new(First),
        Arc::new(Rate),
        Arc::new(RiskScore),
    ];
    table.into_iter().fold(Strategies::new(), |mut known, strategy| {
        // The table's names differ (tested below), so registering cannot fail.
        let _ = known.register(strategy);
        known
    })
}

#[cfg(test)]
mod tests {
    use super::builtin;

    #[test]
    fn every_builtin_is_registered_once() {
        let known = builtin();
        let names: Vec<_> = known.iter().map(|strategy| strategy.name().to_owned()).collect();
        assert_eq!(names, ["when", "during", "first", "at most", "risk_score"]);
    }
}
