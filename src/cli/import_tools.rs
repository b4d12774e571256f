//! `fence import-tools`: `tool` declarations from an MCP `tools/list` result.
//!
//! A declaration is strict: a call with a field it does not name is malformed. So a tool whose
//! schema leaves its fields open is left out and named, rather than half declared.

mod declaration;
mod schema;

use super::{Context, Exit, Failure};
use crate::policies::plain_reason;
use clap::Args;
use declaration::Declaration;
use fence_engine::json::{Json, Limits, List, Value};
use fence_engine::show::printable;
use std::io::Read;
use std::path::PathBuf;

/// The largest tool list, in bytes.
const MAX_BYTES: usize = 16 << 20;

/// Make tool declarations from an MCP tools/list result
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  fence import-tools tools.json > tools.fence
  fence import-tools - --server mail < tools.json > mail.fence

The file holds definitions only: a policy takes it in with `import \"tools.fence\"`.
Read are the result object {\"tools\":[…]}, the whole JSON-RPC response, or the list alone.")]
pub(crate) struct ImportTools {
    /// The list of tools as JSON; `-` for standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The server the tools belong to: they are declared as SERVER/TOOL
    #[arg(long, value_name = "NAME")]
    server: Option<String>,
}

impl ImportTools {
    pub(crate) fn run(self, context: &Context) -> Result<Exit, Failure> {
        let name = self.name();
        let limits = Limits { bytes: MAX_BYTES, depth: 64, values: 1_000_000 };
        let json = Json::parse_with(&self.read()?, &limits)
            .map_err(|error| Failure::usage(format!("{name} is not strict JSON: {error}")))?;
        let tools = tools(json.root()).map_err(|reason| {
            Failure::usage(format!("{name} holds no list of tools: {reason}"))
                .help("give what an MCP server answers to `tools/list`")
        })?;
        if has_more(json.root()) {
            context.output.note("note: the list goes on at its `nextCursor`; import that page too");
        }
        let text = self.text(context, tools);
        context.output.raw(&text);
        Ok(Exit::Positive)
    }

    fn name(&self) -> String {
        match self.file.as_os_str() == "-" {
            true => "standard input".to_owned(),
            false => printable(&self.file.display().to_string(), 200),
        }
    }

    fn read(&self) -> Result<Vec<u8>, Failure> {
        let unreadable = |error: std::io::Error| {
            Failure::usage(format!("{} cannot be read: {}", self.name(), plain_reason(&error)))
        };
        let source: Box<dyn Read> = match self.file.as_os_str() == "-" {
            true => Box::new(std::io::stdin()),
            false => Box::new(std::fs::File::open(&self.file).map_err(unreadable)?),
        };
        let mut bytes = Vec::new();
        source.take(MAX_BYTES as u64 + 1).read_to_end(&mut bytes).map_err(unreadable)?;
        Ok(bytes)
    }

    /// The file of definitions; what cannot be declared is named beside it.
    fn text(&self, context: &Context, tools: List<'_>) -> String {
        let mut out = String::from("fence 1\n");
        let mut known: Vec<String> = Vec::new();
        for tool in tools {
            let declared = Declaration::read(tool, self.server.as_deref());
            let name = declared
                .as_ref()
                .map_or_else(|refused| refused.name.clone(), |declared| declared.name.clone());
            let declared = match known.contains(&name.to_ascii_lowercase()) {
                true => Err("another tool of the list has the same name".to_owned()),
                false => declared.map_err(|refused| refused.reason),
            };
            match declared {
                Ok(declared) => {
                    known.push(name.to_ascii_lowercase());
                    declared.write(&mut out);
                }
                Err(reason) => {
                    let name = printable(&name, 200);
                    context.output.note(&format!("note: `{name}` is not declared: {reason}"));
                }
            }
        }
        out
    }
}

/// The list in a result, a response, or by itself.
fn tools(root: Value<'_>) -> Result<List<'_>, String> {
    if root.get("error").is_some() {
        return Err("it is the answer to a request that failed".to_owned());
    }
    let result = root.get("result").unwrap_or(root);
    match (result, result.get("tools")) {
        (Value::List(list), _) | (_, Some(Value::List(list))) => Ok(list),
        (_, Some(_)) => Err("`tools` is no list".to_owned()),
        (_, None) => Err("there is no `tools`".to_owned()),
    }
}

fn has_more(root: Value<'_>) -> bool {
    let result = root.get("result").unwrap_or(root);
    matches!(result.get("nextCursor"), Some(Value::Text(_)))
}
