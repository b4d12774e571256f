//! Using an approval: the only thing that releases a call, once, under today's policy.

use super::act;
use super::edit::{Place, Version};
use super::journal::Note;
use super::step::Case;
use super::vote::{attempt, check_claimant, check_note};
use super::{ApprovalError, Approvals, Claimant, Receipt, RequestId, RequestView, halts, open};
use crate::gate::draft::Draft;
use crate::gate::work::{Arrival, Ids, Line};
use crate::gate::{Arrived, Mode, Shared};
use crate::store::{CallScope, Transaction};
use fence_engine::approval::{Event, Opening, State, Terms, Vote, advance, satisfied};
use fence_engine::call::{ToolCall, hex_digest};
use fence_engine::decision::Effect;
use fence_engine::facts::Needs;
use fence_engine::scalar::Timestamp;

/// What became of a claim.
#[derive(Clone, Debug)]
pub enum Claimed {
    /// The call is released: this one and no other, now and not again.
    Released(Box<ToolCall>, Box<RequestView>),
    /// Today's policy asks for more than was approved: people are asked anew.
    Asked(Box<RequestView>),
    /// Today's policy denies the call: the approval is void.
    Denied(Box<RequestView>),
}

/// What became of a released call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Finish {
    /// Whether it failed.
    pub failed: bool,
    /// What the agent's side says of it.
    pub note: Option<String>,
}

impl Approvals {
    /// Uses an approval. `digest`: the call that the claimant means to make; another one than was
    /// approved is refused.
    pub fn claim(
        &self,
        by: &Claimant,
        id: RequestId,
        digest: Option<[u8; 32]>,
    ) -> Receipt<Claimed> {
        let by = by.clone();
        // What outside strategies say today is asked before the transaction.
        let call = self.case(id, None).ok().map(|case| case.call().clone());
        let arrival = call.map(|call| self.gate.arrival(Arrived::Call(call), Mode::default()));
        let ids = self.gate.ids();
        self.act(attempt("claim", &by.name(), id), move |transaction, shared| {
            let now = act::now(transaction, shared)?;
            let case = Case::load(transaction, id)?;
            check_claimant(&by, &case)?;
            if digest.is_some_and(|digest| digest != case.stored.digest) {
                return Err(ApprovalError::OtherCall);
            }
            advance(&case.opening, &case.state, &Event::Claim, now)?;
            if let Some(why) = halts::halted(transaction, case.call())? {
                return Err(ApprovalError::Halted(why));
            }
            let same = |arrival: &&Arrival| arrival.digest() == case.stored.digest;
            let arrival = arrival.as_ref().filter(same);
            let arrival = arrival.ok_or(ApprovalError::Stale { version: case.stored.version })?;
            Use { shared, arrival, ids, by: &by, now }.make(transaction, case)
        })
    }

    /// Says what became of a released call.
    pub fn result(&self, by: &Claimant, id: RequestId, finish: Finish) -> Receipt<RequestView> {
        let by = by.clone();
        self.act(attempt("result", &by.name(), id), move |transaction, shared| {
            let now = act::now(transaction, shared)?;
            let mut case = Case::load(transaction, id)?;
            check_claimant(&by, &case)?;
            check_note(finish.note.as_deref(), false)?;
            let note = Note::default().saying(finish.note.as_deref());
            let event = Event::Finish { failed: finish.failed };
            case.step(transaction, shared, &event, &note, now)?;
            super::show::of(&case, shared, now)
        })
    }
}

/// An approval being used in its transaction.
struct Use<'a> {
    shared: &'a Shared,
    arrival: &'a Arrival,
    ids: Ids,
    by: &'a Claimant,
    now: Timestamp,
}

impl Use<'_> {
    fn make(
        &self,
        transaction: &mut dyn Transaction,
        mut case: Case,
    ) -> Result<Claimed, ApprovalError> {
        let mut call = case.call().clone();
        call.call_id = None;
        let mut line = self.line(transaction);
        let (draft, gathered) = line.draft(&call, Some(&case.stored))?;
        match (&draft.decision.decision, &draft.terms) {
            (Effect::Allow, _) => {}
            (Effect::Ask, Some(terms)) => {
                let terms = self.shared.people.seated(terms.clone());
                if !self.suffices(transaction, &case, &terms)? {
                    return self.ask_anew(
                        transaction,
                        case,
                        &call,
                        &(draft, gathered.needs),
                        &terms,
                    );
                }
            }
            _ => return self.overrule(transaction, case, &(draft, gathered.needs)),
        }
        let policy = hex_digest(self.arrival.policies.layers.digest());
        let note = Note::default().with("by", &self.by.name()).with("policy_digest", &policy);
        case.step(transaction, self.shared, &Event::Claim, &note, self.now)?;
        let view = super::show::of(&case, self.shared, self.now)?;
        Ok(Claimed::Released(Box::new(case.record.call), Box::new(view)))
    }

    fn line<'t>(&'t self, transaction: &'t mut dyn Transaction) -> Line<'t> {
        let (shared, arrival, ids) = (self.shared, self.arrival, self.ids);
        Line { shared, arrival, assumed: None, ids, transaction }
    }

    /// Whether those who approved satisfy the terms as they are today.
    fn suffices(
        &self,
        transaction: &mut dyn Transaction,
        case: &Case,
        terms: &Terms,
    ) -> Result<bool, ApprovalError> {
        let State::Approved(released) = &case.state else { return Ok(false) };
        let today = Opening {
            terms: terms.clone(),
            requester: open::requester(transaction, case.call())?,
            ..case.opening.clone()
        };
        let mut people = released.votes.iter().flat_map(Vote::people);
        let known = |person: &str| self.shared.people.knows(person);
        let barred = people.any(|person| today.bars(person) || !known(person));
        let unseen = terms.preview && released.preview.is_none();
        let enough = released.broke_glass || satisfied(&today, &released.votes, released.at);
        Ok(enough && !barred && !unseen)
    }

    /// Today's policy wants more: a new version under its terms, without votes.
    fn ask_anew(
        &self,
        transaction: &mut dyn Transaction,
        mut case: Case,
        call: &ToolCall,
        (draft, needs): &(Draft, Needs),
        terms: &Terms,
    ) -> Result<Claimed, ApprovalError> {
        self.line(transaction).write(&CallScope::Nobody, draft, needs)?;
        let note = Note::default().saying(Some("today's policy asks for more than was approved"));
        case.step(transaction, self.shared, &Event::Supersede { by: None }, &note, self.now)?;
        let (opened_at, expires_at) = (self.now, self.now.saturating_add(terms.expires));
        let version = Version {
            old: &case.stored,
            decision: self.ids.decision.into_bytes(),
            digest: self.arrival.digest(),
            terms,
            place: Place { opened_at, expires_at },
        };
        version.open(transaction, self.shared.announce.as_ref(), call, self.now)?;
        let case = Case::load(transaction, RequestId(case.stored.id))?;
        Ok(Claimed::Asked(Box::new(super::show::of(&case, self.shared, self.now)?)))
    }

    fn overrule(
        &self,
        transaction: &mut dyn Transaction,
        mut case: Case,
        (draft, needs): &(Draft, Needs),
    ) -> Result<Claimed, ApprovalError> {
        self.line(transaction).write(&CallScope::Nobody, draft, needs)?;
        let note = Note::default().saying(Some(&draft.decision.reason()));
        case.step(transaction, self.shared, &Event::Overrule, &note, self.now)?;
        Ok(Claimed::Denied(Box::new(super::show::of(&case, self.shared, self.now)?)))
    }
}
