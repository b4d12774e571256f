//! The door of coding agents' hooks: the real binary, asked as each host asks, and read as each
//! host reads.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "../cli_place/mod.rs"]
mod cli_place;

#[path = "../conformance/corpus.rs"]
mod corpus;

mod approvals;
mod conformance;
mod disk;
mod doctor;
mod faults;
mod hosts;
mod install;
mod model;
mod names;
mod speed;
mod support;
