//! A decision in full: every rule that mentions the call, with the value of each condition.
//!
//! Made for the record and for explanations, after [`evaluate`] has answered.

use super::{Evaluation, applies, evaluate, exactly, governing, judge_phrase, nearest};
use crate::approval::{Requirement, Seat, Terms};
use crate::call::ToolCall;
use crate::compile::{CompiledPolicy, Layers};
use crate::condition::{Scope, Trace};
use crate::decision::{Effect, Truth};
use crate::facts::{Facts, Needs, PhraseId};
use crate::policy::{Auto, Phrase, Rule};
use crate::strategy::Outcome;
use std::collections::HashSet;
use std::sync::Arc;

/// One phrase of an `auto` line, judged.
#[derive(Clone, Debug)]
pub struct PhraseFinding<'p> {
    /// The phrase.
    pub phrase: &'p Phrase,
    /// What it said.
    pub outcome: Outcome,
    /// Why, where it said so.
    pub reason: Option<Box<str>>,
    /// Its condition, part by part, where it is one.
    pub trace: Option<Trace>,
}

/// One `auto` line, judged.
#[derive(Clone, Debug)]
pub struct LineFinding<'p> {
    /// The line.
    pub auto: &'p Auto,
    /// Its phrases.
    pub phrases: Vec<PhraseFinding<'p>>,
}

impl LineFinding<'_> {
    /// Whether all its phrases release.
    #[must_use]
    pub fn releases(&self) -> bool {
        self.phrases.iter().all(|phrase| phrase.outcome == Outcome::Release)
    }

    /// The line as written, without `auto`.
    #[must_use]
    pub fn text(&self) -> String {
        line_text(self.auto)
    }

    /// Nothing was fetched for the lines of a rule that is about the call only loosely, so what
    /// its phrases miss is not the reason that they hold.
    fn hold_loosely(&mut self) {
        for phrase in self.phrases.iter_mut().filter(|phrase| phrase.trace.is_none()) {
            phrase.reason = Some("the rule matches this call only loosely".into());
        }
    }

    fn counts(&self) -> bool {
        self.phrases.iter().any(|phrase| phrase.phrase.prepared.counts())
    }
}

/// An `auto` line on one line, without `auto`.
pub(crate) fn line_text(auto: &Auto) -> String {
    auto.phrases.iter().map(|phrase| &*phrase.text).collect::<Vec<_>>().join(", ")
}

/// One rule that mentions the call's tool, judged.
#[derive(Clone, Debug)]
pub struct Finding<'p> {
    /// Its layer.
    pub layer: u16,
    /// Its policy.
    pub policy: &'p CompiledPolicy,
    /// The rule.
    pub rule: &'p Rule,
    /// Whether it applies.
    pub applies: Truth,
    /// Whether it names the tool exactly; only then may its `auto` lines release.
    pub exact: bool,
    /// Its condition, part by part.
    pub trace: Option<Trace>,
    /// Its `auto` lines.
    pub lines: Vec<LineFinding<'p>>,
}

impl<'p> Finding<'p> {
    /// The first line that releases it, if it applies and is released.
    #[must_use]
    pub fn released_by(&self) -> Option<&LineFinding<'p>> {
        let may = self.exact && self.applies != Truth::False;
        self.lines.iter().find(|line| may && line.releases())
    }

    /// Whether it is an `ask` that applies and nothing released.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.rule.effect == Effect::Ask
            && self.applies != Truth::False
            && self.released_by().is_none()
    }
}

/// A decision in full.
#[derive(Clone, Debug)]
pub struct Report<'p> {
    /// The decision.
    pub evaluation: Evaluation<'p>,
    /// Every rule that mentions the tool, shadow rules among them, in load order.
    pub findings: Vec<Finding<'p>>,
    /// The nearest change that would make the verdict less strict.
    pub nearest: Option<String>,
}

/// Judges a call and keeps everything that was found on the way.
#[must_use]
pub fn report<'p>(layers: &'p Layers, call: &ToolCall, facts: &Facts<'_>) -> Report<'p> {
    let evaluation = evaluate(layers, call, facts);
    let (Ok(name), None) = (call.validate(), evaluation.malformed()) else {
        return Report { evaluation, findings: Vec::new(), nearest: None };
    };
    let scope = Scope::new(call, name, facts.now);
    let mut findings = Vec::new();
    for (layer, policy) in governing(layers, call) {
        let mut mentioned = Vec::new();
        policy.mentioned(&name, |id, rule, exact| mentioned.push((id, rule, exact)));
        mentioned.sort_unstable_by_key(|(id, _, exact)| (*id, !exact));
        mentioned.dedup_by_key(|(id, ..)| *id);
        for (_, rule, exact) in mentioned {
            let exact = exactly(rule, exact, &scope);
            findings.push(finding(layer, policy, rule, exact, &scope, facts));
        }
    }
    let nearest = nearest::nearest(&evaluation, &findings, &scope);
    Report { evaluation, findings, nearest }
}

