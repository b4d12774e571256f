//! Running a policy's `test` blocks: each through a gate of its own, with a fresh store and a
//! clock that the test moves.
//!
//! The file governs whatever its `for`; agent and session are `test` unless given. Calls are live
//! ones, so that counters advance as they will.

mod call;
mod verdict;

use crate::clock::ManualClock;
use crate::gate::BuildError;
use crate::service::Services;
use crate::{Decision, Gate, GateError};
use fence_engine::call::ToolCall;
use fence_engine::decision::Effect;
use fence_engine::eval::reads_clock;
use fence_engine::number::Number;
use fence_engine::scalar::{Duration, Timestamp, date, local_date_time};
use fence_engine::span::{Span, Spanned};
use fence_engine::syntax::ast::{RuleEffect, Step, Test};
use fence_engine::{CompiledPolicy, Layers};
use std::sync::Arc;

/// What became of one test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TestResult {
    /// Its title.
    pub title: String,
    /// Where it stands.
    pub span: Span,
    /// How many calls it made.
    pub calls: u64,
    /// What went otherwise than expected, each place once; empty: it passed.
    pub failures: Vec<TestFailure>,
}

impl TestResult {
    /// Whether everything went as expected.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.failures.is_empty()
    }
}

/// One step that went otherwise than expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TestFailure {
    /// The step.
    pub span: Span,
    /// Within `repeat`, in which round, from 1.
    pub round: Option<u64>,
    /// What went wrong.
    pub problem: Problem,
}

/// What went wrong in a test.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// Another decision.
    #[error("expected {expected}, but the decision is {}", verdict::shown(.actual))]
    Decision {
        /// Effect and, where given, rule.
        expected: String,
        /// The decision.
        actual: Box<Decision>,
    },
    /// The decision depends on the time and the test does not say when.
    #[error("the decision depends on the time: write `at` with a time before this call")]
    NoTime,
    /// A time before that of an earlier step.
    #[error("time would run backwards here: put earlier times first, or in a test of their own")]
    Backwards,
    /// A step that cannot be carried out.
    #[error("{0}")]
    Step(String),
}

/// Runs the tests whose title contains `filter`, in the order written.
///
/// # Errors
/// When no gate can be built of the policy.
pub fn run(
    policy: CompiledPolicy,
    filter: &str,
    services: &Services,
) -> Result<Vec<TestResult>, BuildError> {
    let layers = Layers::from(policy.governing_everyone());
    let mut results = Vec::new();
    for policy in layers.policies() {
        let tests = policy.checked().tests.iter();
        for test in tests.filter(|test| test.title.node.contains(filter)) {
            results.push(Run::new(&layers, policy, services)?.test(test));
        }
    }
    Ok(results)
}

/// One test under way.
struct Run<'p> {
    gate: Gate,
    policy: &'p CompiledPolicy,
    clock: Arc<ManualClock>,
    now: Option<Timestamp>,
    last: Option<Decision>,
    round: Option<u64>,
    calls: u64,
    failures: Vec<TestFailure>,
}

impl<'p> Run<'p> {
    fn new(
        layers: &Layers,
        policy: &'p CompiledPolicy,
        services: &Services,
    ) -> Result<Self, BuildError> {
        // Nothing reads this time: a call that would is refused until the test says `at`.
        let clock = Arc::new(ManualClock::new(Timestamp::EPOCH));
        let gate = Gate::builder()
            .layers(layers.clone())
            .services(services.clone())
            // A test is about the policy, not about how long people's queue is.
            .pending_cap(u32::MAX);
        let gate = gate.clock(Arc::clone(&clock) as Arc<_>).build()?;
        let (now, last, round, calls, failures) = (None, None, None, 0, Vec::new());
        Ok(Self { gate, policy, clock, now, last, round, calls, failures })
    }

    fn test(mut self, test: &Test) -> TestResult {
        self.steps(&test.steps);
        let (calls, failures) = (self.calls, self.failures);
        TestResult { title: test.title.node.clone(), span: test.span, calls, failures }
    }

