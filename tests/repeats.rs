//! A `call_id` that comes again gets the first decision, but never past a stricter policy.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use fence::store::{LogQuery, Store};
use fence::{Decision, Effect, Gate, MemoryStore, ToolCall};
use std::sync::Arc;

fn decide(store: &Arc<dyn Store>, policy: &str) -> Decision {
    let gate = Gate::builder().policy_text("p.fence", policy).unwrap();
    let gate = gate.shared_store(Arc::clone(store)).build().unwrap();
    let call = ToolCall::new("wire").arg("amount", 1_u64).agent("a").call_id("k");
    gate.decide_blocking(&call).unwrap().into_decision()
}

fn logged(store: &Arc<dyn Store>) -> usize {
    let mut count = 0;
    let mut visit = |_| {
        count += 1;
        true
    };
    store.log(&LogQuery::default(), &mut visit).unwrap();
    count
}

#[test]
fn a_repeat_is_the_first_decision_and_says_so() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let policy = "fence 1 policy p ask wire as w { auto first 1 per agent }";
    let (first, again) = (decide(&store, policy), decide(&store, policy));
    assert_eq!((first.decision, first.repeated), (Effect::Allow, false));
    assert_eq!((again.decision, again.repeated), (Effect::Allow, true));
    assert_eq!(first.id, again.id);
    assert_eq!(logged(&store), 1);
}

#[test]
fn an_old_allow_does_not_outlive_a_stricter_policy() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    assert_eq!(decide(&store, "fence 1 policy p allow wire").decision, Effect::Allow);
    let frozen = decide(&store, "fence 1 policy p deny wire because \"frozen\"");
    assert_eq!(frozen.decision, Effect::Deny);
    assert_eq!(frozen.because.as_deref(), Some("frozen"));
    assert_eq!(logged(&store), 2);
}

#[test]
fn an_old_refusal_is_not_lifted_by_asking_again() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    assert_eq!(decide(&store, "fence 1 policy p deny wire").decision, Effect::Deny);
    assert_eq!(decide(&store, "fence 1 policy p allow wire").decision, Effect::Deny);
}
