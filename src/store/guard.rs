//! What every store does around foreign code: a panic in it is an error like any other.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::{Bell, StoreError, Transaction, Work};

/// Slots are kept so long after they left their window, because another process's clock may be
/// that much behind.
pub(super) const SLOT_GRACE_MICROS: i64 = 60_000_000;

/// Runs the work; a panic becomes its refusal.
pub(super) fn run(
    work: &mut dyn Work,
    transaction: &mut dyn Transaction,
) -> Result<(), StoreError> {
    // Whatever the work left half done is undone with its transaction.
    catch_unwind(AssertUnwindSafe(|| work.run(transaction)))
        .unwrap_or_else(|panic| Err(StoreError::Refused(message(panic.as_ref()))))
}

/// Shows the work its bell; whoever does not hear of it waits without.
#[cfg_attr(not(feature = "sqlite"), expect(dead_code, reason = "only SQLite's commits are shared"))]
pub(super) fn listen(work: &mut dyn Work, bell: &Bell) {
    drop(catch_unwind(AssertUnwindSafe(|| work.listen(bell))));
}

/// Tells the work its outcome; a panic there is the work's own loss.
pub(super) fn finish(work: Box<dyn Work>, outcome: Result<(), StoreError>) {
    drop(catch_unwind(AssertUnwindSafe(|| work.finish(outcome))));
}

fn message(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("the decision was abandoned by a fault: {}", text.unwrap_or("no reason given"))
}
