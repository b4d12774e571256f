//! Fence: a policy layer between AI agents and their tools.
//!
//! A `.fence` policy says for each tool call `allow`, `ask` (a person must approve) or `deny`;
//! [`Gate`] judges the calls and records every decision before it answers.

pub mod approvals;
#[cfg(feature = "cli")]
pub mod cli;
pub mod clock;
pub mod gate;
#[cfg(feature = "cli")]
mod hook;
#[cfg(feature = "server")]
pub mod http;
pub mod lists;
#[cfg(feature = "mcp")]
pub mod mcp;
#[cfg(any(feature = "cli", feature = "server"))]
mod meant;
#[cfg(feature = "server")]
mod note;
#[cfg(feature = "server")]
pub mod notify;
#[cfg(feature = "otel")]
mod otel;
pub mod people;
pub mod policies;
pub mod process;
pub mod random;
pub mod record;
#[cfg(feature = "cli")]
pub mod render;
pub mod replay;
pub mod service;
pub mod store;
#[cfg(all(feature = "server", feature = "cli"))]
mod telemetry;
pub mod testing;
#[cfg(feature = "server")]
pub mod tokens;
pub mod wire;

pub use fence_engine as engine;
pub use fence_engine::call::{Agent, ToolCall};
pub use fence_engine::decision::Effect;
pub use fence_strategies as strategies;
pub use gate::{Gate, GateError, Mode, Outcome, Trust, Verdict};
pub use store::MemoryStore;
#[cfg(feature = "sqlite")]
pub use store::SqliteStore;
pub use wire::{Decision, Request};

/// The pages whose blocks of Rust are run as tests.
#[cfg(doctest)]
mod documentation {
    #[doc = include_str!("../README.md")]
    mod readme {}
    #[expect(rustdoc::invalid_codeblock_attributes, reason = "`file=` is for tests/docs.rs")]
    #[doc = include_str!("../docs/approvals.md")]
    mod approvals {}
    #[doc = include_str!("../docs/embedding.md")]
    mod embedding {}
    #[doc = include_str!("../docs/strategies.md")]
    mod strategies {}
}
