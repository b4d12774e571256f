//! Editing before approving: the editable fields as boxes, and back again as exact values.

use super::answer::{back, bound};
use super::layout::Frame;
use super::request::RequestPage;
use super::text::{Shown, count};
use crate::approvals::{ChangeView, MayEditView, RequestView};
use fence_engine::json::{Json, Value};
use fence_engine::show::is_invisible;
use maud::{Markup, html};
use std::fmt::Write as _;

/// What one field's box holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// The field: `args.to`.
    pub field: String,
    /// How its text is to be read.
    pub form: Form,
    /// The text.
    pub text: String,
    /// Why it cannot be taken.
    pub error: Option<String>,
}

/// How the text of a box is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    /// The text itself.
    Text,
    /// A list of texts, one a line.
    Lines,
    /// JSON.
    #[default]
    Json,
}

impl Form {
    /// The form a hidden field names.
    #[must_use]
    pub fn named(name: &str) -> Self {
        match name {
            "text" => Self::Text,
            "lines" => Self::Lines,
            _ => Self::Json,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Lines => "lines",
            Self::Json => "json",
        }
    }
}

/// The boxes as they first appear: one for each editable field that the call has.
#[must_use]
pub fn boxes(view: &RequestView) -> Vec<Written> {
    view.may_edit.iter().map(|may| written(view, may)).collect()
}

fn written(view: &RequestView, may: &MayEditView) -> Written {
    let (form, text) = match at(view, &may.field) {
        None => (Form::Json, String::new()),
        Some(Value::Text(text)) if plain(text, true) => (Form::Text, text.to_owned()),
        Some(Value::List(list)) if !list.is_empty() && list.iter().all(is_line) => {
            let lines: Vec<&str> = list.iter().filter_map(Value::as_text).collect();
            (Form::Lines, lines.join("\n"))
        }
        Some(other) => (Form::Json, ascii(other)),
    };
    Written { field: may.field.clone(), form, text, error: None }
}

/// Whether a box shows the text as it is: nothing invisible, nothing that a browser would change.
fn plain(text: &str, breaks: bool) -> bool {
    !text.chars().any(|c| (c.is_control() && !(breaks && c == '\n')) || is_invisible(c))
}

fn is_line(item: Value<'_>) -> bool {
    item.as_text().is_some_and(|text| !text.is_empty() && text.trim() == text && plain(text, false))
}

/// JSON in which every character beyond ASCII stands as its escape.
fn ascii(value: Value<'_>) -> String {
    let mut text = String::new();
    value.write_compact(&mut text);
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii() {
            out.push(c);
        } else {
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _ = write!(out, "\\u{unit:04x}");
            }
        }
    }
    out
}

/// The value of a field such as `args.to` or `args."odd key".x`.
fn at<'a>(view: &'a RequestView, field: &str) -> Option<Value<'a>> {
    let mut keys = path(field).into_iter();
    if keys.next()? != "args" {
        return None;
    }
    keys.try_fold(view.args.root(), |value, key| value.get(&key))
}

/// The keys of a path; quoted ones are JSON texts.
fn path(field: &str) -> Vec<String> {
    let (mut keys, mut rest) = (Vec::new(), field);
    while !rest.is_empty() {
        let end = key_end(rest);
        let key = &rest[..end];
        let read = key.starts_with('"').then(|| key.parse::<Json>().ok()).flatten();
        let read = read.and_then(|json| json.root().as_text().map(str::to_owned));
        keys.push(read.unwrap_or_else(|| key.to_owned()));
        rest = rest[end..].strip_prefix('.').unwrap_or_default();
    }
    keys
}

fn key_end(rest: &str) -> usize {
    if !rest.starts_with('"') {
        return rest.find('.').unwrap_or(rest.len());
    }
    let mut escaped = false;
    for (at, byte) in rest.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

/// What was sent, as changes against the request: unchanged fields are left out.
///
/// # Errors
/// The boxes as sent, each unreadable one with its error.
pub fn read(view: &RequestView, sent: &[Written]) -> Result<Vec<ChangeView>, Vec<Written>> {
    let (mut changes, mut boxes, mut failed) = (Vec::new(), Vec::new(), false);
    for written in sent {
        let may = view.may_edit.iter().any(|may| may.field == written.field);
        let result =
            if may { value_of(written) } else { Err("this field cannot be edited".to_owned()) };
        let mut written = written.clone();
        match result {
            Ok(to) => {
                let from = at(view, &written.field).map(Json::from);
                if from != to {
                    changes.push(ChangeView { field: written.field.clone(), from, to });
                }
            }
            Err(error) => (written.error, failed) = (Some(error), true),
        }
        boxes.push(written);
    }
    if failed { Err(boxes) } else { Ok(changes) }
}

/// The value a box holds; none where an absent field stays absent.
fn value_of(written: &Written) -> Result<Option<Json>, String> {
    let text = written.text.replace("\r\n", "\n");
    let made = match written.form {
        Form::Text => Json::of(text.as_str()),
        Form::Lines => {
            let lines: Vec<&str> =
                text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
            Json::of(&lines)
        }
        Form::Json if text.trim().is_empty() => return Ok(None),
        Form::Json => {
            return text.trim().parse().map(Some).map_err(|error| {
                format!(
                    "this is not a value Fence can read: {error}; a text stands in double quotes"
                )
            });
        }
    };
    made.map(Some).map_err(|error| error.to_string())
}

/// The form.
pub(super) fn form(frame: &Frame, page: &RequestPage) -> Markup {
    let boxes = if page.answering.fields.is_empty() {
        boxes(&page.view)
    } else {
        page.answering.fields.clone()
    };
    html! {
        h2 #answer-title { "Edit before you approve" }
        p {
            "Only these fields may change, within the bounds of the rule. The next step shows the difference."
        }
        @if let Some(error) = &page.answering.error {
            p.error role="alert" { (Shown(error)) }
        }
        form method="post" action={ "/requests/" (page.view.id) "/review" } data-answering {
            (bound(frame, &page.view))
            @for (number, written) in boxes.iter().enumerate() {
                (field(&page.view, written, number))
            }
            div.buttons {
                (back(&page.view))
                button.strong { "Review the changes" }
            }
        }
    }
}

fn field(view: &RequestView, written: &Written, number: usize) -> Markup {
    let help = format!("help-{number}");
    let rows = written.text.lines().count().clamp(2, 14);
    html! {
        input type="hidden" name={ "form:" (written.field) } value=(written.form.name());
        label.stack {
            span {
                code { (Shown(&written.field)) }
            }
            textarea
                name={ "edit:" (written.field) }
                rows=(rows)
                spellcheck="false"
                autofocus[number == 0]
                data-focus[number == 0]
                aria-describedby=(help)
                aria-invalid=[written.error.as_ref().map(|_| "true")]
            { "\n" (written.text) }
        }
        p.fine id=(help) {
            (bound_in_words(view, written))
            " "
            (how(written.form))
            @if let Some(error) = &written.error {
                " "
                strong.error { (Shown(error)) }
            }
        }
    }
}

fn how(form: Form) -> &'static str {
    match form {
        Form::Text => "Written as it is.",
        Form::Lines => "One item a line.",
        Form::Json => "Written as JSON.",
    }
}

