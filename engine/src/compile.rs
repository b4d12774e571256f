//! Compiling: a checked policy indexed by tool name, and several of them as layers.

use crate::condition::Condition;
use crate::decision::Effect;
use crate::pattern::{Index, IndexBuilder, Name};
use crate::policy::{CheckedPolicy, Default, Rule, Tool};
use crate::span::Sources;
use sha2::{Digest as _, Sha256};
use std::sync::Arc;

/// A policy ready to decide. Immutable; shared among threads behind an [`Arc`].
#[derive(Debug)]
pub struct CompiledPolicy {
    checked: CheckedPolicy,
    index: Index,
    declared: Option<Index>,
    digest: [u8; 32],
    counts: bool,
    gists: Box<[Gist]>,
}

/// What most decisions need of a rule, close together: one look-up in a small table instead of
/// several in a large one.
#[derive(Debug)]
pub(crate) struct Gist {
    pub(crate) effect: Effect,
    pub(crate) shadow: bool,
    /// Whether the effect and the condition say all: no exception, no `until`, no `auto`.
    pub(crate) plain: bool,
    pub(crate) condition: Option<Arc<Condition>>,
}

impl Gist {
    fn of(rule: &Rule) -> Self {
        let released = rule.ask.as_ref().is_some_and(|ask| !ask.autos.is_empty());
        Self {
            effect: rule.effect,
            shadow: rule.shadow,
            plain: rule.except.is_empty() && rule.until.is_none() && !released,
            condition: rule.condition.clone(),
        }
    }
}

impl CompiledPolicy {
    /// Compiles a checked policy.
    #[must_use]
    pub fn new(checked: CheckedPolicy) -> Self {
        let mut index = IndexBuilder::default();
        for (id, rule) in (0_u32..).zip(&checked.rules) {
            let loosening = rule.effect == Effect::Allow;
            for pattern in &rule.patterns {
                index.add(pattern, loosening, id);
            }
        }
        let mut declared = IndexBuilder::default();
        for (id, tool) in (0_u32..).zip(&checked.tools) {
            declared.add(&tool.name, false, id);
        }
        let declared = (!checked.tools.is_empty()).then(|| declared.build());
        let counts = checked
            .rules
            .iter()
            .filter_map(|rule| rule.ask.as_ref())
            .flat_map(|ask| ask.autos.iter().flat_map(|auto| &auto.phrases))
            .any(|phrase| phrase.prepared.lower().is_none());
        let digest = digest(&checked.sources);
        let gists = checked.rules.iter().map(Gist::of).collect();
        Self { checked, index: index.build(), declared, digest, counts, gists }
    }

    /// The same policy for every agent, whatever stands after `for`: as its tests see it.
    #[must_use]
    pub fn governing_everyone(mut self) -> Self {
        self.checked.agents = Box::default();
        self
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.checked.name
    }

    /// Its rules, in the order written.
    #[must_use]
    pub fn rules(&self) -> &[Rule] {
        &self.checked.rules
    }

    /// What it says where no rule settles the call.
    #[must_use]
    pub const fn default_effect(&self) -> Default {
        self.checked.default
    }

    /// Everything that was checked: zone, tests, tools, sources.
    #[must_use]
    pub const fn checked(&self) -> &CheckedPolicy {
        &self.checked
    }

    /// The files it was read from.
    #[must_use]
    pub fn sources(&self) -> &Sources {
        &self.checked.sources
    }

    /// SHA-256 over the texts of all its files.
    #[must_use]
    pub const fn digest(&self) -> &[u8; 32] {
        &self.digest
    }

    /// Whether some phrase needs facts from outside: counters or answers.
    #[must_use]
    pub const fn needs_facts(&self) -> bool {
        self.counts
    }

    /// Calls `visit` with the gist of each rule that mentions the tool, its number, and whether it
    /// does so exactly.
    #[inline]
    pub(crate) fn gists<'p>(&'p self, name: &Name<'_>, mut visit: impl FnMut(u32, &'p Gist, bool)) {
        self.index.visit(name, |hit| {
            if let Some(gist) = self.gists.get(hit.id as usize) {
                visit(hit.id, gist, hit.exact);
            }
        });
    }

    /// Calls `visit` with each rule that mentions the tool, and whether exactly.
    #[inline]
    pub(crate) fn mentioned<'p>(&'p self, name: &Name<'_>, mut visit: impl FnMut(u32, &'p Rule, bool)) {
        self.index.visit(name, |hit| {
            if let Some(rule) = self.checked.rules.get(hit.id as usize) {
                visit(hit.id, rule, hit.exact);
            }
        });
    }

    /// The declaration that covers the tool.
    pub(crate) fn declaration(&self, name: &Name<'_>) -> Option<&Tool> {
        let mut found = None;
        self.declared.as_ref()?.visit(name, |hit| {
            found = self.checked.tools.get(hit.id as usize);
        });
        found
    }
}

/// SHA-256 over the number of files, then each file's length and text.
fn digest(sources: &Sources) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(b"fence 1\n");
    for source in sources.iter() {
        hash.update((source.text.len() as u64).to_be_bytes());
        hash.update(source.text.as_bytes());
    }
    hash.finalize().into()
}

/// The policies that judge together; the strictest verdict stands.
#[derive(Clone, Debug)]
pub struct Layers {
    policies: Arc<[CompiledPolicy]>,
    digest: [u8; 32],
}

/// Why policies cannot be layers of one gate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LayersError {
    /// None at all.
    #[error("at least one policy is needed")]
    None,
    /// Two of one name.
    #[error("two policies are named `{0}`: layers are told apart by their names")]
    SameName(String),
    /// More than can be numbered.
    #[error("more than 1000 layers")]
    TooMany,
}

impl Layers {
    /// The most layers one gate may load.
    pub const MAX: usize = 1_000;

    /// The policies in load order.
    ///
    /// # Errors
    /// When there are none, too many, or two of one name.
    pub fn new(policies: Vec<CompiledPolicy>) -> Result<Self, LayersError> {
        let digest = match policies.as_slice() {
            [] => return Err(LayersError::None),
            [one] => *one.digest(),
            several => {
                let mut hash = Sha256::new();
                several.iter().for_each(|policy| hash.update(policy.digest()));
                hash.finalize().into()
            }
        };
        if policies.len() > Self::MAX {
            return Err(LayersError::TooMany);
        }
        let mut names: Vec<&str> = policies.iter().map(CompiledPolicy::name).collect();
        names.sort_unstable();
        if let Some(pair) = names.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(LayersError::SameName(pair[0].to_owned()));
        }
        Ok(Self { policies: policies.into(), digest })
    }

    /// The policies in load order.
    #[must_use]
    pub fn policies(&self) -> &[CompiledPolicy] {
        &self.policies
    }

    /// What stands in a decision as `policy_digest`: the digest of the one policy, or SHA-256 over
    /// the digests of several.
    #[must_use]
    pub const fn digest(&self) -> &[u8; 32] {
        &self.digest
    }

    /// Whether every layer passes where none of its rules applies.
    #[must_use]
    pub fn only_pass(&self) -> bool {
        self.policies.iter().all(|policy| policy.default_effect() == Default::Pass)
    }
}

impl From<CompiledPolicy> for Layers {
    fn from(policy: CompiledPolicy) -> Self {
        let digest = policy.digest;
        Self { policies: Arc::new([policy]), digest }
    }
}
