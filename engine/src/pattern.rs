//! Patterns over tool names, agents and texts.
