//! What the tests of approvals share: a gate whose time they set, with people to answer.
#![allow(dead_code, unreachable_pub, reason = "each test binary uses its part")]

use fence::approvals::{
    Approval, ApprovalError, Approvals, Approver, Claimant, Claimed, FieldEdit, RequestId,
    RequestView, Target, Via,
};
use fence::clock::ManualClock;
use fence::gate::Decided;
use fence::people::{People, Person};
use fence::store::{MemoryStore, SqliteStore, Store};
use fence::{Gate, ToolCall};
use fence_engine::Layers;
use fence_engine::scalar::Timestamp;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// A Monday, 8 o'clock in UTC.
pub const MORNING: &str = "2026-03-23T08:00:00Z";

pub type Outcome = Result<RequestView, ApprovalError>;

pub struct House {
    pub gate: Gate,
    pub clock: Arc<ManualClock>,
    pub store: Arc<dyn Store>,
}

pub fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

/// `ana`, `bo`, `chi`, `dee`, and `zoe`, who may break the glass.
pub fn people() -> People {
    let mut people: Vec<_> =
        ["ana", "bo", "chi", "dee"].into_iter().map(|name| Person::new(id(name))).collect();
    let zoe = Person { break_glass: true, approver: false, ..Person::new(id("zoe")) };
    people.push(zoe);
    People::new(people).unwrap()
}

pub fn id(name: &str) -> String {
    format!("{name}@example.com")
}

/// The policy with its groups; `rules` stands below them.
pub fn policy(rules: &str) -> String {
    format!(
        r#"fence 1 policy p
        group editors = "ana@example.com", "bo@example.com", "chi@example.com"
        group managers = "dee@example.com"
        window office = mon..fri 09:00..17:00
        {rules}"#
    )
}

pub fn layers(rules: &str) -> Layers {
    Gate::builder().policy_text("p.fence", &policy(rules)).unwrap().build().unwrap().layers()
}

impl House {
    pub fn new(rules: &str) -> Self {
        Self::on(Arc::new(MemoryStore::new()), rules)
    }

    pub fn in_file(path: &Path, rules: &str) -> Self {
        Self::on(Arc::new(SqliteStore::open(path).unwrap()), rules)
    }

    pub fn on(store: Arc<dyn Store>, rules: &str) -> Self {
        let clock = Arc::new(ManualClock::new(at(MORNING)));
        Self::with(store, clock, rules)
    }

    pub fn with(store: Arc<dyn Store>, clock: Arc<ManualClock>, rules: &str) -> Self {
        Self::judged_by(store, clock, layers(rules))
    }

    pub fn judged_by(store: Arc<dyn Store>, clock: Arc<ManualClock>, layers: Layers) -> Self {
        let gate = Gate::builder()
            .layers(layers)
            .shared_store(Arc::clone(&store))
            .clock(Arc::clone(&clock) as Arc<_>)
            .people(people())
            .build()
            .unwrap();
        Self { gate, clock, store }
    }

    /// The same house after a restart, perhaps under another policy.
    pub fn again(&self, rules: &str) -> Self {
        Self::with(Arc::clone(&self.store), Arc::clone(&self.clock), rules)
    }

    pub fn approvals(&self) -> Approvals {
        self.gate.approvals()
    }

    pub fn pass(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    pub fn decide(&self, call: &ToolCall) -> Decided {
        self.gate.decide_blocking(call).unwrap()
    }

    /// Decides a call that must ask; the request.
    pub fn ask(&self, call: &ToolCall) -> RequestId {
        let decided = self.decide(call);
        assert_eq!(decided.decision.as_str(), "ask", "{:?}", decided.because);
        decided.request.as_ref().unwrap().id.parse().unwrap()
    }

    pub fn approve(&self, name: &str, request: RequestId) -> Outcome {
        self.approve_with(name, request, Approval::default())
    }

    pub fn approve_with(&self, name: &str, request: RequestId, with: Approval) -> Outcome {
        self.approvals().approve(&person(name), &Target::id(request), with).wait()
    }

    pub fn edit(&self, name: &str, request: RequestId, field: &str, value: &str) -> Outcome {
        let edit = FieldEdit { field: field.to_owned(), value: value.parse().unwrap() };
        self.approve_with(name, request, Approval { edits: vec![edit], ..Approval::default() })
    }

    pub fn refuse(&self, name: &str, request: RequestId) -> Outcome {
        self.approvals().refuse(&person(name), &Target::id(request), None, "not like that").wait()
    }

    pub fn claim(&self, call: &ToolCall, request: RequestId) -> Result<Claimed, ApprovalError> {
        self.approvals().claim(&Claimant::of(call), request, None).wait()
    }

    /// Claims what must be released; the call to make.
    pub fn take(&self, call: &ToolCall, request: RequestId) -> ToolCall {
        match self.claim(call, request).unwrap() {
            Claimed::Released(call, _) => *call,
            other => panic!("not released: {other:?}"),
        }
    }

    pub fn state(&self, request: RequestId) -> &'static str {
        self.approvals().get(request).unwrap().state
    }

    /// The kinds of what was recorded of a request.
    pub fn story(&self, request: RequestId) -> Vec<String> {
        self.store.events_of(request.0).unwrap().into_iter().map(|event| event.kind).collect()
    }
}

pub fn person(name: &str) -> Approver {
    Approver::new(id(name), Via::Http)
}

pub fn call(tool: &str) -> ToolCall {
    ToolCall::new(tool).agent("content-1").user(id("uma")).session("s-1")
}

pub fn pay(amount: u64) -> ToolCall {
    call("pay").arg("amount", amount)
}

pub fn mail(recipients: usize) -> ToolCall {
    let to: Vec<String> = (0..recipients).map(|at| format!("r{at}@list.test")).collect();
    call("mail_send").arg("to", to).arg("subject", "Hi")
}

pub fn code<T: std::fmt::Debug>(outcome: Result<T, ApprovalError>) -> &'static str {
    outcome.unwrap_err().code()
}
