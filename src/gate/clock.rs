//! Declaring the clock right after it ran ahead and was set back: a person's act, recorded.

use super::GateError;
use crate::approvals::journal::Body;
use crate::clock::Clock;
use crate::store::{Store, StoreError, Transaction, Work};
use fence_engine::scalar::Timestamp;
use std::sync::mpsc::SyncSender;

/// What accepting the clock changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accepted {
    /// No decision is newer than the clock: nothing was changed or recorded.
    NotBehind,
    /// The mark was set back.
    SetBack {
        /// From here,
        from: Timestamp,
        /// to the present.
        to: Timestamp,
    },
}

/// Accepts the clock as right, however far it lies behind the newest decision. Recorded as an
/// event with the reason.
///
/// # Errors
/// When it could not be recorded; then nothing changed.
pub fn accept_clock(
    store: &dyn Store,
    clock: &dyn Clock,
    reason: &str,
) -> Result<Accepted, GateError> {
    let (answer, received) = std::sync::mpsc::sync_channel(1);
    let (now, reason, accepted) = (clock.now(), reason.to_owned(), Accepted::NotBehind);
    store.submit(Box::new(AcceptWork { now, reason, accepted, answer }));
    Ok(received.recv().map_err(|_| GateError::Lost)??)
}

struct AcceptWork {
    now: Timestamp,
    reason: String,
    accepted: Accepted,
    answer: SyncSender<Result<Accepted, StoreError>>,
}

impl Work for AcceptWork {
    fn run(&mut self, transaction: &mut dyn Transaction) -> Result<(), StoreError> {
        self.accepted = Accepted::NotBehind;
        if let Some(from) = transaction.clock_mark()?.filter(|mark| *mark > self.now) {
            self.accepted = Accepted::SetBack { from, to: self.now };
            transaction.reset_clock_mark(self.now)?;
            let body = Body::new(self.now, "clock.accepted").with("from", &from.to_string());
            let body = body.with("reason", &self.reason).with("to", &self.now.to_string());
            transaction.event(&body.event(None))?;
        }
        Ok(())
    }

    fn finish(self: Box<Self>, outcome: Result<(), StoreError>) {
        drop(self.answer.send(outcome.map(|()| self.accepted)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::ManualClock;
    use crate::{Gate, MemoryStore, ToolCall};
    use std::sync::Arc;

    #[test]
    fn a_clock_set_back_is_unknown_until_a_person_accepts_it() {
        let at = |text| Timestamp::parse(text).unwrap();
        let clock = Arc::new(ManualClock::new(at("2026-03-23T10:00:00Z")));
        let store = Arc::new(MemoryStore::new());
        let gate = Gate::builder()
            .policy_text("p", "fence 1 policy p allow a when after 2026-01-01")
            .unwrap()
            .shared_store(Arc::clone(&store) as Arc<_>)
            .clock(Arc::clone(&clock) as Arc<_>)
            .build()
            .unwrap();
        let decide = || gate.decide_blocking(&ToolCall::new("a")).unwrap().decision.as_str();
        assert_eq!(decide(), "allow");
        assert_eq!(accept_clock(&*store, &*clock, "same"), Ok(Accepted::NotBehind));
        clock.set(at("2026-03-23T09:00:00Z"));
        assert_eq!(decide(), "deny");
        let (from, to) = (at("2026-03-23T10:00:00Z"), at("2026-03-23T09:00:00Z"));
        let accepted = accept_clock(&*store, &*clock, "the battery");
        assert_eq!(accepted, Ok(Accepted::SetBack { from, to }));
        assert_eq!(decide(), "allow");
        let events = store.events().unwrap();
        assert_eq!(events.len(), 1);
        assert!(events[0].body.contains("the battery"));
    }
}
