//! Conditions and operands.

use fence_grammar::Rule;

use super::{Builder, Node};
use crate::diagnostic::{Code, Diagnostic};
use crate::span::{Span, Spanned};
use crate::syntax::ast::{
    Comparison, Expr, ExprKind, Operand, OperandKind, Quantifier, TimeRelation,
};

/// The fields that may stand by themselves; any other single word is a name.
const FIELDS: &[&str] = &["args", "context", "agent", "user", "session", "tool", "policy"];

impl Builder {
    /// Conditions joined by `and` or by `or`; `node` is an `expr`.
    pub(super) fn expr(&mut self, node: &Node<'_>) -> Option<Expr> {
        let span = self.span(node);
        let (mut parts, mut joints) = (Vec::new(), Vec::new());
        for part in node.clone().into_inner() {
            match part.as_rule() {
                Rule::kw_and | Rule::kw_or => joints.push(part),
                _ => parts.push(self.unary(part)?),
            }
        }
        let Some(first) = joints.first() else { return parts.pop() };
        let any = first.as_rule() == Rule::kw_or;
        if let Some(other) = joints.iter().find(|joint| joint.as_rule() != first.as_rule()) {
            self.mixed(node, first, other, &joints);
        }
        let kind = if any { ExprKind::Or(parts) } else { ExprKind::And(parts) };
        Some(Expr { kind, span })
    }

    fn mixed(&mut self, node: &Node<'_>, first: &Node<'_>, other: &Node<'_>, joints: &[Node<'_>]) {
        let message = "`and` and `or` stand side by side without parentheses";
        let found = Diagnostic::error(Code::MIXED_AND_OR, self.span(other), message)
            .related(self.span(first), format!("the `{}`", first.as_str()))
            .help(
                "say with parentheses which belongs together: `a and (b or c)` or `(a and b) or c`",
            );
        let fixed = and_in_parentheses(node, joints);
        self.found.push(found.fix(self.span(node), fixed));
    }

    fn unary(&mut self, node: Node<'_>) -> Option<Expr> {
        let span = self.span(&node);
        let rule = node.as_rule();
        if rule == Rule::expr {
            return self.expr(&node);
        }
        if rule == Rule::relation {
            return self.relation(node);
        }
        let mut parts = node.into_inner();
        let head = parts.next()?;
        let kind = match rule {
            Rule::negation => ExprKind::Not(Box::new(self.unary(parts.next()?)?)),
            Rule::has_test => ExprKind::Has(self.path(&parts.next()?)),
            Rule::during_test => {
                ExprKind::During { time: None, window: self.written(&parts.next()?) }
            }
            Rule::order_test => {
                let with = self.operand(parts.next()?)?;
                ExprKind::Order { time: None, relation: time_relation(&head), with }
            }
            Rule::quantified => return self.quantified(&head, parts, span),
            _ => return None,
        };
        Some(Expr { kind, span })
    }

    fn quantified<'i>(
        &mut self,
        head: &Node<'i>,
        parts: impl Iterator<Item = Node<'i>>,
        span: Span,
    ) -> Option<Expr> {
        if self.quantified {
            let message = format!("`{}` stands inside another `every` or `some`", head.as_str());
            let found = Diagnostic::error(Code::MISPLACED, self.span(head), message);
            self.found.push(found.help("quantifiers do not nest; write a second rule or clause"));
        }
        let every = head.as_rule() == Rule::kw_every;
        let quantifier = if every { Quantifier::Every } else { Quantifier::Some };
        let mut parts = parts.filter(|part| !matches!(part.as_rule(), Rule::kw_in | Rule::colon));
        let variable = self.definition(&parts.next()?);
        let list = self.operand(parts.next()?)?;
        let outer = std::mem::replace(&mut self.quantified, true);
        let body = self.expr(&parts.next()?);
        self.quantified = outer;
        let kind = ExprKind::Quantified { quantifier, variable, list, body: Box::new(body?) };
        Some(Expr { kind, span })
    }

    /// An operand and what is said of it.
    fn relation(&mut self, node: Node<'_>) -> Option<Expr> {
        let span = self.span(&node);
        let mut parts = node.into_inner();
        let left = self.operand(parts.next()?)?;
        let Some(tail) = parts.next() else {
            return Some(Expr { kind: ExprKind::Truth(left), span });
        };
        if let Some(second) = parts.next() {
            self.chained(&tail, &second);
        }
        Some(Expr { kind: self.tail(left, tail)?, span })
    }

    fn chained(&mut self, first: &Node<'_>, second: &Node<'_>) {
        let (Some(one), Some(two)) = (operator(first), operator(second)) else { return };
        let message = format!("`{}` and `{}` stand in a chain", one.as_str(), two.as_str());
        let found = Diagnostic::error(Code::CHAINED, self.span(&two), message)
            .related(self.span(&one), "the first comparison")
            .help("compare twice and join with `and`: `1 <= args.n and args.n <= 5`");
        self.found.push(found);
    }

    fn tail(&mut self, left: Operand, node: Node<'_>) -> Option<ExprKind> {
        let rule = node.as_rule();
        let mut parts = node.into_inner();
        let head = parts.next()?;
        Some(match rule {
            Rule::compare_tail => {
                let operator = Spanned::new(comparison(&head), self.span(&head));
                ExprKind::Compare { left, operator, right: self.operand(parts.next()?)? }
            }
            Rule::in_tail => {
                let negated = head.as_rule() == Rule::kw_not;
                let right = self.operand(parts.nth(usize::from(negated))?)?;
                ExprKind::In { left, negated, right }
            }
            Rule::like_tail => ExprKind::Like { left, pattern: self.pattern(&parts.next()?) },
            Rule::under_tail => ExprKind::Under { left, right: self.operand(parts.next()?)? },
            Rule::during_test => {
                ExprKind::During { time: Some(left), window: self.written(&parts.next()?) }
            }
            Rule::order_test => {
                let with = self.operand(parts.next()?)?;
                ExprKind::Order { time: Some(left), relation: time_relation(&head), with }
            }
            _ => return None,
        })
    }

    /// A value, a field, a name or a function's answer.
    pub(super) fn operand(&mut self, node: Node<'_>) -> Option<Operand> {
        let span = self.span(&node);
        let text = || node.as_str().to_owned();
        let kind = match node.as_rule() {
            Rule::text => OperandKind::Text(super::unescape(node.as_str())),
            Rule::duration => OperandKind::Duration(text()),
            Rule::kw_true => OperandKind::Bool(true),
            Rule::kw_false => OperandKind::Bool(false),
            Rule::list => OperandKind::List(self.operands(node)?),
            Rule::time_or_range => range(node, OperandKind::Time)?,
            Rule::number_or_range => range(node, OperandKind::Number)?,
            Rule::reference => return self.reference(node, span),
            _ => return None,
        };
        Some(Operand { kind, span })
    }

    fn operands(&mut self, node: Node<'_>) -> Option<Vec<Operand>> {
        let parts = node.into_inner().filter(|part| part.as_rule() != Rule::comma);
        parts.map(|part| self.operand(part)).collect()
    }

    fn reference(&mut self, node: Node<'_>, span: Span) -> Option<Operand> {
        let mut parts = node.into_inner();
        let path = self.path(&parts.next()?);
        let simple = path.segments.is_empty() && !path.optional;
        let kind = match parts.next() {
            Some(arguments) => {
                if !simple {
                    let message = "only a function can have arguments in parentheses";
                    self.found.push(Diagnostic::error(Code::SYNTAX, path.span, message));
                }
                OperandKind::Call { name: path.root, arguments: self.operands(arguments)? }
            }
            None if simple && !FIELDS.contains(&path.root.node.as_str()) => {
                OperandKind::Name(path.root.node)
            }
            None => OperandKind::Field(path),
        };
        Some(Operand { kind, span })
    }
}

