//! One tool of the list, as the declaration that says the same.

use super::schema::{kind, open};
use fence_engine::json::Value;
use fence_engine::pattern::Name;
use fence_engine::show::{is_invisible, printable};
use fence_engine::syntax::KEYWORDS;
use std::fmt::Write as _;

/// How many characters of a description are kept.
const MOST: usize = 100;

/// A tool that can be declared.
#[derive(Debug)]
pub(super) struct Declaration<'a> {
    pub(super) name: String,
    about: Option<&'a str>,
    fields: Vec<Field<'a>>,
}

#[derive(Debug)]
struct Field<'a> {
    name: &'a str,
    kind: &'static str,
    optional: bool,
    about: Option<&'a str>,
}

/// A tool that cannot.
#[derive(Debug)]
pub(super) struct Refused {
    pub(super) name: String,
    pub(super) reason: String,
}

impl<'a> Declaration<'a> {
    pub(super) fn read(tool: Value<'a>, server: Option<&str>) -> Result<Self, Refused> {
        let tool_name = tool.get("name").and_then(Value::as_text).unwrap_or_default();
        let name = match server {
            Some(server) => format!("{server}/{tool_name}"),
            None => tool_name.to_owned(),
        };
        let fields = Name::parse(&name).map_err(|error| error.to_string());
        match fields.and_then(|_| fields_of(tool)) {
            Ok(fields) => Ok(Self { name, about: described(tool), fields }),
            Err(reason) => Err(Refused { name, reason }),
        }
    }

    /// Appends the declaration in the one layout, with a blank line before it.
    pub(super) fn write(&self, out: &mut String) {
        out.push('\n');
        if let Some(about) = self.about {
            let _ = writeln!(out, "# {}", comment(about));
        }
        let _ = write!(out, "tool {} {{", pattern(&self.name));
        if self.fields.is_empty() {
            out.push_str("}\n");
            return;
        }
        out.push('\n');
        for field in &self.fields {
            let _ = write!(out, "  {}: {}", key(field.name), field.kind);
            if field.optional {
                out.push_str(" optional");
            }
            if let Some(about) = field.about {
                let _ = write!(out, "  # {}", comment(about));
            }
            out.push('\n');
        }
        out.push_str("}\n");
    }
}

fn fields_of(tool: Value<'_>) -> Result<Vec<Field<'_>>, String> {
    let schema = tool.get("inputSchema").filter(|schema| schema.as_object().is_some());
    let schema = schema.ok_or("it has no `inputSchema`")?;
    if let Some(reason) = open(schema) {
        return Err(reason);
    }
    let required = |name: &str| match schema.get("required") {
        Some(Value::List(list)) => list.iter().any(|item| item.as_text() == Some(name)),
        _ => false,
    };
    let Some(properties) = schema.get("properties").and_then(Value::as_object) else {
        return Ok(Vec::new());
    };
    Ok(properties
        .iter()
        .map(|(name, schema)| Field {
            name,
            kind: kind(schema),
            optional: !required(name),
            about: described(schema),
        })
        .collect())
}

fn described(value: Value<'_>) -> Option<&str> {
    value.get("description").and_then(Value::as_text).filter(|about| !about.trim().is_empty())
}

/// A description on one line: it comes from the tool's maker and ends where the line does.
fn comment(about: &str) -> String {
    let words: Vec<&str> = about.split_whitespace().collect();
    let line = words.join(" ");
    match line.chars().count() > MOST {
        false => printable(&line, MOST),
        true => {
            let kept: String = line.chars().take(MOST - 1).collect();
            format!("{}…", printable(kept.trim_end(), MOST))
        }
    }
}

/// A tool's name as a pattern: bare where it can be.
fn pattern(name: &str) -> String {
    // A valid name has no character that would need quotes by itself.
    match KEYWORDS.contains(&name) || name.contains("..") {
        true => quoted(name),
        false => name.to_owned(),
    }
}

/// A field's name: bare where it is a word.
fn key(name: &str) -> String {
    let mut bytes = name.bytes();
    let word = bytes.next().is_some_and(|first| first == b'_' || first.is_ascii_alphabetic())
        && bytes.all(|byte| byte == b'_' || byte.is_ascii_alphanumeric());
    if word { name.to_owned() } else { quoted(name) }
}

fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            _ if is_invisible(character) => {
                let _ = write!(out, "\\u{{{:x}}}", u32::from(character));
            }
            _ => out.push(character),
        }
    }
    out.push('"');
    out
}
