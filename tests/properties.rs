//! What holds of every policy and every call, tried on random ones. A failure prints its seed.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use fence::engine::decision::{Effect, Truth};
use fence::engine::eval::{LineFinding, Report, report};
use fence::engine::facts::{CounterFact, Facts, Needs, Now};
use fence::engine::policy::Default;
use fence::engine::{CompiledPolicy, Layers, evaluate, plan};
use fence::{Request, ToolCall};
use proptest::prelude::*;
use support::driver::{START, at, checked, findings};
use support::random::{Call, Policy, Random, deny, rule};

/// Few enough to stay below twenty seconds without optimisation.
const CASES: u32 = 300;

fn config() -> ProptestConfig {
    ProptestConfig { cases: CASES, failure_persistence: None, ..ProptestConfig::default() }
}

fn compiled(text: &str) -> CompiledPolicy {
    let policy = checked(text).policy;
    CompiledPolicy::new(policy.unwrap_or_else(|| panic!("{text}\n{:#?}", findings(text))))
}

fn layers(policies: &[Policy]) -> Layers {
    let compile = |(at, policy): (usize, &Policy)| compiled(&policy.text(&format!("p{at}")));
    Layers::new(policies.iter().enumerate().map(compile).collect()).unwrap()
}

fn texts(policies: &[Policy]) -> String {
    policies.iter().map(|policy| policy.text("p")).collect()
}

fn parsed(call: &Call) -> ToolCall {
    Request::parse(call.json().as_bytes()).unwrap().call
}

/// Counters as their needs were answered with a number made of the need itself.
fn counters(needs: &Needs) -> Vec<CounterFact> {
    let used = |key: &str| Some(u64::try_from(key.len() % 4).unwrap());
    let fact = |need: &fence::engine::facts::CounterNeed| CounterFact {
        phrase: need.phrase,
        used: used(&need.key),
    };
    needs.counters.iter().map(fact).collect()
}

/// The verdict and the whole report over the same facts.
fn judged<'p>(layers: &'p Layers, call: &ToolCall) -> (Effect, Report<'p>) {
    let now = Now::at(at(START));
    let counters = counters(&plan(layers, call, &Facts::at(now)));
    let facts = Facts { now, counters: &counters, answers: &[] };
    (evaluate(layers, call, &facts).effect, report(layers, call, &facts))
}

fn effect(layers: &Layers, call: &Call) -> Effect {
    judged(layers, &parsed(call)).0
}

fn some_layers(random: &mut Random, firm: bool) -> Vec<Policy> {
    (0..1 + random.below(3)).map(|_| Policy::random(random, firm)).collect()
}

/// The verdict of section 2, written once more from the report's findings.
fn reference(layers: &Layers, report: &Report<'_>, call: &ToolCall) -> Effect {
    let world = |with_unknown: bool| {
        let verdicts = layers.policies().iter().enumerate().filter_map(|(layer, policy)| {
            let agents = &policy.checked().agents;
            let governs = agents.is_empty()
                || call.agent.as_ref().is_none_or(|agent| {
                    agent.path().any(|id| agents.iter().any(|pattern| pattern.matches(id)))
                });
            governs.then(|| layer_verdict(layer, policy, report, with_unknown)).flatten()
        });
        verdicts.max().unwrap_or(Effect::Deny)
    };
    world(true).max(world(false))
}

