//! Runs a policy's `test` blocks through a gate of their own.

use fence::engine::CompiledPolicy;
use fence::engine::json::Json;
use fence::engine::scalar::{Duration, Timestamp, date, local_date_time};
use fence::engine::span::Spanned;
use fence::engine::syntax::ast::{Data, RuleEffect, Step};
use fence::engine::window::Zone;
use fence::gate::Mode;
use fence::policies::{check_text, compile};
use fence::{Decision, Gate, ToolCall};

/// What goes otherwise than the tests of a policy expect. Its imports must be in the text already.
pub(crate) fn failures(text: &str) -> Vec<String> {
    let text = for_everyone(text);
    let policy = || -> CompiledPolicy {
        let checked = check_text("doc.fence", &text, &fence::strategies::builtin());
        compile("doc.fence", checked).unwrap_or_else(|error| panic!("{error}:\n{text}"))
    };
    let tests = policy().checked().tests.clone();
    let mut failures = Vec::new();
    for test in tests {
        let policy = policy();
        let zone = policy.checked().zone.clone();
        let gate = Gate::builder().policy(policy).build().unwrap();
        let mut run = Run { gate, zone: &zone, now: None, last: None, failures: Vec::new() };
        run.steps(&test.steps);
        failures.extend(run.failures.iter().map(|failure| format!("{}: {failure}", test.title.node)));
    }
    failures
}

/// In its tests a policy governs every agent.
fn for_everyone(text: &str) -> String {
    let governs = |line: &str| match line.starts_with("policy ") {
        true => line.split(" for agent ").next().unwrap_or(line).to_owned(),
        false => line.to_owned(),
    };
    text.lines().map(governs).collect::<Vec<_>>().join("\n")
}

struct Run<'z> {
    gate: Gate,
    zone: &'z Zone,
    now: Option<Timestamp>,
    last: Option<Decision>,
    failures: Vec<String>,
}

impl Run<'_> {
    fn steps(&mut self, steps: &[Spanned<Step>]) {
        for step in steps {
            match &step.node {
                Step::At(time) => self.now = Some(self.instant(&time.node)),
                Step::Wait(duration) => {
                    let duration = Duration::parse(&duration.node).unwrap();
                    self.now = Some(self.now.unwrap().saturating_add(duration));
                }
                Step::Call { .. } => self.call(&step.node),
                Step::Expect { effect, by } => self.expect(*effect, by.as_ref()),
                Step::Repeat { count, steps } => {
                    (0..count.node.parse::<u32>().unwrap()).for_each(|_| self.steps(steps));
                }
            }
        }
    }

    fn instant(&self, text: &str) -> Timestamp {
        let day = date(text).and_then(|day| self.zone.start_of(day));
        let local = || local_date_time(text).and_then(|local| self.zone.instant(local));
        day.or_else(local).or_else(|| Timestamp::parse(text)).unwrap()
    }

    fn call(&mut self, step: &Step) {
        let Step::Call { tool, arguments, agent, user, session, context } = step else { return };
        let named = |given: &Option<Spanned<String>>| given.as_ref().map(|name| name.node.clone());
        let or_test = |given| named(given).unwrap_or_else(|| "test".to_owned());
        let mut call =
            ToolCall::new(tool.text.as_str()).agent(or_test(agent)).session(or_test(session));
        if let Some(arguments) = arguments {
            call = call.args(json(&arguments.node));
        }
        if let Some(context) = context {
            call = call.context(json(&context.node));
        }
        if let Some(user) = named(user) {
            call = call.user(user);
        }
        let mode = Mode { at: self.now, without_clock: self.now.is_none() };
        self.last = Some(self.gate.decide_blocking_in(&call, mode).unwrap());
    }

    fn expect(&mut self, effect: RuleEffect, by: Option<&Spanned<String>>) {
        let decision = self.last.as_ref().unwrap();
        let rule = decision.rule.as_deref().unwrap_or("default");
        let wanted = match effect {
            RuleEffect::Allow => "allow",
            RuleEffect::Ask => "ask",
            RuleEffect::Deny => "deny",
        };
        let as_wanted = decision.decision.as_str() == wanted
            && by.is_none_or(|by| by.node == rule);
        if !as_wanted {
            let by = by.map(|by| format!(" by {}", by.node)).unwrap_or_default();
            self.failures.push(format!("expected {wanted}{by}, found {} by {rule}", decision.decision));
        }
    }
}

fn json(data: &Data) -> Json {
    let mut text = String::new();
    write(data, &mut text);
    Json::parse(text.as_bytes()).unwrap()
}

fn write(data: &Data, out: &mut String) {
    match data {
        Data::Null => out.push_str("null"),
        Data::Bool(value) => out.push_str(&value.to_string()),
        Data::Number(number) => out.push_str(number),
        Data::Text(text) => out.push_str(&serde_json::to_string(text).unwrap()),
        Data::List(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                out.push_str(if at == 0 { "" } else { "," });
                write(item, out);
            }
            out.push(']');
        }
        Data::Object(members) => {
            out.push('{');
            for (at, (key, value)) in members.iter().enumerate() {
                out.push_str(if at == 0 { "" } else { "," });
                out.push_str(&serde_json::to_string(&key.node).unwrap());
                out.push(':');
                write(value, out);
            }
            out.push('}');
        }
    }
}
