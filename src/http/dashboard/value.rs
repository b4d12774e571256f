//! A JSON value as a person reads it: every member and item, numbers as written, nothing cut.

use super::text::{Shown, count, odd_letters, value as text_value};
use fence_engine::json::{Json, List, Object, Value};
use fence_engine::number::Number;
use maud::{Markup, html};

/// How many items of a list are open at once; the rest is folded, counted.
const OPEN_ITEMS: usize = 12;
/// A list of short texts is shown as a table of several columns.
const SHORT: usize = 64;

/// The arguments of a call: one row a field.
pub(super) fn arguments(args: &Json) -> Markup {
    match args.root() {
        Value::Object(object) if object.is_empty() => html! {
            p.quiet { "No arguments." }
        },
        Value::Object(object) => members(object, "args"),
        other => html! {
            div.args { (value(other)) }
        },
    }
}

/// One value with all that it holds.
pub(super) fn value(value: Value<'_>) -> Markup {
    match value {
        Value::Null => html! {
            span.lit { "null" }
        },
        Value::Bool(truth) => html! {
            span.lit { (truth) }
        },
        Value::Number(number) => self::number(number.as_str()),
        Value::Text(text) => text_value(text),
        Value::List(list) => self::list(list),
        Value::Object(object) if object.is_empty() => {
            html! {
                span.lit { "{ }" }
                span.kind { "empty object" }
            }
        }
        Value::Object(object) => members(object, "obj"),
    }
}

/// A number exactly as written; one with an exponent also in digits.
fn number(token: &str) -> Markup {
    let plain = token.contains(['e', 'E']).then(|| token.parse::<Number>().ok()).flatten();
    html! {
        span.num { (token) }
        @if let Some(plain) = plain.map(|plain| plain.to_string()).filter(|plain| plain != token) {
            span.kind { "= " (plain) }
        }
    }
}

fn members(object: Object<'_>, class: &str) -> Markup {
    html! {
        dl class=(class) {
            @for (key, member) in object {
                div.field {
                    dt {
                        @if key.is_empty() {
                            span.quiet { "“”" }
                        }
                        (Shown(key))
                        @if let Some(note) = note(member) {
                            span.kind { (note) }
                        }
                    }
                    dd { (value(member)) }
                }
            }
        }
    }
}

/// What stands beside a field's name: how many items.
fn note(value: Value<'_>) -> Option<String> {
    match value {
        Value::List(list) if list.len() == 1 => Some("1 item".into()),
        Value::List(list) if list.len() > 1 => Some(format!("{} items", count(list.len() as u64))),
        _ => None,
    }
}

fn list(list: List<'_>) -> Markup {
    if list.is_empty() {
        return html! {
            span.lit { "[ ]" }
            span.kind { "empty list" }
        };
    }
    let short = list.iter().all(|item| {
        item.as_text().is_some_and(|text| text.len() <= SHORT && odd_letters(text) == 0)
    });
    let class = if short { "list short" } else { "list" };
    let left = list.len().saturating_sub(OPEN_ITEMS);
    html! {
        ol class=(class) {
            @for item in list.iter().take(OPEN_ITEMS) {
                li { (value(item)) }
            }
        }
        @if left > 0 {
            details.long {
                summary {
                    span.size {
                        (count(left as u64))
                        " more of "
                        (count(list.len() as u64))
                        ": "
                        span.when-closed { "show all" }
                        span.when-open { "fold" }
                    }
                }
                ol class=(class) start=(OPEN_ITEMS + 1) {
                    @for item in list.iter().skip(OPEN_ITEMS) {
                        li { (value(item)) }
                    }
                }
            }
        }
    }
}
