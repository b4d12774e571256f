//! What an edit changes: each field before and after, lists by what left and what came.

use super::text::{Shown, count};
use super::value::value;
use crate::approvals::ChangeView;
use fence_engine::json::{Json, List, Value};
use maud::{Markup, html};

/// How many removed or added items of a list are open at once.
const OPEN: usize = 20;

/// One block a changed field.
pub(super) fn changes(changes: &[ChangeView]) -> Markup {
    html! {
        @if changes.is_empty() {
            p.quiet { "Nothing changed." }
        }
        dl.diff {
            @for change in changes {
                div.field {
                    dt { (Shown(&change.field)) }
                    dd { (one(change)) }
                }
            }
        }
    }
}

fn one(change: &ChangeView) -> Markup {
    match (list(change.from.as_ref()), list(change.to.as_ref())) {
        (Some(from), Some(to)) => lists(from, to),
        _ => html! {
            (side("before", "Before", change.from.as_ref()))
            (side("after", "After", change.to.as_ref()))
        },
    }
}

fn side(class: &str, label: &str, json: Option<&Json>) -> Markup {
    html! {
        div class={ "part " (class) } {
            span.label { (label) }
            div {
                @match json {
                    Some(json) => (value(json.root())),
                    None => span.quiet { "absent" },
                }
            }
        }
    }
}

fn list(json: Option<&Json>) -> Option<List<'_>> {
    json?.root().as_list()
}

fn lists(from: List<'_>, to: List<'_>) -> Markup {
    let (old, new) = (texts(from), texts(to));
    let mut left: Vec<Option<Value<'_>>> = to.iter().map(Some).collect();
    let mut at = std::collections::HashMap::<&str, Vec<usize>>::new();
    for (index, text) in new.iter().enumerate().rev() {
        at.entry(text).or_default().push(index);
    }
    let mut gone = Vec::new();
    for (item, text) in from.iter().zip(&old) {
        match at.get_mut(text.as_str()).and_then(Vec::pop) {
            Some(index) => left[index] = None,
            None => gone.push(item),
        }
    }
    let came: Vec<Value<'_>> = left.into_iter().flatten().collect();
    let kept = from.len() - gone.len();
    let reordered = gone.is_empty() && came.is_empty() && old != new;
    html! {
        p.size {
            (count(from.len() as u64))
            " → "
            (count(to.len() as u64))
            " items; "
            (count(kept as u64))
            " kept"
            @if reordered { ", in another order" }
        }
        (items("removed", "Removed", &gone))
        (items("added", "Added", &came))
    }
}

fn texts(list: List<'_>) -> Vec<String> {
    list.iter()
        .map(|item| {
            let mut text = String::new();
            item.write_canonical(&mut text);
            text
        })
        .collect()
}

fn items(class: &str, title: &str, items: &[Value<'_>]) -> Markup {
    let row = |item: &Value<'_>| {
        html! {
            li {
                span.sign aria-hidden="true" {
                    @if class == "removed" { "−" } @else { "+" }
                }
                (value(*item))
            }
        }
    };
    html! {
        @if !items.is_empty() {
            div class={ "part " (class) } {
                span.label { (title) " " (count(items.len() as u64)) }
                ul {
                    @for item in items.iter().take(OPEN) { (row(item)) }
                }
                @if items.len() > OPEN {
                    details.long {
                        summary {
                            span.size {
                                (count((items.len() - OPEN) as u64))
                                " more: "
                                span.when-closed { "show all" }
                                span.when-open { "fold" }
                            }
                        }
                        ul {
                            @for item in items.iter().skip(OPEN) { (row(item)) }
                        }
                    }
                }
            }
        }
    }
}

/// What is different between the arguments of two versions, field by field.
#[must_use]
pub(super) fn between(from: &Json, to: &Json) -> Vec<ChangeView> {
    let keys = |json: &Json| -> Vec<String> {
        json.root().as_object().into_iter().flatten().map(|(key, _)| key.to_owned()).collect()
    };
    let (old, mut all) = (keys(from), keys(to));
    all.retain(|key| !old.contains(key));
    let of = |json: &Json, key: &str| json.root().get(key).map(Json::from);
    let changes = old.into_iter().chain(all).map(|key| ChangeView {
        from: of(from, &key),
        to: of(to, &key),
        field: format!("args.{key}"),
    });
    changes.filter(|change| change.from != change.to).collect()
}
