//! `[strategies.NAME]`: strategies in processes of their own.

use crate::process::{ProcessService, ProcessStrategy};
use crate::service::Service;
use fence_engine::diagnostic::nearest;
use fence_engine::show::printable;
use fence_engine::strategy::{Parameter, ParameterKind};
use fence_engine::syntax::is_name;
use serde::Deserialize;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// How long an answer may take where nothing else is written.
const DEADLINE: Duration = Duration::from_secs(1);

/// The longest deadline.
const LONGEST: Duration = Duration::from_secs(60);

/// One strategy as written.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    command: Vec<String>,
    deadline: Option<String>,
    #[serde(default)]
    summary: String,
    #[serde(default)]
    parameters: BTreeMap<String, WrittenParameter>,
}

/// One parameter as written.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenParameter {
    kind: String,
    #[serde(default)]
    required: bool,
    #[serde(default)]
    summary: String,
}

/// The strategy and what answers for it, with its own standard error or without.
pub(super) fn make(
    name: &str,
    written: &Written,
    folder: &Path,
    quiet: bool,
) -> Result<(ProcessStrategy, Arc<dyn Service>), String> {
    if !is_name(name) {
        return Err("this is not a name: use lower-case letters, digits and `_`".to_owned());
    }
    if written.command.first().is_none_or(String::is_empty) {
        return Err("`command` is empty: name a program and its arguments".to_owned());
    }
    let parameters = written.parameters.iter().map(|(name, written)| parameter(name, written));
    let parameters = parameters.collect::<Result<Vec<_>, _>>()?;
    let deadline = written.deadline.as_deref().map_or(Ok(DEADLINE), deadline)?;
    let strategy = ProcessStrategy::new(name, written.summary.as_str(), parameters, deadline);
    let service = ProcessService::new(written.command.clone(), folder);
    Ok((strategy, Arc::new(if quiet { service.quiet() } else { service })))
}

fn parameter(name: &str, written: &WrittenParameter) -> Result<Parameter, String> {
    if !is_name(name) {
        return Err(format!("the parameter `{}` is not a name", printable(name, 80)));
    }
    Ok(Parameter {
        name: Cow::Owned(name.to_owned()),
        kind: kind(&written.kind)?,
        required: written.required,
        summary: Cow::Owned(written.summary.clone()),
    })
}

/// `number`, `list<field>` and the like.
fn kind(text: &str) -> Result<ParameterKind, String> {
    ParameterKind::parse(text).ok_or_else(|| {
        let word = text.strip_prefix("list<").map_or(text, |rest| rest.trim_end_matches('>'));
        let near = nearest(word, ParameterKind::WORDS);
        let near = near.map_or(String::new(), |near| format!("; did you mean `{near}`?"));
        let known = ParameterKind::WORDS.map(|known| format!("`{known}`")).join(", ");
        let text = printable(text, 80);
        format!("`{text}` is no kind of parameter: use {known} or `list<…>` of one{near}")
    })
}

/// `200ms`, or a duration as in policies; above zero, at most a minute.
fn deadline(text: &str) -> Result<Duration, String> {
    let shown = printable(text, 40);
    time(text, LONGEST)
        .ok_or_else(|| format!("`{shown}` is no deadline: write `200ms` or `2s`, at most `1m`"))
}

/// `200ms`, or a duration as in policies; above zero, at most `longest`.
pub(super) fn time(text: &str, longest: Duration) -> Option<Duration> {
    let found = match text.strip_suffix("ms") {
        Some(digits) => digits.parse().ok().map(Duration::from_millis),
        None => fence_engine::scalar::Duration::parse(text)
            .map(|duration| Duration::from_secs(duration.seconds())),
    };
    found.filter(|found| !found.is_zero() && *found <= longest)
}
