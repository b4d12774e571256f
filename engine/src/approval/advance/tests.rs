use super::*;
use crate::approval::{Escalation, Requirement, Seat, Terms};
use crate::scalar::Duration;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros(seconds * 1_000_000)
}

fn seat(count: u32, members: &[&str]) -> Seat {
    Seat { count, group: None, members: members.iter().map(|m| Box::from(*m)).collect() }
}

fn requirement(seats: Vec<Seat>) -> Requirement {
    Requirement { policy: "p".into(), rule: "r".into(), seats, escalations: Vec::new() }
}

fn opening(requirements: Vec<Requirement>) -> Opening {
    Opening {
        terms: Terms { requirements, ..Terms::default() },
        requester: vec!["agent-1".to_owned(), "dee@x.example".to_owned()],
        opened_at: at(0),
        expires_at: at(3_600),
    }
}

fn two_of_three() -> Opening {
    opening(vec![requirement(vec![seat(2, &["ana", "bo", "chi", "dee@x.example"])])])
}

fn vote(by: &str, now: i64) -> Event {
    Event::Approve(Vote { by: by.to_owned(), on_behalf_of: None, at: at(now) })
}

/// Plays events a second apart, from the opening on.
fn play(opening: &Opening, events: &[Event]) -> Result<State, Refusal> {
    let mut state = State::opened(None);
    for (second, event) in (1..).zip(events) {
        state = advance(opening, &state, event, at(second))?;
    }
    Ok(state)
}

fn name(state: Result<State, Refusal>) -> RequestState {
    state.unwrap().name()
}

#[test]
fn two_people_are_two_people() {
    let two = two_of_three();
    assert_eq!(name(play(&two, &[vote("ana", 1)])), RequestState::Pending);
    assert_eq!(name(play(&two, &[vote("ana", 1), vote("ANA", 2)])), RequestState::Pending);
    assert_eq!(name(play(&two, &[vote("ana", 1), vote("bo", 2)])), RequestState::Approved);
}

#[test]
fn a_vote_taken_back_does_not_count() {
    let withdraw = Event::Withdraw { by: "ana".to_owned() };
    let two = two_of_three();
    let events = [vote("ana", 1), withdraw.clone(), vote("bo", 3)];
    assert_eq!(name(play(&two, &events)), RequestState::Pending);
    assert_eq!(play(&two, &[withdraw]), Err(Refusal::NoVote));
}

#[test]
fn requesters_and_strangers_do_not_approve() {
    let two = two_of_three();
    assert_eq!(play(&two, &[vote("Dee@x.example", 1)]), Err(Refusal::Requester));
    assert_eq!(play(&two, &[vote("eve", 1)]), Err(Refusal::NotAsked));
    let terms = Terms { or_self: true, ..two.terms.clone() };
    let or_self = Opening { terms, ..two };
    assert_eq!(name(play(&or_self, &[vote("dee@x.example", 1)])), RequestState::Pending);
}

#[test]
fn one_refusal_refuses_and_nothing_follows() {
    let refuse = Event::Refuse { by: "bo".to_owned(), on_behalf_of: None };
    let two = two_of_three();
    let state = play(&two, &[vote("ana", 1), refuse.clone()]).unwrap();
    assert_eq!(state.name(), RequestState::Denied);
    let late = advance(&two, &state, &vote("chi", 3), at(3));
    assert_eq!(late, Err(Refusal::Ended(RequestState::Denied)));
    let contrary = Event::Refuse { by: "ana".to_owned(), on_behalf_of: None };
    assert_eq!(play(&two, &[vote("ana", 1), contrary]), Err(Refusal::Contrary));
}

#[test]
fn nothing_is_approved_at_or_after_the_last_instant() {
    let one = opening(vec![requirement(vec![seat(1, &["ana"])])]);
    let pending = State::opened(None);
    let just = Timestamp::from_micros(at(3_600).micros() - 1);
    assert!(advance(&one, &pending, &vote("ana", 3_599), just).is_ok());
    let late = advance(&one, &pending, &vote("ana", 3_600), at(3_600));
    assert_eq!(late, Err(Refusal::Expired));
    assert_eq!(advance(&one, &pending, &Event::Expire, just), Err(Refusal::NotDue));
    let expired = advance(&one, &pending, &Event::Expire, at(3_600)).unwrap();
    assert_eq!(expired.name(), RequestState::Expired);
}