fn layer_verdict(
    layer: usize,
    policy: &CompiledPolicy,
    report: &Report<'_>,
    with_unknown: bool,
) -> Option<Effect> {
    let mut found = Vec::new();
    let of_layer = |finding: &&fence::engine::eval::Finding<'_>| {
        usize::from(finding.layer) == layer && !finding.rule.shadow
    };
    for finding in report.findings.iter().filter(of_layer) {
        let applies = match (finding.rule.effect, finding.applies) {
            (_, truth @ (Truth::True | Truth::False)) => truth == Truth::True,
            (Effect::Allow, Truth::Unknown) => false,
            (Effect::Deny, Truth::Unknown) => true,
            (Effect::Ask, Truth::Unknown) => with_unknown,
        };
        let released = finding.exact && finding.lines.iter().any(LineFinding::releases);
        match finding.rule.effect {
            _ if !applies => {}
            Effect::Ask if released => found.push(Effect::Allow),
            effect => found.push(effect),
        }
    }
    match (found.into_iter().max(), policy.default_effect()) {
        (Some(effect), _) | (None, Default::Effect(effect)) => Some(effect),
        (None, Default::Pass) => None,
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn order_and_repetition_of_rules_never_matter(seed: u64) {
        let mut random = Random::new(seed);
        let policies = some_layers(&mut random, true);
        let mut moved = policies.clone();
        for policy in &mut moved {
            // Named counters would differ with the rules' number of lines; these have no names.
            let again = policy.rules[random.below(policy.rules.len())].clone();
            policy.rules.push(again);
            random.shuffle(&mut policy.rules);
        }
        let (one, other) = (layers(&policies), layers(&moved));
        for _ in 0..8 {
            let call = Call::random(&mut random);
            prop_assert_eq!(effect(&one, &call), effect(&other, &call),
                "{}\n{}\n{}", call.json(), texts(&policies), texts(&moved));
        }
    }

    #[test]
    fn adding_a_deny_never_loosens(seed: u64) {
        let mut random = Random::new(seed);
        let policies = some_layers(&mut random, true);
        let mut more = policies.clone();
        let layer = random.below(more.len());
        more[layer].rules.push(deny(&mut random));
        let (one, other) = (layers(&policies), layers(&more));
        for _ in 0..8 {
            let call = Call::random(&mut random);
            prop_assert!(effect(&other, &call) >= effect(&one, &call),
                "{}\n{}", call.json(), texts(&more));
        }
    }

    #[test]
    fn adding_a_layer_never_loosens_what_any_layer_judges(seed: u64) {
        let mut random = Random::new(seed);
        let mut policies = some_layers(&mut random, true);
        let one = layers(&policies);
        policies.push(Policy::random(&mut random, true));
        let other = layers(&policies);
        for _ in 0..8 {
            let call = Call::random(&mut random);
            let before = judged(&one, &parsed(&call));
            // Where no layer had an opinion the denial was for want of one.
            let opinion = before.1.evaluation.policy().is_some();
            prop_assert!(!opinion || effect(&other, &call) >= before.0,
                "{}\n{}", call.json(), texts(&policies));
        }
    }

    #[test]
    fn unknown_never_loosens(seed: u64) {
        let mut random = Random::new(seed);
        let policies = some_layers(&mut random, false);
        let layers = layers(&policies);
        for _ in 0..4 {
            let call = Call::random(&mut random);
            let strict = effect(&layers, &call);
            for _ in 0..6 {
                let filled = call.filled(&mut random);
                prop_assert!(strict >= effect(&layers, &filled),
                    "{}\n{}\n{}", call.json(), filled.json(), texts(&policies));
            }
        }
    }

    #[test]
    fn the_verdict_is_the_one_that_the_report_explains(seed: u64) {
        let mut random = Random::new(seed);
        let policies = some_layers(&mut random, true);
        let layers = layers(&policies);
        for _ in 0..8 {
            let call = parsed(&Call::random(&mut random));
            let (effect, report) = judged(&layers, &call);
            prop_assert_eq!(effect, report.evaluation.effect);
            prop_assert_eq!(effect, reference(&layers, &report, &call),
                "{}\n{}", call.canonical(), texts(&policies));
        }
    }

    #[test]
    fn a_shadow_rule_changes_no_verdict(seed: u64) {
        let mut random = Random::new(seed);
        let policies = some_layers(&mut random, true);
        let mut more = policies.clone();
        let extra = rule(&mut random, true);
        let extra = extra.replacen(" { ", " shadow { ", 1);
        let extra = if extra.contains(" shadow") { extra } else { extra + " shadow" };
        if extra.matches(" shadow").count() == 1 {
            more[0].rules.push(extra);
        }
        let (one, other) = (layers(&policies), layers(&more));
        for _ in 0..8 {
            let call = Call::random(&mut random);
            prop_assert_eq!(effect(&other, &call), effect(&one, &call), "{}", texts(&more));
        }
    }

    #[test]
    fn a_policy_in_the_one_layout_says_the_same(seed: u64) {
        let mut random = Random::new(seed);
        let policy = Policy::random(&mut random, true);
        let text = policy.text("p");
        let formatted = fence::engine::syntax::format(&text).unwrap();
        prop_assert_eq!(fence::engine::syntax::format(&formatted).unwrap(), formatted.clone());
        let (one, other) = (Layers::from(compiled(&text)), Layers::from(compiled(&formatted)));
        for _ in 0..8 {
            let call = Call::random(&mut random);
            prop_assert_eq!(effect(&other, &call), effect(&one, &call), "{}\n{}", text, formatted);
        }
    }
}

#[test]
fn the_random_policies_say_everything_often_enough() {
    let (mut effects, mut unknown, mut random) = ([0_u32; 3], 0, Random::new(7));
    for _ in 0..60 {
        let layers = layers(&some_layers(&mut random, true));
        for _ in 0..10 {
            let (effect, report) = judged(&layers, &parsed(&Call::random(&mut random)));
            effects[effect as usize] += 1;
            unknown += u32::from(!report.unknown().is_empty());
        }
    }
    assert!(effects.iter().all(|count| *count > 40) && unknown > 60, "{effects:?}, {unknown}");
}
