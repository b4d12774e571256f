//! What becomes of a draft: it stands, or a person's earlier refusal, a request that is open
//! already, or a grant stands in its place.

use super::draft::Draft;
use super::work::{Gathered, Line};
use crate::approvals;
use crate::approvals::grants::{self, Asking, Grant};
use crate::record::Subject;
use crate::store::{CallScope, StoreError};
use crate::wire::Decision;
use fence_engine::approval::Terms;
use fence_engine::call::ToolCall;
use fence_engine::facts::Needs;

impl Line<'_> {
    /// Makes a draft true, or what stands in its place: a refusal that a person gave before, a
    /// request that is open already, a grant. `None`: the draft stands.
    pub(super) fn settled(
        &mut self,
        call: &ToolCall,
        scope: &CallScope,
        draft: &Draft,
        gathered: &Gathered,
    ) -> Result<Option<Decision>, StoreError> {
        if approvals::was_refused(self.transaction, self.arrival, call, &draft.decision)? {
            let because = approvals::REFUSED_BEFORE.to_owned();
            return self.denied(scope, because, Subject::Reused(call)).map(Some);
        }
        // A replay asks nobody, and joins nothing that people answer.
        let Some(terms) = draft.terms.as_ref().filter(|_| !self.arrival.replayed) else {
            self.write(scope, draft, &gathered.needs)?;
            return Ok(None);
        };
        let terms = self.shared.people.seated(terms.clone());
        let open = self.transaction.open_request(self.arrival.digest(), self.arrival.at)?;
        if let Some(open) = open {
            let draft = draft.joining(&open, self.arrival, self.ids, call, gathered);
            self.write(scope, &draft, &Needs::default())?;
            return Ok(Some(draft.decision));
        }
        if let Some(grant) = self.granted(call, &terms)? {
            let decision = grant.release(&draft.decision);
            let draft = draft.otherwise(decision, self.arrival, self.ids, call, gathered);
            self.write(scope, &draft, &Needs::default())?;
            return Ok(Some(draft.decision));
        }
        if let Some(because) = self.unaskable(call, &terms)? {
            return self.denied(scope, because, Subject::Reused(call)).map(Some);
        }
        self.write(scope, draft, &gathered.needs)?;
        self.open(call, &terms)?;
        Ok(None)
    }

    /// The grant that covers the call, used up by one.
    fn granted(&mut self, call: &ToolCall, terms: &Terms) -> Result<Option<Grant>, StoreError> {
        let asking = Asking {
            call,
            terms,
            policy_digest: self.arrival.policies.layers.digest(),
            people: &self.shared.people,
            at: self.arrival.at,
        };
        grants::take(self.transaction, &asking)
    }

    /// Why no request can be opened.
    fn unaskable(&mut self, call: &ToolCall, terms: &Terms) -> Result<Option<String>, StoreError> {
        let (cap, at) = (self.shared.pending_cap, self.arrival.at);
        approvals::open::refused(self.transaction, call, terms, cap, at)
    }

    fn open(&mut self, call: &ToolCall, terms: &Terms) -> Result<(), StoreError> {
        let (arrival, ids) = (self.arrival, self.ids);
        let request = approvals::open::request(self.transaction, arrival, ids, call, terms)?;
        let announce = self.shared.announce.as_ref();
        approvals::open::write(self.transaction, &request, terms, announce, arrival.at)
    }
}
