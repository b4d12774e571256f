//! The life of a request: one step, every step.

use super::quorum::{is_asked, satisfied};
use super::{End, Event, Opening, Pending, Released, RequestState, State, Vote};
use crate::scalar::Timestamp;

/// Why an event changes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Its time is over.
    #[error("the request has expired")]
    Expired,
    /// It has ended already.
    #[error("the request is {0} already")]
    Ended(RequestState),
    /// Only an approved request can be claimed or revoked.
    #[error("the request is {0}, not approved")]
    NotApproved(RequestState),
    /// Only a pending request can be voted on.
    #[error("the request is {0}, not pending")]
    NotPending(RequestState),
    /// Only a claimed call can have a result.
    #[error("the request is {0}, not claimed")]
    NotClaimed(RequestState),
    /// Time is not over yet.
    #[error("nothing is due yet")]
    NotDue,
    /// The person is not asked.
    #[error("you are not among those who are asked")]
    NotAsked,
    /// The person wants the call made.
    #[error("whoever requests a call does not approve it")]
    Requester,
    /// No dry-run result to look at.
    #[error("a preview is required before anybody can approve")]
    NoPreview,
    /// The person said the opposite before.
    #[error("you approved this request: take that vote back first")]
    Contrary,
    /// Somebody voted for that person already, or the person for somebody else.
    #[error("this vote was given already, by or for somebody else")]
    Represented,
    /// There is no vote to take back.
    #[error("you have not voted on this request")]
    NoVote,
}

/// What a request becomes when something happens at `now`. The same state back: nothing changed.
///
/// # Errors
/// Why it may not happen; then nothing changes.
pub fn advance(
    opening: &Opening,
    state: &State,
    event: &Event,
    now: Timestamp,
) -> Result<State, Refusal> {
    // Expiry is checked before everything else: an approval that arrives late must not open the
    // gate, whoever was to notice that time is over.
    let over = is_over(opening, state, now);
    match (state, event) {
        (State::Ended(end), _) => Err(Refusal::Ended(end.state)),
        (State::Pending(_) | State::Approved(_), Event::Expire) if over => {
            Ok(ended(RequestState::Expired, now, None))
        }
        (State::Claimed(_), Event::Lose) if over => Ok(ended(RequestState::Unknown, now, None)),
        (_, Event::Expire | Event::Lose) => Err(Refusal::NotDue),
        (State::Pending(_) | State::Approved(_), _) if over => Err(Refusal::Expired),

        (State::Pending(pending), Event::Approve(vote)) => approve(opening, pending, vote, now),
        (State::Pending(pending), Event::BreakGlass(vote)) => {
            break_glass(opening, pending, vote, now)
        }
        (State::Pending(pending), Event::Withdraw { by }) => withdraw(pending, by),
        (State::Pending(pending), Event::Refuse { by, on_behalf_of }) => {
            refuse(opening, pending, by, on_behalf_of.as_deref(), now)
        }
        (State::Pending(pending), Event::Preview { digest }) => Ok(previewed(pending, *digest)),
        (State::Pending(pending), Event::Escalate) => escalate(opening, pending, now),
        (State::Pending(pending), Event::Release) => {
            Ok(released(opening, pending.votes.clone(), pending.preview, now, false))
        }
        (
            _,
            Event::Approve(_)
            | Event::BreakGlass(_)
            | Event::Withdraw { .. }
            | Event::Refuse { .. }
            | Event::Preview { .. }
            | Event::Escalate
            | Event::Release,
        ) => Err(Refusal::NotPending(state.name())),

        (State::Pending(_) | State::Approved(_), Event::Cancel { by }) => {
            Ok(ended(RequestState::Cancelled, now, by.as_deref()))
        }
        (State::Pending(_) | State::Approved(_), Event::Supersede { by }) => {
            Ok(ended(RequestState::Superseded, now, by.as_deref()))
        }
        (State::Approved(_), Event::Overrule) => Ok(ended(RequestState::Denied, now, None)),
        (State::Approved(_), Event::Revoke { by }) => {
            Ok(ended(RequestState::Revoked, now, Some(by)))
        }
        (State::Approved(_), Event::Claim) => Ok(State::Claimed(now)),
        (_, Event::Claim | Event::Revoke { .. } | Event::Overrule) => {
            Err(Refusal::NotApproved(state.name()))
        }

        (State::Claimed(_), Event::Finish { failed: true }) => {
            Ok(ended(RequestState::Failed, now, None))
        }
        (State::Claimed(_), Event::Finish { failed: false }) => {
            Ok(ended(RequestState::Done, now, None))
        }
        (_, Event::Finish { .. }) => Err(Refusal::NotClaimed(state.name())),
        (State::Claimed(_), Event::Cancel { .. } | Event::Supersede { .. }) => {
            Err(Refusal::NotPending(state.name()))
        }
    }
}

