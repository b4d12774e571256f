//! The calls that tests write, as tool calls.

use fence_engine::call::ToolCall;
use fence_engine::json::{Builder, Json};
use fence_engine::span::Spanned;
use fence_engine::syntax::ast::{Data, Step};

/// Who makes a call, and where, unless the test says so.
const TEST: &str = "test";

/// The call of a `call` step.
///
/// # Errors
/// What keeps the written data from being JSON.
pub(super) fn of(step: &Step) -> Result<ToolCall, String> {
    let Step::Call { tool, arguments, agent, user, session, context } = step else {
        return Err("this step makes no call".to_owned());
    };
    let text = |given: &Option<Spanned<String>>| given.as_ref().map(|text| text.node.clone());
    let mut call = ToolCall::new(&*tool.text)
        .agent(text(agent).unwrap_or_else(|| TEST.to_owned()))
        .session(text(session).unwrap_or_else(|| TEST.to_owned()));
    call.user = text(user);
    if let Some(arguments) = arguments {
        call.args = json(&arguments.node)?;
    }
    call.context = context.as_ref().map(|context| json(&context.node)).transpose()?;
    Ok(call)
}

fn json(data: &Data) -> Result<Json, String> {
    let mut builder = Builder::new();
    write(data, &mut builder)?;
    builder.finish().map_err(|error| error.to_string())
}

fn write(data: &Data, out: &mut Builder) -> Result<(), String> {
    match data {
        Data::Null => out.null(),
        Data::Bool(value) => out.bool(*value),
        Data::Text(text) => out.text(text),
        Data::Number(written) => {
            let number = Json::parse(written.as_bytes());
            out.value(number.map_err(|_| format!("`{written}` is not a JSON number"))?.root());
        }
        Data::List(items) => {
            out.begin_list();
            items.iter().try_for_each(|item| write(item, out))?;
            out.end_list();
        }
        Data::Object(members) => {
            out.begin_object();
            for (key, value) in members {
                out.key(&key.node);
                write(value, out)?;
            }
            out.end_object();
        }
    }
    Ok(())
}
