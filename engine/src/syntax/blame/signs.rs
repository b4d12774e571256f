//! Signs of other languages.

use crate::diagnostic::{Code, Diagnostic};
use crate::syntax::outline::Outline;
use crate::syntax::scan::Kind;
use crate::syntax::words::TERMS;

/// Alternatives in a pattern that should have been quoted, taken for a rule's block at `open`.
pub(in crate::syntax) fn braces_in_pattern(
    outline: &Outline<'_>,
    open: usize,
    end: usize,
) -> Option<Diagnostic> {
    let before = open.checked_sub(1)?;
    let touches = |left: usize, right: usize| {
        right < end
            && outline.kind(left).is_some()
            && outline.span(left).end == outline.span(right).start
    };
    let term = TERMS.contains(&outline.str(open + 1)) || outline.str(open + 1) == "}";
    if outline.kind(before) != Some(Kind::Run) || !touches(before, open) || term {
        return None;
    }
    let mut last = outline.closing(open)?;
    while touches(last, last + 1) && matches!(outline.kind(last + 1), Some(Kind::Run | Kind::Open))
    {
        last = outline.closing(last + 1).unwrap_or(last + 1);
    }
    let span = outline.span(before).to(outline.span(last));
    let written = outline.text.get(span.range())?;
    let quoted = format!("\"{written}\"");
    let message =
        format!("the pattern `{}` holds braces, which need quotes", super::short(written));
    Some(
        Diagnostic::error(Code::SYNTAX, span, message)
            .help(format!("write `{quoted}`"))
            .fix(span, quoted),
    )
}

/// What the sign at `at` means elsewhere, and what is written here instead.
pub(super) fn sign(outline: &Outline<'_>, at: usize) -> Option<Diagnostic> {
    let (text, span) = (outline.str(at), outline.span(at));
    let error = |message: String| Diagnostic::error(Code::SYNTAX, span, message);
    let instead = |word: &str| {
        error(format!("`{text}` is not of the language"))
            .help(format!("write `{word}`"))
            .fix(span, word)
    };
    if outline.kind(at) == Some(Kind::SingleQuoted) {
        let inner = text.trim_matches('\'').replace('\\', "\\\\").replace('"', "\\\"");
        let fixed = format!("\"{inner}\"");
        return Some(
            error("texts stand in double quotes".to_owned())
                .help(format!("write `{fixed}`"))
                .fix(span, fixed),
        );
    }
    if outline.kind(at) != Some(Kind::Sign) {
        return None;
    }
    Some(match text {
        "&&" | "&" => instead("and"),
        "||" | "|" => instead("or"),
        "!" => instead("not"),
        "<>" => instead("!="),
        "=>" => instead(">="),
        "=<" => instead("<="),
        ";" => error("there are no semicolons".to_owned())
            .help("remove it: a statement ends where the next keyword begins")
            .fix(span, ""),
        "'" => error("texts stand in double quotes".to_owned()).help("write `\"…\"`"),
        "+" | "%" | "^" | "~" => error(format!("there is no operator `{text}`"))
            .help("conditions compare, count and sum; they do not calculate"),
        "$" | "@" => error(format!("`{text}` stands outside a text"))
            .help("addresses and the like stand in double quotes; fields are written `args.x`"),
        "\\" => error("a backslash stands outside a text".to_owned())
            .help("new lines mean nothing, so nothing needs to join them"),
        _ if text.starts_with(char::is_alphabetic) => {
            let message = format!("`{}` is not a word of the language", super::short(text));
            Diagnostic::error(Code::BAD_NAME, span, message)
                .help("names are made of `a-z`, digits and `_`; other letters stand in texts")
        }
        _ => return None,
    })
}
