//! Putting a gate together.

use super::{Callback, Gate, Policies, Shared};
use crate::approvals::{Announce, Watch};
use crate::clock::{Clock, SystemClock};
use crate::people::People;
use crate::policies::{LoadError, check_file, check_text, compile};
use crate::random::{Random, SystemRandom};
use crate::service::{Service, Services};
use crate::store::{MemoryStore, Store};
use fence_engine::compile::LayersError;
use fence_engine::json::{Builder, Limits};
use fence_engine::strategy::{NameTaken, Strategies, Strategy};
use fence_engine::{CompiledPolicy, Layers};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// How many requests of one agent may wait at once, unless set otherwise.
pub const PENDING_CAP: u32 = 20;

/// Why a gate cannot be built.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// A policy cannot be loaded.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The policies cannot stand together.
    #[error(transparent)]
    Layers(#[from] LayersError),
    /// A strategy's name is taken.
    #[error(transparent)]
    Strategy(#[from] NameTaken),
}

/// A gate being put together. Strategies come before the policies that name them.
pub struct GateBuilder {
    strategies: Strategies,
    policies: Vec<CompiledPolicy>,
    layers: Option<Layers>,
    files: Vec<PathBuf>,
    store: Option<Arc<dyn Store>>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    services: Services,
    people: People,
    pending_cap: u32,
    announce: Option<Announce>,
    callback: Option<Callback>,
    refused: Option<NameTaken>,
}

impl Default for GateBuilder {
    fn default() -> Self {
        Self {
            strategies: fence_strategies::builtin(),
            policies: Vec::new(),
            layers: None,
            files: Vec::new(),
            store: None,
            clock: Arc::new(SystemClock),
            random: Arc::new(SystemRandom),
            services: Services::default(),
            people: People::default(),
            pending_cap: PENDING_CAP,
            announce: None,
            callback: None,
            refused: None,
        }
    }
}

impl GateBuilder {
    /// With a policy read from a file; it is loaded when the gate is built.
    ///
    /// # Errors
    /// When the file is missing or is not a regular file.
    pub fn policy_file(mut self, path: impl AsRef<Path>) -> Result<Self, LoadError> {
        crate::policies::read_regular(path.as_ref()).map_err(|reason| LoadError::Unreadable {
            path: path.as_ref().display().to_string(),
            reason,
        })?;
        self.files.push(path.as_ref().to_path_buf());
        Ok(self)
    }

    /// With a policy given as text, without imports.
    ///
    /// # Errors
    /// When it has errors.
    pub fn policy_text(mut self, name: &str, text: &str) -> Result<Self, LoadError> {
        let checked = check_text(name, text, &self.strategies);
        self.policies.push(compile(name, checked)?);
        Ok(self)
    }

    /// With a policy that is compiled already.
    #[must_use]
    pub fn policy(mut self, policy: CompiledPolicy) -> Self {
        self.policies.push(policy);
        self
    }

    /// With these layers and no other policies.
    #[must_use]
    pub fn layers(mut self, layers: Layers) -> Self {
        self.layers = Some(layers);
        self
    }

    /// With a strategy of one's own, for policies to name after `via`.
    #[must_use]
    pub fn strategy(mut self, strategy: impl Strategy + 'static) -> Self {
        if let Err(taken) = self.strategies.register(Arc::new(strategy)) {
            self.refused = Some(taken);
        }
        self
    }

    /// With all these strategies in place of the built-in ones.
    #[must_use]
    pub fn strategies(mut self, strategies: Strategies) -> Self {
        self.strategies = strategies;
        self
    }

    /// With something outside that strategies may ask, under a name.
    #[must_use]
    pub fn service(mut self, name: impl Into<String>, service: Arc<dyn Service>) -> Self {
        self.services.add(name.into(), service);
        self
    }

    /// With all these things outside that strategies may ask.
    #[must_use]
    pub fn services(mut self, services: Services) -> Self {
        self.services = services;
        self
    }

    /// Recording here; in memory unless given.
    #[must_use]
    pub fn store(self, store: impl Store + 'static) -> Self {
        self.shared_store(Arc::new(store))
    }

    /// Recording here, in a store that others use too.
    #[must_use]
    pub fn shared_store(mut self, store: Arc<dyn Store>) -> Self {
        self.store = Some(store);
        self
    }

    /// Reading this clock instead of the machine's.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Making ids from these random bytes.
    #[must_use]
    pub fn random(mut self, random: Arc<dyn Random>) -> Self {
        self.random = random;
        self
    }

    /// With these people to answer; nobody unless given.
    #[must_use]
    pub fn people(mut self, people: People) -> Self {
        self.people = people;
        self
    }

    /// With at most so many requests of one agent waiting at once (20).
    #[must_use]
    pub fn pending_cap(mut self, cap: u32) -> Self {
        self.pending_cap = cap;
        self
    }

    /// With what is to be told to people, and through what, when something happens to a request:
    /// the items it gives are kept in the transaction that records the event.
    #[must_use]
    pub fn announce(mut self, announce: Announce) -> Self {
        self.announce = Some(announce);
        self
    }

    /// With a person of this process who is asked when an agent waits for a request. The answer
    /// counts as that person's vote and obeys the same rules.
    #[must_use]
    pub fn answers(mut self, callback: Callback) -> Self {
        self.callback = Some(callback);
        self
    }

    /// The gate.
    ///
    /// # Errors
    /// When a policy does not load, or the policies cannot stand together.
    pub fn build(mut self) -> Result<Gate, BuildError> {
        if let Some(taken) = self.refused {
            return Err(taken.into());
        }
        for path in &self.files {
            let checked = check_file(path, &self.strategies)?;
            self.policies.push(compile(&path.display().to_string(), checked)?);
        }
        let layers = match self.layers {
            Some(layers) => layers,
            None => Layers::new(self.policies)?,
        };
        let store = self.store.unwrap_or_else(|| Arc::new(MemoryStore::new()));
        Ok(Gate {
            shared: Arc::new(Shared {
                policies: arc_swap::ArcSwap::from_pointee(Policies::new(layers)),
                watch: Watch::new(&store),
                store,
                clock: self.clock,
                random: self.random,
                services: self.services,
                people: self.people,
                pending_cap: self.pending_cap,
                announce: self.announce,
                callback: self.callback,
                attempts: Default::default(),
            }),
        })
    }
}

impl Policies {
    /// These layers with the texts they stand for.
    pub(super) fn new(layers: Layers) -> Self {
        let texts = texts(&layers);
        Self { layers, texts }
    }
}

/// The policies' files as JSON: what is kept under their digest. A policy is known by its file's
/// name alone, its imports by their paths from there.
fn texts(layers: &Layers) -> String {
    let mut json = Builder::within(Limits::RECORD);
    json.begin_list();
    for policy in layers.policies() {
        json.begin_list();
        for (at, source) in policy.sources().iter().enumerate() {
            let own_name = || Path::new(&source.name).file_name()?.to_str();
            json.begin_object();
            json.key("name");
            json.text(if at == 0 { own_name().unwrap_or("policy") } else { &source.name });
            json.key("text");
            json.text(&source.text);
            json.end_object();
        }
        json.end_list();
    }
    json.end_list();
    json.finish().map(|json| json.to_string()).unwrap_or_default()
}
