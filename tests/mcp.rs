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
#[path = "mcp/conformance.rs"]
mod conformance;
#[path = "conformance/corpus.rs"]
mod corpus;
#[path = "mcp/cost.rs"]
mod cost;
#[path = "mcp/http.rs"]
mod http;
#[path = "mcp/many.rs"]
mod many;
#[path = "cli_place/mod.rs"]
mod place;
#[path = "mcp/relay.rs"]
mod relay;
#[path = "mcp/spelling.rs"]
mod spelling;
#[path = "mcp/stray.rs"]
mod stray;
#[path = "mcp/support.rs"]
mod support;
