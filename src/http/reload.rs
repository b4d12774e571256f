//! Policies read again while the server runs: new ones are in force only when all of them load; the
//! last good ones stay otherwise, and the failure is recorded and shown.

use super::metrics::Reload;
use super::state::State;
use crate::note::note;
use crate::policies::{self, LoadError};
use crate::store::{StoreError, perform};
use fence_engine::Layers;
use fence_engine::call::hex_digest;
use fence_engine::diagnostic::{Diagnostic, Severity};
use fence_engine::scalar::Timestamp;
use fence_engine::show::printable;
use fence_engine::span::Sources;
use fence_engine::strategy::Strategies;
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use utoipa::ToSchema;

/// The most findings shown of one failure.
const MAX_FINDINGS: usize = 50;

/// Where policies come from, and how reading them went.
#[derive(Clone, Default)]
pub struct Loads(Arc<Inner>);

#[derive(Default)]
struct Inner {
    files: Vec<PathBuf>,
    strategies: Strategies,
    now: Mutex<Loading>,
}

#[derive(Default)]
struct Loading {
    /// Every file that was read, imports included.
    read: BTreeSet<PathBuf>,
    loaded_at: Option<Timestamp>,
    failure: Option<Failure>,
}

/// Why the policies on disk are not in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Failure {
    /// When they were found wanting, RFC 3339 in UTC.
    pub at: String,
    /// What is wrong, in one sentence.
    pub message: String,
    /// Each finding that keeps a policy from loading.
    pub findings: Vec<Finding>,
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Finding {
    /// Its stable code, such as `F0201`.
    pub code: String,
    /// The file.
    pub file: String,
    /// The line, counted from 1.
    pub line: u32,
    /// The column in characters, counted from 1.
    pub column: u32,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
}

impl Finding {
    fn line(&self) -> String {
        format!("{}:{}:{}: {}: {}", self.file, self.line, self.column, self.code, self.message)
    }
}

impl Loads {
    /// Policies from these files, loaded at `now` as `layers`.
    #[must_use]
    pub fn new(
        files: Vec<PathBuf>,
        strategies: Strategies,
        layers: &Layers,
        now: Timestamp,
    ) -> Self {
        let read = read_by(&files, layers);
        let now = Mutex::new(Loading { read, loaded_at: Some(now), failure: None });
        Self(Arc::new(Inner { files, strategies, now }))
    }

    /// When the policies in force were loaded.
    #[must_use]
    pub fn loaded_at(&self) -> Option<Timestamp> {
        self.now().loaded_at
    }

    /// Why the policies on disk are not in force, while they are not.
    #[must_use]
    pub fn failure(&self) -> Option<Failure> {
        self.now().failure.clone()
    }

    /// The files the policies are read from, without their imports.
    #[must_use]
    pub fn files(&self) -> &[PathBuf] {
        &self.0.files
    }

    /// The folders in which a change may be one of a policy.
    pub(super) fn folders(&self) -> BTreeSet<PathBuf> {
        self.now().read.iter().map(|file| folder(file)).collect()
    }

    /// A digest over every file that was read, as it is on disk now.
    pub(super) fn fingerprint(&self) -> [u8; 32] {
        let files: Vec<_> = self.now().read.iter().cloned().collect();
        let mut hash = Sha256::new();
        for file in files {
            // A file that cannot be read differs from every one that can.
            let bytes = policies::read_regular(&file).map(Sha256::digest);
            hash.update([u8::from(bytes.is_ok())]);
            hash.update(bytes.unwrap_or_default());
        }
        hash.finalize().into()
    }

    fn now(&self) -> MutexGuard<'_, Loading> {
        self.0.now.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reads the policies again. Blocks; nothing else is held up by it.
pub fn reload(state: &State) -> Reload {
    let loads = &state.loads;
    if loads.files().is_empty() {
        return Reload::Unchanged;
    }
    let outcome = match policies::load(loads.files(), &loads.0.strategies) {
        Ok(loaded) => adopt(state, loaded.layers),
        Err(error) => refuse(state, &error),
    };
    state.metrics.reloaded(outcome);
    outcome
}

fn adopt(state: &State, layers: Layers) -> Reload {
    let files = read_by(state.loads.files(), &layers);
    let digest = hex_digest(layers.digest());
    let changed = digest != hex_digest(state.gate.layers().digest());
    if changed {
        if let Err(error) = state.gate.swap(layers) {
            tracing::error!(%error, "new policies could not be recorded; older ones stay");
            state.metrics.store_failed();
            return Reload::Failed;
        }
        tracing::info!(digest, "new policies are in force");
    }
    let mut now = state.loads.now();
    now.read = files;
    now.failure = None;
    if changed {
        now.loaded_at = Some(state.clock.now());
    }
    if changed { Reload::Loaded } else { Reload::Unchanged }
}

fn refuse(state: &State, error: &LoadError) -> Reload {
    let failure = describe(error, state.clock.now());
    let known = |now: &Loading| {
        let last = now.failure.as_ref();
        last.is_some_and(|last| {
            last.message == failure.message && last.findings == failure.findings
        })
    };
    let mut now = state.loads.now();
    if let LoadError::Invalid { name, checked } = error {
        now.read.extend(files_of(Path::new(name), &checked.sources));
    }
    if known(&now) {
        return Reload::Failed;
    }
    now.failure = Some(failure.clone());
    drop(now);
    tracing::error!(reason = failure.message, "the policies cannot be loaded; older ones stay");
    let findings: Vec<String> = failure.findings.iter().map(Finding::line).collect();
    let findings = findings.join("\n");
    let members = [("findings", Some(&*findings)), ("message", Some(&*failure.message))];
    let event = note(state.clock.now(), "policies.failed", &members);
    let recorded =
        perform::<_, StoreError>(state.store(), move |transaction| transaction.event(&event));
    if let Err(error) = recorded.wait() {
        tracing::error!(%error, "the failure could not be recorded");
        state.metrics.store_failed();
    }
    Reload::Failed
}

fn describe(error: &LoadError, at: Timestamp) -> Failure {
    let findings = match error {
        LoadError::Invalid { checked, .. } => {
            let errors =
                checked.diagnostics.iter().filter(|found| found.severity == Severity::Error);
            errors.take(MAX_FINDINGS).map(|found| finding(&checked.sources, found)).collect()
        }
        _ => Vec::new(),
    };
    Failure { at: at.to_string(), message: printable(&error.to_string(), 1000), findings }
}

fn finding(sources: &Sources, found: &Diagnostic) -> Finding {
    let (line, column) = sources.position(found.span);
    let file = sources.get(found.span.source).map_or("", |source| source.name.as_str());
    Finding {
        code: found.code.0.to_owned(),
        file: printable(file, 200),
        line,
        column,
        message: printable(&found.message, 1000),
        help: found.help.as_deref().map(|help| printable(help, 1000)),
    }
}

fn read_by(files: &[PathBuf], layers: &Layers) -> BTreeSet<PathBuf> {
    let policies = files.iter().zip(layers.policies());
    policies.flat_map(|(file, policy)| files_of(file, policy.sources())).collect()
}

/// The policy's file and its imports, which are named from the policy's folder.
fn files_of(file: &Path, sources: &Sources) -> Vec<PathBuf> {
    let imports = sources.iter().skip(1).map(|source| folder(file).join(&source.name));
    std::iter::once(file.to_path_buf()).chain(imports).collect()
}

fn folder(file: &Path) -> PathBuf {
    match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_path_buf(),
        _ => PathBuf::from("."),
    }
}
