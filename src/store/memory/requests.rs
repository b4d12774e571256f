//! Requests in memory, each change with how to take it back.

use crate::store::{Entry, Order, RequestFilter, StoredRequest};
use fence_engine::approval::RequestState;
use fence_engine::scalar::Timestamp;
use std::collections::{BTreeSet, HashMap};

/// All versions of all requests.
#[derive(Debug, Default)]
pub(super) struct Requests {
    all: Vec<StoredRequest>,
    /// The places of a request's versions, oldest first.
    versions: HashMap<[u8; 16], Vec<usize>>,
    by_digest: HashMap<[u8; 32], Vec<usize>>,
    /// The places of those that wait for people, by agent.
    pending: HashMap<Option<String>, BTreeSet<usize>>,
}

/// One step to take back.
#[derive(Debug)]
pub(super) enum Undo {
    /// The newest was added.
    Inserted,
    /// The one at this place was so before.
    Changed(usize, Box<StoredRequest>),
}

impl Requests {
    pub(super) fn get(&self, id: [u8; 16], version: Option<u32>) -> Option<&StoredRequest> {
        let mut versions = self.versions.get(&id)?.iter().rev().map(|&place| &self.all[place]);
        versions.find(|request| version.is_none_or(|version| request.version == version))
    }

    /// `None`: the version exists.
    pub(super) fn insert(&mut self, request: &StoredRequest) -> Option<Undo> {
        if self.get(request.id, Some(request.version)).is_some() {
            return None;
        }
        let place = self.all.len();
        self.all.push(StoredRequest { number: place as u64 + 1, ..request.clone() });
        self.versions.entry(request.id).or_default().push(place);
        self.by_digest.entry(request.digest).or_default().push(place);
        self.note_pending(place);
        Some(Undo::Inserted)
    }

    /// Nothing where the request does not stand as in `from`.
    pub(super) fn move_to(&mut self, from: &StoredRequest, to: &StoredRequest) -> Vec<Undo> {
        let versions = self.versions.get(&from.id).cloned().unwrap_or_default();
        let mut undo = Vec::new();
        let place = versions.iter().copied().find(|&at| self.all[at].version == from.version);
        let Some(place) = place
            .filter(|&at| self.all[at].state == from.state && self.all[at].moves == from.moves)
        else {
            return undo;
        };
        let number = self.all[place].number;
        self.change(place, StoredRequest { number, ..to.clone() }, &mut undo);
        for place in versions.into_iter().filter(|_| to.refused) {
            let before = self.all[place].clone();
            let settled_at = before.settled_at.or(to.settled_at);
            self.change(place, StoredRequest { refused: true, settled_at, ..before }, &mut undo);
        }
        undo
    }

    fn change(&mut self, place: usize, to: StoredRequest, undo: &mut Vec<Undo>) {
        let before = std::mem::replace(&mut self.all[place], to);
        self.note_pending(place);
        undo.push(Undo::Changed(place, Box::new(before)));
    }

    pub(super) fn take_back(&mut self, step: Undo) {
        match step {
            Undo::Changed(place, before) => {
                self.all[place] = *before;
                self.note_pending(place);
            }
            Undo::Inserted => {
                let Some(request) = self.all.pop() else { return };
                self.versions.entry(request.id).or_default().pop();
                self.by_digest.entry(request.digest).or_default().pop();
                self.pending.entry(request.agent).or_default().remove(&self.all.len());
            }
        }
    }

    fn note_pending(&mut self, place: usize) {
        let request = &self.all[place];
        let places = self.pending.entry(request.agent.clone()).or_default();
        match request.state {
            RequestState::Pending => places.insert(place),
            _ => places.remove(&place),
        };
    }

    fn with_digest(&self, digest: [u8; 32]) -> impl DoubleEndedIterator<Item = &StoredRequest> {
        let places = self.by_digest.get(&digest).map_or(&[][..], Vec::as_slice);
        places.iter().map(|&place| &self.all[place])
    }

    pub(super) fn open_for(&self, digest: [u8; 32], now: Timestamp) -> Option<&StoredRequest> {
        let newest = self.with_digest(digest).rev().filter_map(|found| self.get(found.id, None));
        newest.into_iter().find(|request| request.is_open(now))
    }

    pub(super) fn refused_since(&self, digest: [u8; 32], since: Timestamp) -> bool {
        let late = |request: &StoredRequest| request.settled_at.is_some_and(|at| at >= since);
        self.with_digest(digest).any(|request| request.refused && late(request))
    }

    pub(super) fn pending_of(&self, agent: Option<&str>, now: Timestamp, limit: u64) -> u64 {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let places = self.pending.get(&agent.map(str::to_owned)).into_iter().flatten();
        places.filter(|&&place| self.all[place].expires_at > now).take(limit).count() as u64
    }

    pub(super) fn answered_in(&self, session: &str, limit: u64) -> Vec<StoredRequest> {
        use RequestState::{Approved, Claimed, Done, Failed, Revoked, Unknown};
        let approved = [Approved, Claimed, Done, Failed, Unknown, Revoked];
        let answered = |request: &&StoredRequest| {
            request.session.as_deref() == Some(session)
                && request.settled_at.is_some()
                && (request.refused || approved.contains(&request.state))
                && self.get(request.id, None).is_some_and(|newest| newest.number == request.number)
        };
        let mut found: Vec<_> = self.all.iter().filter(answered).cloned().collect();
        found.sort_by_key(|request| std::cmp::Reverse((request.settled_at, request.number)));
        found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        found
    }

    pub(super) fn list<'e>(
        &self,
        wanted: &RequestFilter,
        decided: impl Fn(&StoredRequest) -> Option<&'e Entry>,
    ) -> Vec<StoredRequest> {
        let is = |wanted: &Option<String>, found: Option<&str>| {
            wanted.as_deref().is_none_or(|wanted| found == Some(wanted))
        };
        let text = wanted.text.as_ref().map(|text| text.to_ascii_lowercase());
        let wants = |request: &&StoredRequest| {
            (wanted.states.is_empty() || wanted.states.contains(&request.state))
                && is(&wanted.agent, request.agent.as_deref())
                && is(&wanted.tool, Some(&request.tool))
                && is(&wanted.session, request.session.as_deref())
                && is(&wanted.rule, decided(request).and_then(|entry| entry.rule.as_deref()))
                && text.as_ref().is_none_or(|text| {
                    decided(request).is_some_and(|e| e.body.to_ascii_lowercase().contains(text))
                })
        };
        let mut found: Vec<_> = self.all.iter().filter(wants).cloned().collect();
        match wanted.order {
            Order::Newest => found.reverse(),
            Order::Deadline => found.sort_by_key(|request| (request.expires_at, request.number)),
        }
        let skip = usize::try_from(wanted.skip).unwrap_or(usize::MAX);
        found.into_iter().skip(skip).take(wanted.limit as usize).collect()
    }

    pub(super) fn count(&self, state: RequestState) -> u64 {
        self.all.iter().filter(|request| request.state == state).count() as u64
    }

    pub(super) fn due(&self, now: Timestamp, limit: u32) -> Vec<StoredRequest> {
        let due = |request: &&StoredRequest| request.wake_at.is_some_and(|wake| wake <= now);
        let mut found: Vec<_> = self.all.iter().filter(due).cloned().collect();
        found.sort_by_key(|request| (request.wake_at, request.number));
        found.truncate(limit as usize);
        found
    }
}
