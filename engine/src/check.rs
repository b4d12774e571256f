//! Checking: names, types, patterns, windows, quorums; a [`CheckedPolicy`] or *all* findings.

mod definitions;
mod expressions;
mod imports;
mod lints;
mod literals;
mod rules;
mod terms;
mod tests_of_policy;
mod tools;

pub use imports::{ImportError, Imported, Importer, NoImports};

use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::pattern::AgentPattern;
use crate::policy::{CheckedPolicy, Default};
use crate::span::{Sources, Span};
use crate::strategy::Strategies;
use crate::syntax::ast::{self, Item};
use definitions::Definitions;
use std::collections::HashSet;
use std::sync::Arc;

/// The most rules one policy may have.
pub const MAX_RULES: usize = 100_000;

/// What checking found.
#[derive(Debug)]
pub struct Checked {
    /// The policy, if there is no error; also absent for a file of definitions only.
    pub policy: Option<CheckedPolicy>,
    /// Everything found, in the order of the files.
    pub diagnostics: Vec<Diagnostic>,
    /// The files that were read, the policy first.
    pub sources: Arc<Sources>,
}

impl Checked {
    /// Whether anything found keeps the policy from loading.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(|found| found.severity == Severity::Error)
    }
}

/// Reads and checks a policy, or a file of definitions.
///
/// `name` is what messages call the file and what `importer` resolves imports against.
#[must_use]
pub fn check(
    name: &str,
    bytes: &[u8],
    importer: &dyn Importer,
    strategies: &Strategies,
) -> Checked {
    let read = imports::read(name, bytes, importer);
    let sources = Arc::new(read.sources);
    let mut checker = Checker { sources: &sources, strategies, findings: read.diagnostics, keys: HashSet::new() };
    let policy = checker.policy(&read.files);
    let mut diagnostics = checker.findings;
    diagnostics.sort_by_key(|found| (found.span.source, found.span.start, found.code));
    diagnostics.dedup();
    let failed = diagnostics.iter().any(|found| found.severity == Severity::Error);
    Checked { policy: policy.filter(|_| !failed), diagnostics, sources: Arc::clone(&sources) }
}

/// What every part of checking shares.
struct Checker<'a> {
    sources: &'a Arc<Sources>,
    strategies: &'a Strategies,
    findings: Vec<Diagnostic>,
    keys: HashSet<Arc<[Box<str>]>>,
}

