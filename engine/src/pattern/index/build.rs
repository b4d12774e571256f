//! Decides under which literal each pattern is filed.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::ops::Range;

use super::super::expand::MAX_EXPANSION;
use super::super::part::Part;
use super::super::shape::STAR;
use super::super::tool::NamePattern;
use super::Index;
use super::pieces::Pieces;
use super::tables::{CASED, CHECK, INFIX, LOOSENING, PLACE, Tables};
use super::trie::{Entry, Key, Trie};

/// Gathers patterns for an [`Index`].
#[derive(Clone, Debug, Default)]
pub struct IndexBuilder {
    bare: Vec<Row>,
    served: Vec<Row>,
    checks: Vec<NamePattern>,
}

/// A pattern without alternatives, or one that matches at least as much.
#[derive(Clone, Debug)]
struct Row {
    /// Name characters, `/`, [`STAR`], and above it what stands for one character.
    code: Vec<u8>,
    id: u32,
    how: u32,
    home: Home,
}

/// Where a row is filed.
#[derive(Clone, Debug)]
enum Home {
    Known(Place, Range<usize>),
    /// One of these literals will do, but none of them says all.
    OneOf(Vec<(Place, Range<usize>)>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Place {
    Whole,
    Beginning,
    End,
    Piece,
}

impl IndexBuilder {
    /// Adds a pattern under an id; several patterns may share one.
    pub fn add(&mut self, pattern: &NamePattern, loosening: bool, id: u32) {
        let (server, tool) = pattern.parts();
        let how = if loosening { LOOSENING } else { 0 };
        let (codes, complete) = codes(server, tool);
        let mut check = None;
        let checks = &mut self.checks;
        let mut place = || {
            *check.get_or_insert_with(|| {
                checks.push(pattern.clone());
                narrow(checks.len() - 1)
            })
        };
        let rows = if server.is_some() { &mut self.served } else { &mut self.bare };
        for code in codes {
            let (home, how) = match home(&code) {
                Home::Known(at, range) if complete => {
                    let how = if at == Place::Piece { how | INFIX } else { how };
                    (Home::Known(at, range), how)
                }
                Home::Known(at, range) => (Home::OneOf(vec![(at, range)]), how | CHECK | place()),
                some => (some, how | CHECK | place()),
            };
            rows.push(Row { code, id, how, home });
        }
    }

    /// Compiles what was added.
    #[must_use]
    pub fn build(self) -> Index {
        let Self { bare, served, mut checks } = self;
        checks.shrink_to_fit();
        Index { bare: tables(bare), served: tables(served), checks }
    }
}

/// The pattern as rows, and whether they say all about it.
fn codes(server: Option<&Part>, tool: &Part) -> (Vec<Vec<u8>>, bool) {
    let (tools, tools_complete) = tool.shapes();
    let mut codes = Vec::new();
    let Some(server) = server else {
        for shape in tools {
            let mut code = Vec::new();
            shape.push_code(&mut code);
            codes.push(code);
        }
        return (codes, tools_complete);
    };
    let (servers, servers_complete) = server.shapes();
    if servers.len() * tools.len() > MAX_EXPANSION {
        return (vec![vec![STAR, b'/', STAR]], false);
    }
    for first in servers {
        for second in tools {
            let mut code = Vec::new();
            first.push_code(&mut code);
            code.push(b'/');
            second.push_code(&mut code);
            codes.push(code);
        }
    }
    (codes, tools_complete && servers_complete)
}

/// Where a row could be filed.
fn home(code: &[u8]) -> Home {
    let literals = literals(code);
    let anything = |code: &[u8]| matches!(code, [STAR] | [STAR, b'/', STAR]);
    let length = code.len();
    match &literals[..] {
        [all] if all.len() == length => return Home::Known(Place::Whole, all.clone()),
        _ if anything(code) => return Home::Known(Place::Beginning, 0..0),
        [first, ..] if first.start == 0 && code.get(first.end..).is_some_and(anything) => {
            return Home::Known(Place::Beginning, first.clone());
        }
        [.., last] if last.end == length && code.get(..last.start).is_some_and(anything) => {
            return Home::Known(Place::End, last.clone());
        }
        [only]
            if *only == (1..length - 1)
                && code.first() == Some(&STAR)
                && code.last() == Some(&STAR) =>
        {
            return Home::Known(Place::Piece, only.clone());
        }
        _ => {}
    }
    let place = |range: &Range<usize>| match (range.start, range.end) {
        (0, _) => Place::Beginning,
        (_, end) if end == length => Place::End,
        _ => Place::Piece,
    };
    let telling = literals.iter().filter(|range| code.get((*range).clone()) != Some(b"/"));
    Home::OneOf(telling.map(|range| (place(range), range.clone())).collect())
}

/// The stretches without wildcards.
fn literals(code: &[u8]) -> Vec<Range<usize>> {
    let mut at = 0;
    let runs = code.chunk_by(|a, b| a.is_ascii() == b.is_ascii());
    let ranges = runs.map(|run| {
        at += run.len();
        (run.first().is_some_and(u8::is_ascii), at - run.len()..at)
    });
    ranges.filter(|(literal, _)| *literal).map(|(_, range)| range).collect()
}

type Popularity = HashMap<(Place, Vec<u8>), usize>;

/// Files every row; where there is a choice, under the literal that fewest share, then the longest.
fn tables(rows: Vec<Row>) -> Tables {
    let mut popularity = Popularity::new();
    for row in &rows {
        if let Home::OneOf(choices) = &row.home {
            for (place, range) in choices {
                *popularity.entry((*place, row.folded(range))).or_default() += 1;
            }
        }
    }
    let mut filing = Filing::default();
    for row in rows {
        filing.file(&row, &popularity);
    }
    Tables {
        beginnings: Trie::new(filing.beginnings),
        ends: Trie::new(filing.ends),
        pieces: Pieces::new(filing.pieces),
        cased: filing.cased,
    }
}

#[derive(Default)]
struct Filing {
    beginnings: Vec<Key>,
    ends: Vec<Key>,
    pieces: Vec<Key>,
    cased: Vec<u8>,
}

impl Filing {
    fn file(&mut self, row: &Row, popularity: &Popularity) {
        let (place, range) = row.home(popularity);
        let mut bytes = row.folded(&range);
        let written = row.code.get(range).unwrap_or_default();
        let mut how = row.how;
        if *written != *bytes {
            how |= CASED;
            if how & CHECK == 0 {
                how |= narrow(self.cased.len()) & PLACE;
                self.cased.extend_from_slice(written);
            }
        }
        if place == Place::End {
            bytes.reverse();
        }
        let keys = match place {
            Place::Whole | Place::Beginning => &mut self.beginnings,
            Place::End => &mut self.ends,
            Place::Piece => &mut self.pieces,
        };
        keys.push(Key { bytes, whole: place == Place::Whole, entry: Entry { id: row.id, how } });
    }
}

impl Row {
    fn folded(&self, range: &Range<usize>) -> Vec<u8> {
        self.code.get(range.clone()).unwrap_or_default().to_ascii_lowercase()
    }

    fn home(&self, popularity: &Popularity) -> (Place, Range<usize>) {
        let choices = match &self.home {
            Home::Known(place, range) => return (*place, range.clone()),
            Home::OneOf(choices) => choices,
        };
        let sharing = |place: Place, range| {
            popularity.get(&(place, self.folded(range))).copied().unwrap_or(0)
        };
        let rarest = choices
            .iter()
            .min_by_key(|(place, range)| (sharing(*place, range), Reverse(range.len()), *place));
        rarest.cloned().unwrap_or((Place::Beginning, 0..0))
    }
}

/// A place in an array; policies are far smaller than what would not fit.
fn narrow(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}
