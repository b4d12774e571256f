//! What becomes of a draft: it stands, or a person's earlier refusal, a request that is open
//! already, or a grant stands in its place.

use super::draft::Draft;
use super::work::Line;
use crate::approvals;
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
        needs: &Needs,
    ) -> Result<Option<Decision>, StoreError> {
        if approvals::was_refused(self.transaction, self.arrival, call, &draft.decision)? {
            let because = approvals::REFUSED_BEFORE.to_owned();
            return self.denied(scope, because, Subject::Reused(call)).map(Some);
        }
        let Some(terms) = &draft.terms else {
            self.write(scope, draft, needs)?;
            return Ok(None);
        };
        let terms = self.shared.people.seated(terms.clone());
        let open = self.transaction.open_request(self.arrival.digest, self.arrival.at)?;
        if let Some(open) = open {
            let draft = draft.joining(&open, self.arrival, self.ids, call);
            self.write(scope, &draft, &Needs::default())?;
            return Ok(Some(draft.decision));
        }
        if let Some(grant) = self.granted(call, &terms)? {
            let decision = grant.release(&draft.decision);
            let draft = draft.otherwise(decision, self.arrival, self.ids, call);
            self.write(scope, &draft, &Needs::default())?;
            return Ok(Some(draft.decision));
        }
        if let Some(because) = self.unaskable(call, &terms)? {
            return self.denied(scope, because, Subject::Reused(call)).map(Some);
        }
        self.write(scope, draft, needs)?;
        self.open(call, &terms)?;
        Ok(None)
    }

    /// The grant that covers the call, used up by one. Replays have none.
    fn granted(
        &mut self,
        call: &ToolCall,
        terms: &Terms,
    ) -> Result<Option<approvals::grants::Grant>, StoreError> {
        match self.arrival.replayed {
            true => Ok(None),
            false => approvals::grants::take(self.transaction, call, terms, self.arrival.at),
        }
    }

    /// Why no request can be opened.
    fn unaskable(&mut self, call: &ToolCall, terms: &Terms) -> Result<Option<String>, StoreError> {
        if self.arrival.replayed {
            return Ok(None);
        }
        let (cap, at) = (self.shared.pending_cap, self.arrival.at);
        approvals::open::refused(self.transaction, call, terms, cap, at)
    }

    fn open(&mut self, call: &ToolCall, terms: &Terms) -> Result<(), StoreError> {
        let request =
            approvals::open::request(self.transaction, self.arrival, self.ids, call, terms)?;
        // Nobody is told of what a replay asks.
        let announce = self.shared.announce.as_ref().filter(|_| !self.arrival.replayed);
        approvals::open::write(self.transaction, &request, terms, announce, self.arrival.at)
    }
}
