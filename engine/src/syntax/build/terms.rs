//! The lines of an `ask`'s block.

use fence_grammar::Rule;

use super::{Builder, Node, Nodes};
use crate::span::Spanned;
use crate::syntax::ast::{Edit, EditBound, Phrase, Seat, Term};

impl Builder {
    /// One term; `rule` is the entry the grammar read it by.
    pub(in crate::syntax) fn term(&mut self, rule: Rule, mut nodes: Nodes<'_>) -> Option<Term> {
        Some(match rule {
            Rule::auto_term => Term::Auto(self.phrases(nodes)?),
            Rule::by_term => self.by(nodes)?,
            Rule::then_term => {
                let seat = self.seat(nodes.next()?)?;
                Term::Then { seat, after: self.written(&nodes.nth(1)?) }
            }
            Rule::expires_term => Term::Expires(self.written(&nodes.next()?)),
            Rule::use_term => Term::UseWithin(self.written(&nodes.nth(1)?)),
            Rule::edit_term => Term::Edit(self.edits(nodes)?),
            Rule::preview_term => Term::PreviewRequired,
            Rule::notify_term => Term::Notify(self.words(nodes)),
            Rule::offer_term => Term::Offer(self.words(nodes)),
            Rule::unattended_term => Term::Unattended(self.written(&nodes.next()?)),
            Rule::because_term => Term::Because(self.unquoted(&nodes.next()?)),
            Rule::instead_term => Term::Instead(self.unquoted(&nodes.next()?)),
            _ => return None,
        })
    }

    fn words(&self, nodes: Nodes<'_>) -> Vec<Spanned<String>> {
        let words = nodes.filter(|node| !matches!(node.as_rule(), Rule::comma | Rule::EOI));
        words.map(|node| self.unquoted(&node)).collect()
    }

    fn by(&mut self, nodes: Nodes<'_>) -> Option<Term> {
        let (mut seats, mut or_self) = (Vec::new(), false);
        for node in nodes {
            match node.as_rule() {
                Rule::seat => seats.push(self.seat(node)?),
                Rule::or_self => or_self = true,
                _ => {}
            }
        }
        Some(Term::By { seats, or_self })
    }

    fn seat(&self, node: Node<'_>) -> Option<Seat> {
        let mut parts = node.into_inner();
        let first = parts.next()?;
        if first.as_rule() == Rule::name {
            return Some(Seat { count: None, group: self.written(&first) });
        }
        Some(Seat { count: Some(self.written(&first)), group: self.written(&parts.nth(1)?) })
    }

    fn edits(&self, nodes: Nodes<'_>) -> Option<Vec<Edit>> {
        let edits = nodes.filter(|node| node.as_rule() == Rule::edit);
        edits.map(|node| self.edit(node)).collect()
    }

    fn edit(&self, node: Node<'_>) -> Option<Edit> {
        let mut parts = node.into_inner();
        let field = self.path(&parts.next()?);
        let bound = parts.next()?;
        let span = self.span(&bound);
        let kind = match bound.as_rule() {
            Rule::kw_any => EditBound::Any,
            Rule::kw_shrink => EditBound::Shrink,
            _ => {
                let mut ends = bound.into_inner().map(|end| end.as_str().to_owned());
                EditBound::Range(ends.next()?, ends.nth(1)?)
            }
        };
        Some(Edit { field, bound: Spanned::new(kind, span) })
    }

    fn phrases(&mut self, nodes: Nodes<'_>) -> Option<Vec<Spanned<Phrase>>> {
        let mut phrases = Vec::new();
        for node in nodes {
            if !matches!(node.as_rule(), Rule::comma | Rule::EOI) {
                let span = self.span(&node);
                phrases.push(Spanned::new(self.phrase(node)?, span));
            }
        }
        Some(phrases)
    }

    fn phrase(&mut self, node: Node<'_>) -> Option<Phrase> {
        let rule = node.as_rule();
        let mut parts = node.into_inner().filter(|part| !is_filler(part));
        let first = parts.next()?;
        Some(match rule {
            Rule::when_clause => Phrase::When(self.expr(&first)?),
            Rule::unless_clause => Phrase::Unless(self.expr(&first)?),
            Rule::during_test => Phrase::During(self.written(&first)),
            Rule::first_phrase => {
                let key = self.path(&parts.next()?);
                let each = parts.next().map(|period| self.written(&period));
                Phrase::First { count: self.written(&first), key, each }
            }
            Rule::at_most_phrase => {
                let within = self.written(&parts.next()?);
                let key = self.path(&parts.next()?);
                Phrase::AtMost { count: self.written(&first), within, key }
            }
            Rule::via_phrase => {
                let mut arguments = Vec::new();
                for argument in parts {
                    let mut halves = argument.into_inner();
                    let name = self.written(&halves.next()?);
                    arguments.push((name, self.operand(halves.nth(1)?)?));
                }
                Phrase::Via { name: self.written(&first), arguments }
            }
            _ => return None,
        })
    }
}

/// Whether the node is only a word between the parts of a phrase.
fn is_filler(node: &Node<'_>) -> bool {
    matches!(
        node.as_rule(),
        Rule::kw_when
            | Rule::kw_unless
            | Rule::kw_during
            | Rule::kw_first
            | Rule::kw_per
            | Rule::kw_each
            | Rule::kw_at
            | Rule::kw_most
            | Rule::kw_via
            | Rule::comma
    )
}
