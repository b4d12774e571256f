//! Texts compared and folded without regard to case or to how accents are composed.
//!
//! Two texts are one when they agree after canonical decomposition and case folding, done here as
//! lower-, upper- and lower-casing each character (Unicode, section 3.13, "canonical caseless
//! matching"). This joins a few more than lower-casing alone: `ſ` and `s`, `ς` and `σ`, `ß` and
//! `ss`, the Kelvin sign and `k`; folding serves where missing a spelling would be the danger.

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization as _;

/// Whether two texts are one but for case and composition. Does not allocate on ASCII.
///
/// ```
/// use fence_engine::scalar::text::eq_ignoring_case;
///
/// assert!(eq_ignoring_case("Café", "CAFE\u{301}"));
/// assert!(eq_ignoring_case("\u{212a}ey", "key"));
/// assert!(!eq_ignoring_case("key", "keys"));
/// ```
#[must_use]
pub fn eq_ignoring_case(a: &str, b: &str) -> bool {
    if a.is_ascii() && b.is_ascii() {
        return a.eq_ignore_ascii_case(b);
    }
    folded(a).eq(folded(b))
}

/// The folded form: two texts have the same one exactly when [`eq_ignoring_case`] holds.
/// ASCII without capitals is borrowed.
#[must_use]
pub fn fold(text: &str) -> Cow<'_, str> {
    match text.is_ascii() {
        true => lower_ascii(text),
        false => Cow::Owned(folded(text).nfc().collect()),
    }
}

/// The text in lower case, character by character, as people mean it: no further folding.
/// ASCII without capitals is borrowed.
#[must_use]
pub fn lower(text: &str) -> Cow<'_, str> {
    match text.is_ascii() {
        true => lower_ascii(text),
        false => Cow::Owned(text.to_lowercase()),
    }
}

fn lower_ascii(text: &str) -> Cow<'_, str> {
    match text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        true => Cow::Owned(text.to_ascii_lowercase()),
        false => Cow::Borrowed(text),
    }
}

/// The folded characters, decomposed. Lower-casing first is for `ẞ`, whose capital is itself;
/// folding can make marks that decomposition orders anew.
fn folded(text: &str) -> impl Iterator<Item = char> + '_ {
    text.nfd().flat_map(folded_char).nfd()
}

fn folded_char(char: char) -> impl Iterator<Item = char> {
    char.to_lowercase().flat_map(char::to_uppercase).flat_map(char::to_lowercase)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn case_and_composition_do_not_matter() {
        for (a, b) in [
            ("", ""),
            ("Status", "sTATUS"),
            ("caf\u{e9}", "CAFE\u{301}"),
            ("\u{212a}elvin", "kelvin"),
            ("\u{17f}tatus", "status"),
            ("Stra\u{df}e", "STRASSE"),
            ("\u{3a3}\u{3b1}\u{3c2}", "\u{3c3}\u{3b1}\u{3c3}"),
            ("\u{130}", "i\u{307}"),
            ("\u{1e9b}\u{323}", "\u{1e69}"),
            ("\u{1f80}", "\u{1f00}\u{345}"),
        ] {
            assert!(eq_ignoring_case(a, b), "{a} {b}");
            assert_eq!(fold(a), fold(b));
        }
        for (a, b) in [("a", "b"), ("a", "aa"), ("caf\u{e9}", "cafe"), ("a", "\u{430}")] {
            assert!(!eq_ignoring_case(a, b), "{a} {b}");
            assert_ne!(fold(a), fold(b));
        }
    }

    #[test]
    fn lower_case_is_no_more_than_that() {
        assert_eq!(lower("Stra\u{df}E \u{17f}"), "stra\u{df}e \u{17f}");
        assert!(matches!(lower("abc 1"), Cow::Borrowed("abc 1")));
        assert!(matches!(fold("abc 1"), Cow::Borrowed("abc 1")));
        assert_eq!(fold("ABC"), "abc");
    }

    #[test]
    fn every_character_folds_stably() {
        // No character beyond has case.
        for char in '\0'..='\u{1ffff}' {
            let text = char.to_string();
            let folded = fold(&text);
            assert_eq!(fold(&folded), folded, "{char:?}");
            assert!(eq_ignoring_case(&text, &text.to_lowercase()), "{char:?}");
            assert!(eq_ignoring_case(&text, &text.to_uppercase()), "{char:?}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1024))]

        #[test]
        fn folding_is_stable_and_decides_equality(a in "\\PC{0,4}", b in "\\PC{0,4}") {
            let folded = fold(&a);
            prop_assert_eq!(&fold(&folded), &folded);
            prop_assert_eq!(eq_ignoring_case(&a, &b), fold(&a) == fold(&b));
            for other in [a.to_lowercase(), a.nfd().collect(), a.nfc().collect()] {
                prop_assert!(eq_ignoring_case(&a, &other), "{a} {other}");
            }
        }
    }
}
