//! An explanation as data: what `--json` prints and people's layout is made of.

use crate::Decision;
use crate::cli::paint::inline;
use crate::record;
use fence_engine::approval::{Seat, Terms};
use fence_engine::call::{ToolCall, hex_digest};
use fence_engine::condition::Trace;
use fence_engine::decision::{Effect, Truth};
use fence_engine::eval::{Finding, LineFinding, Report};
use fence_engine::facts::Now;
use fence_engine::pattern::NamePattern;
use fence_engine::policy::Default;
use fence_engine::span::{Sources, Span};
use fence_engine::strategy::Outcome;
use serde::Serialize;

/// The longest text shown of a condition, in characters.
const LONGEST: usize = 200;

#[derive(Serialize)]
pub(super) struct View {
    schema: &'static str,
    pub(super) tool: String,
    pub(super) agent: Option<String>,
    pub(super) session: Option<String>,
    pub(super) at: Option<String>,
    pub(super) clock_behind: bool,
    pub(super) decision: Decision,
    pub(super) layers: Vec<LayerView>,
    pub(super) terms: Option<TermsView>,
}

#[derive(Serialize)]
pub(super) struct LayerView {
    pub(super) policy: String,
    pub(super) default: &'static str,
    pub(super) rules: Vec<RuleView>,
}

#[derive(Serialize)]
pub(super) struct RuleView {
    pub(super) rule: String,
    #[serde(serialize_with = "effect")]
    pub(super) effect: Effect,
    pub(super) patterns: Vec<String>,
    pub(super) line: u32,
    #[serde(serialize_with = "truth")]
    pub(super) applies: Truth,
    pub(super) says: &'static str,
    pub(super) shadow: bool,
    pub(super) condition: Option<ConditionView>,
    pub(super) auto: Vec<LineView>,
}

#[derive(Serialize)]
pub(super) struct LineView {
    pub(super) text: String,
    pub(super) releases: bool,
    pub(super) phrases: Vec<PhraseView>,
}

#[derive(Serialize)]
pub(super) struct PhraseView {
    pub(super) text: String,
    #[serde(serialize_with = "outcome")]
    pub(super) outcome: Outcome,
    pub(super) reason: Option<String>,
    pub(super) condition: Option<ConditionView>,
}

#[derive(Serialize)]
pub(super) struct ConditionView {
    pub(super) text: String,
    #[serde(serialize_with = "truth")]
    pub(super) value: Truth,
    pub(super) found: Vec<FoundView>,
    pub(super) parts: Vec<ConditionView>,
}

#[derive(Serialize)]
pub(super) struct FoundView {
    pub(super) field: String,
    pub(super) value: String,
}

