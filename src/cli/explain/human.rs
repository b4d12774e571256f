//! An explanation laid out for people.

use super::view::{ConditionView, LineView, RuleView, TermsView, View};
use crate::cli::paint::{bold, dim, effect, inline, outcome, truth};
use fence_engine::decision::{Effect, Truth};
use std::fmt::Write as _;

/// Writing to a text cannot fail.
macro_rules! put {
    ($out:expr, $($format:tt)*) => { let _ = writeln!($out, $($format)*); };
}

/// The whole explanation, several lines.
pub(super) fn of(view: &View) -> String {
    let mut out = String::new();
    head(view, &mut out);
    for layer in &view.layers {
        put!(out, "\n{}", bold(&layer.policy));
        layer.rules.iter().for_each(|rule| rule_lines(rule, &mut out));
        put!(out, "  {}", dim(&format!("default {}", layer.default)));
    }
    out.push('\n');
    tail(view, &mut out);
    out
}

fn head(view: &View, out: &mut String) {
    let by = |what: &str, who: &Option<String>| {
        who.as_deref().map(|who| format!(" {what} {}", inline(who, 80))).unwrap_or_default()
    };
    let (agent, session) = (by("by", &view.agent), by("in session", &view.session));
    let at = view.at.as_deref().map(|at| format!(" at {at}")).unwrap_or_default();
    put!(out, "{}{agent}{session}{at}", bold(&view.tool));
    if view.clock_behind {
        put!(out, "the clock lies behind newer decisions: the time is unknown");
    }
}

fn rule_lines(rule: &RuleView, out: &mut String) {
    let name = match rule.patterns.first() {
        Some(first) if *first != rule.rule => format!(" as {}", rule.rule),
        _ => String::new(),
    };
    let shadow = if rule.shadow { " shadow" } else { "" };
    let patterns = inline(&rule.patterns.join(", "), 80);
    let line = dim(&format!("line {}", rule.line));
    let what = format!("{} {patterns}{name}{shadow}", effect(rule.effect, 0));
    put!(out, "  {} {what}  {line}  {}", truth(rule.applies), rule.says);
    if let Some(condition) = &rule.condition {
        condition_lines(condition, 3, out);
    }
    if rule.applies != Truth::False {
        rule.auto.iter().for_each(|line| auto_lines(line, out));
    }
}

fn auto_lines(line: &LineView, out: &mut String) {
    let mark = truth(line.releases.into());
    put!(out, "      {mark} auto {}", inline(&line.text, 160));
    for phrase in &line.phrases {
        let alone = line.phrases.len() == 1;
        let reason = phrase.reason.as_deref().map(|why| format!(": {why}")).unwrap_or_default();
        if !alone || !reason.is_empty() {
            put!(out, "          {} {}{reason}", outcome(phrase.outcome), phrase.text);
        }
        match &phrase.condition {
            // The line itself says it already.
            Some(condition) if alone && !condition.parts.is_empty() => {
                condition.parts.iter().for_each(|part| condition_lines(part, 5, out));
            }
            Some(condition) => condition_lines(condition, if alone { 5 } else { 6 }, out),
            None => {}
        }
    }
}

fn condition_lines(condition: &ConditionView, depth: usize, out: &mut String) {
    let indent = "  ".repeat(depth);
    let found: Vec<String> = condition
        .found
        .iter()
        .filter(|found| !found.field.is_empty())
        .map(|found| format!("{} is {}", found.field, found.value))
        .collect();
    let found = match found.as_slice() {
        [] => String::new(),
        found => dim(&format!("  ({})", found.join(", "))),
    };
    put!(out, "{indent}{} {}{found}", truth(condition.value), condition.text);
    condition.parts.iter().for_each(|part| condition_lines(part, depth + 1, out));
}

fn tail(view: &View, out: &mut String) {
    let decision = &view.decision;
    let (rule, policy) = (decision.rule.as_deref(), decision.policy.as_deref());
    let by = match (rule, policy) {
        (Some(rule), Some(policy)) => format!(" by `{rule}` of {policy}"),
        (None, Some(policy)) => format!(" by the default of {policy}"),
        _ => String::new(),
    };
    let verdict = effect(decision.decision, 0);
    let why = match decision.rule {
        Some(_) => ": the strictest of what applies",
        None => "",
    };
    put!(out, "{}  {verdict}{by}{why}", bold("decided"));
    let auto = decision.auto.as_ref().map(|auto| format!("auto {auto}"));
    for (label, text) in
        [("released", &auto), ("because ", &decision.because), ("instead ", &decision.instead)]
    {
        if let Some(text) = text {
            put!(out, "{}  {}", bold(label), inline(text, 400));
        }
    }
    if let Some(terms) = &view.terms {
        terms_lines(terms, out);
    }
    for unknown in &decision.unknown {
        put!(out, "{}  {unknown}", bold("unknown "));
    }
    if let (Some(nearest), true) = (&decision.nearest, decision.decision != Effect::Allow) {
        put!(out, "{}  {nearest}", bold("nearest "));
    }
}

fn terms_lines(terms: &TermsView, out: &mut String) {
    put!(out, "{}  {}", bold("needs   "), terms.by.join(" and "));
    for then in &terms.then {
        put!(out, "          then {then}");
    }
    if terms.preview {
        put!(out, "          a preview before anyone can approve");
    }
    if !terms.edit.is_empty() {
        put!(out, "          an approver may edit {}", terms.edit.join(", "));
    }
    put!(out, "          expires after {}, usable for {}", terms.expires, terms.use_within);
}
