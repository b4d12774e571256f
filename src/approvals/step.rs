//! A request loaded in a transaction, and one step of it.

use super::journal::{self, Entry, Note};
use super::{Announce, Announcement, ApprovalError, RequestId, Target, opening};
use crate::gate::Shared;
use crate::replay::Record;
use crate::store::{Event as StoredEvent, Logged, StoreError, StoredRequest, Transaction};
use fence_engine::approval::{Event, Opening, RequestState, State, advance};
use fence_engine::call::ToolCall;
use fence_engine::json::Json;
use fence_engine::scalar::Timestamp;
use sha2::{Digest as _, Sha256};

/// One version of a request with everything that was recorded of it.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) stored: StoredRequest,
    pub(crate) opening: Opening,
    pub(crate) state: State,
    /// What happened, all versions together.
    pub(crate) entries: Vec<Entry>,
    /// The decision that opened this version, and its call.
    pub(crate) record: Record,
}

impl Case {
    /// The newest version.
    ///
    /// # Errors
    /// Where there is none, or the record is damaged.
    pub(crate) fn load(
        transaction: &mut dyn Transaction,
        id: RequestId,
    ) -> Result<Self, ApprovalError> {
        let stored = transaction.request(id.0)?.ok_or(ApprovalError::NotFound("request"))?;
        let events = transaction.events_of(id.0)?;
        let decision = transaction.entry(stored.decision)?;
        Self::of(stored, &events, decision)
    }

    /// The newest version, if it is the one that was looked at.
    pub(crate) fn shown(
        transaction: &mut dyn Transaction,
        target: &Target,
    ) -> Result<Self, ApprovalError> {
        let case = Self::load(transaction, target.id)?;
        let version = case.stored.version;
        let same_version = target.version.is_none_or(|shown| shown == version);
        let same_call = target.digest.is_none_or(|shown| shown == case.stored.digest);
        match same_version && same_call {
            true => Ok(case),
            false => Err(ApprovalError::Stale { version }),
        }
    }

    /// A version as it was stored, with its events and the decision that opened it.
    pub(crate) fn of(
        stored: StoredRequest,
        events: &[StoredEvent],
        decision: Option<Logged>,
    ) -> Result<Self, ApprovalError> {
        let damaged = |why: &str| StoreError::Corrupt(format!("a request cannot be read: {why}"));
        let decision = decision.ok_or_else(|| damaged("its decision is missing"))?;
        let record = Record::parse(&decision.entry.body).map_err(|e| damaged(&e.to_string()))?;
        let mut record = record.ok_or_else(|| damaged("its decision was not judged"))?;
        // Canonical numbers such as `5e1` are for digests, not for people and tools.
        record.call.args = record.call.args.plain();
        record.call.context = record.call.context.map(|context| context.plain());
        let opening = opening::read(&stored)?;
        let entries = journal::entries(events)?;
        // The dry-run result that came with the call is of the call as it was made.
        let own = preview_of(&record.call).filter(|_| stored.version == 1);
        let mut state = State::opened(own);
        // Recovery is replay: what was recorded is played through the same function.
        for (event, at) in journal::moves(&entries, stored.version) {
            state = advance(&opening, &state, &event, at)
                .map_err(|refusal| damaged(&refusal.to_string()))?;
        }
        match state.name() == stored.state {
            true => Ok(Self { stored, opening, state, entries, record }),
            false => Err(damaged("its events do not lead to its state").into()),
        }
    }

    /// The call that would run.
    pub(crate) const fn call(&self) -> &ToolCall {
        &self.record.call
    }

    /// Takes one step and records it. `false`: it changes nothing, and nothing is recorded.
    pub(crate) fn step(
        &mut self,
        transaction: &mut dyn Transaction,
        shared: &Shared,
        event: &Event,
        note: &Note,
        now: Timestamp,
    ) -> Result<bool, ApprovalError> {
        let Some(event) = self.moved(transaction, event, note, now)? else { return Ok(false) };
        self.announce(transaction, shared.announce.as_ref(), &event)?;
        Ok(true)
    }

    /// As [`Case::step`], and nobody is told.
    pub(crate) fn step_quietly(
        &mut self,
        transaction: &mut dyn Transaction,
        event: &Event,
        note: &Note,
        now: Timestamp,
    ) -> Result<(), ApprovalError> {
        self.moved(transaction, event, note, now).map(drop)
    }

    /// The step as it was recorded.
    fn moved(
        &mut self,
        transaction: &mut dyn Transaction,
        event: &Event,
        note: &Note,
        now: Timestamp,
    ) -> Result<Option<StoredEvent>, ApprovalError> {
        let next = advance(&self.opening, &self.state, event, now)?;
        if next == self.state {
            return Ok(None);
        }
        let leaves_pending =
            self.stored.state == RequestState::Pending && next.name() != RequestState::Pending;
        let to = StoredRequest {
            state: next.name(),
            moves: self.stored.moves + 1,
            wake_at: next.wake_at(&self.opening),
            settled_at: self.stored.settled_at.or(leaves_pending.then_some(now)),
            refused: self.stored.refused || matches!(event, Event::Refuse { .. }),
            ..self.stored.clone()
        };
        if !transaction.move_request(&self.stored, &to)? {
            return Err(ApprovalError::Stale { version: self.stored.version });
        }
        let written = journal::of_move(event, self.stored.version, note, now);
        let event = written.event(Some(self.stored.id));
        transaction.event(&event)?;
        // A clock set back must not bring back what has ended.
        transaction.advance_clock_mark(now)?;
        self.entries.extend(journal::entries(std::slice::from_ref(&event))?);
        (self.stored, self.state) = (to, next);
        Ok(Some(event))
    }

    fn announce(
        &self,
        transaction: &mut dyn Transaction,
        announce: Option<&Announce>,
        event: &StoredEvent,
    ) -> Result<(), StoreError> {
        let Some(announce) = announce else { return Ok(()) };
        let items = announce(&Announcement {
            kind: &event.kind,
            request: RequestId(self.stored.id),
            version: self.stored.version,
            channels: self.opening.terms.notify.as_deref(),
            at: event.at,
        });
        items.iter().try_for_each(|item| transaction.put_item(item))
    }
}

/// The digest of the dry-run result that came with a call.
pub(crate) fn preview_of(call: &ToolCall) -> Option<[u8; 32]> {
    let preview = call.context.as_ref()?.root().get("preview")?;
    (!preview.is_null()).then(|| preview_digest(&Json::from(preview)))
}

/// SHA-256 of a dry-run result in canonical JSON.
pub(crate) fn preview_digest(preview: &Json) -> [u8; 32] {
    let mut text = String::new();
    preview.write_canonical(&mut text);
    Sha256::digest(text.as_bytes()).into()
}
