//! Fence: a policy layer between AI agents and their tools.

pub mod clock;
pub mod store;
