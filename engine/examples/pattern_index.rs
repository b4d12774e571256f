//! How long the pattern index takes to build and to answer, beside a plain byte trie that knows prefixes only.
//!
//! `cargo run --release -p fence-engine --example pattern_index`

#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a measurement for developers")]

use std::hint::black_box;
use std::time::Instant;

use fence_engine::pattern::{Index, IndexBuilder, Name, NamePattern};

fn main() {
    println!("nanoseconds a name, its check included; {:.1} for the check alone", check());
    println!("patterns  byte trie  prefixes  ratio  mixed  build ms  parse ms  bytes each");
    for count in [10, 100, 1_000, 10_000, 100_000] {
        let mut random = Random(7);
        let (prefixes, names): (Vec<_>, Vec<_>) = (0..count).map(|_| prefix(&mut random)).unzip();
        let names = sample(&names, &mut random);
        let trie = measure(&names, byte_trie(&prefixes));
        let (index, ..) = self::index(&prefixes);
        let ours = measure(&names, |name| visit(&index, name));
        let (texts, names): (Vec<_>, Vec<_>) = (0..count).map(|i| mixed(i, &mut random)).unzip();
        let (index, parse, build) = self::index(&texts);
        let mixed = measure(&sample(&names, &mut random), |name| visit(&index, name));
        let (ratio, bytes) = (ours / trie, index.heap_bytes() / count);
        println!(
            "{count:>8}  {trie:>9.1}  {ours:>8.1}  {ratio:>5.2}  {mixed:>5.0}  {build:>8.1}  {parse:>8.1}  {bytes:>10}"
        );
    }
}

fn check() -> f64 {
    let mut random = Random(7);
    let names: Vec<_> = (0..2000).map(|_| prefix(&mut random).1).collect();
    measure(&names, |name| {
        black_box(Name::parse(black_box(name)).unwrap());
    })
}

fn visit(index: &Index, name: &str) {
    index.visit(&Name::parse(name).unwrap(), |hit| {
        black_box(hit);
    });
}

fn byte_trie(prefixes: &[String]) -> impl FnMut(&str) {
    let mut trie = ByteTrie::default();
    for (text, id) in prefixes.iter().zip(0..) {
        trie.add(text.trim_end_matches('*').as_bytes(), id);
    }
    move |name| {
        trie.visit(name.as_bytes(), |id| {
            black_box(id);
        });
    }
}

/// The index, and the milliseconds taken to parse and to build.
fn index(texts: &[String]) -> (Index, f64, f64) {
    let start = Instant::now();
    let patterns: Vec<_> = texts.iter().map(|text| NamePattern::parse(text).unwrap()).collect();
    let parse = start.elapsed().as_secs_f64() * 1e3;
    let start = Instant::now();
    let mut builder = IndexBuilder::default();
    for (pattern, id) in patterns.iter().zip(0..) {
        builder.add(pattern, id % 2 == 0, id);
    }
    let index = builder.build();
    (index, parse, start.elapsed().as_secs_f64() * 1e3)
}

/// Nanoseconds a name: of 101 rounds the tenth quickest, since neighbours on the machine only ever slow it down.
fn measure(names: &[String], mut run: impl FnMut(&str)) -> f64 {
    let mut rounds: Vec<_> = (0..101)
        .map(|_| {
            let start = Instant::now();
            for name in names {
                run(name);
            }
            start.elapsed().as_secs_f64() * 1e9 / f64::from(u32::try_from(names.len()).unwrap())
        })
        .collect();
    rounds.sort_by(f64::total_cmp);
    rounds[10]
}

/// 2000 names, a fifth of them strangers.
fn sample(names: &[String], random: &mut Random) -> Vec<String> {
    let one = |i: usize| {
        if i % 5 == 4 {
            format!("zz{}", word(random, 5))
        } else {
            names[random.below(names.len())].clone()
        }
    };
    (0..2000).map(one).collect()
}

/// A pattern and a name that it matches.
fn prefix(random: &mut Random) -> (String, String) {
    let stem = format!("{}_{}_", word(random, 2), word(random, 3));
    (format!("{stem}*"), format!("{stem}{}", word(random, 3)))
}

/// Half prefixes, a fifth exact, a fifth infixes and suffixes, a tenth classes, braces and servers.
fn mixed(i: usize, random: &mut Random) -> (String, String) {
    let (stem, rest) = (format!("{}_{}", word(random, 2), word(random, 3)), word(random, 3));
    match i % 30 {
        0..=14 => (format!("{stem}_*"), format!("{stem}_{rest}")),
        15..=20 => (format!("{stem}_{rest}"), format!("{stem}_{rest}")),
        21..=23 => (format!("*_{stem}"), format!("{rest}_{stem}")),
        24..=26 => (format!("*{stem}*"), format!("{rest}_{stem}_x")),
        27 => (format!("{stem}_[a-m]*"), format!("{stem}_d{rest}")),
        28 => (format!("{{read,list}}_{stem}*"), format!("list_{stem}{rest}")),
        _ => (format!("{stem}/*"), format!("{stem}/{rest}")),
    }
}

fn word(random: &mut Random, syllables: usize) -> String {
    let letter = |text: &[u8], random: &mut Random| char::from(text[random.below(text.len())]);
    (0..syllables)
        .flat_map(|_| [letter(b"bcdfgklmnprstvw", random), letter(b"aeiou", random)])
        .collect()
}

struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 11).unwrap() % limit
    }
}

/// What one writes by hand in an hour: a node a byte, exact case, prefixes only.
#[derive(Default)]
struct ByteTrie {
    nodes: Vec<ByteNode>,
}

#[derive(Default)]
struct ByteNode {
    children: Vec<(u8, u32)>,
    ids: Vec<u32>,
}

impl ByteTrie {
    fn add(&mut self, prefix: &[u8], id: u32) {
        if self.nodes.is_empty() {
            self.nodes.push(ByteNode::default());
        }
        let mut at = 0;
        for byte in prefix {
            at = self.child(at, *byte).unwrap_or_else(|| {
                let child = self.nodes.len();
                self.nodes[at].children.push((*byte, u32::try_from(child).unwrap()));
                self.nodes.push(ByteNode::default());
                child
            });
        }
        self.nodes[at].ids.push(id);
    }

    fn child(&self, at: usize, byte: u8) -> Option<usize> {
        self.nodes[at]
            .children
            .iter()
            .find(|(own, _)| *own == byte)
            .map(|(_, child)| *child as usize)
    }

    fn visit(&self, name: &[u8], mut visitor: impl FnMut(u32)) {
        let mut at = 0;
        for byte in name {
            self.nodes[at].ids.iter().for_each(|id| visitor(*id));
            let Some(child) = self.child(at, *byte) else { return };
            at = child;
        }
        self.nodes[at].ids.iter().for_each(|id| visitor(*id));
    }
}
