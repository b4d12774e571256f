//! The door in front of MCP servers.
