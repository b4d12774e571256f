//! The calls a policy is measured with.

use crate::cli::Failure;
use crate::policies::read_regular;
use crate::wire::Request;
use fence_engine::call::ToolCall;
use fence_engine::pattern::NamePattern;
use fence_engine::{CompiledPolicy, Layers};
use std::path::Path;

/// The calls of a file, one a line.
pub(super) fn read(path: &Path) -> Result<Vec<ToolCall>, Failure> {
    let name = path.display();
    let unreadable = |error| Failure::usage(format!("{name} cannot be read: {error}"));
    let text = read_regular(path).map_err(unreadable)?;
    let mut calls = Vec::new();
    for (at, line) in (1..).zip(text.split(|byte| *byte == b'\n')) {
        let line = line.trim_ascii();
        if !line.is_empty() {
            let wrong = |error| Failure::usage(format!("{name}, line {at}: {error}"));
            calls.push(Request::parse(line).map_err(wrong)?.call);
        }
    }
    match calls.is_empty() {
        true => Err(Failure::usage(format!("{name} holds no calls"))),
        false => Ok(calls),
    }
}

/// For each pattern a call that it matches, and one that nothing should.
pub(super) fn made(layers: &Layers) -> Vec<ToolCall> {
    let rules = layers.policies().iter().flat_map(CompiledPolicy::rules);
    let tools = rules.flat_map(|rule| &rule.patterns).map(NamePattern::sample);
    let call = |tool: String| ToolCall::new(tool).session("bench");
    let pairs = tools.enumerate().map(|(at, tool)| [call(tool), call(format!("zzz_bench_{at}"))]);
    let calls: Vec<ToolCall> = pairs.flatten().collect();
    if calls.is_empty() { vec![call("zzz_bench".to_owned())] } else { calls }
}
