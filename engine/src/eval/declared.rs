//! A call against its tool's declaration: an undeclared or missing field or a wrong type is
//! malformed.

use crate::call::{Malformed, ToolCall};
use crate::compile::CompiledPolicy;
use crate::condition::Type;
use crate::json::Value;
use crate::number::Number;
use crate::pattern::Name;
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
    let refuse = |text: String| Err(Malformed::Declaration(text));
    for (key, value) in args {
        let Some(field) = tool.fields.iter().find(|field| *field.name == *key) else {
            let key = crate::show::printable(key, 40);
            return refuse(format!("`{}` has no argument `{key}`", tool.name.text()));
        };
        let absent = field.optional && value.is_null();
        if !absent && !is_a(&field.kind, value) {
            let tool = tool.name.text();
            return refuse(format!("the argument `{key}` of `{tool}` is not {}", field.kind));
        }
    }
    match tool.fields.iter().find(|field| !field.optional && args.get(&field.name).is_none()) {
        Some(field) => {
            refuse(format!("`{}` needs the argument `{}`", tool.name.text(), field.name))
        }
        None => Ok(()),
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
