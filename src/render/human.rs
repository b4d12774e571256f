//! A finding for a person: the lines it is about, carets, what to do, what to write instead.

use super::inert;
use super::place::{File, Places};
use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Patch, Renderer, Snippet};
use fence_engine::diagnostic::{Diagnostic, Fix, Severity};
use fence_engine::show::is_invisible;
use fence_engine::span::{SourceId, Sources, Span};
use std::borrow::Cow;

/// The findings, each with the lines it is about; a blank line behind each.
#[must_use]
pub fn human(sources: &Sources, diagnostics: &[Diagnostic], colored: bool) -> String {
    let places = Places::new(sources);
    let renderer = if colored { Renderer::styled() } else { Renderer::plain() };
    let mut out = String::new();
    for found in diagnostics {
        out.push_str(&renderer.render(&groups(&places, found)));
        out.push_str("\n\n");
    }
    out
}

fn groups<'a>(places: &'a Places<'a>, found: &'a Diagnostic) -> Vec<Group<'a>> {
    let level = match found.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let mut group = level
        .primary_title(inert(&found.message))
        .id(found.code.0)
        .elements(snippets(places, found));
    if let Some(help) = &found.help {
        group = group.element(Level::HELP.message(inert(help)));
    }
    let mut groups = vec![group];
    groups.extend(found.fix.as_ref().and_then(|fix| instead(places, fix)));
    groups
}

/// One snippet for each file that the finding speaks of, its own first.
fn snippets<'a>(places: &'a Places<'a>, found: &'a Diagnostic) -> Vec<Snippet<'a, Annotation<'a>>> {
    let mut marks = vec![(found.span, found.label.as_str(), AnnotationKind::Primary)];
    let related = found.related.iter();
    marks.extend(related.map(|(span, label)| (*span, label.as_str(), AnnotationKind::Context)));
    let mut sources: Vec<SourceId> = Vec::new();
    for (span, _, _) in &marks {
        if !sources.contains(&span.source) {
            sources.push(span.source);
        }
    }
    let snippet = |source: &SourceId| {
        let file = places.file(*source)?;
        let mut here: Vec<_> = marks.iter().filter(|mark| mark.0.source == *source).collect();
        here.dedup();
        Some(snippet(file, &here))
    };
    sources.iter().filter_map(snippet).collect()
}

fn snippet<'a>(
    file: &'a File<'a>,
    marks: &[&(Span, &'a str, AnnotationKind)],
) -> Snippet<'a, Annotation<'a>> {
    let ranges = || marks.iter().map(|mark| file.range(mark.0));
    let first = ranges().map(|range| file.line(range.start)).min().unwrap_or_default();
    let last = ranges().map(|range| file.line(range.end)).max().unwrap_or_default();
    let lines = file.lines(first, last);
    let annotations = marks.iter().map(|(span, label, kind)| {
        let range = file.range(*span);
        let label = Some(label).filter(|label| !label.is_empty()).map(|label| inert(label));
        kind.span(range.start - lines.start..range.end - lines.start).label(label)
    });
    Snippet::source(visible(&file.text[lines.clone()]))
        .line_start(first + 1)
        .path(inert(&file.name))
        .annotations(annotations)
}

/// The replacement, shown as a change of the lines it is in.
fn instead<'a>(places: &'a Places<'a>, fix: &'a Fix) -> Option<Group<'a>> {
    let file = places.file(fix.span.source)?;
    let range = file.range(fix.span);
    let first = file.line(range.start);
    let lines = file.lines(first, file.line(range.end));
    let text = &file.text[lines.clone()];
    let replacement: Vec<String> = fix.replacement.split('\n').map(inert).collect();
    let patch =
        Patch::new(range.start - lines.start..range.end - lines.start, replacement.join("\n"));
    let snippet = Snippet::source(visible(text)).line_start(first + 1).patch(patch);
    Some(Level::HELP.secondary_title("write instead").element(snippet))
}

