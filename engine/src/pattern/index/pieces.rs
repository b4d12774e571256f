//! Literals that may stand anywhere in a name.

use super::super::alphabet::symbol;
use super::trie::{Found, Key, Trie};

/// How many bytes of a literal are hashed.
const GRAM: usize = 4;

/// How many literals are remembered as found, so that a name repeating them costs no more.
const REMEMBERED: usize = 8;

/// Tries that are entered at every position where something may start.
#[derive(Clone, Debug, Default)]
pub(super) struct Pieces {
    long: Trie,
    /// A bit for the hash of every long literal's first bytes, so that hardly a position is tried in vain.
    grams: Box<[u64]>,
    /// How far to shift a hash to have its bit's number.
    shift: u32,
    /// Literals shorter than what is hashed.
    short: Trie,
    /// A bit for the first character of each of them.
    firsts: u64,
}

impl Pieces {
    pub(super) fn new(keys: Vec<Key>) -> Self {
        let (long, short): (Vec<_>, Vec<_>) =
            keys.into_iter().partition(|key| key.bytes.len() >= GRAM);
        let words = (long.len() / 4).next_power_of_two();
        let mut pieces = Self { grams: vec![0; words].into_boxed_slice(), ..Self::default() };
        pieces.shift =
            (u32::BITS - u64::BITS.trailing_zeros()).saturating_sub(words.trailing_zeros());
        for gram in long.iter().filter_map(|key| key.bytes.first_chunk()) {
            let (word, bit) = pieces.place(*gram);
            if let Some(word) = pieces.grams.get_mut(word) {
                *word |= bit;
            }
        }
        let firsts = short.iter().filter_map(|key| key.bytes.first());
        pieces.firsts = firsts.fold(0, |bits, first| bits | 1 << symbol(*first));
        pieces.long = Trie::new(long);
        pieces.short = Trie::new(short);
        pieces
    }

    /// The word and the bit for a literal's first bytes.
    #[inline]
    fn place(&self, gram: [u8; GRAM]) -> (usize, u64) {
        // A multiplicative hash; 2^32 over the golden ratio.
        let hash = u32::from_le_bytes(gram).wrapping_mul(0x9E37_79B1) >> self.shift;
        ((hash / u64::BITS) as usize, 1 << (hash % u64::BITS))
    }

    /// Reports the entries of every literal in the text, and where it starts.
    #[inline]
    pub(super) fn visit(&self, text: &[u8], mut report: impl FnMut(usize, Found<'_>)) {
        if !self.long.is_empty() {
            let may_start = |gram: &[u8; GRAM]| {
                let (word, bit) = self.place(*gram);
                self.grams.get(word).is_some_and(|word| word & bit != 0)
            };
            let starts =
                text.windows(GRAM).map(|window| window.first_chunk().is_some_and(may_start));
            find(&self.long, text, starts, &mut report);
        }
        if !self.short.is_empty() {
            let starts = text.iter().map(|byte| self.firsts >> symbol(*byte) & 1 != 0);
            find(&self.short, text, starts, &mut report);
        }
    }

    pub(super) fn heap_bytes(&self) -> usize {
        self.long.heap_bytes() + size_of_val(&*self.grams) + self.short.heap_bytes()
    }
}

/// Enters the trie at every position where something may start.
#[inline]
fn find(
    trie: &Trie,
    text: &[u8],
    starts: impl Iterator<Item = bool>,
    report: &mut impl FnMut(usize, Found<'_>),
) {
    let mut seen = [u32::MAX; REMEMBERED];
    let mut next = 0;
    for (start, may_start) in starts.enumerate() {
        if !may_start {
            continue;
        }
        trie.walk::<false>(text.get(start..).unwrap_or_default(), |found| {
            if !seen.contains(&found.place) {
                seen[next % REMEMBERED] = found.place;
                next += 1;
                report(start, found);
            }
        });
    }
}
