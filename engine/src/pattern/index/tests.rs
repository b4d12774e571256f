//! The index finds what a walk over all patterns finds.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::super::tests::reference::{any_name, any_pattern};
use super::super::{Hit, Name, NamePattern};
use super::{Index, IndexBuilder};

fn index(patterns: &[(NamePattern, bool)]) -> Index {
    let mut builder = IndexBuilder::default();
    for ((pattern, loosening), id) in patterns.iter().zip(0..) {
        builder.add(pattern, *loosening, id);
    }
    builder.build()
}

/// What is hit, and whether any hit of it is exact.
fn found(index: &Index, name: &Name<'_>) -> BTreeSet<Hit> {
    let mut hits = BTreeSet::new();
    index.visit(name, |hit| {
        hits.insert(hit);
    });
    let exact = |hit: &Hit| hits.contains(&Hit { exact: true, ..*hit });
    hits.iter().map(|hit| Hit { exact: exact(hit), ..*hit }).collect()
}

fn expected(patterns: &[(NamePattern, bool)], name: &Name<'_>) -> BTreeSet<Hit> {
    let hits = patterns.iter().zip(0..).filter_map(|((pattern, loosening), id)| {
        let exact = pattern.matches_loosening(name);
        (exact || (!loosening && pattern.matches_tightening(name))).then_some(Hit { id, exact })
    });
    hits.collect()
}

fn agree(patterns: &[(NamePattern, bool)], names: &[String]) {
    let index = index(patterns);
    for name in names {
        let name = Name::parse(name).expect("a name");
        let texts = || patterns.iter().map(|(pattern, _)| pattern.text()).collect::<Vec<_>>();
        assert_eq!(
            found(&index, &name),
            expected(patterns, &name),
            "`{}` among {:?}",
            name.as_str(),
            texts()
        );
    }
}

fn pattern(text: &str) -> NamePattern {
    NamePattern::parse(text).expect("a pattern")
}

#[test]
fn every_kind_of_pattern_is_found() {
    let texts = "* */* read_* READ_* *_posts *post* *Post* read_posts Read_Posts r*s r?ad_* [a-r]ead* {read,list}_* \
                 {,x}read* git/* git/read_* */read_* */*_posts */*post* g*/* g*/r* git*/*s */{read,write}_posts \
                 git/read_posts Git/Read_posts ?????????? *a*o* {a,b,c,d,r}{a,b,c,d,e}{a,b,c,d,}*_posts \
                 averyveryverylongprefixofatool_* averyveryverylongprefixofatool_name";
    let both = [false, true];
    let patterns: Vec<_> = texts
        .split_whitespace()
        .flat_map(|text| both.map(|loosening| (pattern(text), loosening)))
        .collect();
    let names = "read_posts Read_Posts READ_POSTS list_posts xread_ git/read_posts GIT/read_posts git/Read_posts \
                 gitlab/read_posts x r rea averyveryverylongprefixofatool_name AVERYveryverylongprefixofatool_nam \
                 averyveryverylongprefixofatool_";
    let mut names: Vec<_> = names.split_whitespace().map(str::to_owned).collect();
    names.push(format!("git/{}_posts", "a".repeat(120)));
    names.push(format!("{}/{}", "S".repeat(128), "b".repeat(128)));
    agree(&patterns, &names);
}

#[test]
fn an_empty_index_finds_nothing() {
    assert!(found(&Index::default(), &Name::parse("x").expect("a name")).is_empty());
    agree(&[], &["s/x".to_owned()]);
}

#[test]
fn one_id_may_have_several_patterns() {
    let mut builder = IndexBuilder::default();
    builder.add(&pattern("a*"), false, 5);
    builder.add(&pattern("*b"), true, 5);
    let hits = found(&builder.build(), &Name::parse("ab").expect("a name"));
    assert_eq!(hits.into_iter().collect::<Vec<_>>(), [Hit { id: 5, exact: true }]);
}

#[test]
fn a_literal_within_another_is_found_too() {
    agree(&["*_b*", "*b*", "*_*"].map(|text| (pattern(text), false)), &["_b".to_owned()]);
}

#[test]
fn a_name_that_repeats_a_literal_costs_little() {
    let texts = (0..1000).map(|i| format!("*a*x{i}?"));
    let patterns: Vec<_> = texts.map(|text| (pattern(&text), false)).collect();
    agree(&patterns, &["a".repeat(128), format!("{}x77y", "a".repeat(100))]);
}

proptest! {
    #[test]
    fn the_index_agrees_with_a_walk_over_all_patterns(
        texts in prop::collection::vec((any_pattern(), any::<bool>()), 0..24),
        names in prop::collection::vec(any_name(), 1..12),
    ) {
        let parse = |(text, loosening): (String, bool)| Some((NamePattern::parse(&text).ok()?, loosening));
        let patterns: Vec<_> = texts.into_iter().filter_map(parse).collect();
        agree(&patterns, &names);
    }
}
