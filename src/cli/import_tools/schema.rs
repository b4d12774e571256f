//! JSON Schema, as far as the language's types say the same.
//!
//! What they do not say becomes `any`: a declaration may be wider than the schema, never narrower,
//! because a call that contradicts it is refused.

use fence_engine::json::Value;

/// Texts with a `format` that is a type of the language. JSON Schema's `duration` (ISO 8601) is
/// not the language's, and stays a text.
const FORMATS: &[(&str, &str, &str)] = &[
    ("email", "email", "list<email>"),
    ("uri", "url", "list<url>"),
    ("date-time", "time", "list<time>"),
    ("hostname", "domain", "list<domain>"),
];

/// Why a schema's fields are not all named in `properties`, if they are not.
pub(super) fn open(schema: Value<'_>) -> Option<String> {
    for keyword in
        ["$ref", "allOf", "anyOf", "oneOf", "if", "patternProperties", "dependentSchemas"]
    {
        if schema.get(keyword).is_some() {
            return Some(format!("its schema has fields behind `{keyword}`"));
        }
    }
    match schema.get("additionalProperties") {
        None | Some(Value::Bool(false)) => None,
        Some(_) => Some("its schema takes fields that it does not name".to_owned()),
    }
}

/// The type that covers everything the schema allows.
pub(super) fn kind(schema: Value<'_>) -> &'static str {
    if schema.get("type").and_then(Value::as_text) != Some("array") {
        return scalar(schema).0;
    }
    match schema.get("items") {
        Some(items) if !is_composed(schema) => scalar(items).1,
        _ => "list<any>",
    }
}

/// The type of one value, and of a list of such values.
fn scalar(schema: Value<'_>) -> (&'static str, &'static str) {
    let any = ("any", "list<any>");
    if is_composed(schema) {
        return any;
    }
    match schema.get("type").and_then(Value::as_text) {
        Some("string") => text(schema),
        Some("integer") => ("int", "list<int>"),
        Some("number") => ("decimal", "list<decimal>"),
        Some("boolean") => ("bool", "list<bool>"),
        Some("array") => ("list<any>", "list<any>"),
        _ => any,
    }
}

fn text(schema: Value<'_>) -> (&'static str, &'static str) {
    let format = schema.get("format").and_then(Value::as_text);
    let known = FORMATS.iter().find(|(name, _, _)| Some(*name) == format);
    known.map_or(("text", "list<text>"), |(_, one, list)| (one, list))
}

/// Whether other schemas have a say: `nullable` (OpenAPI) and the like would be lost.
fn is_composed(schema: Value<'_>) -> bool {
    let keywords = ["$ref", "allOf", "anyOf", "oneOf", "not", "if"];
    keywords.iter().any(|keyword| schema.get(keyword).is_some())
        || schema.get("nullable") == Some(Value::Bool(true))
}
