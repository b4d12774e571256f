//! Errors as Python has them; the classes stand in `fence/_errors.py`.

use fence::approvals::ApprovalError as Refused;
use fence::gate::BuildError;
use fence::policies::LoadError;
use pyo3::PyErr;

pyo3::import_exception!(fence._errors, UsageError);
pyo3::import_exception!(fence._errors, PolicyError);
pyo3::import_exception!(fence._errors, ApprovalError);
pyo3::import_exception!(fence._errors, Unavailable);

/// A policy that cannot be loaded: every finding with its place.
pub(crate) fn load(error: &LoadError) -> PyErr {
    let mut text = error.to_string();
    if let LoadError::Invalid { checked, .. } = error {
        for found in &checked.diagnostics {
            let (line, column) = checked.sources.position(found.span);
            let file = checked.sources.get(found.span.source);
            let file = file.map_or("policy", |source| &source.name);
            text.push_str(&format!("\n{file}:{line}:{column}: {}: {}", found.code, found.message));
        }
    }
    PolicyError::new_err(text)
}

/// Policies that make no gate.
pub(crate) fn build(error: &BuildError) -> PyErr {
    match error {
        BuildError::Load(error) => load(error),
        other => PolicyError::new_err(other.to_string()),
    }
}

/// An answer that changed nothing, with its stable code.
pub(crate) fn approval(error: &Refused) -> PyErr {
    match error {
        Refused::Store(error) => Unavailable::new_err(error.to_string()),
        other => ApprovalError::new_err((other.to_string(), other.code())),
    }
}