fn finding<'p>(
    layer: u16,
    policy: &'p CompiledPolicy,
    rule: &'p Rule,
    exact: bool,
    scope: &Scope<'_>,
    facts: &Facts<'_>,
) -> Finding<'p> {
    let applies = applies(rule, scope);
    let trace = rule.condition.as_ref().map(|condition| condition.trace(scope));
    let autos = rule.ask.iter().flat_map(|ask| ask.autos.iter());
    let mut lines: Vec<LineFinding<'p>> =
        autos.map(|auto| line(auto, layer, scope, facts)).collect();
    if !exact {
        lines.iter_mut().for_each(LineFinding::hold_loosely);
    }
    Finding { layer, policy, rule, applies, exact, trace, lines }
}

fn line<'p>(auto: &'p Auto, layer: u16, scope: &Scope<'_>, facts: &Facts<'_>) -> LineFinding<'p> {
    let judge = |phrase: &'p Phrase| {
        let judgement = judge_phrase(phrase, layer, scope, facts);
        let trace = phrase.prepared.lower().map(|condition| condition.trace(scope));
        PhraseFinding { phrase, outcome: judgement.outcome, reason: judgement.reason, trace }
    };
    LineFinding { auto, phrases: auto.phrases.iter().map(judge).collect() }
}

impl<'p> Report<'p> {
    /// Which of the needed counters lose a slot: for each released rule none if a line without
    /// counters releases it, otherwise one in every line that does. Only allowed calls take any.
    ///
    /// The numbers are places in [`Needs::counters`].
    #[must_use]
    pub fn slots(&self, needs: &Needs) -> Vec<usize> {
        if self.evaluation.effect != Effect::Allow {
            return Vec::new();
        }
        let mut taken: Vec<PhraseId> = Vec::new();
        for finding in self.findings.iter().filter(|finding| finding.released_by().is_some()) {
            let released: Vec<&LineFinding<'_>> =
                finding.lines.iter().filter(|line| line.releases()).collect();
            if released.iter().all(|line| line.counts()) {
                let phrases = released.iter().flat_map(|line| &line.phrases);
                let counting = phrases.filter(|phrase| phrase.phrase.prepared.counts());
                taken.extend(
                    counting
                        .map(|phrase| PhraseId { layer: finding.layer, phrase: phrase.phrase.id }),
                );
            }
        }
        // A rule written twice counts under one name: the call costs it one slot, not two.
        let mut spent = HashSet::new();
        let counters = needs.counters.iter().enumerate();
        counters
            .filter(|(_, need)| taken.contains(&need.phrase))
            .filter(|(_, need)| spent.insert((&need.counter, &need.key, &need.span)))
            .map(|(at, _)| at)
            .collect()
    }

    /// The texts of all conditions and phrases whose value is unknown.
    #[must_use]
    pub fn unknown(&self) -> Vec<String> {
        let mut unknown = Vec::new();
        for finding in self.findings.iter().filter(|finding| !finding.rule.shadow) {
            let sources = finding.policy.sources();
            let mut add = |text: &str| {
                let text = crate::show::printable(&one_line(text), 200);
                if !unknown.contains(&text) {
                    unknown.push(text);
                }
            };
            if finding.applies == Truth::Unknown {
                match &finding.trace {
                    Some(trace) => unknown_atoms(trace, &mut |span| add(sources.text(span))),
                    None => add("until"),
                }
            }
            if finding.applies == Truth::False {
                continue;
            }
            for phrase in finding.lines.iter().flat_map(|line| &line.phrases) {
                match (&phrase.trace, phrase.outcome) {
                    (Some(trace), Outcome::Unknown) if trace.span.end > 0 => {
                        unknown_atoms(trace, &mut |span| add(sources.text(span)));
                    }
                    (_, Outcome::Unknown) => add(&phrase.phrase.text),
                    _ => {}
                }
            }
        }
        unknown
    }

    /// The merged terms of everything that asks; where only a default asks, the usual terms.
    #[must_use]
    pub fn terms(&self) -> Terms {
        let asking = self.findings.iter().filter(|f| !f.rule.shadow && f.holds());
        let terms = asking.filter_map(|finding| Some(&finding.rule.ask.as_ref()?.terms));
        let merged = terms.cloned().reduce(|merged, terms| merged.merge(&terms));
        merged.unwrap_or_else(|| {
            let policy = self.evaluation.policy().map_or("", CompiledPolicy::name).into();
            let seats = vec![Seat { count: 1, group: None, members: Arc::new([]) }];
            let (rule, escalations) = ("default".into(), Vec::new());
            let requirements = vec![Requirement { policy, rule, seats, escalations }];
            Terms { requirements, ..Terms::default() }
        })
    }
}

fn unknown_atoms(trace: &Trace, add: &mut dyn FnMut(crate::span::Span)) {
    let mut atoms = Vec::new();
    trace.atoms(&mut atoms);
    atoms.iter().filter(|atom| atom.truth == Truth::Unknown).for_each(|atom| add(atom.span));
}

/// Source text with its line breaks and indentation folded.
pub(crate) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