#[derive(Serialize)]
pub(super) struct TermsView {
    pub(super) by: Vec<String>,
    pub(super) then: Vec<String>,
    pub(super) expires: String,
    pub(super) use_within: String,
    pub(super) edit: Vec<String>,
    pub(super) preview: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn effect<S: serde::Serializer>(effect: &Effect, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(effect.as_str())
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn truth<S: serde::Serializer>(truth: &Truth, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(truth.as_str())
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn outcome<S: serde::Serializer>(outcome: &Outcome, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(outcome.as_str())
}

impl View {
    pub(super) fn new(report: &Report<'_>, call: &ToolCall, now: Now) -> Self {
        let at = now.at.map(|at| at.to_string());
        let digest = hex_digest(&call.digest());
        let decision = record::decision(report, "", &digest, at.as_deref().unwrap_or_default());
        let asks = decision.decision == Effect::Ask;
        Self {
            schema: "fence.explain/1",
            tool: inline(&call.tool, LONGEST),
            agent: call.agent.as_ref().map(|agent| agent.id.clone()),
            session: call.session.clone(),
            at,
            clock_behind: now.behind,
            decision,
            layers: layers(report),
            terms: asks.then(|| TermsView::new(&report.terms())),
        }
    }
}

fn layers(report: &Report<'_>) -> Vec<LayerView> {
    let mut layers: Vec<LayerView> = Vec::new();
    for finding in &report.findings {
        if layers.last().is_none_or(|layer| layer.policy != finding.policy.name()) {
            let default = match finding.policy.default_effect() {
                Default::Effect(effect) => effect.as_str(),
                Default::Pass => "pass",
            };
            let policy = finding.policy.name().to_owned();
            layers.push(LayerView { policy, default, rules: Vec::new() });
        }
        if let Some(layer) = layers.last_mut() {
            layer.rules.push(RuleView::new(finding));
        }
    }
    layers
}

impl RuleView {
    fn new(finding: &Finding<'_>) -> Self {
        let sources = finding.policy.sources();
        let (rule, lines) = (finding.rule, &finding.lines);
        Self {
            rule: rule.label().to_owned(),
            effect: rule.effect,
            patterns: rule.patterns.iter().map(NamePattern::text).map(str::to_owned).collect(),
            line: rule.line,
            applies: finding.applies,
            says: says(finding),
            shadow: rule.shadow,
            condition: finding.trace.as_ref().map(|trace| ConditionView::new(trace, sources)),
            auto: lines.iter().map(|line| LineView::new(line, sources)).collect(),
        }
    }
}

/// What the rule says of the call, in words.
fn says(finding: &Finding<'_>) -> &'static str {
    let released = finding.released_by().is_some();
    match (finding.rule.effect, finding.applies) {
        (_, Truth::False) if finding.trace.is_some() => "does not apply: its condition is false",
        (_, Truth::False) => "does not apply: the tool is excepted, or its time is over",
        (Effect::Allow, Truth::True) => "allows",
        (Effect::Allow, Truth::Unknown) => "does not apply: whether it does is unknown",
        (Effect::Deny, Truth::True) => "denies",
        (Effect::Deny, Truth::Unknown) => "denies: whether it applies is unknown",
        (Effect::Ask, Truth::True) if released => "asks, and is released",
        (Effect::Ask, Truth::Unknown) if released => {
            "may ask, and is released: it grants nothing, because whether it applies is unknown"
        }
        (Effect::Ask, _) if !finding.exact && !finding.lines.is_empty() => {
            "asks: its pattern does not name this tool exactly, so no `auto` line releases it"
        }
        (Effect::Ask, Truth::True) => "asks",
        (Effect::Ask, Truth::Unknown) => "may ask: whether it applies is unknown",
    }
}

impl LineView {
    fn new(line: &LineFinding<'_>, sources: &Sources) -> Self {
        let phrases = line.phrases.iter().map(|phrase| PhraseView {
            text: phrase.phrase.text.to_string(),
            outcome: phrase.outcome,
            reason: phrase.reason.as_deref().map(|reason| inline(reason, LONGEST)),
            // A strategy's own condition was written nowhere.
            condition: phrase
                .trace
                .as_ref()
                .filter(|trace| trace.span.end > 0)
                .map(|trace| ConditionView::new(trace, sources)),
        });
        Self { text: line.text(), releases: line.releases(), phrases: phrases.collect() }
    }
}

impl ConditionView {
    fn new(trace: &Trace, sources: &Sources) -> Self {
        let text = |span: Span| {
            let words: Vec<&str> = sources.text(span).split_whitespace().collect();
            inline(&words.join(" "), LONGEST)
        };
        let found = trace.found.iter();
        Self {
            text: text(trace.span),
            value: trace.truth,
            found: found
                .map(|found| {
                    let field = text(found.span);
                    let field = match found.function {
                        Some(function) => format!("{function}({field})"),
                        None => field,
                    };
                    FoundView { field, value: found.value.clone() }
                })
                .collect(),
            parts: trace.parts.iter().map(|part| Self::new(part, sources)).collect(),
        }
    }
}

impl TermsView {
    fn new(terms: &Terms) -> Self {
        let seat = |seat: &Seat| {
            let group = seat.group.as_deref().unwrap_or("any configured approver");
            format!("{} of {group}", seat.count)
        };
        let (mut by, mut then) = (Vec::new(), Vec::new());
        for requirement in &terms.requirements {
            by.extend(requirement.seats.iter().map(seat));
            let later = requirement.escalations.iter();
            then.extend(later.map(|also| format!("{} after {}", seat(&also.seat), also.after)));
        }
        if terms.or_self {
            by.push("the requester".to_owned());
        }
        Self {
            by,
            then,
            expires: terms.expires.to_string(),
            use_within: terms.use_within.to_string(),
            edit: terms.edits.iter().map(|edit| format!("args.{}", edit.field.join("."))).collect(),
            preview: terms.preview,
        }
    }
}
