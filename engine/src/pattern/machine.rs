//! Patterns that need an automaton: a dense one where it stays small, a bounded simulation otherwise.
//!
//! Both are linear in the text and never backtrack; the dense one does not allocate.

use globset::GlobBuilder;
use regex_automata::dfa::{Automaton, StartKind, dense};
use regex_automata::nfa::thompson::{self, pikevm::PikeVM};
use regex_automata::util::{primitives::StateID, start, syntax};
use regex_automata::{Anchored, Input, MatchKind};

use super::alphabet::Set;
use super::shape::generous;
use super::syntax::Node;

/// The most bytes a dense automaton may take, finished and while it is built.
const DENSE_LIMIT: usize = 256 << 10;
/// The most bytes a simulated automaton may take: its steps for each byte of text grow with it.
const SIMULATED_LIMIT: usize = 64 << 10;

/// A compiled pattern, anchored at both ends.
#[derive(Clone, Debug)]
pub(super) enum Machine {
    /// One table look-up a byte.
    Dense(Box<(dense::DFA<Vec<u32>>, StateID)>),
    /// A few steps a byte; allocates its working memory.
    Simulated(Box<PikeVM>),
}

impl Machine {
    /// For a part of a name; `None` if too large.
    pub(super) fn for_names(nodes: &[Node], ignore_case: bool) -> Option<Self> {
        let mut text = String::new();
        write_glob(nodes, ignore_case, &mut text);
        let glob =
            GlobBuilder::new(&text).literal_separator(true).empty_alternates(true).build().ok()?;
        Self::from_regex(glob.regex())
    }

    /// From an anchored regular expression; `None` if too large.
    pub(super) fn from_regex(regex: &str) -> Option<Self> {
        let config = thompson::Config::new().utf8(false).nfa_size_limit(Some(SIMULATED_LIMIT));
        let nfa = thompson::Compiler::new()
            .syntax(syntax::Config::new().utf8(false).dot_matches_new_line(true))
            .configure(config.which_captures(thompson::WhichCaptures::None))
            .build(regex)
            .ok()?;
        let dense = dense::Config::new()
            .start_kind(StartKind::Anchored)
            .match_kind(MatchKind::All)
            .dfa_size_limit(Some(DENSE_LIMIT))
            .determinize_size_limit(Some(DENSE_LIMIT));
        if let Ok(dfa) = dense::Builder::new().configure(dense).build_from_nfa(&nfa) {
            let start = dfa.start_state(&start::Config::new().anchored(Anchored::Yes)).ok()?;
            return Some(Self::Dense(Box::new((dfa, start))));
        }
        PikeVM::new_from_nfa(nfa).ok().map(|simulated| Self::Simulated(Box::new(simulated)))
    }

    /// Whether the whole text matches.
    pub(super) fn matches(&self, text: &[u8]) -> bool {
        match self {
            Self::Dense(dense) => run(dense, text.iter().copied()),
            Self::Simulated(pike) => {
                pike.is_match(&mut pike.create_cache(), Input::new(text).anchored(Anchored::Yes))
            }
        }
    }

    /// Whether the whole text matches once its ASCII letters are lower-case.
    pub(super) fn matches_lowered(&self, text: &[u8]) -> bool {
        match self {
            Self::Dense(dense) => run(dense, text.iter().map(u8::to_ascii_lowercase)),
            Self::Simulated(_) => self.matches(&text.to_ascii_lowercase()),
        }
    }
}

fn run((dfa, start): &(dense::DFA<Vec<u32>>, StateID), bytes: impl Iterator<Item = u8>) -> bool {
    let mut state = *start;
    for byte in bytes {
        state = dfa.next_state(state, byte);
        if dfa.is_dead_state(state) {
            return false;
        }
    }
    dfa.is_match_state(dfa.next_eoi_state(state))
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
