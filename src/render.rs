//! Findings made readable: for people, as JSON, as SARIF.
//!
//! The engine describes, this only renders. Whatever text came out of a policy is made inert
//! first: nothing invisible, no control characters, no line breaks of its own.

mod human;
mod json;
mod place;
mod sarif;

pub use human::human;
pub use json::json;
pub use sarif::sarif;

use fence_engine::diagnostic::{Diagnostic, Severity};
use fence_engine::show::printable;
use fence_engine::span::Sources;
use std::sync::Arc;

/// The most characters of one message that are shown.
const MOST: usize = 2000;

/// What was found in one policy and its imports.
#[derive(Clone, Debug)]
pub struct Findings {
    /// The files the findings point into, the policy first.
    pub sources: Arc<Sources>,
    /// The findings, in the order to show them.
    pub diagnostics: Vec<Diagnostic>,
}

impl Findings {
    /// How many findings have this severity.
    #[must_use]
    pub fn count(&self, severity: Severity) -> usize {
        self.diagnostics.iter().filter(|found| found.severity == severity).count()
    }
}

/// `error` or `warning`, as the machine formats have it.
const fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}

/// Untrusted text on one line, with nothing in it that a terminal would obey.
fn inert(text: &str) -> String {
    printable(text, MOST)
}
