//! Fields and functions: what of the call a condition reads, and of which type it is.

use super::super::literals::shortened;
use super::{Expressions, Typed, article, list_of_texts};
use crate::condition::{Field, Function, Operand, Root, Type};
use crate::diagnostic::{Code, Diagnostic};
use crate::span::{Span, Spanned};
use crate::syntax::ast;

impl Expressions<'_, '_, '_> {
    pub(super) fn call(
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
    pub(in crate::check) fn field(
        &mut self,
        path: &ast::FieldPath,
    ) -> Option<(Field, Option<Type>)> {
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
