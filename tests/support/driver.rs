//! A gate over a memory store and a clock that tests set, driven by JSON.

use fence::clock::ManualClock;
use fence::engine::check::Checked;
use fence::engine::diagnostic::{Diagnostic, Severity};
use fence::engine::scalar::Timestamp;
use fence::policies::check_text;
use fence::{Decision, Gate, MemoryStore, Trust};
use std::sync::Arc;

/// The time at which scenarios begin: a Monday morning.
pub const START: &str = "2026-03-23T10:00:00Z";

/// A gate and what it runs on; the policies can be replaced while store and clock stay.
pub struct Driver {
    store: Arc<MemoryStore>,
    pub clock: Arc<ManualClock>,
    gate: Gate,
}

impl Driver {
    /// A gate over these policies' texts.
    pub fn new(policies: &[String]) -> Self {
        let store = Arc::new(MemoryStore::new());
        let clock = Arc::new(ManualClock::new(at(START)));
        let gate = gate(policies, &store, &clock);
        Self { store, clock, gate }
    }

    /// A gate over one policy whose header may be missing.
    pub fn of(policy: &str) -> Self {
        Self::new(&[whole(policy, 0)])
    }

    /// Puts other policies in force over the same store and clock.
    pub fn reload(&mut self, policies: &[String]) {
        self.gate = gate(policies, &self.store, &self.clock);
    }

    pub fn gate(&self) -> &Gate {
        &self.gate
    }

    /// Decides one call given as JSON; its own `at` makes it a replay.
    pub fn decide(&self, call: &[u8]) -> Decision {
        self.gate.decide_json_blocking(call, Trust { at: None, times: true }).unwrap()
    }

    /// The decision on a line: `ask by outbound`, `allow by x (auto "during office")`.
    pub fn line(&self, call: &str) -> String {
        shown(&self.decide(call.as_bytes()))
    }

    /// Only the effect: `allow`, `ask` or `deny`.
    pub fn effect(&self, call: &str) -> &'static str {
        self.decide(call.as_bytes()).decision.as_str()
    }
}

fn gate(policies: &[String], store: &Arc<MemoryStore>, clock: &Arc<ManualClock>) -> Gate {
    let shared: Arc<dyn fence::store::Store> = Arc::clone(store) as _;
    let mut builder = Gate::builder().clock(Arc::clone(clock) as _).shared_store(shared);
    for (index, text) in policies.iter().enumerate() {
        builder = match builder.policy_text(&format!("p{index}.fence"), text) {
            Ok(builder) => builder,
            Err(error) => panic!("{error}\n{text}\n{}", findings(text).join("\n")),
        };
    }
    builder.build().unwrap()
}

pub fn at(time: &str) -> Timestamp {
    Timestamp::parse(time).unwrap_or_else(|| panic!("`{time}` is no time"))
}

/// A policy with its header, where that was left out.
pub fn whole(policy: &str, index: usize) -> String {
    match policy.trim_start().starts_with("fence") || policy.trim_start().starts_with('\u{feff}') {
        true => policy.to_owned(),
        false => format!("fence 1\npolicy p{index}\n{policy}"),
    }
}

/// A decision on one line.
pub fn shown(decision: &Decision) -> String {
    let (effect, because) = (decision.decision, decision.because.as_deref().unwrap_or_default());
    match (&decision.rule, &decision.policy, &decision.auto) {
        (Some(rule), _, Some(auto)) => format!("{effect} by {rule} (auto \"{auto}\")"),
        (Some(rule), ..) => format!("{effect} by {rule}"),
        (None, Some(_), _) => format!("{effect} by default"),
        (None, None, _) => format!("{effect}: {because}"),
    }
}

/// Checks a policy with the built-in strategies.
pub fn checked(text: &str) -> Checked {
    check_text("policy.fence", text, &fence::strategies::builtin())
}

/// Everything found in a policy, one plain line each.
pub fn findings(text: &str) -> Vec<String> {
    let checked = checked(text);
    checked.diagnostics.iter().map(|found| plain(&checked, found)).collect()
}

/// Code, marked text, message and help; nothing of how they are drawn.
pub fn plain(checked: &Checked, found: &Diagnostic) -> String {
    let marked = checked.sources.text(found.span);
    let marked = marked.split_whitespace().collect::<Vec<_>>().join(" ");
    let marked: String = marked.chars().take(48).collect();
    let help = found.help.as_deref().map(|help| format!(" | {help}")).unwrap_or_default();
    let kind = if found.severity == Severity::Warning { "warning " } else { "" };
    format!("{kind}{} [{marked}] {}{help}", found.code, found.message)
}

/// The codes of all errors.
pub fn error_codes(text: &str) -> Vec<&'static str> {
    let found = checked(text).diagnostics;
    let errors = found.iter().filter(|found| found.severity == Severity::Error);
    errors.map(|found| found.code.0).collect()
}
