//! Approvals: requests that people answer, once, in time, knowing what they sign.
//!
//! Every move is one transaction: the request as it stands is read, the step is asked of
//! [`fence_engine::approval::advance`], and compare-and-set writes it together with its event. A
//! vote never releases a call; only a claim does, once, after today's policy was asked again.

pub(crate) mod act;
mod claim;
mod delegations;
mod edit;
mod error;
pub(crate) mod grants;
pub(crate) mod halts;
pub(crate) mod journal;
pub(crate) mod open;
mod opening;
mod queries;
mod show;
mod step;
mod sweep;
mod view;
#[cfg(feature = "mcp")]
mod void;
mod vote;
mod watch;
mod who;

pub use claim::{Claimed, Finish};
pub use delegations::DelegationView;
pub use edit::parse_field;
pub use error::ApprovalError;
pub use grants::GrantView;
pub use halts::{HaltScope, HaltView};
pub use open::open_session;
pub use opening::read_offer;
pub use queries::{Page, RequestQuery};
pub use sweep::Swept;
pub use view::{
    ChangeView, EditView, EventView, MayEditView, NeedView, OfferView, OutcomeView, PreviewView,
    RequestSummary, RequestView, RuleView, VoteView, raw_json,
};
pub use vote::{Approval, FieldEdit};
pub use watch::{Change, Watch};
pub use who::{Announce, Announcement, Approver, Canceller, Claimant, RequestId, Target, Via};

#[cfg(any(feature = "cli", feature = "server"))]
pub(crate) use journal::digest;
pub(crate) use open::{REFUSED_BEFORE, was_refused};

use crate::Gate;
use crate::gate::Shared;
use crate::people::People;
use crate::store::StoredRequest;
use fence_engine::approval::RequestState;
use fence_engine::scalar::Timestamp;

/// What an answer resolves to, once it is durable.
pub type Receipt<T> = crate::store::Receipt<T, ApprovalError>;

/// The requests of a gate: how people answer them and agents use the answers. Cheap to clone.
///
/// ```
/// use fence::approvals::{Approval, Approver, Target, Via};
/// use fence::people::{People, Person};
/// use fence::{Gate, ToolCall, Verdict};
///
/// let gate = Gate::builder()
///     .policy_text("p.fence", r#"fence 1 policy p group editors = "ana@example.com"
///         ask publish_* { by 1 of editors }"#)?
///     .people(People::new(vec![Person::new("ana@example.com")])?)
///     .build()?;
/// let call = ToolCall::new("publish_post").agent("writer").session("s-1");
/// let Verdict::Ask(request) = gate.decide_blocking(&call)?.verdict() else { panic!() };
///
/// let ana = Approver::new("ana@example.com", Via::Local);
/// let view = gate.approvals().approve(&ana, &Target::id(request.id()), Approval::default()).wait()?;
/// assert_eq!(view.state, "approved");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Approvals {
    pub(crate) gate: Gate,
}

impl Approvals {
    pub(crate) const fn new(gate: Gate) -> Self {
        Self { gate }
    }

    /// The people who may answer.
    #[must_use]
    pub fn people(&self) -> &People {
        &self.shared().people
    }

    /// Everything that happens from now on, also through other processes on the same database.
    /// Who is too slow is told that it missed something, and reads anew.
    #[must_use]
    pub fn subscribe(&self) -> tokio::sync::broadcast::Receiver<Change> {
        self.shared().watch.subscribe()
    }

    pub(crate) fn shared(&self) -> &Shared {
        &self.gate.shared
    }
}

/// Where a request stands at `now`: expiry is computed, whether or not it was recorded yet.
pub(crate) fn state_at(request: &StoredRequest, now: Timestamp) -> RequestState {
    match request.state {
        RequestState::Pending | RequestState::Approved if !request.is_open(now) => {
            RequestState::Expired
        }
        state => state,
    }
}
