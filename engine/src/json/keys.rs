//! Finding a key that stands twice, in nearly linear time whatever the keys.

use super::tape::Node;

/// Up to this many members are compared pairwise, and only where a coarse mark repeats.
const FEW: u32 = 16;

/// The second node of the first pair of equal keys in the object at `object`, which is complete
/// up to the end of `nodes`. `text` answers what a key says.
pub(super) fn repeated<'a>(
    nodes: &[Node],
    object: usize,
    text: impl Fn(Node) -> &'a [u8],
) -> Option<usize> {
    let members = nodes.get(object)?.from;
    match members {
        0 | 1 => None,
        2..=FEW => repeated_of_few(nodes, object, text),
        _ => repeated_of_many(nodes, object, text),
    }
}

/// The positions of the keys of an object, first to last.
#[inline]
fn keys(nodes: &[Node], object: usize) -> impl Iterator<Item = (usize, Node)> + '_ {
    let mut at = object + 1;
    std::iter::from_fn(move || {
        let [key, value] = *nodes.get(at..)?.first_chunk()?;
        let position = at;
        at = value.next(at + 1);
        Some((position, key))
    })
}

fn repeated_of_few<'a>(
    nodes: &[Node],
    object: usize,
    text: impl Fn(Node) -> &'a [u8],
) -> Option<usize> {
    let mut marks = 0u64;
    for (at, key) in keys(nodes, object) {
        let word = text(key);
        let mark = mark(word);
        if marks & mark != 0 && stands_before(nodes, object, at, |key| text(key) == word) {
            return Some(at);
        }
        marks |= mark;
    }
    None
}

fn stands_before(nodes: &[Node], object: usize, at: usize, is_same: impl Fn(Node) -> bool) -> bool {
    keys(nodes, object).take_while(|(other, _)| *other < at).any(|(_, key)| is_same(key))
}

/// One bit chosen by length and both ends of a key: keys with different marks differ.
#[inline]
fn mark(word: &[u8]) -> u64 {
    let (Some(first), Some(last)) = (word.first(), word.last()) else { return 1 };
    1 << ((usize::from(*first) * 31 + usize::from(*last) + word.len()) % 64)
}

/// Sorting by bytes has no bad case that an attacker could choose, as hashing would.
fn repeated_of_many<'a>(
    nodes: &[Node],
    object: usize,
    text: impl Fn(Node) -> &'a [u8],
) -> Option<usize> {
    let mut sorted: Vec<(&[u8], usize)> =
        keys(nodes, object).map(|(at, key)| (text(key), at)).collect();
    sorted.sort_unstable();
    let pairs = sorted.windows(2).filter_map(|pair| match pair {
        [(first, _), (second, at)] if first == second => Some(*at),
        _ => None,
    });
    pairs.min()
}