/// The operator of what is said of an operand.
fn operator<'i>(tail: &Node<'i>) -> Option<Node<'i>> {
    tail.clone().into_inner().find(|part| part.as_rule() != Rule::kw_not)
}

/// One value, or the range between two.
fn range(node: Node<'_>, single: fn(String) -> OperandKind) -> Option<OperandKind> {
    let ends = node.into_inner().filter(|part| part.as_rule() != Rule::dots);
    let mut ends = ends.map(|end| end.as_str().to_owned());
    let from = ends.next()?;
    Some(match ends.next() {
        Some(to) => OperandKind::Range(from, to),
        None => single(from),
    })
}

fn comparison(node: &Node<'_>) -> Comparison {
    match node.as_str() {
        "==" => Comparison::Equal,
        "!=" => Comparison::NotEqual,
        "<" => Comparison::Less,
        "<=" => Comparison::LessOrEqual,
        ">" => Comparison::Greater,
        _ => Comparison::GreaterOrEqual,
    }
}

fn time_relation(node: &Node<'_>) -> TimeRelation {
    if node.as_rule() == Rule::kw_before { TimeRelation::Before } else { TimeRelation::After }
}

/// The condition with parentheses around what `and` joins.
fn and_in_parentheses(node: &Node<'_>, joints: &[Node<'_>]) -> String {
    let (text, base) = (node.as_str(), node.as_span().start());
    let ors = joints.iter().filter(|joint| joint.as_rule() == Rule::kw_or);
    let mut cuts = ors.map(|joint| (joint.as_span().start() - base, joint.as_span().end() - base));
    let mut alternatives = Vec::new();
    let mut start = 0;
    loop {
        let cut = cuts.next();
        let end = cut.map_or(text.len(), |(end, _)| end);
        let joined = joints.iter().any(|joint| {
            let at = joint.as_span().start() - base;
            joint.as_rule() == Rule::kw_and && (start..end).contains(&at)
        });
        let piece = text.get(start..end).unwrap_or_default().trim();
        alternatives.push(if joined { format!("({piece})") } else { piece.to_owned() });
        match cut {
            Some((_, next)) => start = next,
            None => return alternatives.join(" or "),
        }
    }
}
