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
pub(super) use routes::{onward, to_login, turned_away};

/// A request with nothing in it, for the tests of these pages.
#[cfg(test)]
fn sample() -> crate::approvals::RequestView {
    crate::approvals::RequestView {
        id: "r_1".into(),
        version: 1,
        state: "pending",
        decision: String::new(),
        digest: String::new(),
        policy_digest: String::new(),
        tool: "t".into(),
        args: fence_engine::json::Json::empty_object(),
        agent: None,
        parents: Vec::new(),
        user: None,
        session: None,
        context: None,
        recipients: None,
        rules: Vec::new(),
        because: None,
        instead: None,
        nearest: None,
        opened_at: String::new(),
        expires_at: String::new(),
        use_by: None,
        ended_at: None,
        needs: Vec::new(),
        votes: Vec::new(),
        outcome: None,
        may_edit: Vec::new(),
        edit: None,
        preview: None,
        preview_required: false,
        offers: Vec::new(),
        claim: None,
        history: Vec::new(),
    }
}
