//! Untrusted text made fit to be shown: nothing invisible, nothing endless.

use std::fmt::Write as _;

/// At most `most` characters of the text, invisible and control characters as `\u{…}`; says how
/// much was left out.
///
/// ```
/// use fence_engine::show::printable;
///
/// assert_eq!(printable("read_\u{202e}x", 40), "read_\\u{202e}x");
/// assert_eq!(printable("aaaaaa", 2), "aa… (6 characters)");
/// ```
#[must_use]
pub fn printable(text: &str, most: usize) -> String {
    let mut shown = String::with_capacity(text.len().min(most));
    for (at, character) in text.chars().enumerate() {
        if at == most {
            let _ = write!(shown, "… ({} characters)", text.chars().count());
            break;
        }
        if character.is_control() || is_invisible(character) {
            let _ = write!(shown, "\\u{{{:x}}}", u32::from(character));
        } else {
            shown.push(character);
        }
    }
    shown
}

/// Whether a reader cannot see `character`, or cannot tell it from a plain blank.
#[must_use]
pub fn is_invisible(character: char) -> bool {
    matches!(character,
        '\0'..='\u{8}' | '\u{B}'..='\u{1F}' | '\u{7F}'..='\u{A0}' | '\u{AD}' | '\u{34F}' | '\u{61C}'
        | '\u{115F}' | '\u{1160}' | '\u{1680}' | '\u{17B4}' | '\u{17B5}' | '\u{180B}'..='\u{180F}'
        | '\u{2000}'..='\u{200F}' | '\u{2028}'..='\u{202F}' | '\u{205F}'..='\u{206F}' | '\u{2800}'
        | '\u{3000}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFA0}'
        | '\u{FFF0}'..='\u{FFFB}' | '\u{1BCA0}'..='\u{1BCA3}' | '\u{1D173}'..='\u{1D17A}'
        | '\u{E0000}'..='\u{E0FFF}')
}
