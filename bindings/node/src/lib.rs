//! Fence for Node: the gate as a native add-on.
//!
//! The package's JavaScript (`lib/`) checks what users pass and carries their callbacks; here are
//! the gate, exact values, and everything that waits. Nothing of it is the package's public face.

mod approvals;
mod build;
mod call;
mod gate;
mod kept;
mod questions;
mod values;
mod verdict;

use fence::engine::json::Json;
use napi_derive::napi;
use values::{Shown, Text};

/// The known word nearest to a misspelt one, if it is near enough to be meant.
#[napi]
pub fn nearest(written: String, known: Vec<String>) -> Option<String> {
    let known = known.iter().map(String::as_str);
    fence::engine::diagnostic::nearest(&written, known).map(str::to_owned)
}

/// The value of a JSON text, exact.
#[napi]
pub fn value(text: Text) -> napi::Result<Shown> {
    Json::parse(text.0.as_bytes()).map(Shown).map_err(failed)
}

/// An error of Fence as a JavaScript error with the same words.
pub(crate) fn failed(error: impl std::fmt::Display) -> napi::Error {
    napi::Error::from_reason(error.to_string())
}
