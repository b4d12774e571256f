//! The `.fence` policy language, pure: text → checked policy → compiled policy → decision.
//!
//! No I/O, no clock, no database, no async: time, counters and outside answers arrive as values.

pub mod approval;
pub mod call;
pub mod check;
pub mod compile;
pub mod condition;
pub mod decision;
pub mod diagnostic;
pub mod eval;
pub mod facts;
pub mod json;
pub mod number;
pub mod pattern;
pub mod policy;
pub mod scalar;
pub mod show;
pub mod span;
pub mod strategy;
pub mod syntax;
pub mod window;

pub use compile::{CompiledPolicy, Layers};
pub use eval::{Evaluation, evaluate, plan};
