//! Tool declarations, and which of them a rule's patterns cover.

use super::Checker;
use super::definitions::Definitions;
use super::imports::ReadFile;
use crate::condition::Type;
use crate::diagnostic::{Code, Diagnostic};
use crate::pattern::{Name, NamePattern};
use crate::policy::{Tool, ToolField};
use crate::span::Spanned;
use crate::syntax::ast::{self, Item};

impl Definitions {
    /// Every declared tool of all files, one per tool.
    pub(super) fn tools(&self, checker: &mut Checker<'_>, files: &[ReadFile]) -> Vec<Tool> {
        let mut tools: Vec<Tool> = Vec::new();
        let written =
            files.iter().flat_map(|file| &file.file.items).filter_map(|item| match item {
                Item::Tool(tool) => Some(tool),
                _ => None,
            });
        for tool in written {
            let Some(checked) = checker.tool(tool) else { continue };
            match tools.iter().find(|known| same_tool(&known.name, &checked.name)) {
                None => tools.push(checked),
                Some(first) => {
                    let message = format!("the tool `{}` is declared twice", tool.name.text);
                    let finding = Diagnostic::error(Code::DUPLICATE_NAME, tool.name.span, message)
                        .related(first.span, "first declared here")
                        .help("a declaration without a server covers the tool on every server");
                    checker.report(finding);
                }
            }
        }
        tools
    }
}

/// Whether one call could fall under both declarations.
fn same_tool(one: &NamePattern, other: &NamePattern) -> bool {
    let covers = |a: &NamePattern, b: &NamePattern| {
        Name::parse(b.text()).is_ok_and(|name| a.matches_tightening(&name))
    };
    covers(one, other) || covers(other, one)
}

/// The declared tools that a rule's patterns cover.
pub(super) fn covered<'t>(tools: &'t [Tool], patterns: &[NamePattern]) -> Vec<&'t Tool> {
    let covers = |tool: &&Tool| {
        Name::parse(tool.name.text())
            .is_ok_and(|name| patterns.iter().any(|pattern| covers_declared(pattern, &name)))
    };
    tools.iter().filter(covers).collect()
}

/// A declaration without a server stands for the tool on every server, so only the tool counts.
fn covers_declared(pattern: &NamePattern, declared: &Name<'_>) -> bool {
    if declared.server().is_some() || !pattern.has_server() {
        return pattern.matches_tightening(declared);
    }
    let sample = pattern.sample();
    let server = sample.split('/').next().unwrap_or_default();
    let served = format!("{server}/{}", declared.tool());
    Name::parse(&served).is_ok_and(|name| pattern.matches_tightening(&name))
}

impl Checker<'_> {
    fn tool(&mut self, tool: &ast::Tool) -> Option<Tool> {
        let name = self.tool_name(&tool.name)?;
        let mut fields: Vec<ToolField> = Vec::new();
        for field in &tool.fields {
            if fields.iter().any(|known| *known.name == *field.name.node) {
                let message = format!("the field `{}` stands twice", field.name.node);
                self.report(Diagnostic::error(Code::DUPLICATE_NAME, field.name.span, message));
                continue;
            }
            let Some(kind) = self.field_type(&field.kind) else { continue };
            let name = field.name.node.as_str().into();
            fields.push(ToolField { name, kind, optional: field.optional });
        }
        Some(Tool { name, fields: fields.into(), span: tool.name.span })
    }

    /// A tool's own name: a pattern without wildcards.
    pub(super) fn tool_name(&mut self, written: &ast::Pattern) -> Option<NamePattern> {
        let name = Name::parse(&written.text).map_err(|error| error.to_string());
        match name.and_then(|_| NamePattern::parse(&written.text).map_err(|e| e.to_string())) {
            Ok(pattern) => Some(pattern),
            Err(error) => {
                self.report(
                    Diagnostic::error(Code::BAD_NAME, written.span, error)
                        .help("write the tool's own name, without wildcards"),
                );
                None
            }
        }
    }

    fn field_type(&mut self, written: &Spanned<String>) -> Option<Type> {
        let kind = Type::named(&written.node);
        if kind.is_none() {
            let message = format!("there is no type `{}`", written.node);
            let known = Type::SCALARS.iter().map(|(name, _)| *name);
            let help = "the types are text, int, decimal, bool, email, domain, url, path, time, \
                        duration, any and list<…> of one of them";
            self.report(
                Diagnostic::error(Code::UNKNOWN_TYPE, written.span, message).help(help).suggest(
                    written.span,
                    &written.node,
                    known,
                ),
            );
        }
        kind
    }
}
