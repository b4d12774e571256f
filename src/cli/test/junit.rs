//! Test results in the JUnit XML that build servers read.

use super::Suite;
use crate::testing::TestResult;
use fence_engine::show::printable;
use std::fmt::Write as _;

/// The whole document.
pub(super) fn document(suites: &[Suite]) -> String {
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n");
    for suite in suites {
        let (file, tests) = (attribute(&suite.file), suite.results.len());
        let failed = suite.results.iter().filter(|result| !result.passed()).count();
        let _ = writeln!(
            xml,
            "  <testsuite name=\"{file}\" tests=\"{tests}\" failures=\"{failed}\" errors=\"0\">"
        );
        suite.results.iter().for_each(|result| case(&mut xml, suite, result));
        xml.push_str("  </testsuite>\n");
    }
    xml.push_str("</testsuites>\n");
    xml
}

fn case(xml: &mut String, suite: &Suite, result: &TestResult) {
    let (title, file) = (attribute(&result.title), attribute(&suite.file));
    let line = suite.line(result.span);
    let _ = write!(
        xml,
        "    <testcase name=\"{title}\" classname=\"{file}\" file=\"{file}\" line=\"{line}\""
    );
    if result.passed() {
        xml.push_str("/>\n");
        return;
    }
    xml.push_str(">\n");
    for failure in &result.failures {
        let message = attribute(&failure.problem.to_string());
        let source = attribute(&suite.source(failure.span));
        let line = suite.line(failure.span);
        let _ =
            writeln!(xml, "      <failure message=\"{message}\">{file}:{line}: {source}</failure>");
    }
    xml.push_str("    </testcase>\n");
}

/// Fit for attributes and text; control characters, which XML cannot hold, are written out.
fn attribute(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in printable(&text.replace(['\n', '\t'], " "), 2_000).chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            other => escaped.push(other),
        }
    }
    escaped
}
