//! What people answer: approve, refuse, take a vote back, revoke; and what the agent's side adds.

use super::act::{self, Attempt};
use super::edit::{Place, Version};
use super::journal::Note;
use super::step::{Case, preview_digest};
use super::{ApprovalError, Approvals, Approver, Canceller, Claimant, Receipt, RequestId};
use super::{RequestView, Target, delegations, grants, halts};
use crate::gate::Shared;
use crate::store::Transaction;
use fence_engine::approval::{Event, Offer, Opening, Vote, advance};
use fence_engine::json::Json;
use fence_engine::scalar::Timestamp;

/// The longest note or reason, in bytes.
const MAX_NOTE: usize = 4_096;
/// A request has at most so many versions by previews.
const MOST_VERSIONS: u32 = 50;
/// Why a preview makes a new version.
const LOOK_AGAIN: &str = "another preview was supplied";

/// An approval with what goes with it.
#[derive(Clone, Debug, Default)]
pub struct Approval {
    /// The person's words.
    pub note: Option<String>,
    /// What of the call is to be different; the edited call is judged again.
    pub edits: Vec<FieldEdit>,
    /// A grant for later calls, as far as the rule offers it.
    pub grant: Option<Offer>,
    /// The person for whom this one votes, by delegation.
    pub on_behalf_of: Option<String>,
    /// Approve for everybody, in an emergency: needs the right and a note.
    pub break_glass: bool,
}

/// One field with its new value.
#[derive(Clone, Debug, PartialEq)]
pub struct FieldEdit {
    /// The field as a policy writes it: `args.to`.
    pub field: String,
    /// What it is to be.
    pub value: Json,
}

impl Approvals {
    /// A person approves, perhaps after an edit.
    ///
    /// The answer of the same person again changes nothing. With an edit the request gets a new
    /// version; the person's vote counts for that one.
    pub fn approve(&self, by: &Approver, on: &Target, with: Approval) -> Receipt<RequestView> {
        let attempt = attempt("approve", &by.person, on.id);
        if !with.edits.is_empty() {
            return self.edit(attempt, by, on, with);
        }
        let (by, on) = (by.clone(), *on);
        self.act(attempt, move |transaction, shared| {
            let now = act::now(transaction, shared)?;
            let mut case = Case::shown(transaction, &on)?;
            let (event, note) = vote(transaction, shared, &by, &with, now)?;
            let note = grants::noted(note, &case, &with)?;
            case.step(transaction, shared, &event, &note, now)?;
            grants::give(transaction, &case, now)?;
            super::show::of(&case, shared, now)
        })
    }

    /// A person refuses; one refusal is enough.
    pub fn refuse(
        &self,
        by: &Approver,
        on: &Target,
        on_behalf_of: Option<&str>,
        reason: &str,
    ) -> Receipt<RequestView> {
        let (by, on, reason) = (by.clone(), *on, reason.to_owned());
        let on_behalf_of = on_behalf_of.map(str::to_owned);
        self.act(attempt("refuse", &by.person, on.id), move |transaction, shared| {
            let now = act::now(transaction, shared)?;
            let mut case = Case::shown(transaction, &on)?;
            check_note(Some(&reason), true)?;
            check_known(shared, &by.person)?;
            check_represented(shared, on_behalf_of.as_deref())?;
            delegations::check(transaction, &by.person, on_behalf_of.as_deref(), now)?;
            let event = Event::Refuse { by: by.person.clone(), on_behalf_of: on_behalf_of.clone() };
            let note = Note::via(by.via).saying(Some(&reason));
            case.step(transaction, shared, &event, &note, now)?;
            halts::trip(transaction, &case, now)?;
            super::show::of(&case, shared, now)
        })
    }

    /// A person takes the own vote back, while the request still waits.
    pub fn withdraw_vote(&self, by: &Approver, on: &Target) -> Receipt<RequestView> {
        let event = Event::Withdraw { by: by.person.clone() };
        self.person("withdraw", by, on, event, None)
    }

    /// A person takes an approval back before it is used.
    pub fn revoke(&self, by: &Approver, on: &Target, reason: &str) -> Receipt<RequestView> {
        let event = Event::Revoke { by: by.person.clone() };
        self.person("revoke", by, on, event, Some(reason))
    }

    fn person(
        &self,
        what: &'static str,
        by: &Approver,
        on: &Target,
        event: Event,
        reason: Option<&str>,
    ) -> Receipt<RequestView> {
        let note = Note::via(by.via).saying(reason);
        let (on, who) = (*on, by.person.clone());
        self.act(attempt(what, &by.person, on.id), move |transaction, shared| {
            let now = act::now(transaction, shared)?;
            check_known(shared, &who)?;
            let mut case = Case::shown(transaction, &on)?;
            check_note(note.text.as_deref(), what == "revoke")?;
            case.step(transaction, shared, &event, &note, now)?;
            super::show::of(&case, shared, now)
        })
    }

