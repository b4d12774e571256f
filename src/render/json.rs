//! Findings as one JSON object: `{"schema":1,"findings":[…]}`.

use super::place::{Place, Places};
use super::{Findings, inert, severity};
use fence_engine::diagnostic::Diagnostic;
use serde::Serialize;

/// The version of this shape.
const SCHEMA: u32 = 1;

#[derive(Serialize)]
struct Report {
    schema: u32,
    findings: Vec<Finding>,
}

#[derive(Serialize)]
struct Finding {
    code: &'static str,
    severity: &'static str,
    message: String,
    #[serde(flatten)]
    place: Place,
    #[serde(skip_serializing_if = "String::is_empty")]
    label: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fix: Option<Replace>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    related: Vec<Related>,
}

/// What to write instead of what stands at the place.
#[derive(Serialize)]
struct Replace {
    #[serde(flatten)]
    place: Place,
    replacement: String,
}

#[derive(Serialize)]
struct Related {
    #[serde(flatten)]
    place: Place,
    label: String,
}

/// All findings as one JSON object on one line. Lines and columns (characters) count from 1, ends
/// are exclusive.
#[must_use]
pub fn json(reports: &[Findings]) -> String {
    let mut findings = Vec::new();
    for report in reports {
        let places = Places::new(&report.sources);
        findings.extend(report.diagnostics.iter().map(|found| finding(&places, found)));
    }
    serde_json::to_string(&Report { schema: SCHEMA, findings }).unwrap_or_default()
}

fn finding(places: &Places<'_>, found: &Diagnostic) -> Finding {
    let related = found
        .related
        .iter()
        .map(|(span, label)| Related { place: places.place(*span), label: inert(label) });
    Finding {
        code: found.code.0,
        severity: severity(found.severity),
        message: inert(&found.message),
        place: places.place(found.span),
        label: inert(&found.label),
        help: found.help.as_deref().map(inert),
        fix: found.fix.as_ref().map(|fix| Replace {
            place: places.place(fix.span),
            replacement: fix.replacement.clone(),
        }),
        related: related.collect(),
    }
}
