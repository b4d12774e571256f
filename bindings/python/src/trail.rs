//! Everything that was checked, in order, read back from the store.

use crate::core::Core;
use crate::errors::Unavailable;
use fence::store::{Entry, LogQuery};
use fence::{Decision, Effect, Gate};
use pyo3::prelude::*;

/// One call that was checked.
#[pyclass(frozen, get_all, module = "fence")]
pub(crate) struct AuditEntry {
    /// When, ISO 8601 in UTC.
    timestamp: String,
    /// The tool.
    tool: String,
    /// `allow`, `deny` or `require_approval`.
    decision: &'static str,
    /// Why: `matched: read_*`, `default policy: deny`.
    reason: String,
}

#[pymethods]
impl AuditEntry {
    fn __repr__(&self) -> String {
        let Self { timestamp, tool, decision, reason } = self;
        format!("<AuditEntry {timestamp} {decision} {tool}: {reason}>")
    }
}

/// Every check, oldest first.
#[pyfunction]
pub(crate) fn audit_trail(py: Python<'_>, policy: &Core) -> PyResult<Vec<AuditEntry>> {
    let gate = policy.gate()?;
    py.detach(|| read(policy, gate)).map_err(Unavailable::new_err)
}

fn read(policy: &Core, gate: &Gate) -> Result<Vec<AuditEntry>, String> {
    let (mut read, mut damaged) = (Vec::new(), None);
    let visited = gate.store().log(&LogQuery::default(), &mut |logged| {
        match serde_json::from_str::<Decision>(&logged.entry.body) {
            Ok(decision) => read.push(entry(policy, logged.entry, &decision)),
            Err(error) => damaged = Some(format!("record {}: {error}", logged.seq)),
        }
        damaged.is_none()
    });
    visited.map_err(|error| error.to_string())?;
    damaged.map_or(Ok(read), Err)
}

fn entry(policy: &Core, entry: Entry, decision: &Decision) -> AuditEntry {
    AuditEntry {
        timestamp: entry.at.to_string(),
        tool: entry.tool,
        decision: match decision.decision {
            Effect::Allow => "allow",
            Effect::Ask => "require_approval",
            Effect::Deny => "deny",
        },
        reason: policy.reason(decision),
    }
}
