//! Where patterns are filed by a literal that every match holds, and what is done with those found.

use super::super::alphabet::SYMBOL;
use super::super::name::Name;
use super::super::tool::NamePattern;
use super::Hit;
use super::folded::Folded;
use super::trie::{Entry, Found, Key, Trie};

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
pub(super) struct Probe<'a, const N: usize> {
    pub(super) name: &'a Name<'a>,
    pub(super) folded: &'a Folded<N>,
    pub(super) checks: &'a [NamePattern],
    /// Whether a loosening pattern may match at all.
    pub(super) exact: bool,
    /// The bytes of the name that patterns are about.
    pub(super) from: usize,
    pub(super) to: usize,
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
    pub(super) fn visit<const N: usize>(
        &self,
        probe: &Probe<'_, N>,
        visitor: &mut impl FnMut(Hit),
    ) {
        let (from, to) = (probe.from, probe.to);
        self.beginnings.walk::<N, false>(probe.folded, from, to, |found| {
            self.emit_all(probe, &found, from, visitor);
        });
        if !self.ends.is_empty() {
            self.ends.walk::<N, true>(probe.folded, from, to, |found| {
                self.emit_all(probe, &found, to - found.length, visitor);
            });
        }
        if !self.pieces.trie.is_empty() {
            self.pieces.visit(probe, |start, found| self.emit_all(probe, &found, start, visitor));
        }
    }

    #[inline]
    fn emit_all<const N: usize>(
        &self,
        probe: &Probe<'_, N>,
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
    fn same_case<const N: usize>(
        &self,
        probe: &Probe<'_, N>,
        entry: Entry,
        from: usize,
        length: usize,
    ) -> bool {
        let name = probe.name;
        if entry.how & CASED == 0 && !name.has_upper() {
            return true;
        }
        let place = (entry.how & PLACE) as usize;
        if entry.how & INFIX != 0 {
            // Another occurrence of the literal than this one may be the exact one.
            return probe.checks.get(place).is_some_and(|pattern| pattern.matches_loosening(name));
        }
        let original = name.as_str().as_bytes().get(from..from + length);
        let written = match entry.how & CASED {
            0 => Some(probe.folded.slice(from, from + length)),
            _ => self.cased.get(place..place + length),
        };
        original.is_some() && original == written
    }

    pub(super) fn heap_bytes(&self) -> usize {
        self.beginnings.heap_bytes()
            + self.ends.heap_bytes()
            + self.pieces.trie.heap_bytes()
            + self.cased.capacity()
    }
}

fn check<const N: usize>(probe: &Probe<'_, N>, entry: Entry, visitor: &mut impl FnMut(Hit)) {
    let Some(pattern) = probe.checks.get((entry.how & PLACE) as usize) else { return };
    if entry.how & LOOSENING != 0 {
        if pattern.matches_loosening(probe.name) {
            visitor(Hit { id: entry.id, exact: true });
        }
    } else if pattern.matches_tightening(probe.name) {
        visitor(Hit { id: entry.id, exact: pattern.matches_loosening(probe.name) });
    }
}

/// Literals that may stand anywhere in a name.
#[derive(Clone, Debug)]
pub(super) struct Pieces {
    trie: Trie,
    /// For each first symbol, which second ones some literal goes on with; all of them after a literal of one.
    pairs: Box<[u64; 64]>,
}

impl Default for Pieces {
    fn default() -> Self {
        Self { trie: Trie::default(), pairs: Box::new([0; 64]) }
    }
}

/// How many literals are remembered as found, so that a name repeating them costs no more.
const REMEMBERED: usize = 8;

impl Pieces {
    pub(super) fn new(keys: Vec<Key>) -> Self {
        let mut pairs = Box::new([0; 64]);
        for key in &keys {
            let mut symbols = key.bytes.iter().map(|byte| SYMBOL[usize::from(*byte)] & 63);
            if let Some(first) = symbols.next() {
                pairs[usize::from(first)] |= symbols.next().map_or(u64::MAX, |second| 1 << second);
            }
        }
        Self { trie: Trie::new(keys), pairs }
    }

    #[inline]
    fn visit<const N: usize>(
        &self,
        probe: &Probe<'_, N>,
        mut report: impl FnMut(usize, Found<'_>),
    ) {
        let mut seen = [u32::MAX; REMEMBERED];
        let mut next = 0;
        for start in probe.from..probe.to {
            let first = SYMBOL[usize::from(probe.folded.byte(start))] & 63;
            let second = SYMBOL[usize::from(probe.folded.byte(start + 1))] & 63;
            if self.pairs[usize::from(first)] >> second & 1 == 0 {
                continue;
            }
            self.trie.walk::<N, false>(probe.folded, start, probe.to, |found| {
                if !seen.contains(&found.place) {
                    seen[next % REMEMBERED] = found.place;
                    next += 1;
                    report(start, found);
                }
            });
        }
    }
}
