//! Strategies that are Python functions.

use crate::alive::with_python;
use crate::errors::UsageError;
use fence::engine::strategy::{Parameter, ParameterKind};
use fence::process::ProcessStrategy;
use fence::service::Service;
use pyo3::prelude::*;
use std::sync::Arc;
use std::time::Duration;

/// A strategy as Python describes it.
#[derive(FromPyObject)]
pub(crate) struct Described {
    pub(crate) name: String,
    summary: String,
    deadline: f64,
    parameters: Vec<(String, String, bool)>,
    answer: Py<PyAny>,
}

impl Described {
    /// The phrase that policies write, and what answers for it.
    pub(crate) fn halves(self) -> PyResult<(ProcessStrategy, Arc<dyn Service>)> {
        let deadline = Duration::try_from_secs_f64(self.deadline)
            .map_err(|error| UsageError::new_err(format!("`deadline`: {error}")))?;
        let parameters = self.parameters.into_iter().map(parameter).collect::<PyResult<_>>()?;
        let strategy = ProcessStrategy::new(self.name, self.summary, parameters, deadline);
        Ok((strategy, Arc::new(Function(self.answer))))
    }
}

fn parameter((name, kind, required): (String, String, bool)) -> PyResult<Parameter> {
    let kind = match &*kind {
        "field" => ParameterKind::Field,
        "number" => ParameterKind::Number,
        "whole" => ParameterKind::Whole(0, u64::MAX),
        "text" => ParameterKind::Text,
        "bool" => ParameterKind::Bool,
        "duration" => ParameterKind::Duration,
        other => return Err(UsageError::new_err(format!("`{other}` is no kind of parameter"))),
    };
    let summary = format!("`{name}` of the function");
    Ok(Parameter { name: name.into(), kind, required, summary: summary.into() })
}

/// A function from the text of a question and its deadline to the text of an answer, which raises
/// where there is none in time.
struct Function(Py<PyAny>);

impl Service for Function {
    fn ask(&self, question: &str, deadline: Duration) -> Option<String> {
        let ask =
            |py: Python<'_>| self.0.call1(py, (question, deadline.as_secs_f64()))?.extract(py);
        let answer: Option<PyResult<String>> = with_python(ask);
        answer?.ok()
    }
}
