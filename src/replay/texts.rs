//! Policies put together again from the texts that are kept under their digest.

use crate::policies::compile;
use fence_engine::Layers;
use fence_engine::check::{ImportError, Imported, Importer, check};
use fence_engine::strategy::Strategies;
use serde::Deserialize;

/// Why policies cannot be put together again.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TextsError {
    /// The texts are not stored as they should be.
    #[error("the policies' texts cannot be read: {0}")]
    Unreadable(String),
    /// This Fence does not take them, or they are not of this digest.
    #[error("the recorded policies do not load: {0}")]
    NotLoaded(String),
}

#[derive(Deserialize)]
struct Text {
    name: String,
    text: String,
}

/// The layers of these texts, a list of files for each policy.
///
/// # Errors
/// When they do not load, or give another digest.
pub fn layers(
    texts: &str,
    digest: [u8; 32],
    strategies: &Strategies,
) -> Result<Layers, TextsError> {
    let unreadable = |error: serde_json::Error| TextsError::Unreadable(error.to_string());
    let policies: Vec<Vec<Text>> = serde_json::from_str(texts).map_err(unreadable)?;
    let not_loaded = |error: &dyn std::fmt::Display| TextsError::NotLoaded(error.to_string());
    let mut compiled = Vec::with_capacity(policies.len());
    for files in &policies {
        let nothing = || TextsError::Unreadable("a policy has no text".to_owned());
        let main = files.first().ok_or_else(nothing)?;
        let checked = check(&main.name, main.text.as_bytes(), &Kept(files), strategies);
        compiled.push(compile(&main.name, checked).map_err(|error| not_loaded(&error))?);
    }
    let layers = Layers::new(compiled).map_err(|error| not_loaded(&error))?;
    match *layers.digest() == digest {
        true => Ok(layers),
        false => Err(TextsError::NotLoaded("the texts are not of this digest".to_owned())),
    }
}

/// Imports among the kept files of one policy.
struct Kept<'t>(&'t [Text]);

impl Importer for Kept<'_> {
    fn import(&self, from: &str, path: &str) -> Result<Imported, ImportError> {
        let (main, imports) = self.0.split_first().ok_or(ImportError::Outside)?;
        let folder = match from == main.name {
            true => "",
            false => from.rsplit_once('/').map_or("", |(folder, _)| folder),
        };
        let name = join(folder, path);
        let found = imports.iter().find(|text| text.name == name);
        let found = found.ok_or_else(|| ImportError::Unreadable("it is not kept".to_owned()))?;
        Ok(Imported { name, bytes: found.text.clone().into_bytes() })
    }
}

/// A path seen from a folder, without `.` and `..`.
fn join(folder: &str, path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in folder.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}
