//! Conditions: every name resolved, every comparison typed, polarity settled.

mod compare;
mod fields;

use super::Checker;
use super::definitions::{Definitions, Meaning};
use super::literals::shortened;
use crate::condition::{
    Condition, ConditionKind, Field, Literal, Members, Operand, Root, Type, normal_text,
};
use crate::decision::Truth;
use crate::diagnostic::{Code, Diagnostic};
use crate::pattern::TextPattern;
use crate::policy::Tool;
use crate::scalar::PathText;
use crate::span::{Span, Spanned};
use crate::syntax::ast::{self, Expr, ExprKind, OperandKind, Quantifier};
use crate::window::Zone;
use std::borrow::Cow;
use std::sync::Arc;

/// What a condition is checked against.
pub(super) struct Surroundings<'a> {
    pub(super) definitions: &'a Definitions,
    /// The declared tools that the rule's patterns cover; empty: fields are found at run time.
    pub(super) tools: Vec<&'a Tool>,
    pub(super) zone: Arc<Zone>,
}

/// Where in its rule a condition stands.
#[derive(Clone, Copy)]
pub(super) struct Polarity {
    /// Whether its truth would tighten the verdict.
    pub(super) tightens: bool,
    /// Whether it stands in a `deny … when`, outside `not`.
    pub(super) plain_deny: bool,
}

impl Polarity {
    pub(super) const LOOSENS: Self = Self { tightens: false, plain_deny: false };

    pub(super) const fn flipped(self) -> Self {
        Self { tightens: !self.tightens, plain_deny: false }
    }
}

/// An operand and its type, where that is known before run time.
type Typed = (Operand, Option<Type>);

/// Checks the conditions of one rule.
pub(super) struct Expressions<'c, 'a, 's> {
    pub(super) checker: &'c mut Checker<'s>,
    pub(super) around: &'c Surroundings<'a>,
    /// The quantifier's variable and what its elements are.
    variable: Option<(String, Option<Type>)>,
}

impl<'c, 'a, 's> Expressions<'c, 'a, 's> {
    pub(super) fn new(checker: &'c mut Checker<'s>, around: &'c Surroundings<'a>) -> Self {
        Self { checker, around, variable: None }
    }

    fn error(&mut self, code: Code, span: Span, message: impl Into<String>, help: &str) {
        let finding = Diagnostic::error(code, span, message);
        self.checker.report(if help.is_empty() { finding } else { finding.help(help) });
    }

    /// The compiled condition; what was reported stands as unknown.
    pub(super) fn condition(&mut self, expr: &Expr, polarity: Polarity) -> Condition {
        let kind = self.kind(expr, polarity);
        let kind = kind.unwrap_or(ConditionKind::Constant(Truth::Unknown));
        Condition { kind, span: expr.span }
    }

    fn kind(&mut self, expr: &Expr, polarity: Polarity) -> Option<ConditionKind> {
        Some(match &expr.kind {
            ExprKind::Or(parts) => ConditionKind::Any(self.parts(parts, polarity)),
            ExprKind::And(parts) => ConditionKind::All(self.parts(parts, polarity)),
            ExprKind::Not(inner) => {
                ConditionKind::Not(Box::new(self.condition(inner, polarity.flipped())))
            }
            ExprKind::Compare { left, operator, right } => {
                self.compare(left, operator, right, polarity, expr.span)?
            }
            ExprKind::In { left, negated, right } => {
                let inside = if *negated { polarity.flipped() } else { polarity };
                let kind = self.membership(left, right, inside)?;
                match negated {
                    true => ConditionKind::Not(Box::new(Condition { kind, span: expr.span })),
                    false => kind,
                }
            }
            ExprKind::Like { left, pattern } => self.like(left, pattern, polarity)?,
            ExprKind::Under { left, right } => self.under(left, right, polarity)?,
            ExprKind::Has(path) => ConditionKind::Has(self.field(path)?.0),
            ExprKind::During { time, window } => {
                let time = self.time_operand(time.as_ref())?;
                let window = self.around.definitions.window(self.checker, window)?;
                ConditionKind::During { time, window }
            }
            ExprKind::Order { time, relation, with } => ConditionKind::Order {
                time: self.time_operand(time.as_ref())?,
                relation: *relation,
                with: self.time_operand(Some(with))??,
            },
            ExprKind::Quantified { quantifier, variable, list, body } => {
                self.quantified(*quantifier, variable, list, body, polarity)?
            }
            ExprKind::Truth(operand) => self.truth(operand)?,
        })
    }

