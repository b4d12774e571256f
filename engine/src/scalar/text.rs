//! Texts compared and folded without regard to case or to how accents are composed.
//!
//! Two texts are one when they agree after canonical decomposition and case folding, done here as
//! upper-casing and lower-casing each character (Unicode, section 3.13, "canonical caseless
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

/// The folded characters, decomposed. Folding can make marks that decomposition orders anew.
fn folded(text: &str) -> impl Iterator<Item = char> + '_ {
    text.nfd().flat_map(char::to_uppercase).flat_map(char::to_lowercase).nfd()
}
