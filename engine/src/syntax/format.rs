//! The one layout of a policy file.
//!
//! Only blanks and line breaks change: every token and comment stays as written, in its order, so the
//! tree stays the same. What a line holds is decided by the tokens alone, so formatting twice changes
//! nothing. Blank lines between lines are kept, one at most.

mod tokens;
mod wrap;

use self::tokens::{Piece, pieces};
use super::outline::Outline;
use super::read::read_marked;
use super::scan::scan;
use super::{all_findings, too_large};
use crate::diagnostic::Diagnostic;
use crate::span::SourceId;

/// The longest line, in characters, comments behind it not counted.
const WIDTH: usize = 100;

/// Blanks for each block a line stands in.
const STEP: usize = 2;

/// `text` in the one layout. Comments stay where they are.
///
/// # Errors
///
/// What does not parse is not formatted; these are the parser's findings.
pub fn format(text: &str) -> Result<String, Vec<Diagnostic>> {
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
    let source = SourceId(0);
    if let Some(found) = too_large(source, text.len()) {
        return Err(vec![found]);
    }
    let outline = Outline::new(source, text, scan(source, text));
    let (parsed, marks) = read_marked(&outline);
    if !parsed.diagnostics.is_empty() || !outline.diagnostics.is_empty() {
        return Err(all_findings(parsed.diagnostics, outline.diagnostics));
    }
    let pieces = pieces(&outline, &marks);
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    let mut rest = pieces.as_slice();
    while !rest.is_empty() {
        let length = 1 + rest.iter().skip(1).take_while(|piece| !piece.begins_line).count();
        let (line, others) = rest.split_at(length);
        write_line(&mut out, line);
        rest = others;
    }
    Ok(out)
}

/// Writes one line of the file, or several where it is too long.
fn write_line(out: &mut String, line: &[Piece<'_>]) {
    let Some(first) = line.first() else { return };
    if first.blank_before && !out.is_empty() && !out.ends_with("{\n") && first.text != "}" {
        out.push('\n');
    }
    let indent = first.depth * STEP;
    let hanging = indent + if first.text == "auto" { 3 * STEP } else { 2 * STEP };
    let breaks = wrap::breaks(line, indent, hanging);
    out.extend(std::iter::repeat_n(' ', indent));
    for (index, piece) in line.iter().enumerate() {
        if index > 0 && breaks[index] {
            out.push('\n');
            out.extend(std::iter::repeat_n(' ', hanging));
        } else if index > 0 {
            out.extend(std::iter::repeat_n(' ', tokens::gap(&line[index - 1], piece)));
        }
        out.push_str(piece.text);
    }
    out.push('\n');
}
