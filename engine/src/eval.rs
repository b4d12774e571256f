//! Deciding: one call, its facts, and the layers give one evaluation.
//!
//! Pure and borrowed: no I/O, no lock, and no allocation on well-formed ASCII calls.

mod always;
mod declared;
mod nearest;
mod report;
mod tally;

pub use always::always_denied;
pub use report::{Finding, LineFinding, PhraseFinding, Report, report};

use crate::call::{Malformed, ToolCall};
use crate::compile::{CompiledPolicy, Layers};
use crate::condition::Scope;
use crate::decision::{Effect, Truth};
use crate::facts::{Facts, Needs, PhraseId};
use crate::pattern::Name;
use crate::policy::{Auto, Phrase, Rule};
use crate::strategy::{Judgement, Outcome, PhraseFacts, PhraseNeeds};
use tally::{Tally, Verdict};

/// What the layers say of one call.
#[derive(Clone, Debug)]
pub struct Evaluation<'p> {
    /// What becomes of the call.
    pub effect: Effect,
    layers: &'p Layers,
    decided: Option<Decided>,
    asked: bool,
    malformed: Option<Malformed>,
}

/// The layer and rule that decided; no rule: the layer's default.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Decided {
    layer: u16,
    rule: Option<u32>,
    line: Option<u16>,
}

impl<'p> Evaluation<'p> {
    /// The layers that were asked.
    #[must_use]
    pub const fn layers(&self) -> &'p Layers {
        self.layers
    }

    /// The policy that decided; none when no layer had an opinion, or the call was malformed.
    #[must_use]
    pub fn policy(&self) -> Option<&'p CompiledPolicy> {
        self.decided.and_then(|decided| self.layers.policies().get(usize::from(decided.layer)))
    }

    /// The rule that decided; none when a default did.
    #[must_use]
    pub fn rule(&self) -> Option<&'p Rule> {
        self.policy()?.rules().get(self.decided?.rule? as usize)
    }

    /// The `auto` line that released the deciding rule.
    #[must_use]
    pub fn auto(&self) -> Option<&'p Auto> {
        self.rule()?.ask.as_ref()?.autos.get(usize::from(self.decided?.line?))
    }

    /// Whether an `ask` rule applies, released or not, or only through unknown.
    #[must_use]
    pub const fn asked(&self) -> bool {
        self.asked
    }

    /// Why the call was not judged at all.
    #[must_use]
    pub const fn malformed(&self) -> Option<&Malformed> {
        self.malformed.as_ref()
    }

    fn refused(layers: &'p Layers, malformed: Malformed) -> Self {
        Self {
            effect: Effect::Deny,
            layers,
            decided: None,
            asked: false,
            malformed: Some(malformed),
        }
    }
}

/// Judges one call by all layers that govern its agent.
///
/// ```
/// use fence_engine::call::ToolCall;
/// use fence_engine::check::{NoImports, check};
/// use fence_engine::decision::Effect;
/// use fence_engine::facts::{Facts, Now};
/// use fence_engine::strategy::Strategies;
/// use fence_engine::{CompiledPolicy, Layers, evaluate};
///
/// let text = b"fence 1 policy p allow read_* deny *_secret";
/// let checked = check("p.fence", text, &NoImports, &Strategies::new());
/// let layers = Layers::from(CompiledPolicy::new(checked.policy.unwrap()));
/// let decide = |tool| evaluate(&layers, &ToolCall::new(tool), &Facts::at(Now::unknown())).effect;
/// assert_eq!(decide("read_post"), Effect::Allow);
/// assert_eq!(decide("read_secret"), Effect::Deny);
/// assert_eq!(decide("write_post"), Effect::Deny);
/// ```
#[must_use]
pub fn evaluate<'p>(layers: &'p Layers, call: &ToolCall, facts: &Facts<'_>) -> Evaluation<'p> {
    let name = match call.validate() {
        Ok(name) => name,
        Err(malformed) => return Evaluation::refused(layers, malformed),
    };
    let scope = Scope::new(call, name, facts.now);
    let mut verdict = Verdict::default();
    for (layer, policy) in governing(layers, call) {
        if let Err(malformed) = declared::check(policy, &name, call) {
            return Evaluation::refused(layers, malformed);
        }
        let mut tally = Tally::default();
        policy.gists(&name, |id, gist, exact| {
            if gist.shadow {
                return;
            }
            let judged = match policy.rules().get(id as usize) {
                Some(rule) if !gist.plain => judge(rule, exact, layer, &scope, facts),
                _ => Judged::plain(gist.condition.as_ref().map(|c| c.evaluate(&scope))),
            };
            tally.add(id, gist.effect, judged);
        });
        verdict.add(layer, &tally, policy.default_effect());
    }
    let asked = verdict.asked;
    let (effect, decided) = verdict.settle();
    Evaluation { effect, layers, decided, asked, malformed: None }
}