    /// The request is no longer wanted: its agent withdraws it, or a person does.
    pub fn cancel(&self, by: &Canceller, id: RequestId, reason: &str) -> Receipt<RequestView> {
        let (who, person, via) = match by {
            Canceller::Agent(claimant) => (claimant.name(), None, None),
            Canceller::Person(by) => (by.person.clone(), Some(by.person.clone()), Some(by.via)),
        };
        let note = Note { via, ..Note::default() }.saying(Some(reason));
        let by = by.clone();
        self.act(attempt("cancel", &who, id), move |transaction, shared| {
            let now = act::now(transaction, shared)?;
            let mut case = Case::load(transaction, id)?;
            check_note(note.text.as_deref(), false)?;
            if let Canceller::Agent(claimant) = &by {
                check_claimant(claimant, &case)?;
            }
            let event = Event::Cancel { by: person.clone() };
            case.step(transaction, shared, &event, &note, now)?;
            super::show::of(&case, shared, now)
        })
    }

    /// The host gives a dry-run result for people to look at. Another one than before makes a new
    /// version: whoever looked at the one before looks again, and its votes do not count.
    pub fn preview(&self, by: &Claimant, id: RequestId, preview: Json) -> Receipt<RequestView> {
        let by = by.clone();
        self.act(attempt("preview", &by.name(), id), move |transaction, shared| {
            let now = act::now(transaction, shared)?;
            let mut case = Case::load(transaction, id)?;
            check_claimant(&by, &case)?;
            let event = Event::Preview { digest: preview_digest(&preview) };
            if advance(&case.opening, &case.state, &event, now)? != case.state {
                if case.stored.version >= MOST_VERSIONS {
                    let why = "this request has seen enough previews: ask again";
                    return Err(ApprovalError::Invalid(why.to_owned()));
                }
                case = next_version(transaction, case, now)?;
                let note = Note::default().with("preview", &preview.root());
                case.step(transaction, shared, &event, &note, now)?;
            }
            super::show::of(&case, shared, now)
        })
    }
}

/// The same call under the same terms as a new version. Nobody is told of that by itself.
fn next_version(
    transaction: &mut dyn Transaction,
    mut case: Case,
    now: Timestamp,
) -> Result<Case, ApprovalError> {
    let (event, note) = (Event::Supersede { by: None }, Note::default().saying(Some(LOOK_AGAIN)));
    case.step_quietly(transaction, &event, &note, now)?;
    let Opening { terms, opened_at, expires_at, .. } = &case.opening;
    let version = Version {
        old: &case.stored,
        decision: case.stored.decision,
        digest: case.stored.digest,
        terms,
        place: Place { opened_at: *opened_at, expires_at: *expires_at },
    };
    version.open(transaction, None, case.call(), now)?;
    Case::load(transaction, RequestId(case.stored.id))
}

pub(super) fn attempt(what: &'static str, who: &str, on: RequestId) -> Attempt {
    Attempt { what, who: who.to_owned(), on: Some(on) }
}

/// The vote that an approval is, after the checks that are not the life cycle's.
pub(super) fn vote(
    transaction: &mut dyn Transaction,
    shared: &Shared,
    by: &Approver,
    with: &Approval,
    now: Timestamp,
) -> Result<(Event, Note), ApprovalError> {
    check_note(with.note.as_deref(), with.break_glass)?;
    check_known(shared, &by.person)?;
    check_represented(shared, with.on_behalf_of.as_deref())?;
    delegations::check(transaction, &by.person, with.on_behalf_of.as_deref(), now)?;
    let note = Note::via(by.via).saying(with.note.as_deref());
    let vote = Vote { by: by.person.clone(), on_behalf_of: with.on_behalf_of.clone(), at: now };
    if !with.break_glass {
        return Ok((Event::Approve(vote), note));
    }
    match shared.people.find(&by.person).is_some_and(|person| person.break_glass) {
        true => Ok((Event::BreakGlass(vote), note)),
        false => Err(ApprovalError::NoBreakGlass),
    }
}

/// Whoever left the settings no longer answers, whatever a policy still says. Where no people are
/// configured, the embedding program vouches for them.
pub(super) fn check_known(shared: &Shared, person: &str) -> Result<(), ApprovalError> {
    match shared.people.knows(person) {
        true => Ok(()),
        false => Err(ApprovalError::Unknown(person.to_owned())),
    }
}

fn check_represented(shared: &Shared, person: Option<&str>) -> Result<(), ApprovalError> {
    person.map_or(Ok(()), |person| check_known(shared, person))
}

pub(super) fn check_note(note: Option<&str>, needed: bool) -> Result<(), ApprovalError> {
    match note {
        Some(note) if note.len() > MAX_NOTE => {
            Err(ApprovalError::Invalid(format!("a note has at most {MAX_NOTE} bytes")))
        }
        _ if needed && note.is_none_or(|note| note.trim().is_empty()) => {
            Err(ApprovalError::ReasonNeeded)
        }
        _ => Ok(()),
    }
}

pub(super) fn check_claimant(by: &Claimant, case: &Case) -> Result<(), ApprovalError> {
    match by.made(case.call()) {
        true => Ok(()),
        false => Err(ApprovalError::NotYours),
    }
}
