//! Foreign values laid out exactly: nothing cut, nothing invisible, and no two values alike.
//!
//! A value is shown as its JSON. What a terminal would obey, or a reader could not see, stands as
//! `\u…`; a real backslash stands doubled, so the two are never confused.

use fence_engine::json::Value;
use fence_engine::show::is_invisible;
use std::fmt::Write as _;

/// How wide a line may be.
pub(crate) const WIDTH: usize = 92;

/// What a line begins with that continues the text of the line before. No value begins like this.
const GOES_ON: &str = "↳ ";

/// A value over as many lines as it takes: short ones on one, lists and objects an item a line,
/// long texts folded.
pub(crate) fn laid_out(value: Value<'_>) -> Vec<String> {
    let mut lines = Vec::new();
    lay(value, "", "", 0, &mut lines);
    lines
}

/// A text in quotes over as many lines as it takes; a new line of the text begins one here.
pub(crate) fn quoted(text: &str) -> Vec<String> {
    laid_out(Value::Text(text))
}

/// Words of Fence or of a policy, perhaps with JSON in them, over as many lines as it takes.
pub(crate) fn prose(text: &str) -> Vec<String> {
    let text = escaped(text).replace('\n', "\\n").replace('\t', " ");
    let mut lines = folded(&text, WIDTH);
    // Words stay whole where that costs less than a quarter of the line.
    for at in 1..lines.len() {
        let (before, after) = lines.split_at_mut(at);
        let (line, next) = (&mut before[at - 1], &mut after[0]);
        let near = |blank: &usize| *blank > GOES_ON.len() && line.len() - blank < WIDTH / 4;
        let blank = line.rfind(' ').filter(near).filter(|_| !line.ends_with("\\n"));
        if let Some(blank) = blank {
            let word = line.split_off(blank + 1);
            next.insert_str(GOES_ON.len(), &word);
        }
    }
    lines
}

/// A name as it is where it is plain, else in quotes: a plain one never begins with a quote.
pub(crate) fn word(text: &str) -> String {
    let plain = |character: char| {
        !is_invisible(character) && !character.is_whitespace() && !matches!(character, '"' | '\\')
    };
    match !text.is_empty() && text.chars().all(plain) {
        true => text.to_owned(),
        false => compact(Value::Text(text)),
    }
}

/// Names as [`word`], in a row.
pub(crate) fn words<'t>(names: impl IntoIterator<Item = &'t String>) -> String {
    names.into_iter().map(|name| word(name)).collect::<Vec<_>>().join(", ")
}

/// A value on one line.
pub(crate) fn compact(value: Value<'_>) -> String {
    let mut text = String::new();
    value.write_compact(&mut text);
    escaped(&text)
}

fn lay(value: Value<'_>, before: &str, after: &str, depth: usize, lines: &mut Vec<String>) {
    let indent = "  ".repeat(depth);
    let short = compact(value);
    let room = WIDTH.saturating_sub(2 * depth).max(20);
    let is_short = before.chars().count() + short.chars().count() < room;
    let (open, close) = match value {
        Value::Object(object) if !object.is_empty() && !is_short => ("{", "}"),
        Value::List(list) if !list.is_empty() && !is_short => ("[", "]"),
        _ => {
            let text = format!("{before}{short}{after}");
            let folded = folded(&text, room);
            return lines.extend(folded.into_iter().map(|line| format!("{indent}{line}")));
        }
    };
    lines.push(format!("{indent}{before}{open}"));
    match value {
        Value::Object(object) => {
            for (at, (key, value)) in object.iter().enumerate() {
                let before = format!("{}: ", compact(Value::Text(key)));
                lay(value, &before, comma(at, object.len()), depth + 1, lines);
            }
        }
        Value::List(list) => {
            for (at, item) in list.iter().enumerate() {
                lay(item, "", comma(at, list.len()), depth + 1, lines);
            }
        }
        _ => {}
    }
    lines.push(format!("{indent}{close}{after}"));
}

const fn comma(at: usize, of: usize) -> &'static str {
    if at + 1 < of { "," } else { "" }
}

/// Escaped text over lines of this width, and after each `\n` a new one; escapes stay whole.
fn folded(text: &str, width: usize) -> Vec<String> {
    let (mut lines, mut line, mut used) = (Vec::new(), String::new(), 0);
    let mut rest = text;
    while !rest.is_empty() {
        let (piece, after) = rest.split_at(piece(rest));
        let length = piece.chars().count();
        if used + length > width && used > 0 {
            lines.push(std::mem::replace(&mut line, GOES_ON.to_owned()));
            used = GOES_ON.chars().count();
        }
        line.push_str(piece);
        used += length;
        // The closing quote does not need a line of its own.
        if piece == "\\n" && after.chars().count() > 2 {
            lines.push(std::mem::replace(&mut line, GOES_ON.to_owned()));
            used = GOES_ON.chars().count();
        }
        rest = after;
    }
    lines.push(line);
    lines
}

/// The length of the first character, or of the escape that stands for one.
fn piece(text: &str) -> usize {
    let mut characters = text.chars();
    match (characters.next(), characters.next()) {
        (Some('\\'), Some('u')) => text.len().min(6),
        (Some('\\'), Some(second)) => 1 + second.len_utf8(),
        (Some(first), _) => first.len_utf8(),
        (None, _) => 0,
    }
}

