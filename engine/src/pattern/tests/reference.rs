//! Patterns against two readings of their own: a few recursive lines, and globset itself.

use globset::GlobBuilder;
use proptest::prelude::*;

use super::super::{Name, NamePattern};

/// The pattern's text against one part of a name: slow, short and independent of the compiled form.
fn reads(pattern: &[u8], part: &[u8], fold: bool) -> bool {
    let Some((&first, rest)) = pattern.split_first() else { return part.is_empty() };
    match first {
        b'*' => (0..=part.len()).any(|skip| reads(rest, &part[skip..], fold)),
        b'?' => !part.is_empty() && reads(rest, &part[1..], fold),
        b'[' => {
            let close = rest.iter().skip(1).position(|byte| *byte == b']').expect("closed") + 1;
            part.split_first().is_some_and(|(byte, tail)| {
                class(&rest[..close], *byte, fold) && reads(&rest[close + 1..], tail, fold)
            })
        }
        b'{' => {
            let (branches, rest) = branches(rest);
            branches.iter().any(|branch| reads(&[branch, rest].concat(), part, fold))
        }
        byte => part.split_first().is_some_and(|(own, tail)| {
            (byte == *own || fold && byte.eq_ignore_ascii_case(own)) && reads(rest, tail, fold)
        }),
    }
}

fn class(members: &[u8], byte: u8, fold: bool) -> bool {
    let (negated, members) = match members.split_first() {
        Some((b'!', members)) => (true, members),
        _ => (false, members),
    };
    let within = |byte: u8| match members {
        [low, b'-', high] => (low..=high).contains(&&byte),
        all => all.contains(&byte),
    };
    if negated {
        !within(byte)
    } else {
        within(byte) || fold && byte.is_ascii_alphabetic() && within(byte ^ 0x20)
    }
}

fn branches(text: &[u8]) -> (Vec<&[u8]>, &[u8]) {
    let (mut depth, mut from, mut branches) = (0, 0, Vec::new());
    for (at, byte) in text.iter().enumerate() {
        match byte {
            b'{' => depth += 1,
            b'}' if depth == 0 => {
                branches.push(&text[from..at]);
                return (branches, &text[at + 1..]);
            }
            b'}' => depth -= 1,
            b',' if depth == 0 => {
                branches.push(&text[from..at]);
                from = at + 1;
            }
            _ => {}
        }
    }
    unreachable!("closed");
}

/// Both readings of a pattern, as section 3 has them.
fn expected(pattern: &str, name: &Name<'_>) -> (bool, bool) {
    let part = |pattern: &str, part: &str, fold| reads(pattern.as_bytes(), part.as_bytes(), fold);
    match (pattern.split_once('/'), name.server()) {
        (None, server) => (
            part(pattern, name.tool(), true),
            server.is_none() && part(pattern, name.tool(), false),
        ),
        (Some(_), None) => (false, false),
        (Some((first, second)), Some(server)) => {
            let both = |fold| part(first, server, fold) && part(second, name.tool(), fold);
            (both(true), both(false))
        }
    }
}

/// A part of a pattern over few letters, so that much of it matches.
pub(crate) fn part() -> impl Strategy<Value = String> {
    let class =
        prop_oneof!["\\[!?[abAB_]{1,3}\\]", Just("[a-b]".to_owned()), Just("[!A-B]".to_owned())];
    let leaf = prop_oneof![4 => "[abAB_]{1,3}", 3 => Just("*".to_owned()), 1 => Just("?".to_owned()), 1 => class];
    let tree = leaf.prop_recursive(3, 12, 3, |inner| {
        let sequence = prop::collection::vec(inner, 0..3).prop_map(|pieces| pieces.concat());
        prop::collection::vec(sequence, 1..4)
            .prop_map(|branches| format!("{{{}}}", branches.join(",")))
    });
    prop::collection::vec(tree, 1..5).prop_map(|pieces| pieces.concat())
}

pub(crate) fn any_pattern() -> impl Strategy<Value = String> {
    prop_oneof![2 => part(), 1 => (part(), part()).prop_map(|(server, tool)| format!("{server}/{tool}"))]
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
}
