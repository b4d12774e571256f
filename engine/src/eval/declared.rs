//! A call against its tool's declaration: an undeclared or missing field or a wrong type is
//! malformed.

use crate::call::{Malformed, ToolCall};
use crate::compile::CompiledPolicy;
use crate::condition::Type;
use crate::json::Value;
use crate::number::Number;
use crate::pattern::Name;
use crate::policy::{Tool, ToolField};
use crate::scalar::{Domain, Duration, EmailAddress, Timestamp};

/// Checks the arguments against the policy's declaration of the tool, if it has one.
///
/// # Errors
/// What is malformed about them.
pub(super) fn check(
    policy: &CompiledPolicy,
    name: &Name<'_>,
    call: &ToolCall,
) -> Result<(), Malformed> {
    let Some(tool) = policy.declaration(name) else { return Ok(()) };
    let Some(args) = call.args.root().as_object() else { return Err(Malformed::Object("args")) };
    // Of several mistakes always the same is told, however the members are ordered.
    let wrong = args.iter().filter(|(key, value)| !fits(tool, key, *value));
    if let Some((key, _)) = wrong.min_by_key(|(key, _)| *key) {
        return Err(Malformed::Declaration(mistake(tool, key)));
    }
    match tool.fields.iter().find(|field| !field.optional && args.get(&field.name).is_none()) {
        Some(field) => {
            let text = format!("`{}` needs the argument `{}`", tool.name.text(), field.name);
            Err(Malformed::Declaration(text))
        }
        None => Ok(()),
    }
}

fn declared<'t>(tool: &'t Tool, key: &str) -> Option<&'t ToolField> {
    tool.fields.iter().find(|field| *field.name == *key)
}

fn fits(tool: &Tool, key: &str, value: Value<'_>) -> bool {
    declared(tool, key)
        .is_some_and(|field| (field.optional && value.is_null()) || is_a(&field.kind, value))
}

/// What is wrong with an argument that does not fit.
fn mistake(tool: &Tool, key: &str) -> String {
    let name = tool.name.text();
    match declared(tool, key) {
        Some(field) => format!("the argument `{key}` of `{name}` is not {}", field.kind),
        None => format!("`{name}` has no argument `{}`", crate::show::printable(key, 40)),
    }
}

/// Whether a value is of a declared type. Suspicious paths and URLs are: conditions over them are
/// unknown.
fn is_a(kind: &Type, value: Value<'_>) -> bool {
    match (kind, value) {
        (Type::Any, _)
        | (Type::Text | Type::Path | Type::Url, Value::Text(_))
        | (Type::Decimal, Value::Number(_))
        | (Type::Bool, Value::Bool(_)) => true,
        (Type::Email, Value::Text(text)) => EmailAddress::parse(text).is_some(),
        (Type::Domain, Value::Text(text)) => Domain::parse(text).is_some(),
        (Type::Time, Value::Text(text)) => Timestamp::parse(text).is_some(),
        (Type::Duration, Value::Text(text)) => Duration::parse(text).is_some(),
        // A number out of range may be whole; conditions over it are unknown.
        (Type::Int, Value::Number(number)) => number.number().map_or(true, Number::is_integer),
        (Type::List(element), Value::List(list)) => list.iter().all(|item| is_a(element, item)),
        _ => false,
    }
}
