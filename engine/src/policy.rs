//! A policy whose every name is resolved: what checking makes and compiling takes over.

use crate::approval::Terms;
use crate::condition::{Condition, Type};
use crate::decision::Effect;
use crate::pattern::{AgentPattern, NamePattern};
use crate::scalar::Timestamp;
use crate::span::{Sources, Span};
use crate::strategy::Prepared;
use crate::syntax::ast;
use crate::window::Zone;
use std::sync::Arc;

/// What a policy says of calls that none of its rules settles.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Default {
    /// This effect.
    Effect(Effect),
    /// No opinion, exactly when none of its rules applies.
    Pass,
}

/// One rule.
#[derive(Debug)]
pub struct Rule {
    /// What it does.
    pub effect: Effect,
    /// Whether it is only judged and recorded.
    pub shadow: bool,
    /// The tools it is about; at least one.
    pub patterns: Box<[NamePattern]>,
    /// The tools among them that it is not about.
    pub except: Box<[NamePattern]>,
    /// `as NAME`
    pub name: Option<Box<str>>,
    /// `when` and not `unless`; absent: always.
    pub condition: Option<Arc<Condition>>,
    /// The first instant at which it no longer applies.
    pub until: Option<Timestamp>,
    /// `because`
    pub because: Option<Box<str>>,
    /// `instead`
    pub instead: Option<Box<str>>,
    /// What an `ask` adds.
    pub ask: Option<Box<Ask>>,
    /// Where it stands.
    pub span: Span,
    /// The line it starts on, from 1.
    pub line: u32,
}

impl Rule {
    /// What people call it: its name, else its first pattern.
    #[must_use]
    pub fn label(&self) -> &str {
        match &self.name {
            Some(name) => name,
            None => self.patterns.first().map_or("", NamePattern::text),
        }
    }
}

/// What an `ask` adds to a rule.
#[derive(Debug)]
pub struct Ask {
    /// Its `auto` lines: any one releases.
    pub autos: Box<[Auto]>,
    /// How people answer.
    pub terms: Terms,
}

/// One `auto` line: all its phrases must agree.
#[derive(Debug)]
pub struct Auto {
    /// Its phrases.
    pub phrases: Box<[Phrase]>,
    /// Where it stands.
    pub span: Span,
}

/// One phrase of an `auto` line.
#[derive(Debug)]
pub struct Phrase {
    /// Its number within the policy.
    pub id: u32,
    /// It on one line, as the formatter writes it.
    pub text: Box<str>,
    /// The strategy behind it.
    pub strategy: Box<str>,
    /// Ready to judge.
    pub prepared: Box<dyn Prepared>,
    /// What its counters are called: policy, rule and phrase without its N.
    pub counter: Box<str>,
    /// Whether it reads the decision's time.
    pub reads_clock: bool,
    /// Where it stands.
    pub span: Span,
}

/// A declared tool.
#[derive(Debug)]
pub struct Tool {
    /// Its name, without wildcards.
    pub name: NamePattern,
    /// Its fields.
    pub fields: Box<[ToolField]>,
    /// Where it stands.
    pub span: Span,
}

/// A field of a declared tool.
#[derive(Debug)]
pub struct ToolField {
    /// Its name.
    pub name: Box<str>,
    /// Its type.
    pub kind: Type,
    /// Whether a call may leave it out.
    pub optional: bool,
}

/// A policy without errors.
#[derive(Debug)]
pub struct CheckedPolicy {
    /// Its name.
    pub name: Box<str>,
    /// The agents it governs; empty: every agent.
    pub agents: Box<[AgentPattern]>,
    /// Its zone.
    pub zone: Arc<Zone>,
    /// Its rules in the order written.
    pub rules: Vec<Rule>,
    /// What it says where no rule settles the call.
    pub default: Default,
    /// The tools it declares.
    pub tools: Vec<Tool>,
    /// Its `test` blocks.
    pub tests: Vec<ast::Test>,
    /// The files it was read from, itself first.
    pub sources: Arc<Sources>,
}
