//! Findings as SARIF 2.1.0 (OASIS, Static Analysis Results Interchange Format), for code scanning.

use super::place::{Place, Places};
use super::{Findings, inert, severity};
use fence_engine::diagnostic::{Code, Diagnostic};
use serde_json::{Value, json};

/// All findings as one SARIF log with every code of the language in its table of rules.
#[must_use]
pub fn sarif(reports: &[Findings]) -> String {
    let mut results = Vec::new();
    for report in reports {
        let places = Places::new(&report.sources);
        results.extend(report.diagnostics.iter().map(|found| result(&places, found)));
    }
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "fence",
                "version": env!("CARGO_PKG_VERSION"),
                "informationUri": env!("CARGO_PKG_REPOSITORY"),
                "rules": rules(),
            }},
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    });
    log.to_string()
}

fn rules() -> Vec<Value> {
    let rule = |(code, title): &(Code, &str)| {
        let level = if code.0.starts_with("F09") { "warning" } else { "error" };
        json!({
            "id": code.0,
            "shortDescription": {"text": title},
            "defaultConfiguration": {"level": level},
        })
    };
    Code::TABLE.iter().map(rule).collect()
}

fn result(places: &Places<'_>, found: &Diagnostic) -> Value {
    let mut text = inert(&found.message);
    if let Some(help) = &found.help {
        text.push_str("; ");
        text.push_str(&inert(help));
    }
    let mut result = json!({
        "ruleId": found.code.0,
        "level": severity(found.severity),
        "message": {"text": text},
        "locations": [{"physicalLocation": physical(&places.place(found.span))}],
    });
    let Some(object) = result.as_object_mut() else { return result };
    if let Some(index) = Code::TABLE.iter().position(|(code, _)| *code == found.code) {
        object.insert("ruleIndex".to_owned(), index.into());
    }
    if !found.related.is_empty() {
        let related = found.related.iter().enumerate().map(|(id, (span, label))| {
            json!({
                "id": id,
                "physicalLocation": physical(&places.place(*span)),
                "message": {"text": inert(label)},
            })
        });
        object.insert("relatedLocations".to_owned(), related.collect());
    }
    if let Some(fix) = &found.fix {
        let place = places.place(fix.span);
        let fixes = json!([{
            "description": {"text": "write instead"},
            "artifactChanges": [{
                "artifactLocation": {"uri": uri(&place.file)},
                "replacements": [{
                    "deletedRegion": region(&place),
                    "insertedContent": {"text": fix.replacement},
                }],
            }],
        }]);
        object.insert("fixes".to_owned(), fixes);
    }
    result
}

fn physical(place: &Place) -> Value {
    json!({"artifactLocation": {"uri": uri(&place.file)}, "region": region(place)})
}

fn region(place: &Place) -> Value {
    json!({
        "startLine": place.line,
        "startColumn": place.column,
        "endLine": place.end_line,
        "endColumn": place.end_column,
    })
}

/// A path as a URI reference (RFC 3986): relative ones stay relative.
fn uri(path: &str) -> String {
    let mut uri = String::with_capacity(path.len() + 8);
    if path.starts_with('/') {
        uri.push_str("file://");
    }
    for byte in path.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                uri.push(char::from(byte));
            }
            _ => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::uri;

    #[test]
    fn paths_become_uri_references() {
        assert_eq!(uri("a b/ü.fence"), "a%20b/%C3%BC.fence");
        assert_eq!(uri("/srv/p.fence"), "file:///srv/p.fence");
    }
}
