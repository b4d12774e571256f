//! The `.fence` policy language, pure: text → checked policy → compiled policy → decision.
//!
//! No I/O, no clock, no database, no async: time, counters and outside answers arrive as values.

pub mod diagnostic;
pub mod json;
pub mod number;
pub mod pattern;
pub mod scalar;
pub mod span;
pub mod syntax;
