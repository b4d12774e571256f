//! Patterns against two readings of their own: a few recursive lines, and globset itself.

use globset::GlobBuilder;
use proptest::prelude::*;

use super::super::stretch::Stretches;
use super::super::syntax::{self, Dialect};
use super::super::{Name, NamePattern, TextPattern};

/// The pattern against a text: slow, short and independent of the compiled form.
fn reads(pattern: &[char], text: &[char], fold: bool) -> bool {
    let Some((&first, rest)) = pattern.split_first() else { return text.is_empty() };
    let step = |accepts: &dyn Fn(char) -> bool, rest: &[char]| {
        text.split_first().is_some_and(|(c, tail)| accepts(*c) && reads(rest, tail, fold))
    };
    match first {
        '*' => (0..=text.len()).any(|skip| reads(rest, &text[skip..], fold)),
        '?' => step(&|_| true, rest),
        '[' => {
            let close = rest.iter().skip(1).position(|c| *c == ']').expect("closed") + 1;
            step(&|c| class(&rest[..close], c, fold), &rest[close + 1..])
        }
        '{' => {
            let (branches, rest) = branches(rest);
            branches.iter().any(|branch| reads(&[branch, rest].concat(), text, fold))
        }
        own => step(&|c| own == c || fold && own.to_lowercase().eq(c.to_lowercase()), rest),
    }
}

fn class(members: &[char], c: char, fold: bool) -> bool {
    let (negated, members) = match members.split_first() {
        Some(('!', members)) => (true, members),
        _ => (false, members),
    };
    let within = |c: char| match members {
        [low, '-', high] => (*low..=*high).contains(&c),
        all => all.contains(&c),
    };
    let cases = c.to_lowercase().chain(c.to_uppercase());
    if negated { !within(c) } else { within(c) || fold && cases.into_iter().any(within) }
}

fn branches(text: &[char]) -> (Vec<&[char]>, &[char]) {
    let (mut depth, mut from, mut branches) = (0, 0, Vec::new());
    for (at, c) in text.iter().enumerate() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => {
                branches.push(&text[from..at]);
                return (branches, &text[at + 1..]);
            }
            '}' => depth -= 1,
            ',' if depth == 0 => {
                branches.push(&text[from..at]);
                from = at + 1;
            }
            _ => {}
        }
    }
    unreachable!("closed");
}

fn read(pattern: &str, text: &str, fold: bool) -> bool {
    let chars = |text: &str| text.chars().collect::<Vec<_>>();
    reads(&chars(pattern), &chars(text), fold)
}

/// Both readings of a pattern, as section 3 has them.
fn expected(pattern: &str, name: &Name<'_>) -> (bool, bool) {
    match (pattern.split_once('/'), name.server()) {
        (None, server) => (
            read(pattern, name.tool(), true),
            server.is_none() && read(pattern, name.tool(), false),
        ),
        (Some(_), None) => (false, false),
        (Some((first, second)), Some(server)) => {
            let both = |fold| read(first, server, fold) && read(second, name.tool(), fold);
            (both(true), both(false))
        }
    }
}

/// A pattern over few characters, so that much of it matches.
fn pattern_over(chars: &'static str) -> impl Strategy<Value = String> {
    let class = prop_oneof![
        Just("[a-b]".to_owned()),
        Just("[!A-B]".to_owned()),
        regex(&format!("\\[!?[{chars}]{{1,3}}\\]")),
    ];
    let literal = regex(&format!("[{chars}]{{1,3}}"));
    let leaf =
        prop_oneof![4 => literal, 3 => Just("*".to_owned()), 1 => Just("?".to_owned()), 1 => class];
    let tree = leaf.prop_recursive(2, 8, 3, |inner| {
        let sequence = prop::collection::vec(inner, 0..3).prop_map(|pieces| pieces.concat());
        prop::collection::vec(sequence, 1..4)
            .prop_map(|branches| format!("{{{}}}", branches.join(",")))
    });
    prop::collection::vec(tree, 1..4).prop_map(|pieces| pieces.concat())
}

fn regex(text: &str) -> impl Strategy<Value = String> + use<> {
    prop::string::string_regex(text).expect("a regular expression")
}

fn part() -> impl Strategy<Value = String> {
    pattern_over("abAB_")
}

