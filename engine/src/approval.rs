//! Approvals: the terms under which people answer an `ask`.

mod terms;

pub use terms::{
    Bound, EditTerm, Escalation, FieldName, MAX_EXPIRY, Offer, Requirement, Seat, Terms,
    Unattended, can_be_filled,
};
