//! Text ↔ tree: the only user of the grammar.

pub mod ast;
