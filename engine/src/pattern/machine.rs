//! Patterns that need an automaton: a dense one, refused when it does not stay small.
//!
//! One table look-up a byte, no backtracking, no allocation.

use globset::GlobBuilder;
use regex_automata::dfa::{Automaton, StartKind, dense};
use regex_automata::nfa::thompson;
use regex_automata::util::{primitives::StateID, start, syntax};
use regex_automata::{Anchored, MatchKind};

use super::alphabet::Set;
use super::shape::generous;
use super::syntax::Node;

/// The most bytes an automaton may take, finished and while it is built; keeps compiling within milliseconds.
const DENSE_LIMIT: usize = 32 << 10;
/// The most bytes its non-deterministic form may take.
const SPARSE_LIMIT: usize = 16 << 10;

/// A compiled pattern, anchored at both ends.
#[derive(Clone, Debug)]
pub(super) struct Machine {
    dfa: dense::DFA<Vec<u32>>,
    start: StateID,
}

impl Machine {
    /// For a part of a name; `None` if too large.
    pub(super) fn for_names(nodes: &[Node], ignore_case: bool) -> Option<Self> {
        let mut text = String::new();
        write_glob(nodes, ignore_case, &mut text);
        let mut glob = GlobBuilder::new(&text);
        let glob = glob.literal_separator(true).empty_alternates(true).build().ok()?;
        Self::from_regex(glob.regex())
    }

    /// From an anchored regular expression; `None` if too large.
    pub(super) fn from_regex(regex: &str) -> Option<Self> {
        let config = thompson::Config::new().utf8(false).nfa_size_limit(Some(SPARSE_LIMIT));
        let nfa = thompson::Compiler::new()
            .syntax(syntax::Config::new().utf8(false).dot_matches_new_line(true))
            .configure(config.which_captures(thompson::WhichCaptures::None))
            .build(regex)
            .ok()?;
        let config = dense::Config::new()
            .start_kind(StartKind::Anchored)
            .match_kind(MatchKind::All)
            .dfa_size_limit(Some(DENSE_LIMIT))
            .determinize_size_limit(Some(DENSE_LIMIT));
        let dfa = dense::Builder::new().configure(config).build_from_nfa(&nfa).ok()?;
        let start = dfa.start_state(&start::Config::new().anchored(Anchored::Yes)).ok()?;
        Some(Self { dfa, start })
    }

    /// Whether all the bytes match.
    pub(super) fn matches(&self, bytes: impl Iterator<Item = u8>) -> bool {
        let mut state = self.start;
        for byte in bytes {
            state = self.dfa.next_state(state, byte);
            if self.dfa.is_dead_state(state) {
                return false;
            }
        }
        self.dfa.is_match_state(self.dfa.next_eoi_state(state))
    }
}

/// Writes the steps as globset reads them: `**` as `*`, classes spelt out, ignored case as classes.
fn write_glob(nodes: &[Node], ignore_case: bool, out: &mut String) {
    for node in nodes {
        match node {
            Node::Literal(c) if ignore_case && c.is_ascii_alphabetic() => {
                out.extend(['[', c.to_ascii_lowercase(), c.to_ascii_uppercase(), ']']);
            }
            Node::Literal(c) => out.push(*c),
            Node::Any => out.push('?'),
            Node::Star => out.push('*'),
            Node::Slash => out.push('/'),
            Node::Class(class) => {
                let exact = Set::new(class.negated, &class.ranges);
                let set = if ignore_case { generous(exact, class.negated) } else { exact };
                // In ASCII order `-` comes first, where it stands for itself.
                out.push('[');
                out.extend(set.bytes().map(char::from));
                out.push(']');
            }
            Node::Alternatives(branches) => {
                for (at, branch) in branches.iter().enumerate() {
                    out.push(if at == 0 { '{' } else { ',' });
                    write_glob(branch, ignore_case, out);
                }
                out.push('}');
            }
        }
    }
}
