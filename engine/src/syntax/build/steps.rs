//! The steps of a test, and the data in them.

use fence_grammar::Rule;

use super::statements::effect;
use super::{Builder, Node, Nodes, is_pattern};
use crate::diagnostic::{Code, Diagnostic};
use crate::span::Spanned;
use crate::syntax::ast::{Data, Step};

impl Builder {
    /// One step, except `repeat`; `rule` is the entry the grammar read it by.
    pub(in crate::syntax) fn step(&mut self, rule: Rule, mut nodes: Nodes<'_>) -> Option<Step> {
        Some(match rule {
            Rule::at_step => Step::At(self.written(&nodes.next()?)),
            Rule::wait_step => Step::Wait(self.written(&nodes.next()?)),
            Rule::call_step => self.call(nodes)?,
            Rule::expect_step => {
                let effect = effect(&nodes.next()?)?;
                let is_rule =
                    |node: &Node<'_>| is_pattern(node) || node.as_rule() == Rule::by_default;
                let by = nodes.find(is_rule).map(|rule| self.unquoted(&rule));
                Step::Expect { effect, by }
            }
            _ => return None,
        })
    }

    fn call(&mut self, mut nodes: Nodes<'_>) -> Option<Step> {
        let tool = self.pattern(&nodes.next()?);
        let (mut arguments, mut context) = (None, None);
        let (mut agent, mut user, mut session) = (None, None, None);
        for node in nodes {
            match node.as_rule() {
                Rule::object => arguments = Some(self.object(node)?),
                Rule::with_context => {
                    let place = node.clone();
                    let data = self.object(node.into_inner().nth(2)?)?;
                    self.once(&place, &mut context, data);
                }
                Rule::as_who => {
                    let mut parts = node.clone().into_inner().skip(1);
                    let is_agent = parts.next()?.as_rule() == Rule::kw_agent;
                    let name = self.unquoted(&parts.next()?);
                    self.once(&node, if is_agent { &mut agent } else { &mut user }, name);
                }
                Rule::in_session => {
                    let name = self.unquoted(&node.clone().into_inner().nth(2)?);
                    self.once(&node, &mut session, name);
                }
                _ => {}
            }
        }
        Some(Step::Call { tool, arguments, agent, user, session, context })
    }

    /// Puts `value` in its place, which must be free.
    fn once<T>(&mut self, node: &Node<'_>, place: &mut Option<Spanned<T>>, value: Spanned<T>) {
        if place.replace(value).is_some() {
            let message = format!("`{}` is said twice of this call", node.as_str());
            self.found.push(Diagnostic::error(Code::REPEATED, self.span(node), message));
        }
    }

    fn object(&mut self, node: Node<'_>) -> Option<Spanned<Data>> {
        let span = self.span(&node);
        Some(Spanned::new(self.data(node)?, span))
    }

    fn data(&mut self, node: Node<'_>) -> Option<Data> {
        let text = node.as_str();
        Some(match node.as_rule() {
            Rule::kw_null => Data::Null,
            Rule::kw_true => Data::Bool(true),
            Rule::kw_false => Data::Bool(false),
            Rule::number => Data::Number(text.to_owned()),
            Rule::text => Data::Text(super::unescape(text)),
            Rule::array => {
                let parts = node.into_inner().filter(|part| part.as_rule() != Rule::comma);
                Data::List(parts.map(|part| self.data(part)).collect::<Option<_>>()?)
            }
            Rule::object => {
                let entries = node.into_inner().filter(|part| part.as_rule() == Rule::entry);
                Data::Object(entries.map(|entry| self.entry(entry)).collect::<Option<_>>()?)
            }
            _ => return None,
        })
    }

    fn entry(&mut self, node: Node<'_>) -> Option<(Spanned<String>, Data)> {
        let mut parts = node.into_inner();
        let key = self.unquoted(&parts.next()?);
        Some((key, self.data(parts.nth(1)?)?))
    }
}
