//! The nearest change that would make a verdict less strict: the fewest innermost conditions
//! which, had they the other value, would do it.

use super::report::{Finding, one_line};
use super::tally::{Tally, Verdict};
use super::{Evaluation, Judged};
use crate::condition::{Scope, Trace};
use crate::decision::{Effect, Truth};
use crate::show::printable;
use crate::span::Span;
use crate::strategy::Outcome;

/// One thing that would have to be different.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Change {
    /// An innermost condition, with the value it would need.
    Atom(u16, Span, Truth),
    /// A phrase that is no condition would have to release.
    Phrase(u16, u32),
}

/// The nearest change, in the policy's words; none for an allowed call or where nothing helps.
pub(super) fn nearest(
    evaluation: &Evaluation<'_>,
    findings: &[Finding<'_>],
    scope: &Scope<'_>,
) -> Option<String> {
    if evaluation.effect == Effect::Allow {
        return None;
    }
    let mut best: Option<(Effect, Vec<Change>)> = None;
    for changes in candidates(findings) {
        let effect = under(evaluation, findings, scope, &changes);
        let nearer = best
            .as_ref()
            .is_none_or(|(known, shortest)| (changes.len(), effect) < (shortest.len(), *known));
        if effect < evaluation.effect && nearer {
            best = Some((effect, changes));
        }
    }
    let (effect, changes) = best?;
    let words: Vec<String> =
        changes.iter().filter_map(|change| in_words(change, findings)).collect();
    Some(format!("{effect} if {}", words.join(" and ")))
}

/// Every `auto` line made to release, every condition turned, and each of the latter with each of
/// the former.
fn candidates(findings: &[Finding<'_>]) -> Vec<Vec<Change>> {
    let live = || findings.iter().filter(|finding| !finding.rule.shadow);
    let mut single: Vec<Vec<Change>> = Vec::new();
    for finding in live() {
        for line in finding.lines.iter().filter(|line| finding.exact && !line.releases()) {
            let mut changes = Vec::new();
            for phrase in line.phrases.iter().filter(|p| p.outcome != Outcome::Release) {
                match &phrase.trace {
                    Some(trace) if trace.span.end > 0 => {
                        towards(trace, Truth::True, finding.layer, &mut changes);
                    }
                    _ => changes.push(Change::Phrase(finding.layer, phrase.phrase.id)),
                }
            }
            single.push(changes);
        }
        if let Some(trace) = &finding.trace {
            let wanted = if finding.applies == Truth::False { Truth::True } else { Truth::False };
            let mut changes = Vec::new();
            towards(trace, wanted, finding.layer, &mut changes);
            single.push(changes);
        }
    }
    single.retain(|changes| !changes.is_empty());
    single.sort_by_key(Vec::len);
    single.truncate(32);
    let pairs = single.iter().enumerate().flat_map(|(at, one)| {
        single.iter().skip(at + 1).map(move |other| {
            let more = other.iter().filter(|change| !one.contains(change));
            one.iter().chain(more).cloned().collect()
        })
    });
    let pairs: Vec<Vec<Change>> = pairs.collect();
    single.into_iter().chain(pairs).collect()
}

/// The fewest innermost changes that bring a condition to a value.
fn towards(trace: &Trace, wanted: Truth, layer: u16, changes: &mut Vec<Change>) {
    if trace.truth == wanted {
        return;
    }
    match trace.parts.as_slice() {
        [] => changes.push(Change::Atom(layer, trace.span, wanted)),
        [inner] => towards(inner, !wanted, layer, changes),
        parts => {
            // Where one part suffices, the cheapest; else every part.
            let is_any = parts.iter().map(|p| p.truth).fold(Truth::False, Truth::or) == trace.truth
                && parts.iter().map(|p| p.truth).fold(Truth::True, Truth::and) != trace.truth;
            let one_suffices = is_any == (wanted == Truth::True);
            let ways = parts.iter().map(|part| {
                let mut way = Vec::new();
                towards(part, wanted, layer, &mut way);
                way
            });
            match one_suffices {
                true => changes.extend(ways.min_by_key(Vec::len).unwrap_or_default()),
                false => changes.extend(ways.flatten()),
            }
        }
    }
}

/// The verdict if these things were different.
fn under(
    evaluation: &Evaluation<'_>,
    findings: &[Finding<'_>],
    scope: &Scope<'_>,
    changes: &[Change],
) -> Effect {
    let mut verdict = Verdict::default();
    for (layer, policy) in super::governing(evaluation.layers(), scope.call) {
        let mut tally = Tally::default();
        let of_layer = findings.iter().filter(|f| f.layer == layer && !f.rule.shadow);
        for (id, finding) in (0_u32..).zip(of_layer) {
            tally.add(id, finding.rule.effect, judged(finding, scope, changes));
        }
        verdict.add(layer, &tally, policy.default_effect());
    }
    verdict.settle().0
}

fn judged(finding: &Finding<'_>, scope: &Scope<'_>, changes: &[Change]) -> Judged {
    let assumed = |span: Span| {
        changes.iter().find_map(|change| match change {
            Change::Atom(layer, at, truth) if (*layer, *at) == (finding.layer, span) => {
                Some(*truth)
            }
            _ => None,
        })
    };
    let condition = finding.rule.condition.as_ref();
    let value = condition.map_or(Truth::True, |c| c.assuming(scope, &assumed));
    // What else keeps the rule from applying (exceptions, `until`) stays as it is.
    let applies = match super::applies_but_for_condition(finding.rule, scope) {
        true => value,
        false => finding.applies,
    };
    let releases = |line: &&super::LineFinding<'_>| {
        line.phrases.iter().all(|phrase| {
            let id = phrase.phrase.id;
            match phrase.phrase.prepared.lower() {
                Some(condition) if condition.span.end > 0 => {
                    condition.assuming(scope, &assumed) == Truth::True
                }
                _ => {
                    phrase.outcome == Outcome::Release
                        || changes.contains(&Change::Phrase(finding.layer, id))
                }
            }
        })
    };
    let line = finding.lines.iter().find(|line| finding.exact && releases(line)).map(|_| 0);
    Judged { applies, line }
}

fn in_words(change: &Change, findings: &[Finding<'_>]) -> Option<String> {
    match change {
        Change::Phrase(layer, id) => findings
            .iter()
            .filter(|finding| finding.layer == *layer)
            .flat_map(|finding| finding.lines.iter().flat_map(|line| &line.phrases))
            .find(|phrase| phrase.phrase.id == *id)
            .map(|phrase| match &phrase.reason {
                Some(reason) => format!("`{}` released ({reason})", phrase.phrase.text),
                None => format!("`{}`", phrase.phrase.text),
            }),
        Change::Atom(layer, span, wanted) => {
            let finding = findings.iter().find(|finding| finding.layer == *layer)?;
            let sources = finding.policy.sources();
            let text = printable(&one_line(sources.text(*span)), 160);
            let not = if *wanted == Truth::False { "not " } else { "" };
            let found = found(findings, *layer, *span);
            Some(format!("{not}`{text}`{found}"))
        }
    }
}

/// What the condition found in the call: ` (it is 51)`.
fn found(findings: &[Finding<'_>], layer: u16, span: Span) -> String {
    let traces = findings.iter().filter(|finding| finding.layer == layer).flat_map(|finding| {
        let lines = finding.lines.iter().flat_map(|line| &line.phrases);
        finding.trace.iter().chain(lines.filter_map(|phrase| phrase.trace.as_ref()))
    });
    for trace in traces {
        let mut atoms = Vec::new();
        trace.atoms(&mut atoms);
        if let Some(atom) = atoms.iter().find(|atom| atom.span == span)
            && let Some(found) = atom.found.first()
        {
            return format!(" (it is {})", found.value);
        }
    }
    String::new()
}