    fn parts(&mut self, parts: &[Expr], polarity: Polarity) -> Box<[Condition]> {
        parts.iter().map(|part| self.condition(part, polarity)).collect()
    }

    fn membership(
        &mut self,
        left: &ast::Operand,
        right: &ast::Operand,
        polarity: Polarity,
    ) -> Option<ConditionKind> {
        let (value, kind) = self.operand(left)?;
        let ignore_case = polarity.tightens;
        let members = match &right.kind {
            OperandKind::Name(name) if !self.is_variable(name) => {
                self.named_members(name, right.span)?
            }
            OperandKind::List(items) => self.listed_members(items, kind.as_ref(), right.span)?,
            OperandKind::Range(..) => {
                self.listed_members(std::slice::from_ref(right), kind.as_ref(), right.span)?
            }
            _ => {
                let (list, list_type) = self.operand(right)?;
                self.list_of(list_type.as_ref(), kind.as_ref(), right.span)?;
                let element = match list_type {
                    Some(Type::List(element)) => Some(*element),
                    _ => None,
                };
                let kind = normal_kind(kind, element);
                return Some(ConditionKind::Listed { value, list, kind, ignore_case });
            }
        };
        self.member_type(kind.as_ref(), members.kind(), left.span.to(right.span))?;
        let members = match &kind {
            Some(kind) => self.members_as(kind, members, right),
            None => members,
        };
        Some(ConditionKind::Member { value, members, ignore_case })
    }

    fn named_members(&mut self, name: &str, span: Span) -> Option<Arc<Members>> {
        let name = Spanned::new(name.to_owned(), span);
        match self.around.definitions.find(&name.node) {
            Some(Meaning::Set(members)) => Some(Arc::clone(members)),
            Some(Meaning::Group(people)) => {
                let mut members = Members::new(Type::Text);
                people.iter().for_each(|person| members.add_text(person));
                Some(Arc::new(members))
            }
            other => self.around.definitions.wrong(self.checker, &name, "set", other),
        }
    }

    /// Plain texts take the meaning of what is looked for among them; in a group those that cannot
    /// have it (a name among addresses) are never found.
    fn members_as(
        &mut self,
        kind: &Type,
        members: Arc<Members>,
        written: &ast::Operand,
    ) -> Arc<Members> {
        let means_more = matches!(
            kind,
            Type::Email | Type::Domain | Type::Url | Type::Path | Type::Time | Type::Duration
        );
        if *members.kind() != Type::Text || !means_more {
            return members;
        }
        let is_group = matches!(&written.kind, OperandKind::Name(name)
            if matches!(self.around.definitions.find(name), Some(Meaning::Group(_))));
        let zone = Arc::clone(&self.around.zone);
        let mut typed = Members::new(kind.clone());
        for text in members.texts() {
            if is_group && normal_text(kind, Cow::Borrowed(text)).is_none() {
                continue;
            }
            let member =
                ast::Operand { kind: OperandKind::Text(text.to_owned()), span: written.span };
            self.checker.add_member(&mut typed, &member, &zone);
        }
        Arc::new(typed)
    }

    fn listed_members(
        &mut self,
        items: &[ast::Operand],
        kind: Option<&Type>,
        span: Span,
    ) -> Option<Arc<Members>> {
        if items.is_empty() {
            let help = "write at least one member, or leave the condition out";
            self.error(Code::IMPOSSIBLE, span, "nothing is in an empty list", help);
            return None;
        }
        let own = self.checker.kind_of_members(items)?;
        // Written texts take the type of what is looked for.
        let kind = match (kind, own) {
            (Some(kind), Type::Text) if kind.is_textual() => kind.clone(),
            (_, own) => own,
        };
        let mut members = Members::new(kind);
        for item in items {
            self.checker.add_member(&mut members, item, &self.around.zone);
        }
        Some(Arc::new(members))
    }

