//! The log as CSV: inert in spreadsheets and on terminals.

use super::{Logged, effect, id};
use crate::Decision;
use fence_engine::show::printable;

/// The longest cell, in characters.
const LONGEST: usize = 4_000;

/// The first line.
pub(super) const HEADER: &str =
    "at,decision,tool,agent,session,rule,policy,because,auto,request,digest,id";

/// One decision.
pub(super) fn row(logged: &Logged) -> String {
    let entry = &logged.entry;
    let decision: Option<Decision> = serde_json::from_str(&entry.body).ok();
    let of = |read: fn(&Decision) -> Option<&str>| decision.as_ref().and_then(read);
    let (at, id) = (entry.at.to_string(), id(logged).to_string());
    let cells = [
        Some(&*at),
        Some(effect(logged).as_str()),
        Some(&*entry.tool),
        entry.agent.as_deref(),
        entry.session.as_deref(),
        entry.rule.as_deref(),
        entry.policy.as_deref(),
        of(|decision| decision.because.as_deref()),
        of(|decision| decision.auto.as_deref()),
        of(|decision| Some(&*decision.request.as_ref()?.id)),
        of(|decision| Some(&*decision.digest)),
        Some(&*id),
    ];
    cells.map(|text| cell(text.unwrap_or_default())).join(",")
}

/// One cell in quotes; what a spreadsheet would calculate starts with `'`.
fn cell(text: &str) -> String {
    let risky = text.trim_start().starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠'])
        || text.starts_with(['\t', '\r', '\n']);
    let guard = if risky { "'" } else { "" };
    let text = text.replace('\n', "\\n").replace('\t', "\\t");
    format!("\"{guard}{}\"", printable(&text, LONGEST).replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::cell;

    #[test]
    fn cells_are_inert() {
        for (text, written) in [
            ("plain", r#""plain""#),
            ("say \"hi\"", r#""say ""hi""""#),
            ("=HYPERLINK(1)", r#""'=HYPERLINK(1)""#),
            (" =1+1", r#""' =1+1""#),
            ("-1", r#""'-1""#),
            ("@x", r#""'@x""#),
            ("\t=1", r#""'\t=1""#),
            ("a\nb", r#""a\nb""#),
            ("\u{1b}[31mred\u{202e}", r#""\u{1b}[31mred\u{202e}""#),
        ] {
            assert_eq!(cell(text), written, "{text:?}");
        }
    }
}
