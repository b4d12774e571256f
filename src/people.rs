//! People who answer, as the settings list them. One account is one person and one vote.

use fence_engine::approval::{Seat, Terms};
use std::sync::Arc;

/// The account of one person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// What groups in policies call the person; compared without regard to ASCII case.
    pub id: String,
    /// How pages and messages name the person.
    pub name: Option<String>,
    /// The account on this machine.
    pub system: Option<String>,
    /// The id of the user at Slack, such as `U024BE7LH`.
    pub slack: Option<String>,
    /// Where e-mail reaches the person.
    pub email: Option<String>,
    /// Whether the person is asked where a rule names no group.
    pub approver: bool,
    /// Whether the person may approve for everybody in an emergency.
    pub break_glass: bool,
}

impl Person {
    /// An approver known by id alone.
    pub fn new(id: impl Into<String>) -> Self {
        let (name, system, slack, email) = (None, None, None, None);
        Self { id: id.into(), name, system, slack, email, approver: true, break_glass: false }
    }
}

/// Why a list of people cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PeopleError {
    /// Two of one id or account: it would not be known who answers.
    #[error("two people share the {what} `{value}`")]
    Shared {
        /// What they share.
        what: &'static str,
        /// Its value.
        value: String,
    },
    /// An id that is empty, too long, or holds control characters.
    #[error("`{0}` is no id for a person: use 1 to 256 bytes without control characters")]
    BadId(String),
}

/// All people known. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct People(Arc<[Person]>);

impl People {
    /// These people.
    ///
    /// # Errors
    /// When two of them could be taken for each other.
    pub fn new(people: Vec<Person>) -> Result<Self, PeopleError> {
        let bad = |id: &str| id.is_empty() || id.len() > 256 || id.chars().any(char::is_control);
        if let Some(person) = people.iter().find(|person| bad(&person.id)) {
            let shown = fence_engine::show::printable(&person.id, 80);
            return Err(PeopleError::BadId(shown));
        }
        distinct("id", people.iter().map(|person| Some(&*person.id)))?;
        distinct("system account", people.iter().map(|person| person.system.as_deref()))?;
        distinct("Slack user", people.iter().map(|person| person.slack.as_deref()))?;
        Ok(Self(people.into()))
    }

    /// The person of this id.
    #[must_use]
    pub fn find(&self, id: &str) -> Option<&Person> {
        self.0.iter().find(|person| person.id.eq_ignore_ascii_case(id))
    }

    /// Whether the person may answer at all: one of these, or anybody where there are none.
    pub(crate) fn knows(&self, id: &str) -> bool {
        self.0.is_empty() || self.find(id).is_some()
    }

    /// The person who owns this account of the machine.
    #[must_use]
    pub fn by_system(&self, account: &str) -> Option<&Person> {
        self.0.iter().find(|person| person.system.as_deref() == Some(account))
    }

    /// The person who is this user at Slack.
    #[must_use]
    pub fn by_slack(&self, user: &str) -> Option<&Person> {
        self.0.iter().find(|person| person.slack.as_deref() == Some(user))
    }

    /// Those who are asked where a rule names no group.
    pub fn approvers(&self) -> impl Iterator<Item = &Person> {
        self.0.iter().filter(|person| person.approver)
    }

    /// Everybody.
    pub fn iter(&self) -> impl Iterator<Item = &Person> {
        self.0.iter()
    }

    /// The terms with approvers in every seat for which the rule names no group.
    pub(crate) fn seated(&self, mut terms: Terms) -> Terms {
        let anyone: Arc<[Box<str>]> =
            self.approvers().map(|person| Box::from(&*person.id)).collect();
        for requirement in &mut terms.requirements {
            let seats = requirement.seats.iter_mut();
            let later = requirement.escalations.iter_mut().map(|escalation| &mut escalation.seat);
            for seat in seats.chain(later).filter(|seat| seat.group.is_none()) {
                *seat = Seat { members: Arc::clone(&anyone), ..seat.clone() };
            }
        }
        terms
    }
}

fn distinct<'p>(
    what: &'static str,
    values: impl Iterator<Item = Option<&'p str>>,
) -> Result<(), PeopleError> {
    let mut values: Vec<String> = values.flatten().map(str::to_ascii_lowercase).collect();
    values.sort_unstable();
    match values.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => Err(PeopleError::Shared { what, value: pair[0].clone() }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_spellings_are_one_person_and_two_accounts_of_one_id_are_refused() {
        let people = People::new(vec![Person::new("ana@x.example")]).unwrap();
        assert!(people.find("Ana@X.example").is_some());
        assert!(people.find("ana+1@x.example").is_none());
        let twice = vec![Person::new("ana@x.example"), Person::new("Ana@x.example")];
        assert!(matches!(People::new(twice), Err(PeopleError::Shared { what: "id", .. })));
        assert!(People::new(vec![Person::new("")]).is_err());
    }
}
