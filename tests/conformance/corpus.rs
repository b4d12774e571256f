//! The conformance corpus: what every door must answer, read from `calls.jsonl` beside this file.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use serde_json::Value;
use std::path::{Path, PathBuf};

/// One call, and what becomes of it.
pub(crate) struct Case {
    /// The line of the corpus, counted from 1.
    pub(crate) line: usize,
    /// Its policy's name.
    pub(crate) policy: String,
    /// The call's own text, exactly as written.
    pub(crate) call: String,
    /// What every door answers.
    pub(crate) expected: Answer,
    not: Vec<String>,
}

/// What of a decision is the same at every door.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) decision: String,
    pub(crate) rule: Option<String>,
    pub(crate) reason: String,
    pub(crate) digest: String,
}

impl Case {
    /// Whether this door can carry the call at all.
    #[expect(dead_code, reason = "only doors that cannot carry every number ask")]
    pub(crate) fn is_for(&self, door: &str) -> bool {
        !self.not.iter().any(|not| not == door)
    }
}

/// Where the policies and calls are.
pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conformance")
}

/// The file of a policy.
pub(crate) fn policy(name: &str) -> PathBuf {
    folder().join("policies").join(format!("{name}.fence"))
}

/// All cases, each policy's together and in order.
pub(crate) fn cases() -> Vec<Case> {
    let text = std::fs::read_to_string(folder().join("calls.jsonl")).unwrap();
    let cases: Vec<Case> = (1..).zip(text.lines()).map(|(at, line)| case(at, line)).collect();
    let policies: std::collections::BTreeSet<&str> =
        cases.iter().map(|case| &*case.policy).collect();
    assert!(cases.len() >= 300 && policies.len() >= 20, "the corpus has lost its cases");
    cases
}

fn case(line: usize, text: &str) -> Case {
    let read: Value = serde_json::from_str(text).unwrap();
    let (from, to) = (text.find(r#""call":"#).unwrap() + 7, text.find(r#","expect":"#).unwrap());
    let expected = &read["expect"];
    let words = |value: &Value| value.as_str().unwrap().to_owned();
    let not = read["not"].as_array().into_iter().flatten();
    Case {
        line,
        policy: words(&read["policy"]),
        call: text[from..to].to_owned(),
        expected: Answer {
            decision: words(&expected["decision"]),
            rule: expected["rule"].as_str().map(str::to_owned),
            reason: words(&expected["reason"]),
            digest: words(&expected["digest"]),
        },
        not: not.map(words).collect(),
    }
}