#[test]
fn an_approval_is_used_once_and_within_its_time() {
    let one = opening(vec![requirement(vec![seat(1, &["ana"])])]);
    let approved = play(&one, &[vote("ana", 1)]).unwrap();
    let claimed = advance(&one, &approved, &Event::Claim, at(600)).unwrap();
    assert_eq!(claimed.name(), RequestState::Claimed);
    let again = advance(&one, &claimed, &Event::Claim, at(601));
    assert_eq!(again, Err(Refusal::NotApproved(RequestState::Claimed)));
    // `use within` is counted from the approval at second 1.
    assert_eq!(advance(&one, &approved, &Event::Claim, at(601)), Err(Refusal::Expired));
    let lost = advance(&one, &claimed, &Event::Lose, at(600 + 3_600)).unwrap();
    assert_eq!(lost.name(), RequestState::Unknown);
}

#[test]
fn overlapping_groups_never_deadlock() {
    let both = requirement(vec![seat(1, &["ana", "bo"]), seat(1, &["ana"])]);
    let both = opening(vec![both]);
    assert_eq!(name(play(&both, &[vote("ana", 1)])), RequestState::Pending);
    assert_eq!(name(play(&both, &[vote("ana", 1), vote("bo", 2)])), RequestState::Approved);
}

#[test]
fn one_vote_serves_several_rules_and_one_seat_in_each() {
    let one = || requirement(vec![seat(1, &["ana"])]);
    assert_eq!(name(play(&opening(vec![one(), one()]), &[vote("ana", 1)])), RequestState::Approved);
}

#[test]
fn an_escalation_lets_others_answer_in_their_place_when_it_is_due() {
    let after = Duration::from_seconds(1_200).unwrap();
    let escalation = Escalation { seat: seat(1, &["max"]), after };
    let escalated =
        Requirement { escalations: vec![escalation], ..requirement(vec![seat(2, &["ana", "bo"])]) };
    let opening = opening(vec![escalated]);
    let pending = State::opened(None);
    assert_eq!(advance(&opening, &pending, &vote("max", 1_199), at(1_199)), Err(Refusal::NotAsked));
    let approved = advance(&opening, &pending, &vote("max", 1_200), at(1_200)).unwrap();
    assert_eq!(approved.name(), RequestState::Approved);
    assert_eq!(advance(&opening, &pending, &Event::Escalate, at(1_199)), Err(Refusal::NotDue));
    let told = advance(&opening, &pending, &Event::Escalate, at(1_200)).unwrap();
    assert_eq!(told.wake_at(&opening), Some(at(3_600)));
}

#[test]
fn a_delegate_counts_once_for_whom_they_represent() {
    let represents = |by: &str, whom: &str, now| {
        Event::Approve(Vote { by: by.to_owned(), on_behalf_of: Some(whom.to_owned()), at: at(now) })
    };
    let two = two_of_three();
    let one_delegated = [represents("zoe", "ana", 1)];
    assert_eq!(name(play(&two, &one_delegated)), RequestState::Pending);
    for second in [vote("ana", 2), vote("zoe", 2), represents("yan", "ana", 2)] {
        let refused = play(&two, &[represents("zoe", "ana", 1), second]);
        assert!(matches!(refused, Err(Refusal::Represented | Refusal::NotAsked)), "{refused:?}");
    }
    let barred = play(&two, &[represents("zoe", "dee@x.example", 1)]);
    assert_eq!(barred, Err(Refusal::Requester));
}

#[test]
fn a_required_preview_comes_first_and_another_one_clears_the_votes() {
    let two = two_of_three();
    let terms = Terms { preview: true, ..two.terms.clone() };
    let two = Opening { terms, ..two };
    assert_eq!(play(&two, &[vote("ana", 1)]), Err(Refusal::NoPreview));
    let preview = |byte| Event::Preview { digest: [byte; 32] };
    let events = [preview(1), vote("ana", 2), preview(2), vote("bo", 4)];
    assert_eq!(name(play(&two, &events)), RequestState::Pending);
    let events = [preview(1), vote("ana", 2), preview(1), vote("bo", 4)];
    assert_eq!(name(play(&two, &events)), RequestState::Approved);
}

#[test]
fn breaking_the_glass_stands_for_everybody_but_not_for_the_requester() {
    let glass =
        |by: &str| Event::BreakGlass(Vote { by: by.to_owned(), on_behalf_of: None, at: at(1) });
    let two = two_of_three();
    let State::Approved(released) = play(&two, &[glass("zoe")]).unwrap() else {
        panic!("the glass was broken");
    };
    assert!(released.broke_glass);
    assert_eq!(play(&two, &[glass("dee@x.example")]), Err(Refusal::Requester));
}

#[test]
fn nobody_is_never_enough() {
    assert_eq!(name(play(&two_of_three(), &[])), RequestState::Pending);
    assert_eq!(play(&opening(vec![]), &[vote("ana", 1)]), Err(Refusal::NotAsked));
    let empty = opening(vec![requirement(vec![])]);
    assert_eq!(play(&empty, &[vote("ana", 1)]), Err(Refusal::NotAsked));
}