/// Names what must be fetched before the call can be judged.
#[must_use]
pub fn plan(layers: &Layers, call: &ToolCall, facts: &Facts<'_>) -> Needs {
    let mut needs = Needs::default();
    if !layers.policies().iter().any(CompiledPolicy::needs_facts) {
        return needs;
    }
    let Ok(name) = call.validate() else { return needs };
    let scope = Scope::new(call, name, facts.now);
    for (layer, policy) in governing(layers, call) {
        policy.mentioned(&name, |_, rule, exact| {
            let Some(ask) = &rule.ask else { return };
            if exactly(rule, exact, &scope) && applies(rule, &scope) != Truth::False {
                for phrase in ask.autos.iter().flat_map(|auto| &auto.phrases) {
                    let phrase_id = PhraseId { layer, phrase: phrase.id };
                    let known = needs.counters.iter().any(|need| need.phrase == phrase_id)
                        || needs.answers.iter().any(|need| need.phrase == phrase_id);
                    if !known {
                        let counter = &*phrase.counter;
                        let needs = &mut needs;
                        let mut needs = PhraseNeeds { phrase: phrase_id, counter, needs };
                        phrase.prepared.needs(&scope, &mut needs);
                    }
                }
            }
        });
    }
    needs
}

/// Whether judging this call would read the decision's time.
#[must_use]
pub fn reads_clock(layers: &Layers, call: &ToolCall) -> bool {
    let Ok(name) = call.validate() else { return false };
    let scope = Scope::new(call, name, crate::facts::Now::unknown());
    let mut reads = false;
    for (_, policy) in governing(layers, call) {
        policy.mentioned(&name, |_, rule, exact| {
            let condition = rule.condition.as_ref().is_some_and(|c| c.reads_clock());
            let autos = rule.ask.iter().flat_map(|ask| ask.autos.iter());
            let phrase = autos.flat_map(|auto| &auto.phrases).any(|phrase| phrase.reads_clock);
            reads |= applies(rule, &scope) != Truth::False
                && (condition || rule.until.is_some() || (phrase && exactly(rule, exact, &scope)));
        });
    }
    reads
}

/// The layers whose `for` matches the agent or one of its parents; all without an agent.
pub(crate) fn governing<'p>(
    layers: &'p Layers,
    call: &ToolCall,
) -> impl Iterator<Item = (u16, &'p CompiledPolicy)> {
    (0_u16..).zip(layers.policies()).filter(move |(_, policy)| {
        let agents = &policy.checked().agents;
        agents.is_empty()
            || call
                .agent
                .as_ref()
                .is_none_or(|agent| agent.path().any(|id| agents.iter().any(|p| p.matches(id))))
    })
}

/// What one rule says of one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Judged {
    /// Whether it applies.
    pub(crate) applies: Truth,
    /// For an `ask`: the first `auto` line that releases it.
    pub(crate) line: Option<u16>,
}

