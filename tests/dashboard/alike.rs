//! APR-032: no two values of an argument look alike.

use crate::dom::{all, parse, visible};
use crate::samples::{self, json};
use fence::approvals::RequestView;
use fence::engine::json::Json;
use fence::http::dashboard::request::{self, RequestPage};
use proptest::prelude::*;

/// What a person sees of an argument.
fn seen(value: &str) -> String {
    seen_of(json(&format!("{{\"a\":{value}}}")))
}

fn seen_of(args: Json) -> String {
    let view = RequestView { args, ..samples::request() };
    let page = request::request(&samples::frame(), &RequestPage::new(view));
    let page = parse(&page);
    visible(all(&page, "dl.args")[0])
}

#[test]
fn values_that_look_alike_elsewhere_look_different_here() {
    let alike = [
        [r#""5""#, "5"],
        [r#""true""#, "true"],
        [r#""null""#, "null"],
        [r#""""#, "null"],
        ["[]", "{}"],
        ["[]", r#""""#],
        [r#""[ ]""#, "[]"],
        ["[1,2]", r#"["1","2"]"#],
        ["[1,2]", r#"["1, 2"]"#],
        ["[[1],2]", "[[1,2]]"],
        [r#"{"a":{"b":1}}"#, r#"{"a.b":1}"#],
        [r#"{"":1}"#, r#"{" ":1}"#],
        ["1.0", "1.00"],
        ["1e3", "1000"],
        [r#""a b""#, "\"a\u{a0}b\""],
        [r#""a b""#, r#""a  b""#],
        [r#""a""#, r#""a ""#],
        [r#""a""#, r#"" a""#],
        [r#""a""#, r#""a\n""#],
        [r#""a b""#, r#""a\tb""#],
        [r#""a\nb""#, r#""a\r\nb""#],
        [r#""ab""#, r#""a\u200bb""#],
        [r#""ab""#, r#""a\u00adb""#],
        [r#""\u00e9""#, r#""e\u0301""#],
        [r#""\u00c5""#, r#""\u212b""#],
        [r#""K""#, r#""\u212a""#],
        [r#""paypal""#, r#""p\u0430ypal""#],
        [r#""\u202e""#, r#""\u27e6U+202E\u27e7""#],
        [r#""\u202e""#, r#""\\u202e""#],
        [r#""\ue000""#, r#""\ue001""#],
        [r#""\ufffd""#, r#""\ufffe""#],
        ["12345678901234567890123456789", "12345678901234567890123456788"],
    ];
    for [one, other] in alike {
        assert_ne!(seen(one), seen(other), "{one} and {other}");
    }
}

#[test]
fn marks_say_what_a_hidden_character_is() {
    assert!(seen(r#""\u202egpj.exe""#).contains("⟦U+202E⟧gpj.exe"));
    assert!(seen(r#""p\u0430ypal""#).contains("<odd>"));
    // Other alphabets by themselves are nobody's disguise.
    for plain in ["\u{43f}\u{440}\u{438}\u{432}\u{435}\u{442}", "\u{4f60}\u{597d}", "na\u{ef}ve"] {
        let seen = seen(&format!("\"{plain}\""));
        assert!(seen.contains(plain) && !seen.contains('⟦') && !seen.contains("<odd>"), "{seen}");
    }
}

fn tree() -> impl Strategy<Value = String> {
    let text = proptest::collection::vec(
        prop_oneof![
            4 => proptest::char::range('a', 'c'), 1 => proptest::char::any(),
            2 => proptest::sample::select(vec![' ', '\n', '\t', '\r', '⟦', '⟧', '“', '”', '\u{202e}', '\u{301}', '\u{430}', '<', '&', '"', '\\', '…']),
        ],
        0..6,
    );
    let text =
        text.prop_map(|text| serde_json::to_string(&text.iter().collect::<String>()).unwrap());
    let leaf = prop_oneof![3 => text.clone(), 1 => (-20i32..20).prop_map(|n| n.to_string()), 1 => proptest::sample::select(vec!["null", "true", "1e2", "[]", "{}"]).prop_map(str::to_owned)];
    leaf.prop_recursive(3, 10, 3, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..3)
                .prop_map(|items| format!("[{}]", items.join(","))),
            (text.clone(), inner.clone()).prop_map(|(key, value)| format!("{{{key}:{value}}}")),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]

    #[test]
    fn different_arguments_never_render_alike(one in tree(), other in tree()) {
        let (one, other) = (json(&format!("[{one}]")), json(&format!("[{other}]")));
        prop_assume!(one != other);
        let args = |value: Json| json(&format!("{{\"a\":{value}}}"));
        prop_assert_ne!(seen_of(args(one)), seen_of(args(other)));
    }
}