/// JSON with line breaks and indentation, numbers as stored.
pub(crate) fn pretty(value: Value<'_>) -> String {
    let mut out = String::new();
    write(value, 0, &mut out);
    escaped(&out)
}

fn write(value: Value<'_>, depth: usize, out: &mut String) {
    let line = |out: &mut String, depth: usize| {
        let _ = write!(out, "\n{:1$}", "", 2 * depth);
    };
    match value {
        Value::Object(object) if !object.is_empty() => {
            out.push('{');
            for (at, (key, value)) in object.iter().enumerate() {
                out.push_str(if at > 0 { "," } else { "" });
                line(out, depth + 1);
                Value::Text(key).write_compact(out);
                out.push_str(": ");
                write(value, depth + 1, out);
            }
            line(out, depth);
            out.push('}');
        }
        Value::List(list) if !list.is_empty() => {
            out.push('[');
            for (at, item) in list.iter().enumerate() {
                out.push_str(if at > 0 { "," } else { "" });
                line(out, depth + 1);
                write(item, depth + 1, out);
            }
            line(out, depth);
            out.push(']');
        }
        scalar => scalar.write_compact(out),
    }
}

/// JSON of the same value in which every invisible character is written out.
pub(crate) fn escaped(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for character in json.chars() {
        // Those below are line breaks; JSON has no others outside its texts.
        match is_invisible(character) {
            false => out.push(character),
            true => {
                let mut units = [0; 2];
                for unit in character.encode_utf16(&mut units) {
                    let _ = write!(out, "\\u{unit:04x}");
                }
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use fence_engine::json::Json;

    #[test]
    fn a_record_is_laid_out_with_its_exact_numbers_and_nothing_invisible() {
        let json: Json =
            "{\"a\":[1e400,\"x\u{202e}\u{e0001}\"],\"b\":{},\"c\":[]}".parse().unwrap();
        let expected = "{\n  \"a\": [\n    1e400,\n    \"x\\u202e\\udb40\\udc01\"\n  ],\n  \"b\": {},\n  \"c\": []\n}";
        assert_eq!(pretty(json.root()), expected);
    }

    /// Texts that try to look like something else, and each other.
    fn tricky() -> Vec<String> {
        let pieces = [
            "",
            "a",
            " ",
            "\\",
            "\"",
            "\n",
            "\\n",
            "\t",
            "\r",
            "\u{1b}",
            "\\u001b",
            "\\u{1b}",
            "\u{202e}",
            "\u{200b}",
            "\u{a0}",
            "\u{7f}",
            "↳ ",
            "…",
            ", ",
            "\u{e0041}",
            "0",
            "null",
        ];
        let mut texts = Vec::new();
        for first in pieces {
            for second in pieces {
                for third in ["", "x", "\\", "\u{200b}"] {
                    texts.push(format!("{first}{second}{third}"));
                    texts.push(format!("{}{first}{second}{third}", "long ".repeat(30)));
                }
            }
        }
        texts.sort_unstable();
        texts.dedup();
        texts
    }

    /// APR-032: of a million pairs of different values no two look alike.
    #[test]
    fn different_values_never_render_alike() {
        let mut values: Vec<Json> =
            tricky().iter().map(|text| Json::of(text.as_str()).unwrap()).collect();
        let lists = values.iter().map(|value| format!("[{value},[{value}]]").parse().unwrap());
        values.extend(lists.collect::<Vec<Json>>());
        let pairs = values.len() * (values.len() - 1) / 2;
        assert!(pairs > 1_000_000, "{pairs}");
        let mut rendered: Vec<String> =
            values.iter().map(|value| laid_out(value.root()).join("\n")).collect();
        let words =
            tricky().iter().map(|text| word(text)).collect::<std::collections::HashSet<_>>();
        assert_eq!(words.len(), tricky().len());
        for text in &rendered {
            assert!(
                !text.chars().any(|c| c != '\n' && (c.is_control() || is_invisible(c))),
                "{text:?}"
            );
        }
        rendered.sort_unstable();
        rendered.dedup();
        assert_eq!(rendered.len(), values.len());
    }

    #[test]
    fn long_values_are_folded_and_lose_nothing() {
        let long = "0123456789".repeat(10_000);
        let lines = quoted(&long);
        assert!(lines.iter().all(|line| line.chars().count() <= WIDTH + 2), "{}", lines[0].len());
        let joined: String =
            lines.iter().map(|line| line.strip_prefix(GOES_ON).unwrap_or(line)).collect();
        assert_eq!(joined, format!("\"{long}\""));
        let two = quoted("Dear Ana,\nwelcome\n");
        assert_eq!(two, ["\"Dear Ana,\\n", "↳ welcome\\n\""]);
    }

    #[test]
    fn short_containers_share_a_line_and_long_ones_do_not() {
        let short: Json = r#"{"a":[1,2.50,1e400]}"#.parse().unwrap();
        assert_eq!(laid_out(short.root()), [r#"{"a":[1,2.50,1e400]}"#]);
        let address = "somebody.with.a.long.name@subdomain.example.com";
        let long: Json = format!(r#"{{"to":["{address}","{address}"]}}"#).parse().unwrap();
        let quoted = format!("    \"{address}\"");
        let lines = laid_out(long.root());
        assert_eq!(lines, ["{", "  \"to\": [", &format!("{quoted},"), &quoted, "  ]", "}"]);
    }
}
