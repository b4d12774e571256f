//! Delegations: for a time, somebody votes for somebody else. One step deep, both names recorded.

use super::act::{self, Attempt};
use super::journal::Body;
use super::vote::check_known;
use super::{ApprovalError, Approvals, Approver, Receipt};
use crate::store::{Item, Transaction};
use fence_engine::scalar::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

const KIND: &str = "delegation";

/// A delegation as it is shown, and as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct DelegationView {
    /// Its id.
    pub id: String,
    /// The person who is represented.
    pub from_person: String,
    /// The person who votes.
    pub to_person: String,
    /// From when, RFC 3339 in UTC.
    pub from: String,
    /// Until when.
    pub until: String,
}

impl DelegationView {
    fn read(item: &Item) -> Option<Self> {
        serde_json::from_str(&item.body).ok()
    }

    fn holds(&self, now: Timestamp) -> bool {
        let time = |text: &str| Timestamp::parse(text);
        time(&self.from).is_some_and(|from| from <= now)
            && time(&self.until).is_some_and(|until| now < until)
    }
}

impl Approvals {
    /// Lets `to` vote for this person from one time until another.
    pub fn delegate(
        &self,
        by: &Approver,
        to: &str,
        from: Timestamp,
        until: Timestamp,
    ) -> Receipt<DelegationView> {
        let attempt = Attempt { what: "delegate", who: by.person.clone(), on: None };
        let ids = self.gate.new_id();
        let view = DelegationView {
            id: format!("d_{ids}"),
            from_person: by.person.clone(),
            to_person: to.to_owned(),
            from: from.to_string(),
            until: until.to_string(),
        };
        self.act(attempt, move |transaction, shared| {
            let now = act::now(transaction, shared)?;
            check_known(shared, &view.from_person)?;
            if shared.people.find(&view.to_person).is_none() {
                return Err(ApprovalError::Unknown(view.to_person.clone()));
            }
            if until <= from
                || until <= now
                || view.from_person.eq_ignore_ascii_case(&view.to_person)
            {
                let why = "a delegation is to somebody else, and ends after it begins";
                return Err(ApprovalError::Invalid(why.to_owned()));
            }
            keep(transaction, &view, ids, None)?;
            record(transaction, &view, "delegation.given", &view.from_person, now)?;
            Ok(view.clone())
        })
    }

    /// Ends a delegation; either person may.
    pub fn end_delegation(&self, by: &Approver, id: &str) -> Receipt<DelegationView> {
        let attempt = Attempt { what: "end-delegation", who: by.person.clone(), on: None };
        let (by, id) = (by.person.clone(), id.to_owned());
        self.act(attempt, move |transaction, shared| {
            let now = act::now(transaction, shared)?;
            let missing = || ApprovalError::NotFound("delegation");
            let ids = id.strip_prefix("d_").and_then(|id| Uuid::try_parse(id).ok());
            let ids = ids.ok_or_else(missing)?;
            let item = transaction.item(KIND, ids.into_bytes())?.ok_or_else(missing)?;
            let view = DelegationView::read(&item).ok_or_else(missing)?;
            let own = [&view.from_person, &view.to_person];
            if !own.iter().any(|person| person.eq_ignore_ascii_case(&by)) {
                return Err(ApprovalError::NotYours);
            }
            if item.ended_at.is_none() {
                keep(transaction, &view, ids, Some(now))?;
                record(transaction, &view, "delegation.ended", &by, now)?;
            }
            Ok(view)
        })
    }

    /// The delegations that have not ended.
    ///
    /// # Errors
    /// Any fault of the store.
    pub fn delegations(&self) -> Result<Vec<DelegationView>, ApprovalError> {
        let now = self.shared().clock.now();
        let items = self.shared().store.live_items(KIND, None)?;
        let lasts =
            |view: &DelegationView| Timestamp::parse(&view.until).is_some_and(|until| now < until);
        Ok(items.iter().filter_map(DelegationView::read).filter(lasts).collect())
    }
}

fn keep(
    transaction: &mut dyn Transaction,
    view: &DelegationView,
    id: Uuid,
    ended_at: Option<Timestamp>,
) -> Result<(), ApprovalError> {
    let body = serde_json::to_string(view).unwrap_or_default();
    let key = view.to_person.to_ascii_lowercase();
    let (kind, id, due) = (KIND.to_owned(), id.into_bytes(), None);
    Ok(transaction.put_item(&Item { kind, id, key, due, body, ended_at })?)
}

fn record(
    transaction: &mut dyn Transaction,
    view: &DelegationView,
    kind: &'static str,
    by: &str,
    now: Timestamp,
) -> Result<(), ApprovalError> {
    let body = Body::new(now, kind).with("by", by).with("id", &view.id);
    let body = body.with("from_person", &view.from_person).with("to_person", &view.to_person);
    let body = body.with("from", &view.from).with("until", &view.until);
    Ok(transaction.event(&body.event(None))?)
}

/// That the person may vote for the other at `now`.
///
/// # Errors
/// Where no delegation holds.
pub(super) fn check(
    transaction: &mut dyn Transaction,
    by: &str,
    on_behalf_of: Option<&str>,
    now: Timestamp,
) -> Result<(), ApprovalError> {
    let Some(whom) = on_behalf_of else { return Ok(()) };
    let given = transaction.live_items(KIND, &by.to_ascii_lowercase())?;
    let holds =
        |view: DelegationView| view.from_person.eq_ignore_ascii_case(whom) && view.holds(now);
    match given.iter().filter_map(DelegationView::read).any(holds) {
        true => Ok(()),
        false => Err(ApprovalError::NotDelegated(whom.to_owned())),
    }
}
