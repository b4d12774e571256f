//! Approvals: the terms under which people answer an `ask`, and the life of a request.
//!
//! Pure: who the people are, what time it is and what was recorded arrive as values.

mod advance;
mod cover;
mod edit;
mod quorum;
mod request;
mod terms;

pub use advance::{Refusal, advance};
pub use cover::covers;
pub use edit::{Change, EditError, FieldEdit, changes, edited, field_name};
pub use quorum::{Need, can_be_filled, is_asked, needs, satisfied};
pub use request::{
    End, Event, Opening, Pending, Released, RequestState, State, UnknownState, Vote,
};
pub use terms::{
    Bound, EditTerm, Escalation, FieldName, MAX_EXPIRY, Offer, Requirement, Seat, Terms, Unattended,
};
