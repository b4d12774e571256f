//! Where patterns are filed by a literal that every match holds, and what is done with those found.

use super::super::name::Name;
use super::super::tool::NamePattern;
use super::Hit;
use super::pieces::Pieces;
use super::trie::{Entry, Found, Trie};

/// The pattern loosens the policy.
pub(super) const LOOSENING: u32 = 1 << 31;
/// The literal does not say all: the pattern itself is asked.
pub(super) const CHECK: u32 = 1 << 30;
/// There is an upper-case letter in the literal.
pub(super) const CASED: u32 = 1 << 29;
/// The literal may stand anywhere.
pub(super) const INFIX: u32 = 1 << 28;
/// Which pattern to ask, or where the literal is kept as written.
pub(super) const PLACE: u32 = INFIX - 1;

/// One name on its way through.
#[derive(Clone, Copy)]
pub(super) struct Probe<'a> {
    pub(super) name: &'a Name<'a>,
    pub(super) checks: &'a [NamePattern],
    /// Whether a loosening pattern may match at all.
    pub(super) exact: bool,
    /// What the patterns are about: the tool's part or the whole name, as written.
    pub(super) text: &'a [u8],
    /// The same in lower case.
    pub(super) folded: &'a [u8],
}

#[derive(Clone, Debug, Default)]
pub(super) struct Tables {
    pub(super) beginnings: Trie,
    pub(super) ends: Trie,
    pub(super) pieces: Pieces,
    /// Literals with upper-case letters, as written.
    pub(super) cased: Vec<u8>,
}

impl Tables {
    #[inline]
    pub(super) fn visit(&self, probe: &Probe<'_>, visitor: &mut impl FnMut(Hit)) {
        self.beginnings.walk::<false>(probe.folded, |found| {
            self.emit_all(probe, &found, 0, visitor);
        });
        if !self.ends.is_empty() {
            self.ends.walk::<true>(probe.folded, |found| {
                self.emit_all(probe, &found, probe.text.len() - found.length, visitor);
            });
        }
        self.pieces.visit(probe.folded, |start, found| {
            self.emit_all(probe, &found, start, visitor);
        });
    }

    #[inline]
    fn emit_all(
        &self,
        probe: &Probe<'_>,
        found: &Found<'_>,
        from: usize,
        visitor: &mut impl FnMut(Hit),
    ) {
        for entry in found.entries {
            if entry.how & CHECK != 0 {
                check(probe, *entry, visitor);
                continue;
            }
            let exact = probe.exact && self.same_case(probe, *entry, from, found.length);
            if exact || entry.how & LOOSENING == 0 {
                visitor(Hit { id: entry.id, exact });
            }
        }
    }

    /// Whether the literal stands in the name as written.
    #[inline]
    fn same_case(&self, probe: &Probe<'_>, entry: Entry, from: usize, length: usize) -> bool {
        if entry.how & CASED == 0 && !probe.name.has_upper() {
            return true;
        }
        let place = (entry.how & PLACE) as usize;
        let literal = if entry.how & CASED == 0 {
            probe.folded.get(from..from + length)
        } else {
            self.cased.get(place..place + length)
        };
        let Some(literal) = literal else { return false };
        if entry.how & INFIX != 0 && length > 0 {
            // Another occurrence of the literal than this one may be the exact one.
            return probe.text.windows(length).any(|text| text == literal);
        }
        probe.text.get(from..from + length) == Some(literal)
    }

    pub(super) fn heap_bytes(&self) -> usize {
        self.beginnings.heap_bytes()
            + self.ends.heap_bytes()
            + self.pieces.heap_bytes()
            + self.cased.capacity()
    }
}

fn check(probe: &Probe<'_>, entry: Entry, visitor: &mut impl FnMut(Hit)) {
    let Some(pattern) = probe.checks.get((entry.how & PLACE) as usize) else { return };
    if entry.how & LOOSENING != 0 {
        if pattern.matches_loosening(probe.name) {
            visitor(Hit { id: entry.id, exact: true });
        }
    } else if pattern.matches_tightening(probe.name) {
        visitor(Hit { id: entry.id, exact: probe.exact && pattern.matches_loosening(probe.name) });
    }
}
