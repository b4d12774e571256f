//! `test` blocks: their times, tools, counts and expectations make sense.

use super::Checker;
use crate::diagnostic::{Code, Diagnostic};
use crate::policy::Rule;
use crate::span::Spanned;
use crate::syntax::ast::{self, Data, Item, Step, Test};
use crate::window::Zone;

/// The most calls one `repeat` may make.
const MAX_REPEAT: u64 = 100_000;

impl Checker<'_> {
    pub(super) fn tests(&mut self, file: &ast::File, rules: &[Rule], zone: &Zone) -> Vec<Test> {
        let mut tests: Vec<Test> = Vec::new();
        for item in &file.items {
            let Item::Test(test) = item else { continue };
            if let Some(first) = tests.iter().find(|known| known.title.node == test.title.node) {
                let message = format!("two tests are called \"{}\"", test.title.node);
                let finding = Diagnostic::error(Code::DUPLICATE_NAME, test.title.span, message);
                self.report(finding.related(first.title.span, "first here"));
            }
            self.steps(&test.steps, rules, zone, &mut false);
            tests.push(test.clone());
        }
        tests
    }

    fn steps(&mut self, steps: &[Spanned<Step>], rules: &[Rule], zone: &Zone, has_call: &mut bool) {
        for step in steps {
            match &step.node {
                Step::At(time) => drop(self.instant(&time.node, time.span, zone)),
                Step::Wait(duration) => drop(self.duration(duration)),
                Step::Call { tool, arguments, context, .. } => {
                    *has_call = true;
                    let _ = self.tool_name(tool);
                    for data in [arguments, context].into_iter().flatten() {
                        self.data(data);
                    }
                }
                Step::Expect { by, .. } => self.expect(step, by.as_ref(), rules, *has_call),
                Step::Repeat { count, steps } => {
                    let _ = self.whole(count, 1, MAX_REPEAT, Code::BAD_VALUE);
                    self.steps(steps, rules, zone, has_call);
                }
            }
        }
    }

    fn data(&mut self, data: &Spanned<Data>) {
        if !matches!(data.node, Data::Object(_)) {
            let message = "a call's arguments are an object";
            let help = "write `{ name: value }`";
            self.report(Diagnostic::error(Code::BAD_VALUE, data.span, message).help(help));
        }
    }

    fn expect(
        &mut self,
        step: &Spanned<Step>,
        by: Option<&Spanned<String>>,
        rules: &[Rule],
        has_call: bool,
    ) {
        if !has_call {
            let message = "`expect` speaks of the call before it, and there is none";
            self.report(Diagnostic::error(Code::MISPLACED, step.span, message));
        }
        let Some(by) = by else { return };
        let known = |rule: &Rule| {
            rule.label() == by.node || rule.patterns.iter().any(|p| p.text() == by.node)
        };
        if by.node != "default" && !rules.iter().any(known) {
            let message = format!("there is no rule `{}`", by.node);
            let labels: Vec<&str> = rules.iter().map(Rule::label).collect();
            self.report(
                Diagnostic::error(Code::UNKNOWN_NAME, by.span, message)
                    .help("name a rule by its `as` name or first pattern, or write `default`")
                    .suggest(by.span, &by.node, labels.iter().copied()),
            );
        }
    }
}
