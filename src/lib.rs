//! Fence: a policy layer between AI agents and their tools.

pub mod store;