    fn member_type(&mut self, value: Option<&Type>, member: &Type, span: Span) -> Option<()> {
        let fits = match value {
            None | Some(Type::Any) => true,
            Some(value) if value.is_number() => member.is_number(),
            Some(Type::Text) => member.is_textual(),
            Some(value) => value == member || (*member == Type::Text && value.is_textual()),
        };
        if fits {
            return Some(());
        }
        let value = value.cloned().unwrap_or(Type::Any);
        let message = format!("{} is never among values of type `{member}`", article(&value));
        self.error(Code::TYPE_CLASH, span, message, "");
        None
    }

    fn list_of(&mut self, list: Option<&Type>, value: Option<&Type>, span: Span) -> Option<()> {
        match list {
            None | Some(Type::Any) => Some(()),
            Some(Type::List(element)) => self.member_type(value, element, span),
            Some(other) => {
                let message = format!("`in` needs a set, list or range, not {}", article(other));
                self.error(Code::TYPE_CLASH, span, message, "");
                None
            }
        }
    }

    fn like(
        &mut self,
        left: &ast::Operand,
        pattern: &ast::Pattern,
        polarity: Polarity,
    ) -> Option<ConditionKind> {
        let (value, kind) = self.operand(left)?;
        let kind = kind.filter(|kind| *kind != Type::Any).unwrap_or(Type::Text);
        if !kind.is_textual() {
            let message = format!("`like` needs a text, not {}", article(&kind));
            self.error(Code::TYPE_CLASH, left.span, message, "");
            return None;
        }
        match TextPattern::parse(&pattern.text) {
            Ok(parsed) => Some(ConditionKind::Like {
                value,
                kind,
                pattern: Arc::new(parsed),
                ignore_case: polarity.tightens,
            }),
            Err(error) => {
                self.error(Code::BAD_PATTERN, pattern.span, error.to_string(), "");
                None
            }
        }
    }

    fn under(
        &mut self,
        left: &ast::Operand,
        right: &ast::Operand,
        polarity: Polarity,
    ) -> Option<ConditionKind> {
        let (value, kind) = self.operand(left)?;
        if !matches!(kind, None | Some(Type::Any | Type::Text | Type::Path)) {
            let message = format!("`under` needs a path, not {}", article(&kind?));
            self.error(Code::TYPE_CLASH, left.span, message, "");
            return None;
        }
        let OperandKind::Text(text) = &right.kind else {
            let help = "write the folder as a text: `args.path under \"/srv/files\"`";
            self.error(Code::TYPE_CLASH, right.span, "`under` needs a folder", help);
            return None;
        };
        let root = self.checker.textual(text, &Type::Path, right.span)?;
        debug_assert!(PathText::parse(&root).is_some());
        Some(ConditionKind::Under { value, root: root.into(), ignore_case: polarity.tightens })
    }

    /// A time operand; the outer `None` says that an error was reported.
    #[expect(clippy::option_option, reason = "absent means the decision's own time")]
    fn time_operand(&mut self, operand: Option<&ast::Operand>) -> Option<Option<Operand>> {
        let Some(written) = operand else { return Some(None) };
        let (operand, kind) = self.operand(written)?;
        let fits = matches!(kind, None | Some(Type::Any | Type::Time))
            || (kind == Some(Type::Text) && matches!(operand, Operand::Literal(_)));
        if !fits {
            let message = format!("a time is needed here, not {}", article(&kind?));
            self.error(Code::TYPE_CLASH, written.span, message, "");
            return None;
        }
        self.normal_literal(operand, Some(&Type::Time), written.span).map(Some)
    }

    fn quantified(
        &mut self,
        quantifier: Quantifier,
        variable: &Spanned<String>,
        list: &ast::Operand,
        body: &Expr,
        polarity: Polarity,
    ) -> Option<ConditionKind> {
        let (list_operand, kind) = self.operand(list)?;
        let element = match kind {
            None | Some(Type::Any) => None,
            Some(Type::List(element)) => Some(*element).filter(|element| *element != Type::Any),
            Some(other) => {
                let message = format!("`{}` is no list", self.checker.sources.text(list.span));
                let help = format!("it is {}", article(&other));
                self.error(Code::TYPE_CLASH, list.span, message, &help);
                return None;
            }
        };
        let outer = self.variable.replace((variable.node.clone(), element));
        let body = Box::new(self.condition(body, polarity));
        self.variable = outer;
        let when_empty = match (polarity.plain_deny, quantifier) {
            (true, Quantifier::Every) => Truth::True,
            (true, Quantifier::Some) => Truth::False,
            (false, _) => Truth::Unknown,
        };
        Some(ConditionKind::Quantified { quantifier, list: list_operand, body, when_empty })
    }

