//! `[people."ana@example.com"]`: who may answer requests.

use crate::people::{People, Person};
use serde::Deserialize;
use std::collections::BTreeMap;

/// One person as written; the key is the id that groups in policies name.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Written {
    name: Option<String>,
    system: Option<String>,
    slack: Option<String>,
    email: Option<String>,
    #[serde(default = "yes")]
    approver: bool,
    #[serde(default)]
    break_glass: bool,
}

const fn yes() -> bool {
    true
}

/// All people, or why two of them could be taken for each other.
pub(super) fn make(written: &BTreeMap<String, Written>) -> Result<People, String> {
    let people = written.iter().map(|(id, written)| Person {
        id: id.clone(),
        name: written.name.clone(),
        system: written.system.clone(),
        slack: written.slack.clone(),
        email: written.email.clone(),
        approver: written.approver,
        break_glass: written.break_glass,
    });
    People::new(people.collect()).map_err(|error| format!("[people]: {error}"))
}
