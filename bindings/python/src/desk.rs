//! What people of the same process see and answer.

use crate::core::Core;
use crate::errors::{ApprovalError, approval};
use crate::json::json;
use crate::value::shape;
use fence::approvals::{
    Approval, Approvals, Approver, FieldEdit, Receipt, RequestId, RequestQuery, RequestView,
    Target, Via,
};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use std::str::FromStr;

/// One request in full.
#[pyfunction]
pub(crate) fn request(py: Python<'_>, policy: &Core, id: &str) -> PyResult<Py<PyAny>> {
    let (approvals, id) = (policy.gate()?.approvals(), read(id)?);
    let view = py.detach(|| approvals.get(id)).map_err(|error| approval(&error))?;
    shape(py, &view)
}

/// Every request that waits for people, next deadline first.
#[pyfunction]
pub(crate) fn pending(py: Python<'_>, policy: &Core) -> PyResult<Vec<Py<PyAny>>> {
    let approvals = policy.gate()?.approvals();
    let views = py.detach(|| waiting(&approvals)).map_err(|error| approval(&error))?;
    views.iter().map(|view| shape(py, view)).collect()
}

fn waiting(approvals: &Approvals) -> Result<Vec<RequestView>, fence::approvals::ApprovalError> {
    let page = approvals.list(&RequestQuery { limit: Some(500), ..RequestQuery::default() })?;
    let ids = page.items.iter().filter_map(|summary| summary.id.parse().ok());
    ids.map(|id| approvals.get(id)).collect()
}

/// A person approves, perhaps with changes.
#[pyfunction]
#[pyo3(signature = (policy, id, person, version=None, edit=None, note=None))]
pub(crate) fn approve(
    py: Python<'_>,
    policy: &Core,
    id: &str,
    person: &str,
    version: Option<u32>,
    edit: Option<&Bound<'_, PyDict>>,
    note: Option<String>,
) -> PyResult<Py<PyAny>> {
    let mut edits = Vec::new();
    for (field, value) in edit.into_iter().flatten() {
        let field: String = field.extract()?;
        edits.push(FieldEdit { value: json(&field, &value)?, field });
    }
    let with = Approval { note, edits, ..Approval::default() };
    let (approvals, by, on) = (policy.gate()?.approvals(), local(person), target(id, version)?);
    answered(py, || approvals.approve(&by, &on, with))
}

/// A person refuses.
#[pyfunction]
#[pyo3(signature = (policy, id, person, reason, version=None))]
pub(crate) fn refuse(
    py: Python<'_>,
    policy: &Core,
    id: &str,
    person: &str,
    reason: &str,
    version: Option<u32>,
) -> PyResult<Py<PyAny>> {
    let (approvals, by, on) = (policy.gate()?.approvals(), local(person), target(id, version)?);
    answered(py, || approvals.refuse(&by, &on, None, reason))
}

fn answered(
    py: Python<'_>,
    answer: impl Send + FnOnce() -> Receipt<RequestView>,
) -> PyResult<Py<PyAny>> {
    let view = py.detach(|| answer().wait()).map_err(|error| approval(&error))?;
    shape(py, &view)
}

/// Somebody for whom the program vouches.
fn local(person: &str) -> Approver {
    Approver::new(person, Via::Local)
}

fn target(id: &str, version: Option<u32>) -> PyResult<Target> {
    Ok(Target { version, ..Target::id(read(id)?) })
}

fn read(id: &str) -> PyResult<RequestId> {
    let bad = |error: <RequestId as FromStr>::Err| (error.to_string(), "not-found");
    id.parse().map_err(|error| ApprovalError::new_err(bad(error)))
}