    fn steps(&mut self, steps: &[Spanned<Step>]) {
        for step in steps {
            if let Err(problem) = self.step(&step.node) {
                self.fail(step.span, problem);
            }
        }
    }

    /// Each place fails once, in its first round.
    fn fail(&mut self, span: Span, problem: Problem) {
        if self.failures.iter().all(|known| known.span != span) {
            self.failures.push(TestFailure { span, round: self.round, problem });
        }
    }

    fn step(&mut self, step: &Step) -> Result<(), Problem> {
        match step {
            Step::At(time) => self.at(&time.node),
            Step::Wait(duration) => self.wait(&duration.node),
            Step::Call { .. } => self.call(step),
            Step::Expect { effect, by } => self.expect(*effect, by.as_ref()),
            Step::Repeat { count, steps } => self.repeat(&count.node, steps),
        }
    }

    fn at(&mut self, written: &str) -> Result<(), Problem> {
        let zone = &self.policy.checked().zone;
        let at = match (date(written), local_date_time(written)) {
            (Some(day), _) => zone.start_of(day),
            (None, Some(local)) => zone.instant(local),
            (None, None) => Timestamp::parse(written),
        };
        let at = at.ok_or_else(|| Problem::Step(format!("`{written}` is not a time")))?;
        if self.now.is_some_and(|now| at < now) {
            return Err(Problem::Backwards);
        }
        self.set(at);
        Ok(())
    }

    fn wait(&mut self, written: &str) -> Result<(), Problem> {
        let wrong = || Problem::Step(format!("`{written}` is not a duration"));
        let duration = Duration::parse(written).ok_or_else(wrong)?;
        // Without a time there is nothing to move: whatever would notice needs `at`.
        if let Some(now) = self.now {
            self.set(now.saturating_add(duration));
        }
        Ok(())
    }

    fn set(&mut self, now: Timestamp) {
        self.now = Some(now);
        self.clock.set(now);
    }

    fn call(&mut self, step: &Step) -> Result<(), Problem> {
        self.last = None;
        self.calls += 1;
        let call = call::of(step).map_err(Problem::Step)?;
        self.last = Some(self.decide(&call)?);
        Ok(())
    }

    fn decide(&self, call: &ToolCall) -> Result<Decision, Problem> {
        if self.now.is_none() && reads_clock(&self.gate.layers(), call) {
            return Err(Problem::NoTime);
        }
        let decided = self.gate.decide_blocking(call);
        let decided = decided.map_err(|error: GateError| Problem::Step(error.to_string()))?;
        Ok(decided.into_decision())
    }

    /// Nothing to expect of a call that has failed already.
    fn expect(&mut self, effect: RuleEffect, by: Option<&Spanned<String>>) -> Result<(), Problem> {
        let Some(actual) = &self.last else { return Ok(()) };
        let effect = match effect {
            RuleEffect::Allow => Effect::Allow,
            RuleEffect::Ask => Effect::Ask,
            RuleEffect::Deny => Effect::Deny,
        };
        let by = by.map(|by| by.node.as_str());
        if actual.decision == effect && by.is_none_or(|by| verdict::is_by(actual, by, self.policy))
        {
            return Ok(());
        }
        let expected = match by {
            Some(by) => format!("{effect} by `{by}`"),
            None => effect.to_string(),
        };
        Err(Problem::Decision { expected, actual: Box::new(actual.clone()) })
    }

    fn repeat(&mut self, count: &str, steps: &[Spanned<Step>]) -> Result<(), Problem> {
        let wrong = || Problem::Step(format!("`{count}` is not a whole number"));
        let rounds = Number::parse(count).ok().and_then(Number::to_u64).ok_or_else(wrong)?;
        let outer = self.round;
        for round in 1..=rounds {
            self.round = Some(round);
            self.steps(steps);
        }
        self.round = outer;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
