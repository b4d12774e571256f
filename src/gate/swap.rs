//! Other policies from now on: all at once, and recorded first.

use super::{Policies, Shared};
use crate::approvals::journal::Body;
use crate::store::{StoreError, perform};
use fence_engine::call::hex_digest;
use fence_engine::{CompiledPolicy, Layers};
use std::sync::Arc;

pub(super) fn swap(shared: &Shared, layers: Layers) -> Result<(), StoreError> {
    let policies = Arc::new(Policies::new(layers));
    let (loaded, now) = (Arc::clone(&policies), shared.clock.now());
    let recorded = perform::<_, StoreError>(&*shared.store, move |transaction| {
        let digest = *loaded.layers.digest();
        let names: Vec<&str> = loaded.layers.policies().iter().map(CompiledPolicy::name).collect();
        let body = Body::new(now, "policies.loaded").with("policies", names.as_slice());
        transaction.keep_policy(digest, &loaded.texts)?;
        transaction.event(&body.with("policy_digest", &hex_digest(&digest)).event(None))
    });
    recorded.wait()?;
    shared.policies.store(policies);
    Ok(())
}
