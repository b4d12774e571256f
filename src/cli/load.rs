//! Policies from files for the commands that decide, and where they keep their records.

use super::{Context, Failure, Settings};
use crate::Gate;
use crate::gate::{GateBuilder, PENDING_CAP};
use crate::people::People;
use crate::policies::{self, LoadError};
use crate::render;
use crate::service::Services;
use crate::store::{Options, SqliteStore, Store, Unopened};
use fence_engine::Layers;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Policies that loaded, and what their strategies may ask.
pub(crate) struct Loaded {
    /// The layers.
    pub(crate) layers: Layers,
    services: Services,
    people: People,
    pending_cap: u32,
}

impl Loaded {
    /// A gate of these layers and the people of the settings, to be given a store.
    pub(crate) fn gate(&self) -> GateBuilder {
        let builder = Gate::builder().layers(self.layers.clone());
        let builder = builder.services(self.services.clone()).people(self.people.clone());
        builder.pending_cap(self.pending_cap)
    }
}

/// A gate whose requests people are told of, as the settings say.
#[cfg(feature = "server")]
pub(crate) fn telling(builder: GateBuilder, settings: &Settings) -> GateBuilder {
    builder.announce(settings.announce())
}

/// Nobody is told without the server.
#[cfg(not(feature = "server"))]
pub(crate) fn telling(builder: GateBuilder, _: &Settings) -> GateBuilder {
    builder
}

/// Loads policies as the layers of one gate.
pub(crate) fn load(context: &Context, files: &[PathBuf]) -> Result<Loaded, Failure> {
    load_with(context, files, &context.settings(files)?)
}

/// Loads policies under these settings.
pub(crate) fn load_with(
    context: &Context,
    files: &[PathBuf],
    settings: &Settings,
) -> Result<Loaded, Failure> {
    let (strategies, services) = settings.strategies()?;
    let pending_cap = settings.pending_cap.unwrap_or(PENDING_CAP);
    let loaded = policies::load(files, &strategies).map_err(|error| refused(context, &error))?;
    Ok(Loaded { layers: loaded.layers, services, people: settings.people()?, pending_cap })
}

/// Prints what is wrong and gives back the failure that ends the command.
pub(crate) fn refused(context: &Context, error: &LoadError) -> Failure {
    if let LoadError::Invalid { checked, .. } = error {
        let colored = context.output.colored();
        context.output.note(&render::human(&checked.sources, &checked.diagnostics, colored));
    }
    Failure::usage(error)
}

/// The database to record in. One that cannot be opened denies every call with the reason.
pub(crate) fn recording(
    context: &Context,
    files: &[PathBuf],
    flag: Option<&Path>,
) -> Result<Arc<dyn Store>, Failure> {
    let path = context.settings(files)?.database(flag).map_err(Failure::usage)?;
    Ok(match SqliteStore::open_with(&path, Options::default()) {
        Ok(store) => Arc::new(store),
        Err(error) => {
            context.output.note(&format!("{error}: every call is denied"));
            Arc::new(Unopened(error))
        }
    })
}

/// A database that exists, to be read and never written.
pub(crate) fn reading(
    context: &Context,
    files: &[PathBuf],
    flag: Option<&Path>,
) -> Result<SqliteStore, Failure> {
    let path = context.settings(files)?.database(flag).map_err(Failure::usage)?;
    if !path.exists() {
        let missing = format!("there is no database at {}", path.display());
        return Err(Failure::usage(missing).help("name one with `--db FILE`"));
    }
    SqliteStore::open_read_only(&path).map_err(Failure::usage)
}
