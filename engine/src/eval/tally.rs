//! How the rules of a layer, and several layers, become one verdict: the strictest stands.

use super::{Decided, Judged};
use crate::decision::{Effect, Truth};
use crate::policy::Default;

/// A rule and, for a released `ask`, its line.
type Rule = (u32, Option<u16>);

/// The first rule of each kind that applies to a call, in one layer.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tally {
    deny: Option<Rule>,
    held: Option<Rule>,
    released: Option<Rule>,
    allow: Option<Rule>,
    /// The same for `ask` rules that apply only through unknown.
    maybe_held: Option<Rule>,
    maybe_released: Option<Rule>,
}

impl Tally {
    /// Counts one rule in. Order and repetition do not matter.
    #[inline]
    pub(super) fn add(&mut self, id: u32, effect: Effect, judged: Judged) {
        let place = match (effect, judged.applies, judged.line) {
            (_, Truth::False, _) | (Effect::Allow, Truth::Unknown, _) => return,
            (Effect::Deny, ..) => &mut self.deny,
            (Effect::Allow, ..) => &mut self.allow,
            (Effect::Ask, Truth::True, None) => &mut self.held,
            (Effect::Ask, Truth::True, Some(_)) => &mut self.released,
            (Effect::Ask, Truth::Unknown, None) => &mut self.maybe_held,
            (Effect::Ask, Truth::Unknown, Some(_)) => &mut self.maybe_released,
        };
        if place.is_none_or(|(first, _)| id < first) {
            *place = Some((id, judged.line));
        }
    }

    /// Whether an `ask` rule applies, perhaps.
    fn asked(&self) -> bool {
        let asks = [self.held, self.released, self.maybe_held, self.maybe_released];
        asks.iter().any(Option::is_some)
    }

    /// The layer's verdict, with or without the asks that apply only through unknown; `None`: no
    /// opinion.
    fn verdict(&self, default: Default, with_unknown: bool) -> Option<(Effect, Option<Rule>)> {
        let (held, released) = match with_unknown {
            true => (first(self.held, self.maybe_held), first(self.released, self.maybe_released)),
            false => (self.held, self.released),
        };
        if let Some(rule) = self.deny {
            return Some((Effect::Deny, Some(rule)));
        }
        if let Some(rule) = held {
            return Some((Effect::Ask, Some(rule)));
        }
        if let Some(rule) = released.or(self.allow) {
            return Some((Effect::Allow, Some(rule)));
        }
        match default {
            Default::Effect(effect) => Some((effect, None)),
            Default::Pass => None,
        }
    }
}

fn first(one: Option<Rule>, other: Option<Rule>) -> Option<Rule> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

/// The verdict over all layers so far, with and without the asks that apply only through unknown.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Verdict {
    without: Option<(Effect, Decided)>,
    with: Option<(Effect, Decided)>,
    /// Whether an `ask` rule of any layer applies, perhaps.
    pub(super) asked: bool,
}

impl Verdict {
    /// Adds one layer's tally.
    #[inline]
    pub(super) fn add(&mut self, layer: u16, tally: &Tally, default: Default) {
        let decide = |with_unknown| {
            tally.verdict(default, with_unknown).map(|(effect, rule)| {
                let (rule, line) = (rule.map(|(id, _)| id), rule.and_then(|(_, line)| line));
                (effect, Decided { layer, rule, line })
            })
        };
        self.asked |= tally.asked();
        self.without = stricter(self.without, decide(false));
        self.with = stricter(self.with, decide(true));
    }

    /// The stricter of both worlds; no opinion counts as deny.
    pub(super) fn settle(self) -> (Effect, Option<Decided>) {
        let split = |verdict: Option<(Effect, Decided)>| match verdict {
            Some((effect, decided)) => (effect, Some(decided)),
            None => (Effect::Deny, None),
        };
        let (without, with) = (split(self.without), split(self.with));
        if with.0 > without.0 { with } else { without }
    }
}

/// The stricter of two; the earlier layer's where they agree.
fn stricter(
    one: Option<(Effect, Decided)>,
    other: Option<(Effect, Decided)>,
) -> Option<(Effect, Decided)> {
    match (one, other) {
        (Some(one), Some(other)) if other.0 > one.0 => Some(other),
        (one, other) => one.or(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settle(rules: &[(Effect, Truth, Option<u16>)], default: Default) -> Effect {
        let mut tally = Tally::default();
        for (id, (effect, applies, line)) in (0..).zip(rules) {
            tally.add(id, *effect, Judged { applies: *applies, line: *line });
        }
        let mut verdict = Verdict::default();
        verdict.add(0, &tally, default);
        verdict.settle().0
    }

    #[test]
    fn an_ask_that_applies_only_through_unknown_may_tighten_but_never_grant() {
        let deny = Default::Effect(Effect::Deny);
        let held = (Effect::Ask, Truth::Unknown, None);
        let released = (Effect::Ask, Truth::Unknown, Some(0));
        let allow = (Effect::Allow, Truth::True, None);
        assert_eq!(settle(&[held, allow], deny), Effect::Ask);
        assert_eq!(settle(&[released], deny), Effect::Deny);
        assert_eq!(settle(&[held], deny), Effect::Deny);
        assert_eq!(settle(&[held], Default::Pass), Effect::Deny);
        assert_eq!(settle(&[released, allow], deny), Effect::Allow);
    }
}
