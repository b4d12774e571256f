//! Whether a decision is the one a test expects, and how it is told otherwise.

use crate::Decision;
use crate::wire::Matched;
use fence_engine::CompiledPolicy;
use fence_engine::decision::Effect;

/// Whether the decision is by this rule: its name, any of its patterns, or `default`. Where several
/// rules say the same, each of them decided.
pub(super) fn is_by(decision: &Decision, by: &str, policy: &CompiledPolicy) -> bool {
    if decision.rule.is_none() {
        return by == "default" && decision.policy.is_some();
    }
    let deciding = decision.matched.iter().filter(|matched| decides(matched, decision.decision));
    deciding.into_iter().any(|matched| {
        matched.rule == by
            || policy.rules().iter().any(|rule| {
                (rule.line, rule.label()) == (matched.line, &*matched.rule)
                    && rule.patterns.iter().any(|pattern| pattern.text() == by)
            })
    })
}

fn decides(matched: &Matched, decision: Effect) -> bool {
    let released = matched.released_by.is_some();
    !matched.shadow
        && match (decision, matched.effect) {
            (Effect::Deny, Effect::Deny) => matched.applies != Some(false),
            (Effect::Ask, Effect::Ask) => matched.applies != Some(false) && !released,
            (Effect::Allow, Effect::Ask) => matched.applies == Some(true) && released,
            (Effect::Allow, Effect::Allow) => matched.applies == Some(true),
            _ => false,
        }
}

/// The decision in one line: effect, rule, reason, nearest change.
pub(super) fn shown(decision: &Decision) -> String {
    let mut text = match (&decision.rule, &decision.policy) {
        (Some(rule), _) => format!("{} by `{rule}`", decision.decision),
        (None, Some(_)) => format!("{} by default", decision.decision),
        (None, None) => decision.decision.to_string(),
    };
    if let Some(auto) = &decision.auto {
        text += &format!(", released by `{auto}`");
    }
    if let Some(because) = &decision.because {
        text += &format!(" ({because})");
    }
    if let Some(nearest) = &decision.nearest {
        text += &format!("; {nearest}");
    }
    text
}