impl Checker<'_> {
    fn report(&mut self, finding: Diagnostic) {
        self.findings.push(finding);
    }

    /// The one copy of a field's keys.
    fn keys(&mut self, path: &[&str]) -> Arc<[Box<str>]> {
        let keys: Arc<[Box<str>]> = path.iter().map(|key| Box::from(*key)).collect();
        if let Some(known) = self.keys.get(&keys) {
            return Arc::clone(known);
        }
        self.keys.insert(Arc::clone(&keys));
        keys
    }

    fn policy(&mut self, files: &[imports::ReadFile]) -> Option<CheckedPolicy> {
        let main = files.first()?;
        for file in files {
            self.header(file);
        }
        let definitions = Definitions::collect(self, files);
        let declared = self.declaration(&main.file)?;
        let default = self.default(&main.file);
        let tools = definitions.tools(self, files);
        let zone = Arc::clone(definitions.zone_of(main.source));
        let written = main.file.items.iter().filter_map(|item| match item {
            Item::Rule(rule) => Some(rule),
            _ => None,
        });
        let rules = rules::check(self, &definitions, &tools, &declared.name.node, &zone, written);
        let tests = self.tests(&main.file, &rules, &zone);
        let agents = self.agents(declared);
        lints::rules(self, &rules, default, &tools);
        if !self.findings.iter().any(|found| found.severity == Severity::Error) {
            // Beside errors this would speak of what a misspelt name was meant to use.
            lints::unused(self, &definitions, main.source);
        }
        let name = declared.name.node.as_str().into();
        let sources = Arc::clone(self.sources);
        Some(CheckedPolicy { name, agents, zone, rules, default, tools, tests, sources })
    }

    fn header(&mut self, read: &imports::ReadFile) {
        let start = Span::new(read.source, 0, 0);
        match read.file.editions.as_slice() {
            [] => self.report(
                Diagnostic::error(Code::HEADER, start, "the file does not start with `fence 1`")
                    .help("write `fence 1` as the first line")
                    .fix(start, "fence 1\n"),
            ),
            [edition, more @ ..] => {
                if edition.node != "1" {
                    let message = format!("`{}` is no edition this Fence knows", edition.node);
                    self.report(
                        Diagnostic::error(Code::HEADER, edition.span, message)
                            .help("write `fence 1`"),
                    );
                }
                if read.file.items.iter().any(|item| item_span(item).start < edition.span.start) {
                    let message = "`fence 1` must come before everything else";
                    self.report(Diagnostic::error(Code::HEADER, edition.span, message));
                }
                for again in more {
                    self.report(
                        Diagnostic::error(Code::HEADER, again.span, "`fence` stands twice")
                            .related(edition.span, "first here")
                            .help("remove this line"),
                    );
                }
            }
        }
    }

    /// The one `policy` statement; a file of definitions has none and no rules.
    fn declaration<'f>(&mut self, file: &'f ast::File) -> Option<&'f ast::PolicyDeclaration> {
        let mut found = file.items.iter().filter_map(|item| match item {
            Item::Policy(policy) => Some(policy),
            _ => None,
        });
        let first = found.next();
        for again in found {
            let message = "a file has one `policy` statement";
            let mut finding = Diagnostic::error(Code::POLICY, again.span, message);
            if let Some(first) = first {
                finding = finding.related(first.span, "first here");
            }
            self.report(finding);
        }
        if first.is_none() {
            self.rules_without_policy(file);
        }
        first
    }

    fn rules_without_policy(&mut self, file: &ast::File) {
        let needs_policy = file.items.iter().find(|item| {
            matches!(item, Item::Rule(_) | Item::Default(_) | Item::Test(_))
        });
        if let Some(item) = needs_policy {
            let span = item_span(item);
            self.report(
                Diagnostic::error(Code::POLICY, span, "rules need a `policy` statement before them")
                    .help("write `policy NAME` after `fence 1`, for example `policy my_agent`"),
            );
        }
    }

    fn default(&mut self, file: &ast::File) -> Default {
        use crate::decision::Effect;
        let mut found = file.items.iter().filter_map(|item| match item {
            Item::Default(default) => Some(default),
            _ => None,
        });
        let Some(first) = found.next() else { return Default::Effect(Effect::Deny) };
        for again in found {
            self.report(
                Diagnostic::error(Code::REPEATED, again.span, "`default` stands twice")
                    .related(first.span, "first here"),
            );
        }
        match first.node {
            ast::DefaultEffect::Allow => Default::Effect(Effect::Allow),
            ast::DefaultEffect::Ask => Default::Effect(Effect::Ask),
            ast::DefaultEffect::Deny => Default::Effect(Effect::Deny),
            ast::DefaultEffect::Pass => Default::Pass,
        }
    }

    fn agents(&mut self, declared: &ast::PolicyDeclaration) -> Box<[AgentPattern]> {
        let mut agents = Vec::new();
        for pattern in &declared.agents {
            match AgentPattern::parse(&pattern.text) {
                Ok(parsed) => agents.push(parsed),
                Err(error) => {
                    self.report(
                        Diagnostic::error(Code::BAD_PATTERN, pattern.span, error.to_string())
                            .label("agents are patterns without `/`"),
                    );
                }
            }
        }
        agents.into()
    }
}

/// Where a statement stands.
fn item_span(item: &Item) -> Span {
    match item {
        Item::Policy(policy) => policy.span,
        Item::Import(text) | Item::Zone(text) => text.span,
        Item::Group(group) => group.span,
        Item::Set(set) => set.span,
        Item::Dates(dates) => dates.span,
        Item::Window(window) => window.span,
        Item::Tool(tool) => tool.span,
        Item::Rule(rule) => rule.span,
        Item::Default(default) => default.span,
        Item::Test(test) => test.span,
    }
}