impl Judged {
    /// A rule of which only the condition, if any, has a say.
    fn plain(condition: Option<Truth>) -> Self {
        Self { applies: condition.unwrap_or(Truth::True), line: None }
    }
}

#[inline]
fn judge(rule: &Rule, exact: bool, layer: u16, scope: &Scope<'_>, facts: &Facts<'_>) -> Judged {
    let applies = applies(rule, scope);
    let line = match &rule.ask {
        Some(ask) if applies != Truth::False && exactly(rule, exact, scope) => (0_u16..)
            .zip(&ask.autos)
            .find(|(_, auto)| releases(auto, layer, scope, facts))
            .map(|(line, _)| line),
        _ => None,
    };
    Judged { applies, line }
}

/// Whether a rule that mentions the tool applies to the call.
pub(crate) fn applies(rule: &Rule, scope: &Scope<'_>) -> Truth {
    if !rule.except.is_empty() && excepted(rule, &scope.name) {
        return Truth::False;
    }
    let in_time = match rule.until {
        None => Truth::True,
        Some(end) => Truth::known(scope.now.trusted().map(|at| at < end)),
    };
    match &rule.condition {
        Some(condition) if in_time != Truth::False => in_time.and(condition.evaluate(scope)),
        _ => in_time,
    }
}

/// Whether only its condition could keep the rule from applying.
pub(crate) fn applies_but_for_condition(rule: &Rule, scope: &Scope<'_>) -> bool {
    let in_time = rule.until.is_none_or(|end| scope.now.trusted().is_some_and(|at| at < end));
    in_time && !excepted(rule, &scope.name)
}

/// An exception from an `allow` tightens, one from an `ask` or `deny` loosens.
fn excepted(rule: &Rule, name: &Name<'_>) -> bool {
    rule.except.iter().any(|pattern| match rule.effect {
        Effect::Allow => pattern.matches_tightening(name),
        Effect::Ask | Effect::Deny => pattern.matches_loosening(name),
    })
}

/// Whether an `ask` is about the call to the letter: its pattern names the tool exactly, and its
/// condition neither holds by ignoring case alone nor would for some value of what is unknown.
/// Only then may its `auto` lines release.
pub(crate) fn exactly(rule: &Rule, exact: bool, scope: &Scope<'_>) -> bool {
    let named = exact || rule.patterns.iter().any(|p| p.matches_loosening(&scope.name));
    named
        && rule.condition.as_ref().is_none_or(|condition| {
            let truth = condition.evaluate(scope);
            condition.evaluate(&scope.exactly()) >= truth
                && (truth != Truth::Unknown || !condition.may_hold_loosely(scope))
        })
}

fn releases(auto: &Auto, layer: u16, scope: &Scope<'_>, facts: &Facts<'_>) -> bool {
    auto.phrases.iter().all(|phrase| match phrase.prepared.lower() {
        Some(condition) => condition.evaluate(scope) == Truth::True,
        None => judge_phrase(phrase, layer, scope, facts).outcome == Outcome::Release,
    })
}

/// What a phrase without a condition of its own says.
pub(crate) fn judge_phrase(
    phrase: &Phrase,
    layer: u16,
    scope: &Scope<'_>,
    facts: &Facts<'_>,
) -> Judgement {
    let id = PhraseId { layer, phrase: phrase.id };
    let counters = run(facts.counters, |fact| fact.phrase == id);
    let answers = run(facts.answers, |fact| fact.phrase == id);
    phrase.prepared.judge(scope, &PhraseFacts { now: facts.now, counters, answers })
}

/// The facts of one phrase, which stand together.
fn run<T>(facts: &[T], of_phrase: impl Fn(&T) -> bool) -> &[T] {
    let Some(start) = facts.iter().position(&of_phrase) else { return &[] };
    let rest = facts.get(start..).unwrap_or_default();
    let length = rest.iter().position(|fact| !of_phrase(fact)).unwrap_or(rest.len());
    rest.get(..length).unwrap_or_default()
}
