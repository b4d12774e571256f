//! The statements, except rules' blocks and tests' steps.

use fence_grammar::Rule;

use super::{Builder, Node, Nodes, is_pattern};
use crate::diagnostic::{Code, Diagnostic};
use crate::span::{Span, Spanned};
use crate::syntax::ast::{
    Clause, DateRange, Dates, DefaultEffect, ExceptDates, Group, PolicyDeclaration,
    Rule as RuleItem, RuleEffect, Set, Tool, ToolField, Window, WindowPart,
};

/// The fields every call has; no definition may take their names.
const ROOTS: &[&str] = &["args", "context", "agent", "user", "session"];

impl Builder {
    /// The one text or word of a statement like `zone "…"`.
    pub(in crate::syntax) fn single(&mut self, mut nodes: Nodes<'_>) -> Option<Spanned<String>> {
        nodes.next().map(|node| self.unquoted(&node))
    }

    pub(in crate::syntax) fn policy(
        &mut self,
        span: Span,
        mut nodes: Nodes<'_>,
    ) -> Option<PolicyDeclaration> {
        let mut name = self.written(&nodes.next()?);
        name.node.retain(|letter| letter != '"');
        let scope = nodes.find(|node| node.as_rule() == Rule::for_agent);
        let agents = scope.map(|scope| self.patterns(scope.into_inner())).unwrap_or_default();
        Some(PolicyDeclaration { span, name, agents })
    }

    pub(in crate::syntax) fn group(&mut self, span: Span, mut nodes: Nodes<'_>) -> Option<Group> {
        let name = self.definition(&nodes.next()?);
        let members = nodes.filter(is_pattern).map(|node| self.unquoted(&node)).collect();
        Some(Group { span, name, members })
    }

    pub(in crate::syntax) fn set(&mut self, span: Span, mut nodes: Nodes<'_>) -> Option<Set> {
        let name = self.definition(&nodes.next()?);
        let (mut element, mut members) = (None, Vec::new());
        for node in nodes {
            match node.as_rule() {
                Rule::colon | Rule::assign | Rule::comma | Rule::EOI => {}
                Rule::kind => element = Some(self.kind(&node)),
                _ => members.push(self.operand(node)?),
            }
        }
        Some(Set { span, name, element, members })
    }

    pub(in crate::syntax) fn dates(&mut self, span: Span, mut nodes: Nodes<'_>) -> Option<Dates> {
        let name = self.definition(&nodes.next()?);
        let mut ranges = Vec::new();
        for node in nodes.filter(|node| node.as_rule() == Rule::date_range) {
            ranges.push(self.date_range(node)?);
        }
        Some(Dates { span, name, ranges })
    }

    pub(in crate::syntax) fn window(&mut self, span: Span, mut nodes: Nodes<'_>) -> Option<Window> {
        let name = self.definition(&nodes.next()?);
        let mut window = Window { span, name, parts: Vec::new(), except: Vec::new(), zone: None };
        for node in nodes {
            match node.as_rule() {
                Rule::window_part => window.parts.push(self.window_part(node)),
                Rule::window_except => window.except = self.except_dates(node)?,
                Rule::window_zone => {
                    window.zone = node.into_inner().nth(1).map(|zone| self.unquoted(&zone));
                }
                _ => {}
            }
        }
        Some(window)
    }

    fn window_part(&self, node: Node<'_>) -> WindowPart {
        let mut part = WindowPart { span: self.span(&node), days: None, times: None };
        for half in node.into_inner() {
            let is_days = half.as_rule() == Rule::days;
            let ends = half.into_inner().filter(|end| end.as_rule() != Rule::dots);
            let mut ends = ends.map(|end| self.written(&end));
            let Some(from) = ends.next() else { continue };
            let to = ends.next().unwrap_or_else(|| from.clone());
            let place = if is_days { &mut part.days } else { &mut part.times };
            *place = Some((from, to));
        }
        part
    }

    fn except_dates(&self, node: Node<'_>) -> Option<Vec<ExceptDates>> {
        let mut except = Vec::new();
        for node in node.into_inner() {
            match node.as_rule() {
                Rule::name => except.push(ExceptDates::Name(self.written(&node))),
                Rule::date_range => except.push(ExceptDates::Range(self.date_range(node)?)),
                _ => {}
            }
        }
        Some(except)
    }

