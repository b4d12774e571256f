//! The question about one call, as canonical JSON.

use fence_engine::call::{ToolCall, agent_json};
use fence_engine::condition::{Datum, Field, Scope};
use fence_engine::json::{Builder, Json};
use fence_engine::strategy::Argument;

/// The whole question; `{}` where the call is too large to be asked about.
pub(super) fn of(strategy: &str, arguments: &[(String, Argument)], scope: &Scope<'_>) -> String {
    let mut json = Builder::new();
    json.begin_object();
    json.key("strategy");
    json.text(strategy);
    json.key("arguments");
    json.begin_object();
    for (name, value) in arguments {
        json.key(name);
        argument(&mut json, value, scope);
    }
    json.end_object();
    json.key("call");
    call(&mut json, scope.call);
    if let Some(at) = scope.now.trusted() {
        json.key("at");
        json.text(&at.to_string());
    }
    json.end_object();
    let json = json.finish().unwrap_or_else(|_| Json::empty_object());
    let mut text = String::new();
    json.write_canonical(&mut text);
    text
}

fn call(json: &mut Builder, call: &ToolCall) {
    json.begin_object();
    json.key("tool");
    json.text(&call.tool);
    json.key("args");
    json.value(call.args.root());
    if let Some(agent) = &call.agent {
        json.key("agent");
        json.value(agent_json(agent).root());
    }
    for (key, text) in [("user", &call.user), ("session", &call.session)] {
        if let Some(text) = text {
            json.key(key);
            json.text(text);
        }
    }
    if let Some(context) = &call.context {
        json.key("context");
        json.value(context.root());
    }
    json.end_object();
}

/// An argument; a field is what stands there in the call, `null` where nothing does.
fn argument(json: &mut Builder, argument: &Argument, scope: &Scope<'_>) {
    match argument {
        Argument::Number(number) => json.number(*number),
        Argument::Text(text) => json.text(text),
        Argument::Bool(value) => json.bool(*value),
        Argument::Duration(duration) => json.text(&duration.to_string()),
        Argument::Field(field) => field_value(json, field, scope),
        Argument::List(items) => {
            json.begin_list();
            for item in items {
                self::argument(json, item, scope);
            }
            json.end_list();
        }
        // No parameter of a process takes one of these.
        Argument::Condition(_) | Argument::Window(_) | Argument::Key(_) | Argument::Period(_) => {
            json.null();
        }
    }
}

fn field_value(json: &mut Builder, field: &Field, scope: &Scope<'_>) {
    if let Some(value) = field.value(scope) {
        return json.value(value);
    }
    match field.datum(scope) {
        Some(Datum::Text(text)) => json.text(&text),
        Some(Datum::List(items)) => {
            json.begin_list();
            items.iter().for_each(|item| json.value(item));
            json.end_list();
        }
        _ => json.null(),
    }
}
