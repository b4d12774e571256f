//! `[notify.NAME]`: the channels through which people are told.

use super::{Failure, Settings};
use crate::notify::Channels;
use crate::notify::settings::{Surroundings, Table, channels};
use fence_engine::show::printable;

impl Settings {
    /// The channels of the file; nothing is connected yet. Files of secrets are looked for beside
    /// it.
    pub(crate) fn channels(&self) -> Result<Channels, Failure> {
        let as_json = |table| serde_json::to_value(table).ok()?.as_object().cloned();
        let written = self.notify.iter();
        let written = written
            .map(|(name, table)| (name.clone(), as_json(table).unwrap_or_else(Table::new)))
            .collect();
        channels(&written, &Surroundings::system(&self.folder())).map_err(|wrong| {
            let file = printable(&self.file.display().to_string(), 200);
            let failure = Failure::usage(format!("{file}: {wrong}"));
            match wrong.help() {
                Some(help) => failure.help(help),
                None => failure,
            }
        })
    }
}