/// The bound of a field in a sentence, with how many items it has now.
fn bound_in_words(view: &RequestView, written: &Written) -> Markup {
    let words =
        view.may_edit.iter().find(|may| may.field == written.field).map_or("", |may| &may.words);
    let items =
        at(view, &written.field).and_then(|value| value.as_list().map(|list| list.len() as u64));
    html! {
        (Shown(words))
        @if !words.ends_with('.') && !words.is_empty() { "." }
        @if let Some(items) = items {
            " "
            (count(items))
            @if items == 1 { " item now." } @else { " items now." }
        }
    }
}

/// A box's content carried along through the last step.
pub(super) fn carried(written: &Written) -> Markup {
    html! {
        input type="hidden" name={ "form:" (written.field) } value=(written.form.name());
        // A text area, because other fields lose line breaks.
        textarea hidden name={ "edit:" (written.field) } { "\n" (written.text) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(args: &str, fields: &[&str]) -> RequestView {
        let may = |field: &&str| MayEditView {
            field: (*field).to_owned(),
            bound: "any".into(),
            words: "any value".into(),
        };
        let may_edit = fields.iter().map(may).collect();
        RequestView { args: args.parse().unwrap(), may_edit, ..crate::http::dashboard::sample() }
    }

    #[test]
    fn a_box_that_is_sent_back_unchanged_changes_nothing() {
        for value in [
            r#""Hi""#,
            r#""two\nlines""#,
            r#""\n leading""#,
            r#""""#,
            r#"" edge ""#,
            r#""a\r\nb""#,
            r#""a\u202eb\u00a0""#,
            r#""tab\t""#,
            r#"["a@x.test","b@x.test"]"#,
            r#"["a "," b"]"#,
            r#"["a\nb",""]"#,
            "[]",
            r#"["a",1]"#,
            "1e3",
            "0.10",
            "12345678901234567890123456789",
            "null",
            "true",
            r#"{"a":{"b":[1,"\u2028"]}}"#,
        ] {
            let view = view(&format!("{{\"f\":{value}}}"), &["args.f"]);
            let mut sent = boxes(&view);
            // As a browser sends it.
            sent[0].text = sent[0].text.replace('\n', "\r\n");
            assert_eq!(read(&view, &sent).unwrap(), [], "{value}");
        }
    }

    #[test]
    fn what_a_box_shows_holds_nothing_invisible() {
        for value in [r#""a\u202eb""#, r#"["a\u200b"]"#, r#"{"\u202e":"\u3164"}"#] {
            let shown = boxes(&view(&format!("{{\"f\":{value}}}"), &["args.f"])).remove(0);
            assert!(shown.text.is_ascii() && shown.form == Form::Json, "{shown:?}");
        }
    }

    #[test]
    fn changes_are_exact_and_only_of_editable_fields() {
        let view = view(
            r#"{"to":["a","b"],"n":5,"x.y":{"z":1}}"#,
            &["args.to", "args.n", "args.\"x.y\".z"],
        );
        let write = |field: &str, form, text: &str| Written {
            field: field.into(),
            form,
            text: text.into(),
            error: None,
        };
        let sent = [
            write("args.to", Form::Lines, "b\r\n\r\n"),
            write("args.n", Form::Json, " 5.0 "),
            write("args.\"x.y\".z", Form::Json, "2"),
        ];
        let changes = read(&view, &sent).unwrap();
        let shown: Vec<_> = changes
            .iter()
            .map(|one| (one.field.as_str(), one.to.as_ref().unwrap().to_string()))
            .collect();
        assert_eq!(shown, [("args.to", r#"["b"]"#.to_owned()), ("args.\"x.y\".z", "2".to_owned())]);
        for (field, text) in
            [("args.n", "five"), ("args.n", "{\"a\":1,\"a\":2}"), ("args.other", "1")]
        {
            let boxes = read(&view, &[write(field, Form::Json, text)]).unwrap_err();
            assert!(boxes[0].error.is_some() && boxes[0].text == text, "{field} {text}");
        }
    }
}
