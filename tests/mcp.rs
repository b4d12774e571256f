//! The door in front of MCP servers, through `fence mcp` and real pipes.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

#[path = "mcp/approvals.rs"]
mod approvals;
#[path = "mcp/attacks.rs"]
mod attacks;
#[path = "cli_place/mod.rs"]
mod place;
#[path = "mcp/relay.rs"]
mod relay;
#[path = "mcp/support.rs"]
mod support;
