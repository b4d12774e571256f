//! Warnings: what loads, but hardly means what its author thought.

use super::Checker;
use super::definitions::Definitions;
use crate::condition::ConditionKind;
use crate::decision::{Effect, Truth};
use crate::diagnostic::{Code, Diagnostic};
use crate::pattern::NamePattern;
use crate::policy::{Default, Rule, Tool};
use crate::span::SourceId;
use std::collections::HashSet;

/// The patterns of some rules, as what they start with.
struct Heads {
    /// Patterns that end in their only wildcard: everything that starts so.
    prefixes: HashSet<String>,
    /// All patterns, folded.
    texts: HashSet<String>,
    /// What each begins with before its first wildcard, sorted.
    sorted: Vec<String>,
}

impl Heads {
    fn of<'r>(rules: impl Iterator<Item = &'r Rule>) -> Self {
        let mut heads =
            Self { prefixes: HashSet::new(), texts: HashSet::new(), sorted: Vec::new() };
        for pattern in rules.flat_map(|rule| &rule.patterns) {
            let text = pattern.text().to_ascii_lowercase();
            let head = head(&text).to_owned();
            if text.trim_end_matches('*') == head && text.len() > head.len() {
                heads.prefixes.insert(head.clone());
            }
            heads.sorted.push(head);
            heads.texts.insert(text);
        }
        heads.sorted.sort_unstable();
        heads
    }

    /// Whether everything the pattern matches is matched by one of these; may miss some.
    fn cover(&self, pattern: &NamePattern) -> bool {
        let text = pattern.text().to_ascii_lowercase();
        let head = head(&text);
        self.texts.contains(&text)
            || (!text.contains('/')
                && (0..=head.len())
                    .any(|end| head.get(..end).is_some_and(|start| self.prefixes.contains(start))))
    }

    /// Whether one of these may match something the pattern matches too.
    fn may_meet(&self, pattern: &NamePattern) -> bool {
        let text = pattern.text().to_ascii_lowercase();
        let head = head(&text);
        let at = self.sorted.partition_point(|known| known.as_str() < head);
        let longer = self.sorted.get(at).is_some_and(|known| known.starts_with(head));
        longer
            || (0..=head.len()).any(|end| {
                head.get(..end)
                    .is_some_and(|start| self.sorted.binary_search_by(|k| (**k).cmp(start)).is_ok())
            })
    }
}

/// What a pattern says before its first wildcard.
fn head(text: &str) -> &str {
    text.split(['*', '?', '[', '{']).next().unwrap_or_default()
}

/// Warnings about the rules together.
pub(super) fn rules(checker: &mut Checker<'_>, rules: &[Rule], default: Default, tools: &[Tool]) {
    if default == Default::Effect(Effect::Allow) {
        warn_default(checker);
    }
    never_decides(checker, rules);
    rest_not_permitted(checker, rules, default);
    no_declared_tool(checker, rules, tools);
}

fn warn_default(checker: &mut Checker<'_>) {
    let span = checker.sources.iter().next().and_then(|source| {
        let at = source.text.find("default allow")?;
        Some(crate::span::Span::new(SourceId(0), at, at + "default allow".len()))
    });
    let message = "every call that no rule mentions goes ahead";
    let help = "write `default deny` and allow what the agent needs";
    let span = span.unwrap_or_default();
    checker.report(Diagnostic::warning(Code::WARN_DEFAULT_ALLOW, span, message).help(help));
}

fn unconditional(rule: &Rule) -> bool {
    rule.condition.is_none() && rule.except.is_empty() && !rule.shadow
}

fn never_decides(checker: &mut Checker<'_>, rules: &[Rule]) {
    let denied = Heads::of(rules.iter().filter(|r| r.effect == Effect::Deny && unconditional(r)));
    let asked = Heads::of(rules.iter().filter(|r| r.effect == Effect::Ask && unconditional(r)));
    for rule in rules.iter().filter(|rule| !rule.shadow) {
        let never =
            |condition: &ConditionKind| matches!(condition, ConditionKind::Constant(Truth::False));
        let false_condition = rule.condition.as_ref().is_some_and(|c| never(&c.kind));
        let behind = |heads: &Heads| rule.patterns.iter().all(|pattern| heads.cover(pattern));
        let why = match rule.effect {
            _ if false_condition => "its condition is always false",
            Effect::Allow | Effect::Ask if behind(&denied) => "a `deny` covers all it is about",
            Effect::Allow if behind(&asked) => "an `ask` covers all it is about",
            _ => continue,
        };
        let label = format!("this rule can never decide: {why}");
        let span = crate::span::Span { end: rule.span.end.min(rule.span.start + 5), ..rule.span };
        let help = "remove it, or narrow the other rule with `except`";
        checker.report(Diagnostic::warning(Code::WARN_NEVER_DECIDES, span, label).help(help));
    }
}

fn rest_not_permitted(checker: &mut Checker<'_>, rules: &[Rule], default: Default) {
    if default != Default::Effect(Effect::Deny) {
        return;
    }
    let permits = |rule: &&Rule| {
        !rule.shadow
            && (rule.effect == Effect::Allow
                || (rule.effect == Effect::Ask && rule.condition.is_none()))
    };
    let permitted = Heads::of(rules.iter().filter(permits));
    for rule in rules {
        let conditional = rule.effect == Effect::Ask && rule.condition.is_some() && !rule.shadow;
        if conditional && !rule.patterns.iter().any(|pattern| permitted.may_meet(pattern)) {
            let message = "when the condition does not hold, these calls are denied by default";
            let help = format!(
                "permit the rest, for example `allow {} unless …`",
                rule.patterns.first().map_or("…", |pattern| pattern.text())
            );
            let span =
                crate::span::Span { end: rule.span.end.min(rule.span.start + 3), ..rule.span };
            let finding = Diagnostic::warning(Code::WARN_REST_NOT_PERMITTED, span, message);
            checker.report(finding.help(help));
        }
    }
}

/// One warning for the whole policy, so that a partly declared toolbox stays readable.
fn no_declared_tool(checker: &mut Checker<'_>, rules: &[Rule], tools: &[Tool]) {
    if tools.is_empty() {
        return;
    }
    let unmatched: Vec<(&Rule, &NamePattern)> = rules
        .iter()
        .flat_map(|rule| rule.patterns.iter().map(move |pattern| (rule, pattern)))
        .filter(|(_, pattern)| {
            super::tools::covered(tools, std::slice::from_ref(pattern)).is_empty()
        })
        .collect();
    let Some((first, _)) = unmatched.first() else { return };
    let names: Vec<String> =
        unmatched.iter().take(8).map(|(_, pattern)| format!("`{}`", pattern.text())).collect();
    let more = unmatched.len().saturating_sub(8);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let message = format!("no declared tool matches {}{more}", names.join(", "));
    let span = crate::span::Span { end: first.span.end.min(first.span.start + 5), ..first.span };
    let help = "declare these tools too, or mend the pattern";
    checker.report(Diagnostic::warning(Code::WARN_NO_DECLARED_TOOL, span, message).help(help));
}

/// Definitions of the policy's own file that nothing uses.
pub(super) fn unused(checker: &mut Checker<'_>, definitions: &Definitions, main: SourceId) {
    let unused = definitions
        .named
        .iter()
        .filter(|(_, definition)| !definition.used.get() && definition.span.source == main);
    for (name, definition) in unused {
        let message = format!("nothing uses `{name}`");
        checker.report(Diagnostic::warning(Code::WARN_UNUSED, definition.span, message));
    }
}