/// A part with too many alternatives to be written out.
fn many() -> impl Strategy<Value = String> {
    part().prop_map(|part| format!("{{a,B,}}{{_,ab,}}{{*a,b,}}{{A,b,}}{part}"))
}

pub(crate) fn any_pattern() -> impl Strategy<Value = String> {
    let served = (part(), part()).prop_map(|(server, tool)| format!("{server}/{tool}"));
    let both = (part(), many()).prop_map(|(server, tool)| format!("{server}/{tool}"));
    prop_oneof![12 => part(), 6 => served, 2 => many(), 1 => both]
}

pub(crate) fn any_name() -> impl Strategy<Value = String> {
    prop_oneof!["[abAB_]{1,6}", "[ab_]{1,6}", "[abAB_]{1,3}/[abAB_]{1,4}", "[ab_]{1,3}/[ab_]{1,4}"]
}

proptest! {
    #[test]
    fn patterns_mean_what_the_language_says(text in any_pattern(), names in prop::collection::vec(any_name(), 8)) {
        let Ok(pattern) = NamePattern::parse(&text) else { return Ok(()) };
        for name in &names {
            let name = Name::parse(name).expect("a name");
            let found = (pattern.matches_tightening(&name), pattern.matches_loosening(&name));
            prop_assert_eq!(found, expected(&text, &name), "`{}` on `{}`", text, name.as_str());
            prop_assert!(found.0 || !found.1);
        }
        let sample = pattern.sample();
        let sample = Name::parse(&sample).expect("a name");
        prop_assert!(pattern.matches_loosening(&sample), "`{}` and its sample `{}`", text, sample.as_str());
    }

    #[test]
    fn globset_agrees(text in part(), names in prop::collection::vec("[abAB_]{1,6}", 8)) {
        let Ok(pattern) = NamePattern::parse(&text) else { return Ok(()) };
        let mut single = text.clone();
        while single.contains("**") {
            single = single.replace("**", "*");
        }
        let glob = |fold| {
            let mut glob = GlobBuilder::new(&single);
            glob.literal_separator(true).empty_alternates(true).case_insensitive(fold);
            glob.build().expect("globset reads it").compile_matcher()
        };
        let (exact, folded) = (glob(false), glob(true));
        for name in &names {
            let parsed = Name::parse(name).expect("a name");
            prop_assert_eq!(pattern.matches_loosening(&parsed), exact.is_match(name), "`{}` on `{}`", text, name);
            // A negated class, with case ignored, leaves out more in globset.
            if !text.contains('!') {
                prop_assert_eq!(pattern.matches_tightening(&parsed), folded.is_match(name), "`{}` on `{}`", text, name);
            }
        }
    }

    #[test]
    fn covering_and_overlapping_are_proven(a in any_pattern(), b in any_pattern(), name in any_name()) {
        let (Ok(a), Ok(b)) = (NamePattern::parse(&a), NamePattern::parse(&b)) else { return Ok(()) };
        let name = Name::parse(&name).expect("a name");
        let (in_a, in_b) = (a.matches_tightening(&name), b.matches_tightening(&name));
        prop_assert!(a.covers(&b) != Some(true) || !in_b || in_a, "{} {}", a.text(), b.text());
        prop_assert!(a.overlaps(&b) != Some(false) || !(in_a && in_b), "{} {}", a.text(), b.text());
    }

    #[test]
    fn texts_mean_what_the_language_says(
        text in pattern_over("aA/éÉ"),
        values in prop::collection::vec("[aAbB/éÉ\n]{0,6}", 8),
    ) {
        let Ok(pattern) = TextPattern::parse(&text) else { return Ok(()) };
        let nodes = syntax::parse(&text, Dialect::Text).expect("parsed before");
        let stretches = Stretches::new(&nodes);
        for value in &values {
            let exact = read(&text, value, false);
            prop_assert_eq!(pattern.matches(value, false), exact, "`{}` on {:?}", text, value);
            let found = stretches.as_ref().map(|stretches| stretches.matches(value, false));
            prop_assert!(found.is_none_or(|found| found == exact), "`{}` on {:?}, in stretches", text, value);
            let ignoring = pattern.matches(value, true);
            prop_assert!(ignoring || !exact);
            if !text.contains('!') {
                prop_assert_eq!(ignoring, read(&text, value, true), "`{}` on {:?}, ignoring case", text, value);
            }
        }
    }
}
