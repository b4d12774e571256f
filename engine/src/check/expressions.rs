//! Conditions: every name resolved, every comparison typed, polarity settled.

use super::Checker;
use super::definitions::{Definitions, Meaning};
use super::literals::shortened;
use crate::condition::{
    Compare, Condition, ConditionKind, Field, Function, Literal, Members, Operand, Root, Type,
    normal_text,
};
use crate::decision::Truth;
use crate::diagnostic::{Code, Diagnostic};
use crate::number::Number;
use crate::pattern::TextPattern;
use crate::policy::Tool;
use crate::scalar::PathText;
use crate::span::{Span, Spanned};
use crate::syntax::ast::{self, Comparison, Expr, ExprKind, OperandKind, Quantifier};
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

    fn compare(
        &mut self,
        left: &ast::Operand,
        operator: &Spanned<Comparison>,
        right: &ast::Operand,
        polarity: Polarity,
        span: Span,
    ) -> Option<ConditionKind> {
        let (a, b) = (self.operand(left), self.operand(right));
        let ((a, a_type), (b, b_type)) = (a?, b?);
        let kind = self.common_type(&a_type, &b_type, &a, &b, span)?;
        self.has_order(operator, kind.as_ref())?;
        let a = self.normal_literal(a, kind.as_ref(), left.span)?;
        let b = self.normal_literal(b, kind.as_ref(), right.span)?;
        self.possible(&a_type, operator.node, &a, &b, span)?;
        self.possible(&b_type, mirrored(operator.node), &b, &a, span)?;
        // The truth of `!=` is the falsehood of an equality.
        let ignore_case = polarity.tightens != (operator.node == Comparison::NotEqual);
        let operator = operator.node;
        let compare = Compare { left: a, operator, right: b, kind, ignore_case };
        Some(ConditionKind::Compare(compare))
    }

    /// As what two sides are compared; `Some(None)`: as what they turn out to be.
    #[expect(clippy::option_option, reason = "the outer one says that an error was reported")]
    fn common_type(
        &mut self,
        left: &Option<Type>,
        right: &Option<Type>,
        a: &Operand,
        b: &Operand,
        span: Span,
    ) -> Option<Option<Type>> {
        let (left, right) = match (left, right) {
            (None, None) => return Some(None),
            (Some(kind), None) | (None, Some(kind)) => (kind, kind),
            (Some(left), Some(right)) => (left, right),
        };
        let literal = |operand: &Operand| matches!(operand, Operand::Literal(Literal::Text(_)));
        let common = match (left, right) {
            (Type::List(_), _) | (_, Type::List(_)) => None,
            (Type::Any, kind) | (kind, Type::Any) => Some(kind.clone()),
            (left, right) if left == right => Some(left.clone()),
            (left, right) if left.is_number() && right.is_number() => Some(Type::Decimal),
            // A written text takes the type of what it is compared with.
            (Type::Text, kind) if literal(a) && kind.is_textual() => Some(kind.clone()),
            (kind, Type::Text) if literal(b) && kind.is_textual() => Some(kind.clone()),
            (Type::Text, kind @ (Type::Email | Type::Domain | Type::Url | Type::Path))
            | (kind @ (Type::Email | Type::Domain | Type::Url | Type::Path), Type::Text) => {
                Some(kind.clone())
            }
            _ => None,
        };
        let Some(common) = common else {
            let message = format!("{} cannot be compared with {}", article(left), article(right));
            let help = match (left, right) {
                (Type::List(_), _) | (_, Type::List(_)) => {
                    "for a list use `every`, `some`, `count`, `length` or `in`"
                }
                (l, r) if l.is_number() != r.is_number() => "write a number without quotes",
                _ => "",
            };
            self.error(Code::TYPE_CLASH, span, message, help);
            return None;
        };
        Some(Some(common).filter(|common| *common != Type::Any))
    }

    fn has_order(&mut self, operator: &Spanned<Comparison>, kind: Option<&Type>) -> Option<()> {
        let equality = matches!(operator.node, Comparison::Equal | Comparison::NotEqual);
        let ordered = kind.is_none_or(|kind| {
            kind.is_number() || matches!(kind, Type::Time | Type::Duration)
        });
        if equality || ordered {
            return Some(());
        }
        let kind = kind.cloned().unwrap_or(Type::Text);
        let message = format!("values of type `{kind}` have no order");
        let help = "only numbers, times and durations can be less or greater";
        self.error(Code::TYPE_CLASH, operator.span, message, help);
        None
    }

    /// A written text, in the normal form of the type it is compared as.
    fn normal_literal(
        &mut self,
        operand: Operand,
        kind: Option<&Type>,
        span: Span,
    ) -> Option<Operand> {
        let (Operand::Literal(Literal::Text(text)), Some(kind)) = (&operand, kind) else {
            return Some(operand);
        };
        Some(Operand::Literal(match kind {
            Type::Time => {
                let zone = Arc::clone(&self.around.zone);
                Literal::Time(self.checker.instant(text, span, &zone)?)
            }
            Type::Duration => Literal::Duration(
                self.checker.duration(&Spanned::new(text.to_string(), span))?,
            ),
            kind => Literal::Text(self.checker.textual(text, kind, span)?.into()),
        }))
    }

    /// Refuses what can never (or not but) hold: a whole number that equals a fraction, a count
    /// below zero.
    fn possible(
        &mut self,
        left_type: &Option<Type>,
        operator: Comparison,
        left: &Operand,
        right: &Operand,
        span: Span,
    ) -> Option<()> {
        let Operand::Literal(Literal::Number(number)) = right else { return Some(()) };
        let zero = Number::from(0_u64);
        let counts = matches!(left, Operand::Call(Function::Count | Function::Length, _));
        let whole = *left_type == Some(Type::Int);
        let fault = match operator {
            Comparison::Equal if whole && !number.is_integer() => "a whole number is never that",
            Comparison::Less if counts && *number <= zero => "a count is never below zero",
            Comparison::LessOrEqual | Comparison::Equal if counts && *number < zero => {
                "a count is never below zero"
            }
            Comparison::GreaterOrEqual if counts && *number <= zero => {
                "a count is always at least zero"
            }
            _ => return Some(()),
        };
        self.error(Code::IMPOSSIBLE, span, fault, "compare with a number it can reach");
        None
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
            OperandKind::Name(name) if !self.is_variable(name) => self.named_members(name, right.span)?,
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
        Some(ConditionKind::Under {
            value,
            root: root.into(),
            ignore_case: polarity.tightens,
        })
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
        if matches!(kind, None | Some(Type::Any | Type::Bool)) && !matches!(operand, Operand::Literal(_)) {
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
            OperandKind::Bool(value) => {
                (Operand::Literal(Literal::Bool(*value)), Some(Type::Bool))
            }
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

    fn call(
        &mut self,
        name: &Spanned<String>,
        arguments: &[ast::Operand],
        span: Span,
    ) -> Option<Typed> {
        let found = Function::TABLE.iter().find(|(known, _)| *known == name.node);
        let Some((_, function)) = found else {
            let message = format!("there is no function named `{}`", name.node);
            let known = Function::TABLE.iter().map(|(known, _)| *known);
            let finding = Diagnostic::error(Code::UNKNOWN_FUNCTION, name.span, message)
                .help("the functions are count, sum, length, domain, host and lower")
                .suggest(name.span, &name.node, known);
            self.checker.report(finding);
            return None;
        };
        let several = matches!(function, Function::Count | Function::Sum);
        if arguments.is_empty() || (!several && arguments.len() != 1) {
            let wanted = if several { "at least one argument" } else { "one argument" };
            let message = format!("`{}` takes {wanted}", name.node);
            self.error(Code::UNKNOWN_FUNCTION, span, message, "");
            return None;
        }
        let typed: Vec<Option<Typed>> = arguments.iter().map(|a| self.operand(a)).collect();
        let mut operands = Vec::with_capacity(typed.len());
        for (typed, written) in typed.into_iter().zip(arguments) {
            let (operand, kind) = typed?;
            self.argument(*function, &name.node, kind.as_ref(), written.span)?;
            operands.push(operand);
        }
        let kind = match function {
            Function::Count | Function::Length => Type::Int,
            Function::Sum => Type::Decimal,
            Function::Domain | Function::Host => Type::Domain,
            Function::Lower => Type::Text,
        };
        Some((Operand::Call(*function, operands.into()), Some(kind)))
    }

    fn argument(
        &mut self,
        function: Function,
        name: &str,
        kind: Option<&Type>,
        span: Span,
    ) -> Option<()> {
        let Some(kind) = kind.filter(|kind| **kind != Type::Any) else { return Some(()) };
        let fits = match (function, kind) {
            (Function::Count | Function::Length, Type::List(_)) => true,
            (Function::Sum, Type::List(element)) => element.is_number() || **element == Type::Any,
            (Function::Sum, kind) => kind.is_number(),
            (Function::Domain, kind) => matches!(kind, Type::Email | Type::Text),
            (Function::Host, kind) => matches!(kind, Type::Url | Type::Text),
            (_, kind) => kind.is_textual(),
        };
        if !fits {
            let message = format!("`{name}` cannot take {}", article(kind));
            self.error(Code::TYPE_CLASH, span, message, "");
            return None;
        }
        Some(())
    }

    /// A field, and its declared type.
    pub(super) fn field(&mut self, path: &ast::FieldPath) -> Option<(Field, Option<Type>)> {
        let segments: Vec<&str> = path.segments.iter().map(|s| s.node.as_str()).collect();
        let (root, skip, kind) = match (path.root.node.as_str(), segments.as_slice()) {
            ("args", [first, rest @ ..]) => {
                (Root::Args, 0, self.declared(first, rest, &path.segments[0])?)
            }
            ("context", [_, ..]) => (Root::Context, 0, None),
            ("agent", ["id"]) => (Root::AgentId, 1, Some(Type::Text)),
            ("agent", ["roles"]) => (Root::AgentRoles, 1, Some(list_of_texts())),
            ("agent", ["parents"]) => (Root::AgentParents, 1, Some(list_of_texts())),
            ("user", []) => (Root::User, 0, Some(Type::Text)),
            ("session", []) => (Root::Session, 0, Some(Type::Text)),
            ("tool", []) => (Root::Tool, 0, Some(Type::Text)),
            (name, [_, ..]) if self.is_variable(name) => (Root::Variable, 0, None),
            (name, []) if self.is_variable(name) => {
                (Root::Variable, 0, self.variable.as_ref().and_then(|(_, kind)| kind.clone()))
            }
            _ => return self.no_such_field(path),
        };
        let keys = self.checker.keys(&segments[skip..]);
        let field = Field { root, path: keys, optional: path.optional, span: path.span };
        Some((field, kind))
    }

    fn no_such_field<T>(&mut self, path: &ast::FieldPath) -> Option<T> {
        let written = shortened(self.checker.sources.text(path.span));
        let message = format!("there is no field `{written}`");
        let roots = ["args", "context", "agent", "user", "session", "tool"];
        let finding = Diagnostic::error(Code::UNKNOWN_FIELD, path.span, message).help(
            "fields are `args.NAME`, `context.NAME`, `agent.id`, `agent.roles`, `agent.parents`, \
             `user`, `session` and `tool`",
        );
        let root = &path.root;
        self.checker.report(match roots.contains(&root.node.as_str()) {
            true => finding,
            false => finding.suggest(root.span, &root.node, roots),
        });
        None
    }

    /// The declared type of `args.FIRST…`: an error where no covered tool has the field.
    #[expect(clippy::option_option, reason = "the outer one says that an error was reported")]
    fn declared(
        &mut self,
        first: &str,
        rest: &[&str],
        written: &Spanned<String>,
    ) -> Option<Option<Type>> {
        let tools = &self.around.tools;
        if tools.is_empty() {
            return Some(None);
        }
        let kinds: Vec<&Type> = tools
            .iter()
            .filter_map(|tool| tool.fields.iter().find(|field| &*field.name == first))
            .map(|field| &field.kind)
            .collect();
        let Some(kind) = kinds.first() else {
            let names = tools.iter().map(|tool| format!("`{}`", tool.name.text()));
            let names = names.collect::<Vec<_>>().join(", ");
            let message = format!("no field `{first}` is declared for {names}");
            let known = tools.iter().flat_map(|tool| tool.fields.iter()).map(|field| &*field.name);
            let finding = Diagnostic::error(Code::UNKNOWN_FIELD, written.span, message)
                .related(tools[0].span, "the tool is declared here")
                .suggest(written.span, first, known);
            self.checker.report(finding);
            return None;
        };
        if !rest.is_empty() && **kind != Type::Any {
            let message = format!("`args.{first}` is {}, it has no fields", article(kind));
            self.error(Code::UNKNOWN_FIELD, written.span, message, "");
            return None;
        }
        let agreed = kinds.iter().all(|other| other == kind) && rest.is_empty();
        Some(agreed.then(|| (*kind).clone()).filter(|kind| *kind != Type::Any))
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

const fn mirrored(operator: Comparison) -> Comparison {
    match operator {
        Comparison::Less => Comparison::Greater,
        Comparison::LessOrEqual => Comparison::GreaterOrEqual,
        Comparison::Greater => Comparison::Less,
        Comparison::GreaterOrEqual => Comparison::LessOrEqual,
        same => same,
    }
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
