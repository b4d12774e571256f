//! Requests read: one in full, lists, and waiting for an outcome.

use super::step::Case;
use super::{ApprovalError, Approvals, RequestId, RequestSummary, RequestView, show, state_at};
use crate::store::{Order, RequestFilter, StoreError};
use fence_engine::approval::{Event, RequestState, State, Vote, advance};
use std::time::{Duration, Instant};

/// A request may be moved while it is read; then it is read again.
const TRIES: usize = 8;

/// Which requests are wanted; absent fields do not narrow.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RequestQuery {
    /// In one of these states; none: pending.
    pub states: Vec<RequestState>,
    /// In any state.
    pub all: bool,
    /// Of this agent.
    pub agent: Option<String>,
    /// For this tool, exactly.
    pub tool: Option<String>,
    /// In this session, exactly.
    pub session: Option<String>,
    /// That this rule asks for.
    pub rule: Option<String>,
    /// Whose record holds this text.
    pub text: Option<String>,
    /// So many are passed over.
    pub skip: u64,
    /// At most so many (50, at most 500).
    pub limit: Option<u32>,
}

/// A page of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// Its items.
    pub items: Vec<T>,
    /// What to pass over to get the next page, where there is one.
    pub next: Option<u64>,
    /// How many requests wait for people.
    pub open: u64,
}

impl Approvals {
    /// The newest version of a request in full.
    ///
    /// # Errors
    /// Where there is none, or it cannot be read.
    pub fn get(&self, id: RequestId) -> Result<RequestView, ApprovalError> {
        show::of(&self.case(id, None)?, self.shared(), self.shared().clock.now())
    }

    /// A version of a request in full.
    ///
    /// # Errors
    /// As [`Approvals::get`].
    pub fn version(&self, id: RequestId, version: u32) -> Result<RequestView, ApprovalError> {
        show::of(&self.case(id, Some(version))?, self.shared(), self.shared().clock.now())
    }

    /// Whether this person's approval would be enough, now and with nobody else's: what a dialog
    /// beside the agent needs to know before it is opened.
    ///
    /// # Errors
    /// As [`Approvals::get`].
    pub fn settles(&self, id: RequestId, person: &str) -> Result<bool, ApprovalError> {
        let (case, now) = (self.case(id, None)?, self.shared().clock.now());
        let vote = Vote { by: person.to_owned(), on_behalf_of: None, at: now };
        let after = advance(&case.opening, &case.state, &Event::Approve(vote), now);
        let alone = case.state.votes().is_empty() && self.people().knows(person);
        Ok(alone && matches!(after, Ok(State::Approved(_))))
    }

    /// Requests: those that wait, next deadline first; others newest first.
    ///
    /// # Errors
    /// Any fault of the store.
    pub fn list(&self, query: &RequestQuery) -> Result<Page<RequestSummary>, ApprovalError> {
        let states = match (query.all, query.states.is_empty()) {
            (true, _) => Vec::new(),
            (false, true) => vec![RequestState::Pending],
            (false, false) => query.states.clone(),
        };
        let waiting = states == [RequestState::Pending];
        let limit = query.limit.unwrap_or(50).clamp(1, 500);
        let store = &self.shared().store;
        let found = store.requests(&RequestFilter {
            states,
            agent: query.agent.as_ref().map(|agent| agent.to_ascii_lowercase()),
            tool: query.tool.clone(),
            session: query.session.clone(),
            rule: query.rule.clone(),
            text: query.text.clone(),
            order: if waiting { Order::Deadline } else { Order::Newest },
            skip: query.skip,
            limit: limit + 1,
        })?;
        let now = self.shared().clock.now();
        let more = found.len() > limit as usize;
        let mut items = Vec::with_capacity(found.len());
        for stored in found.into_iter().take(limit as usize) {
            // What has expired waits for nobody, also before that was recorded.
            if waiting && state_at(&stored, now) != RequestState::Pending {
                continue;
            }
            items.push(match self.case(RequestId(stored.id), Some(stored.version)) {
                Ok(case) => show::summary(&case, now),
                // One that cannot be read hides no other.
                Err(ApprovalError::Store(StoreError::Corrupt(why))) => {
                    show::unreadable(&stored, why, now)
                }
                Err(error) => return Err(error),
            });
        }
        let next = more.then(|| query.skip + u64::from(limit));
        Ok(Page { items, next, open: store.count_requests(RequestState::Pending)? })
    }

    /// Resolves when the request no longer waits for people, or at `until`.
    ///
    /// # Errors
    /// Where there is no such request, or it cannot be read.
    pub async fn wait(
        &self,
        id: RequestId,
        until: Option<Instant>,
    ) -> Result<RequestView, ApprovalError> {
        loop {
            // Asked for before looking, so that no move falls between.
            let moved = self.shared().watch.moved(id, self.next_look(id, until)?);
            let view = self.get(id)?;
            if view.state == "expired" {
                self.record_expiry(id, view.version)?;
                return Ok(view);
            }
            if view.state != "pending" || until.is_some_and(|until| Instant::now() >= until) {
                return Ok(view);
            }
            // A watch that ended wakes as well; then it is looked at once more.
            drop(moved.await);
        }
    }

    /// As [`Approvals::wait`], blocking.
    ///
    /// # Errors
    /// As [`Approvals::wait`].
    pub fn wait_blocking(
        &self,
        id: RequestId,
        until: Option<Instant>,
    ) -> Result<RequestView, ApprovalError> {
        crate::store::block_on(self.wait(id, until))
    }

    /// When to look at a request at the latest: at its end, or when the caller wants to know.
    fn next_look(&self, id: RequestId, until: Option<Instant>) -> Result<Instant, ApprovalError> {
        let stored = self.shared().store.request(id.0, None)?;
        let stored = stored.ok_or(ApprovalError::NotFound("request"))?;
        let left = stored.expires_at.micros() - self.shared().clock.now().micros();
        let left = Duration::from_micros(u64::try_from(left).unwrap_or(0));
        // The clock may be moved meanwhile, so nobody sleeps for long.
        let own = Instant::now() + left.clamp(Duration::from_millis(1), Duration::from_secs(30));
        Ok(until.map_or(own, |until| until.min(own)))
    }

    fn record_expiry(&self, id: RequestId, version: u32) -> Result<(), ApprovalError> {
        self.pass_time(id, version).map(drop)
    }

    /// A version of a request with everything recorded of it; the newest where none is named.
    pub(super) fn case(&self, id: RequestId, version: Option<u32>) -> Result<Case, ApprovalError> {
        let store = &self.shared().store;
        for _ in 0..TRIES {
            let stored = store.request(id.0, version)?.ok_or(ApprovalError::NotFound("request"))?;
            let events = store.events_of(id.0)?;
            let decision = store.entry(stored.decision)?;
            let again = store.request(id.0, version)?;
            if again
                .is_some_and(|again| (again.version, again.moves) == (stored.version, stored.moves))
            {
                return Case::of(stored, &events, decision);
            }
        }
        Err(StoreError::Failed("the request moves faster than it can be read".to_owned()).into())
    }
}
