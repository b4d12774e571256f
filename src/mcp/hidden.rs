//! Texts in which a model reads what a person does not see.

use fence_engine::json::Value;

/// The first character of any text in it that hides something: tags, direction, no width, control.
pub(super) fn first(value: Value<'_>) -> Option<char> {
    match value {
        Value::Text(text) => text.chars().find(|character| hides(*character)),
        Value::List(list) => list.iter().find_map(first),
        Value::Object(object) => object
            .iter()
            .find_map(|(key, value)| key.chars().find(|c| hides(*c)).or_else(|| first(value))),
        _ => None,
    }
}

/// What writing systems and emoji need, joiners and variants, is not counted.
const fn hides(character: char) -> bool {
    matches!(character,
        '\0'..='\u{8}' | '\u{B}'..='\u{C}' | '\u{E}'..='\u{1F}' | '\u{7F}'..='\u{9F}'
        | '\u{200B}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}'
        | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E0FFF}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use fence_engine::json::Json;

    #[test]
    fn tags_escapes_and_directions_are_found_and_languages_are_not() {
        let found = |text: &str| first(text.parse::<Json>().unwrap().root());
        assert_eq!(found(r#"{"content":[{"text":"a\u001b[31m"}]}"#), Some('\u{1b}'));
        assert_eq!(found("[\"\u{E0041}\"]"), Some('\u{E0041}'));
        assert_eq!(found("{\"\u{202e}k\":1}"), Some('\u{202e}'));
        assert_eq!(found("[\"línea\\n\\t 👩\u{200D}💻 ❤\u{FE0F} می\u{200C}خواهم\"]"), None);
    }
}
