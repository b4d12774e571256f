//! Where a line that is too long is broken.

use super::WIDTH;
use super::tokens::{Piece, gap};
use crate::syntax::words::CLAUSES;

/// Before which pieces of `line` a new line begins; the first line is indented by `indent`, all
/// others by `hanging`.
///
/// Comments always end their line. Beyond that, a line that is too long is broken at the outermost
/// places that help: between clauses and phrases, before `and` and `or`, inside brackets.
pub(super) fn breaks(line: &[Piece<'_>], indent: usize, hanging: usize) -> Vec<bool> {
    let mut breaks: Vec<bool> = (0..line.len())
        .map(|at| {
            at > 0 && (line[at - 1].is_comment() || line[at].role == super::tokens::Role::Own)
        })
        .collect();
    let depths = depths(line);
    for level in [Level::Clauses, Level::Joints, Level::Brackets, Level::Anywhere] {
        let mut start = 0;
        while start < line.len() {
            let end = (start + 1..line.len()).find(|at| breaks[*at]).unwrap_or(line.len());
            let left = if start == 0 { indent } else { hanging };
            if left + width(&line[start..end]) > WIDTH {
                break_up(line, &depths, level, start..end, (left, hanging), &mut breaks);
            }
            start = end;
        }
    }
    breaks
}

/// How far outside a place to break stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Level {
    /// Before clauses, behind commas outside brackets.
    Clauses,
    /// Before every `and` and `or` outside brackets.
    Joints,
    /// Behind commas.
    Brackets,
    /// Before `and` and `or`.
    Anywhere,
}

/// Breaks `range`, one line so far, where it helps at `level`.
fn break_up(
    line: &[Piece<'_>],
    depths: &[usize],
    level: Level,
    range: std::ops::Range<usize>,
    (left, hanging): (usize, usize),
    breaks: &mut [bool],
) {
    let places: Vec<usize> =
        (range.start + 1..range.end).filter(|at| may_break(line, depths, level, *at)).collect();
    let mut start = range.start;
    let mut column = left;
    for (index, place) in places.iter().enumerate() {
        let next = places.get(index + 1).copied().unwrap_or(range.end);
        let fits = column + width(&line[start..next]) <= WIDTH;
        if level == Level::Joints || !fits {
            breaks[*place] = true;
            (start, column) = (*place, hanging);
        }
    }
}

fn may_break(line: &[Piece<'_>], depths: &[usize], level: Level, at: usize) -> bool {
    let (before, text) = (line[at - 1].text, line[at].text);
    let outside = depths[at] == 0;
    let joint = matches!(text, "and" | "or");
    match level {
        Level::Clauses if matches!(line[0].text, "allow" | "ask" | "deny") => {
            outside && (CLAUSES.contains(&text) || before == ",")
        }
        Level::Clauses => outside && before == ",",
        Level::Joints => outside && joint,
        Level::Brackets => before == ",",
        Level::Anywhere => joint,
    }
}

/// In how many brackets every piece stands.
fn depths(line: &[Piece<'_>]) -> Vec<usize> {
    let mut depth = 0_usize;
    let mut depths = Vec::with_capacity(line.len());
    for piece in line {
        if matches!(piece.text, ")" | "]" | "}") {
            depth = depth.saturating_sub(1);
        }
        depths.push(depth);
        if matches!(piece.text, "(" | "[" | "{") {
            depth += 1;
        }
    }
    depths
}

/// How many characters the pieces take on one line; a comment behind them is not counted.
fn width(line: &[Piece<'_>]) -> usize {
    let mut width = 0;
    for (at, piece) in line.iter().enumerate().filter(|(_, piece)| !piece.is_comment()) {
        if at > 0 {
            width += gap(&line[at - 1], piece);
        }
        width += piece.text.chars().count();
    }
    width
}
