//! The native half of the Python module `fence`: the gate, its results, and what people answer.
//!
//! The other half is written in Python (`python/fence`): whatever calls Python's functions or waits
//! on its event loops. Nothing here holds the interpreter's lock while it decides or waits.

mod alive;
mod call;
mod clock;
mod core;
mod desk;
mod errors;
mod fork;
mod json;
mod result;
mod soon;
mod strategy;
mod trail;
mod value;

/// Decides, records, and keeps what people answer.
#[pyo3::pymodule(gil_used = false)]
mod _fence {
    #[pymodule_export]
    use crate::alive::ending;
    #[pymodule_export]
    use crate::clock::ManualClock;
    #[pymodule_export]
    use crate::core::{Core, lists_text};
    #[pymodule_export]
    use crate::desk::{approve, pending, refuse, request};
    #[pymodule_export]
    use crate::fork::forked;
    #[pymodule_export]
    use crate::result::PolicyResult;
    #[pymodule_export]
    use crate::soon::Task;
    #[pymodule_export]
    use crate::trail::{AuditEntry, audit_trail};
    #[pymodule_export]
    use crate::value::read_json;
}
