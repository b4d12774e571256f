//! Tools that can only be denied: whatever the arguments, the time and the counters.

use super::{excepted, governing};
use crate::call::ToolCall;
use crate::compile::Layers;
use crate::decision::Effect;
use crate::pattern::Name;
use crate::policy::Default;

/// Whether every call of this tool by this agent is denied, so that a door need not offer it.
///
/// Arguments, time and counters of `call` are not looked at. `false` says nothing: a condition that
/// never holds is not seen through.
///
/// ```
/// use fence_engine::call::ToolCall;
/// use fence_engine::check::{NoImports, check};
/// use fence_engine::eval::always_denied;
/// use fence_engine::strategy::Strategies;
/// use fence_engine::{CompiledPolicy, Layers};
///
/// let text = b"fence 1 policy p allow read_* deny *_secret deny read_mail when args.all == true";
/// let checked = check("p.fence", text, &NoImports, &Strategies::new());
/// let layers = Layers::from(CompiledPolicy::new(checked.policy.unwrap()));
/// let denied = |tool| always_denied(&layers, &ToolCall::new(tool));
/// assert!(denied("read_secret") && denied("write_post"));
/// assert!(!denied("read_post") && !denied("read_mail"));
/// ```
#[must_use]
pub fn always_denied(layers: &Layers, call: &ToolCall) -> bool {
    let Ok(name) = Name::parse(&call.tool) else { return true };
    let mut has_opinion = false;
    for (_, policy) in governing(layers, call) {
        let (mut denied, mut open) = (false, false);
        policy.mentioned(&name, |_, rule, _| {
            if rule.shadow || excepted(rule, &name) {
                return;
            }
            match rule.effect {
                Effect::Deny => denied |= rule.condition.is_none() && rule.until.is_none(),
                Effect::Allow | Effect::Ask => open = true,
            }
        });
        let default = policy.default_effect();
        if denied || (!open && default == Default::Effect(Effect::Deny)) {
            return true;
        }
        has_opinion |= open || default != Default::Pass;
    }
    !has_opinion
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::CompiledPolicy;
    use crate::call::Agent;
    use crate::check::{NoImports, check};
    use crate::strategy::Strategies;

    fn layers(texts: &[&str]) -> Layers {
        let compiled = texts.iter().map(|text| {
            let checked = check("p.fence", text.as_bytes(), &NoImports, &Strategies::new());
            CompiledPolicy::new(checked.policy.unwrap_or_else(|| panic!("{text}")))
        });
        Layers::new(compiled.collect()).unwrap()
    }

    fn denied(texts: &[&str], tool: &str) -> bool {
        always_denied(&layers(texts), &ToolCall::new(tool))
    }

    #[test]
    fn one_layer_that_always_denies_is_enough() {
        let (open, shut) = ("fence 1 policy a allow x", "fence 1 policy b allow y");
        assert!(denied(&[open, shut], "x"));
        assert!(!denied(&[open, "fence 1 policy b default pass"], "x"));
        assert!(denied(&["fence 1 policy b default pass"], "x"));
    }

    #[test]
    fn whatever_might_let_one_call_through_keeps_the_tool() {
        let open = [
            "fence 1 policy p allow x when args.n < 0",
            "fence 1 policy p ask x",
            "fence 1 policy p allow x until 2001-01-01",
            "fence 1 policy p default ask",
            "fence 1 policy p default allow deny x when args.n > 0",
            "fence 1 policy p default allow deny * except x",
            "fence 1 policy p default allow deny x shadow",
        ];
        for text in open {
            assert!(!denied(&[text], "x"), "{text}");
        }
    }

    #[test]
    fn spelling_loosens_nothing_and_tightens() {
        assert!(denied(&["fence 1 policy p allow x"], "X"));
        assert!(denied(&["fence 1 policy p default allow deny x"], "S/X"));
        assert!(denied(&["fence 1 policy p allow x"], "no name"));
    }

    #[test]
    fn layers_for_other_agents_have_no_say() {
        let layers = layers(&[
            "fence 1 policy p for agent writer-* allow x",
            "fence 1 policy q default pass",
        ]);
        let by = |agent: &str| always_denied(&layers, &ToolCall::new("x").agent(Agent::new(agent)));
        assert!(!by("writer-1"));
        assert!(by("reader-1"));
    }
}