    fn date_range(&self, node: Node<'_>) -> Option<DateRange> {
        let dates = node.into_inner().filter(|date| date.as_rule() != Rule::dots);
        let mut dates = dates.map(|date| self.written(&date));
        Some(DateRange { from: dates.next()?, to: dates.next() })
    }

    pub(in crate::syntax) fn tool(&mut self, span: Span, mut nodes: Nodes<'_>) -> Option<Tool> {
        let name = self.pattern(&nodes.next()?);
        let mut fields = Vec::new();
        for node in nodes.filter(|node| node.as_rule() == Rule::tool_field) {
            fields.push(self.tool_field(node)?);
        }
        Some(Tool { span, name, fields })
    }

    fn tool_field(&self, node: Node<'_>) -> Option<ToolField> {
        let span = self.span(&node);
        let mut parts = node.into_inner();
        let name = self.unquoted(&parts.next()?);
        let kind = self.kind(&parts.find(|part| part.as_rule() == Rule::kind)?);
        Some(ToolField { span, name, kind, optional: parts.next().is_some() })
    }

    /// A type, without blanks.
    fn kind(&self, node: &Node<'_>) -> Spanned<String> {
        let words = node.as_str().chars().filter(|c| !c.is_ascii_whitespace());
        Spanned::new(words.collect(), self.span(node))
    }

    pub(in crate::syntax) fn default(
        &mut self,
        mut nodes: Nodes<'_>,
    ) -> Option<Spanned<DefaultEffect>> {
        let node = nodes.next()?;
        let effect = match node.as_str() {
            "allow" => DefaultEffect::Allow,
            "ask" => DefaultEffect::Ask,
            "deny" => DefaultEffect::Deny,
            _ => DefaultEffect::Pass,
        };
        Some(Spanned::new(effect, self.span(&node)))
    }

    /// A rule without its block.
    pub(in crate::syntax) fn rule(&mut self, span: Span, mut nodes: Nodes<'_>) -> Option<RuleItem> {
        let node = nodes.next()?;
        let effect = Spanned::new(effect(&node)?, self.span(&node));
        let (mut patterns, mut clauses) = (Vec::new(), Vec::new());
        for node in nodes {
            match node.as_rule() {
                Rule::text | Rule::bare => patterns.push(self.pattern(&node)),
                Rule::comma | Rule::EOI => {}
                _ => {
                    let span = self.span(&node);
                    clauses.push(Spanned::new(self.clause(node)?, span));
                }
            }
        }
        Some(RuleItem { span, effect, patterns, clauses, terms: None })
    }

    fn clause(&mut self, node: Node<'_>) -> Option<Clause> {
        let rule = node.as_rule();
        let mut parts = node.into_inner().skip(1);
        Some(match rule {
            Rule::except_clause => Clause::Except(self.patterns(parts)),
            Rule::as_clause => Clause::As(self.definition(&parts.next()?)),
            Rule::when_clause => Clause::When(self.expr(&parts.next()?)?),
            Rule::unless_clause => Clause::Unless(self.expr(&parts.next()?)?),
            Rule::until_clause => Clause::Until(self.written(&parts.next()?)),
            Rule::kw_shadow => Clause::Shadow,
            Rule::because_clause => Clause::Because(self.unquoted(&parts.next()?)),
            Rule::instead_clause => Clause::Instead(self.unquoted(&parts.next()?)),
            _ => return None,
        })
    }

    /// A name that something is given, which no field of every call may have.
    pub(super) fn definition(&mut self, node: &Node<'_>) -> Spanned<String> {
        let name = self.written(node);
        if ROOTS.contains(&name.node.as_str()) {
            let message =
                format!("`{}` is a part of every call and cannot be given as a name", name.node);
            let found = Diagnostic::error(Code::RESERVED, name.span, message);
            self.found.push(found.help("choose another name"));
        }
        name
    }
}

/// The effect a keyword stands for.
pub(super) fn effect(node: &Node<'_>) -> Option<RuleEffect> {
    Some(match node.as_str() {
        "allow" => RuleEffect::Allow,
        "ask" => RuleEffect::Ask,
        "deny" => RuleEffect::Deny,
        _ => return None,
    })
}