fn is_over(opening: &Opening, state: &State, now: Timestamp) -> bool {
    match state {
        State::Pending(_) => now >= opening.expires_at,
        State::Approved(released) => now >= released.use_by,
        State::Claimed(_) => state.wake_at(opening).is_some_and(|end| now >= end),
        State::Ended(_) => false,
    }
}

fn ended(state: RequestState, at: Timestamp, by: Option<&str>) -> State {
    State::Ended(End { state, at, by: by.map(str::to_owned) })
}

fn approve(
    opening: &Opening,
    pending: &Pending,
    vote: &Vote,
    now: Timestamp,
) -> Result<State, Refusal> {
    may_approve(opening, pending, vote)?;
    if !is_asked(opening, vote) {
        return Err(Refusal::NotAsked);
    }
    if let Some(given) = pending.votes.iter().find(|given| share_people(given, vote)) {
        let same = same_person(&given.by, &vote.by) && given.on_behalf_of == vote.on_behalf_of;
        return if same {
            Ok(counted(opening, pending, pending.votes.clone(), now))
        } else {
            Err(Refusal::Represented)
        };
    }
    let mut votes = pending.votes.clone();
    votes.push(vote.clone());
    Ok(counted(opening, pending, votes, now))
}

/// The same vote again counts anew: since an escalation came due it may be enough.
fn counted(opening: &Opening, pending: &Pending, votes: Vec<Vote>, now: Timestamp) -> State {
    match satisfied(opening, &votes, now) {
        true => released(opening, votes, pending.preview, now, false),
        false => State::Pending(Pending { votes, ..pending.clone() }),
    }
}

/// One person for everybody; the requester's own glass stays whole.
fn break_glass(
    opening: &Opening,
    pending: &Pending,
    vote: &Vote,
    now: Timestamp,
) -> Result<State, Refusal> {
    may_approve(opening, pending, vote)?;
    let mut votes = pending.votes.clone();
    votes.retain(|given| !share_people(given, vote));
    votes.push(vote.clone());
    Ok(released(opening, votes, pending.preview, now, true))
}

fn may_approve(opening: &Opening, pending: &Pending, vote: &Vote) -> Result<(), Refusal> {
    if vote.people().any(|person| opening.bars(person)) {
        return Err(Refusal::Requester);
    }
    match opening.terms.preview && pending.preview.is_none() {
        true => Err(Refusal::NoPreview),
        false => Ok(()),
    }
}

fn released(
    opening: &Opening,
    votes: Vec<Vote>,
    preview: Option<[u8; 32]>,
    at: Timestamp,
    broke_glass: bool,
) -> State {
    let use_by = at.saturating_add(opening.terms.use_within);
    State::Approved(Released { votes, preview, at, use_by, broke_glass })
}

fn withdraw(pending: &Pending, by: &str) -> Result<State, Refusal> {
    let mut votes = pending.votes.clone();
    votes.retain(|vote| !same_person(&vote.by, by));
    match votes.len() == pending.votes.len() {
        true => Err(Refusal::NoVote),
        false => Ok(State::Pending(Pending { votes, ..pending.clone() })),
    }
}

fn refuse(
    opening: &Opening,
    pending: &Pending,
    by: &str,
    on_behalf_of: Option<&str>,
    now: Timestamp,
) -> Result<State, Refusal> {
    let vote = Vote { by: by.to_owned(), on_behalf_of: on_behalf_of.map(str::to_owned), at: now };
    if !is_asked(opening, &vote) {
        return Err(Refusal::NotAsked);
    }
    match pending.votes.iter().any(|given| same_person(&given.by, by)) {
        true => Err(Refusal::Contrary),
        false => Ok(ended(RequestState::Denied, now, Some(by))),
    }
}

/// Votes were given on what was shown: another dry-run result clears them.
fn previewed(pending: &Pending, digest: [u8; 32]) -> State {
    if pending.preview == Some(digest) {
        return State::Pending(pending.clone());
    }
    let (votes, preview) = (Vec::new(), Some(digest));
    State::Pending(Pending { votes, preview, escalated: pending.escalated })
}

fn escalate(opening: &Opening, pending: &Pending, now: Timestamp) -> Result<State, Refusal> {
    match opening.escalation_times().get(pending.escalated) {
        Some(due) if *due <= now => {
            let escalated = pending.escalated + 1;
            Ok(State::Pending(Pending { escalated, ..pending.clone() }))
        }
        _ => Err(Refusal::NotDue),
    }
}

fn share_people(one: &Vote, other: &Vote) -> bool {
    one.people().any(|person| other.people().any(|other| same_person(person, other)))
}

fn same_person(one: &str, other: &str) -> bool {
    one.eq_ignore_ascii_case(other)
}

#[cfg(test)]
mod tests;
