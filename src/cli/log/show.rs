//! `fence log show`: one decision in full.

use crate::cli::{Context, Exit, Failure};
use crate::store::Store;
use clap::Args;
use fence_engine::json::{Json, Limits, Value};
use fence_engine::show::is_invisible;
use std::fmt::Write as _;
use uuid::Uuid;

/// Show one decision in full
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  fence log show 01981f7e-5c1b-7cc2-9d0e-2f1a6f3c9b11")]
pub(super) struct Show {
    /// The decision's id
    #[arg(value_name = "ID")]
    id: Uuid,
}

impl Show {
    pub(super) fn run(
        &self,
        context: &Context,
        store: &dyn Store,
        json: bool,
    ) -> Result<Exit, Failure> {
        let found = store.entry(self.id.into_bytes()).map_err(Failure::usage)?;
        let missing = || Failure::usage(format!("there is no decision {}", self.id));
        let body = found.ok_or_else(missing)?.entry.body;
        let limits = Limits { bytes: 16 << 20, depth: 80, values: 1_000_000 };
        match Json::parse_with(body.as_bytes(), &limits) {
            Ok(record) if !json => context.output.line(&pretty(record.root())),
            _ if context.output.is_terminal() => context.output.line(&escaped(&body)),
            _ => context.output.line(&body),
        }
        Ok(Exit::Positive)
    }
}

/// JSON with line breaks and indentation, numbers as stored.
fn pretty(value: Value<'_>) -> String {
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
pub(super) fn escaped(json: &str) -> String {
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

    #[test]
    fn a_record_is_laid_out_with_its_exact_numbers_and_nothing_invisible() {
        let json: Json =
            "{\"a\":[1e400,\"x\u{202e}\u{e0001}\"],\"b\":{},\"c\":[]}".parse().unwrap();
        let expected = "{\n  \"a\": [\n    1e400,\n    \"x\\u202e\\udb40\\udc01\"\n  ],\n  \"b\": {},\n  \"c\": []\n}";
        assert_eq!(pretty(json.root()), expected);
    }
}