    fn truth(&mut self, written: &ast::Operand) -> Option<ConditionKind> {
        if let OperandKind::Bool(value) = written.kind {
            return Some(ConditionKind::Constant(value.into()));
        }
        let (operand, kind) = self.operand(written)?;
        if matches!(kind, None | Some(Type::Any | Type::Bool))
            && !matches!(operand, Operand::Literal(_))
        {
            return Some(ConditionKind::Truth(operand));
        }
        let text = shortened(self.checker.sources.text(written.span));
        let message = format!("`{text}` is neither true nor false");
        let help = "compare it with something, for example `args.amount <= 100`";
        self.error(Code::TYPE_CLASH, written.span, message, help);
        None
    }

    fn is_variable(&self, name: &str) -> bool {
        self.variable.as_ref().is_some_and(|(known, _)| known == name)
    }

    fn operand(&mut self, written: &ast::Operand) -> Option<Typed> {
        let zone = Arc::clone(&self.around.zone);
        let span = written.span;
        Some(match &written.kind {
            OperandKind::Text(text) => {
                (Operand::Literal(Literal::Text(text.as_str().into())), Some(Type::Text))
            }
            OperandKind::Number(text) => {
                let number = self.checker.number(text, span)?;
                (Operand::Literal(Literal::Number(number)), Some(Type::Decimal))
            }
            OperandKind::Bool(value) => (Operand::Literal(Literal::Bool(*value)), Some(Type::Bool)),
            OperandKind::Duration(text) => {
                let duration = self.checker.duration(&Spanned::new(text.clone(), span))?;
                (Operand::Literal(Literal::Duration(duration)), Some(Type::Duration))
            }
            OperandKind::Time(text) => {
                let at = self.checker.instant(text, span, &zone)?;
                (Operand::Literal(Literal::Time(at)), Some(Type::Time))
            }
            OperandKind::Field(path) => {
                let (field, kind) = self.field(path)?;
                (Operand::Field(field), kind)
            }
            OperandKind::Name(name) => self.variable_operand(name, span)?,
            OperandKind::Call { name, arguments } => self.call(name, arguments, span)?,
            OperandKind::List(_) | OperandKind::Range(..) => {
                let help = "lists and ranges stand after `in`";
                self.error(Code::MISPLACED, span, "this does not belong here", help);
                return None;
            }
        })
    }

    fn variable_operand(&mut self, name: &str, span: Span) -> Option<Typed> {
        if let Some((known, kind)) = &self.variable
            && known == name
        {
            let field = Field { root: Root::Variable, path: Arc::new([]), optional: false, span };
            return Some((Operand::Field(field), kind.clone()));
        }
        let (message, help) = match self.around.definitions.find(name) {
            Some(_) => (format!("`{name}` cannot stand here"), "sets and groups stand after `in`"),
            None => (
                format!("there is nothing named `{name}`"),
                "arguments of the call are written `args.NAME`, texts in quotes",
            ),
        };
        self.error(Code::UNKNOWN_NAME, span, message, help);
        None
    }
}

/// As what a value and a list's elements are compared: what either says beyond mere text.
fn normal_kind(value: Option<Type>, element: Option<Type>) -> Type {
    let mut kinds = [value, element].into_iter().flatten();
    kinds.find(|kind| !matches!(kind, Type::Text | Type::Any)).unwrap_or(Type::Text)
}

fn list_of_texts() -> Type {
    Type::List(Box::new(Type::Text))
}

/// `a text`, `a number`, … for messages.
pub(super) fn article(kind: &Type) -> String {
    match kind {
        Type::Text => "a text".into(),
        Type::Int => "a whole number".into(),
        Type::Decimal => "a number".into(),
        Type::Bool => "a true/false value".into(),
        Type::Email => "an e-mail address".into(),
        Type::Url => "a URL".into(),
        Type::Any => "any value".into(),
        Type::List(element) => format!("a list of `{element}`"),
        kind => format!("a {kind}"),
    }
}
