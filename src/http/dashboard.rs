//! The dashboard: pages for people who answer requests, rendered on the server.
//!
//! Every page is a pure function from what is to be shown to markup. The pages work without script
//! and under a content security policy that allows nothing inline; the script adds live updates,
//! countdowns and keys.

pub mod answer;
pub mod assets;
mod diff;
pub mod edit;
mod figures;
mod highlight;
pub mod history;
pub mod insight;
pub mod layout;
mod plot;
pub mod policy;
pub mod queue;
pub mod request;
mod routes;
pub mod sign_in;
pub mod standing;
mod state;
mod text;
mod time;
mod value;

pub use routes::routes;
