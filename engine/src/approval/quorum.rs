//! Who must agree, and whether they have: maximum matching of people and seats.

use super::{Opening, Requirement, Seat, Vote};
use crate::scalar::Timestamp;

/// How far one seat of a requirement is filled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Need<'t> {
    /// The rule that wants it.
    pub requirement: &'t Requirement,
    /// The people wanted.
    pub seat: &'t Seat,
    /// When they are asked, where that is later than the opening.
    pub asked_at: Option<Timestamp>,
    /// Which votes fill it.
    pub given: Vec<usize>,
    /// How many are missing.
    pub missing: u32,
}

/// Whether distinct people can fill all these seats.
#[must_use]
pub fn can_be_filled(seats: &[Seat]) -> bool {
    let mut people: Vec<String> =
        seats.iter().flat_map(|seat| &*seat.members).map(|m| m.to_ascii_lowercase()).collect();
    people.sort_unstable();
    people.dedup();
    let fits = |person: usize, seat: &Seat| is_member(&people[person], seat);
    is_full(seats, &assign(seats, people.len(), fits))
}

/// Whether the person is asked by now, themselves or for the one they represent.
#[must_use]
pub fn is_asked(opening: &Opening, vote: &Vote) -> bool {
    let asked = asked_seats(opening, vote.at);
    asked.into_iter().any(|seat| fits(vote, seat))
}

/// Whether the votes satisfy every rule that asks. Each wants all its seats filled by distinct
/// people; once an escalation is due, its people suffice in their place. Nobody is never enough.
#[must_use]
pub fn satisfied(opening: &Opening, votes: &[Vote], now: Timestamp) -> bool {
    let requirements = &opening.terms.requirements;
    let satisfied = |requirement: &Requirement| {
        let filled = |seats: &[Seat]| {
            !seats.is_empty()
                && is_full(
                    seats,
                    &assign(seats, votes.len(), |vote, seat| fits(&votes[vote], seat)),
                )
        };
        let due = requirement.escalations.iter().filter(|e| opening.is_due(e.after, now));
        filled(&requirement.seats) || due.into_iter().any(|e| filled(std::slice::from_ref(&e.seat)))
    };
    !requirements.is_empty() && requirements.iter().all(satisfied)
}

/// For each seat who fills it and how many are missing; escalations after their rule's own seats.
#[must_use]
pub fn needs<'t>(opening: &'t Opening, votes: &[Vote]) -> Vec<Need<'t>> {
    let mut needs = Vec::new();
    for requirement in &opening.terms.requirements {
        let mut add = |seats: &'t [Seat], asked_at| {
            let given = assign(seats, votes.len(), |vote, seat| fits(&votes[vote], seat));
            for (seat, given) in seats.iter().zip(given) {
                let missing = seat.count.saturating_sub(u32::try_from(given.len()).unwrap_or(0));
                needs.push(Need { requirement, seat, asked_at, given, missing });
            }
        };
        add(&requirement.seats, None);
        for escalation in &requirement.escalations {
            let asked_at = opening.opened_at.saturating_add(escalation.after);
            add(std::slice::from_ref(&escalation.seat), Some(asked_at));
        }
    }
    needs
}

/// The seats whose people are asked at `now`.
fn asked_seats(opening: &Opening, now: Timestamp) -> Vec<&Seat> {
    let mut seats = Vec::new();
    for requirement in &opening.terms.requirements {
        seats.extend(&requirement.seats);
        let due = requirement.escalations.iter().filter(|e| opening.is_due(e.after, now));
        seats.extend(due.map(|escalation| &escalation.seat));
    }
    seats
}

impl Opening {
    fn is_due(&self, after: crate::scalar::Duration, now: Timestamp) -> bool {
        self.opened_at.saturating_add(after) <= now
    }
}

fn fits(vote: &Vote, seat: &Seat) -> bool {
    vote.people().any(|person| is_member(person, seat))
}

fn is_member(person: &str, seat: &Seat) -> bool {
    seat.members.iter().any(|member| member.eq_ignore_ascii_case(person))
}

fn is_full(seats: &[Seat], filled: &[Vec<usize>]) -> bool {
    seats.iter().zip(filled).all(|(seat, people)| people.len() >= seat.count as usize)
}

/// Seats as many people as possible: for each seat, who sits there. Augmenting paths (Kuhn 1955),
/// one place after another.
fn assign(seats: &[Seat], people: usize, fits: impl Fn(usize, &Seat) -> bool) -> Vec<Vec<usize>> {
    // More places than people of a seat stay empty anyway.
    let places: Vec<usize> = seats
        .iter()
        .enumerate()
        .flat_map(|(at, seat)| std::iter::repeat_n(at, (seat.count as usize).min(people + 1)))
        .collect();
    let edges: Vec<Vec<usize>> = seats
        .iter()
        .map(|seat| (0..people).filter(|&person| fits(person, seat)).collect())
        .collect();
    let mut held: Vec<Option<usize>> = vec![None; people];
    for place in 0..places.len() {
        sit(place, &places, &edges, &mut held, &mut vec![false; people]);
    }
    let mut filled = vec![Vec::new(); seats.len()];
    for (person, place) in held.iter().enumerate() {
        if let Some(place) = place {
            filled[places[*place]].push(person);
        }
    }
    filled
}

fn sit(
    place: usize,
    places: &[usize],
    edges: &[Vec<usize>],
    held: &mut [Option<usize>],
    tried: &mut [bool],
) -> bool {
    for &person in &edges[places[place]] {
        if std::mem::replace(&mut tried[person], true) {
            continue;
        }
        let free = match held[person] {
            None => true,
            Some(other) => sit(other, places, edges, held, tried),
        };
        if free {
            held[person] = Some(place);
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(count: u32, members: &[&str]) -> Seat {
        Seat { count, group: None, members: members.iter().map(|m| Box::from(*m)).collect() }
    }

    #[test]
    fn overlapping_groups_are_matched_not_taken_greedily() {
        assert!(can_be_filled(&[of(1, &["ana", "bo"]), of(1, &["ana"])]));
        assert!(!can_be_filled(&[of(1, &["ana"]), of(1, &["ana"])]));
        assert!(!can_be_filled(&[of(3, &["ana", "bo"])]));
        assert!(!can_be_filled(&[of(1, &[])]));
    }

    #[test]
    fn one_person_in_two_spellings_is_one_person() {
        assert!(!can_be_filled(&[of(2, &["Ana@x.example", "ana@x.example"])]));
    }
}
