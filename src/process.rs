//! Strategies in processes of their own: for the `fence` binary, registered in `fence.toml`.
//!
//! [`ProcessStrategy`] asks, [`ProcessService`] keeps the child that answers. The question is one
//! line of canonical JSON on the child's standard input:
//!
//! ```json
//! {"id":7,"arguments":{"below":50},"at":"2026-03-23T09:00:00Z","call":{"args":{},"tool":"t"},"strategy":"risk"}
//! ```
//!
//! (`agent`, `user`, `session` and `context` stand within `call`, where given.) The answer is one
//! line on its standard output, `{"id":7,"outcome":"release","reason":"…"}`, where `outcome` is
//! `release`, `hold` or `unknown` and `reason` may be left out. Answers may come in any order; the
//! id says what each belongs to. Anything else, and no answer in time, is *unknown*.

mod answer;
mod child;
mod question;
mod service;

pub use service::ProcessService;

use fence_engine::condition::Scope;
use fence_engine::strategy::{
    Argument, Arguments, Judgement, Parameter, PhraseFacts, PhraseNeeds, PrepareError, Prepared,
    Strategy,
};
use std::time::Duration;

/// A strategy that a process answers for.
#[derive(Clone, Debug)]
pub struct ProcessStrategy {
    name: String,
    summary: String,
    parameters: Vec<Parameter>,
    deadline: Duration,
}

impl ProcessStrategy {
    /// The strategy of this name; the service of the same name answers for it.
    #[must_use]
    pub fn new(
        name: impl Into<String>,
        summary: impl Into<String>,
        parameters: Vec<Parameter>,
        deadline: Duration,
    ) -> Self {
        Self { name: name.into(), summary: summary.into(), parameters, deadline }
    }
}

impl Strategy for ProcessStrategy {
    fn name(&self) -> &str {
        &self.name
    }

    fn summary(&self) -> &str {
        &self.summary
    }

    fn parameters(&self) -> &[Parameter] {
        &self.parameters
    }

    fn prepare(&self, arguments: &Arguments) -> Result<Box<dyn Prepared>, PrepareError> {
        let given = self.parameters.iter().filter_map(|parameter| {
            let value = arguments.get(&parameter.name)?.clone();
            Some((parameter.name.to_string(), value))
        });
        Ok(Box::new(Question {
            strategy: self.name.clone(),
            arguments: given.collect(),
            deadline_ms: u64::try_from(self.deadline.as_millis()).unwrap_or(u64::MAX),
        }))
    }
}

/// One phrase: what it asks of each call.
#[derive(Debug)]
struct Question {
    strategy: String,
    arguments: Vec<(String, Argument)>,
    deadline_ms: u64,
}

impl Prepared for Question {
    fn needs(&self, scope: &Scope<'_>, needs: &mut PhraseNeeds<'_>) {
        let question = question::of(&self.strategy, &self.arguments, scope);
        needs.ask(&self.strategy, question, self.deadline_ms);
    }

    fn judge(&self, _scope: &Scope<'_>, facts: &PhraseFacts<'_>) -> Judgement {
        match facts.answers {
            [one] => answer::judge(&self.strategy, one.answer.as_deref()),
            _ => Judgement::unknown().because("it was not asked"),
        }
    }
}