/// The text with everything invisible made visible, byte for byte of the same length, so that
/// carets stay where they belong.
fn visible(text: &str) -> Cow<'_, str> {
    let shown = |character: char| !is_invisible(character);
    if text.chars().all(shown) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character.len_utf8() {
            _ if shown(character) => out.push(character),
            1 => out.push('?'),
            2 => out.push('¿'),
            3 => out.push('\u{fffd}'),
            _ => out.push_str("¿¿"),
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use fence_engine::diagnostic::Code;
    use proptest::prelude::*;

    fn sources(texts: &[(&str, &str)]) -> Sources {
        let mut sources = Sources::new();
        for (name, text) in texts {
            sources.add(*name, *text);
        }
        sources
    }

    fn plain(sources: &Sources, found: Diagnostic) -> String {
        human(sources, &[found], false)
    }

    #[test]
    fn a_misspelt_name_is_marked_and_mended() {
        let sources = sources(&[("dir/p.fence", "fence 1\nask a {\n  auto during ofice\n}\n")]);
        let span = Span::new(SourceId(0), 30, 35);
        let found = Diagnostic::error(Code::UNKNOWN_NAME, span, "there is no window `ofice`")
            .label("not declared")
            .suggest(span, "ofice", ["office"]);
        insta::assert_snapshot!(plain(&sources, found));
    }

    #[test]
    fn several_files_are_shown_each_by_its_name() {
        let sources = sources(&[
            ("dir/p.fence", "fence 1\nimport \"q.fence\"\ngroup a = \"x@a.test\"\n"),
            ("q.fence", "fence 1\n\n\n\ngroup a = \"y@a.test\"\n"),
        ]);
        let here = Span::new(SourceId(0), 31, 32);
        let found = Diagnostic::error(Code::DUPLICATE_NAME, here, "`a` is defined twice")
            .related(Span::new(SourceId(1), 17, 18), "first here");
        insta::assert_snapshot!(plain(&sources, found));
    }

    #[test]
    fn an_empty_span_at_the_start_of_an_empty_file_has_a_place() {
        let start = Span::new(SourceId(0), 0, 0);
        let found =
            Diagnostic::error(Code::HEADER, start, "the file does not start with `fence 1`")
                .help("write `fence 1` as the first line")
                .fix(start, "fence 1\n");
        insta::assert_snapshot!(plain(&sources(&[("p.fence", "")]), found));
    }

    #[test]
    fn what_a_terminal_would_obey_is_shown_as_text() {
        let text = "allow \u{1b}[2Jx\u{202e}y\u{200b}\u{e0041}z\n";
        let sources = sources(&[("a\u{1b}.fence", text)]);
        let found = Diagnostic::error(
            Code::INVISIBLE,
            Span::new(SourceId(0), 6, 7),
            "`\u{1b}[31m`\nerror: forged",
        )
        .help("remove \u{202e} it")
        .fix(Span::new(SourceId(0), 6, 7), "\u{1b}")
        .label("\u{9b}here");
        let shown = plain(&sources, found);
        assert!(!shown.chars().any(|c| c != '\n' && is_invisible(c)), "{shown:?}");
        insta::assert_snapshot!(shown);
    }

    proptest! {
        #[test]
        fn no_span_and_no_text_stops_the_rendering(
            text in "[ -~\t\n\r\u{e9}\u{1b}\u{202e}\u{e0041}]{0,60}",
            spans in proptest::collection::vec((0_usize..80, 0_usize..80), 3),
        ) {
            let sources = sources(&[("p.fence", &text)]);
            let span = |(start, end): (usize, usize)| Span::new(SourceId(0), start, end);
            let found = Diagnostic::error(Code::SYNTAX, span(spans[0]), text.clone())
                .label("here")
                .related(span(spans[1]), "there")
                .fix(span(spans[2]), text.clone());
            let shown = plain(&sources, found);
            prop_assert!(!shown.chars().any(|c| c != '\n' && is_invisible(c)), "{shown:?}");
        }
    }
}
