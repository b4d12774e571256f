//! A path-compressed trie over folded names in flat arrays, read forwards or backwards.

use super::super::alphabet::symbol;
use super::load::{backwards, forwards};

/// How many bytes of label a node holds.
const LABEL: usize = 8;

/// What is filed at a node: a pattern's id, and how to tell whether it matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Entry {
    pub(super) id: u32,
    pub(super) how: u32,
}

/// A key to file an entry under; whole if nothing may follow it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    pub(super) bytes: Vec<u8>,
    pub(super) whole: bool,
    pub(super) entry: Entry,
}

/// 32 bytes: half a cache line.
#[derive(Clone, Debug, Default)]
struct Node {
    /// A bit for the first byte of every child, at its number.
    children: u64,
    /// The bytes after the first, the first one lowest.
    label: u64,
    first_child: u32,
    /// Where the entries begin that match whatever follows.
    open: u32,
    /// Where the entries begin that match if nothing follows; they end where the next node's begin.
    whole: u32,
    label_length: u8,
}

/// The trie; siblings lie side by side, levels one after the other.
#[derive(Clone, Debug, Default)]
pub(super) struct Trie {
    nodes: Vec<Node>,
    entries: Vec<Entry>,
}

/// Entries that match, and how many bytes of the name their key took.
pub(super) struct Found<'a> {
    pub(super) entries: &'a [Entry],
    pub(super) length: usize,
    /// Where the entries are kept.
    pub(super) place: u32,
}

impl Trie {
    /// Builds a trie.
    pub(super) fn new(mut keys: Vec<Key>) -> Self {
        keys.sort_unstable();
        keys.dedup();
        let mut trie = Self { nodes: Vec::new(), entries: Vec::with_capacity(keys.len()) };
        if keys.is_empty() {
            return trie;
        }
        trie.nodes.push(Node::default());
        // Breadth first: a node's range of keys, and how many of their bytes lie above it.
        let mut ranges = vec![(0..keys.len(), 0)];
        let mut at = 0;
        while let Some((range, depth)) = ranges.get(at).cloned() {
            let keys = keys.get(range.clone()).unwrap_or_default();
            let first_child = trie.nodes.len();
            let (node, groups) = trie.node(keys, depth, narrow(first_child));
            trie.nodes.resize_with(first_child + groups.len(), Node::default);
            if let Some(place) = trie.nodes.get_mut(at) {
                *place = node;
            }
            let below =
                depth + trie.nodes.get(at).map_or(0, |node| usize::from(node.label_length)) + 1;
            ranges.extend(
                groups.into_iter().map(|(from, to)| (range.start + from..range.start + to, below)),
            );
            at += 1;
        }
        // Closes the last node's entries.
        let end = narrow(trie.entries.len());
        trie.nodes.push(Node { open: end, whole: end, ..Node::default() });
        trie.nodes.shrink_to_fit();
        trie
    }

    /// Makes one node, files its entries, and tells which keys belong to which child.
    fn node(
        &mut self,
        keys: &[Key],
        depth: usize,
        first_child: u32,
    ) -> (Node, Vec<(usize, usize)>) {
        let label = common(keys, depth);
        let end = depth + label.len();
        let mut word = [0; LABEL];
        word.iter_mut().zip(label).for_each(|(place, byte)| *place = *byte);
        let here = keys.partition_point(|key| key.bytes.len() <= end);
        let (own, rest) = keys.split_at_checked(here).unwrap_or_default();
        let open = narrow(self.entries.len());
        self.entries.extend(own.iter().filter(|key| !key.whole).map(|key| key.entry));
        let whole = narrow(self.entries.len());
        self.entries.extend(own.iter().filter(|key| key.whole).map(|key| key.entry));
        let mut node = Node {
            label: u64::from_le_bytes(word),
            label_length: u8::try_from(label.len()).unwrap_or(0),
            first_child,
            open,
            whole,
            children: 0,
        };
        let first = |key: Option<&Key>| {
            key.and_then(|key| key.bytes.get(end)).map_or(0, |byte| symbol(*byte))
        };
        let mut groups = Vec::new();
        let mut from = here;
        for group in rest.chunk_by(|a, b| first(Some(a)) == first(Some(b))) {
            groups.push((from, from + group.len()));
            from += group.len();
        }
        // The order of numbers is not quite that of bytes.
        groups.sort_unstable_by_key(|(from, _)| first(keys.get(*from)));
        node.children = groups.iter().fold(0, |bits, (from, _)| bits | 1 << first(keys.get(*from)));
        (node, groups)
    }

    /// Follows the text from its beginning (or, backwards, from its end) and reports the entries on its way.
    #[inline]
    pub(super) fn walk<const BACKWARDS: bool>(
        &self,
        text: &[u8],
        mut report: impl FnMut(Found<'_>),
    ) {
        let (end, mut done, mut at) = (text.len(), 0, 0);
        while let Some(node) = self.nodes.get(at) {
            let word = if BACKWARDS { backwards(text, end - done) } else { forwards(text, done) };
            let length = usize::from(node.label_length);
            if length > end - done || !same(word, node.label, length) {
                return;
            }
            done += length;
            if node.open != node.whole {
                self.report(node.open, node.whole, done, &mut report);
            }
            let next =
                if BACKWARDS { text.get((end - done).wrapping_sub(1)) } else { text.get(done) };
            let Some(next) = next else {
                let close = self.nodes.get(at + 1).map_or(node.whole, |next| next.open);
                if node.whole != close {
                    self.report(node.whole, close, done, &mut report);
                }
                return;
            };
            let bit = 1_u64 << symbol(*next);
            if node.children & bit == 0 {
                return;
            }
            at = node.first_child as usize + (node.children & (bit - 1)).count_ones() as usize;
            done += 1;
        }
    }

    #[inline]
    fn report(&self, from: u32, to: u32, length: usize, report: &mut impl FnMut(Found<'_>)) {
        let entries = self.entries.get(from as usize..to as usize).unwrap_or_default();
        report(Found { entries, length, place: from });
    }

    /// Whether nothing is filed.
    pub(super) fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    pub(super) fn heap_bytes(&self) -> usize {
        self.nodes.capacity() * size_of::<Node>() + self.entries.capacity() * size_of::<Entry>()
    }
}

/// Whether the lowest bytes are the same.
#[inline]
fn same(word: u64, label: u64, length: usize) -> bool {
    let differing = word ^ label;
    // An empty label is all zeros, so one byte of it would differ: it is let through apart.
    length == 0 || differing << (8 * (LABEL - length.min(LABEL))) == 0
}

/// What all keys have in common from a depth on; at most as much as a label holds.
fn common(keys: &[Key], depth: usize) -> &[u8] {
    let (Some(first), Some(last)) = (keys.first(), keys.last()) else { return &[] };
    let first = first.bytes.get(depth..).unwrap_or_default();
    let last = last.bytes.get(depth..).unwrap_or_default();
    let length = first.iter().zip(last).take(LABEL).take_while(|(a, b)| a == b).count();
    first.get(..length).unwrap_or_default()
}

/// A place in an array; policies are far smaller than what would not fit.
fn narrow(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}
