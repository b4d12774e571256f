//! `[notify.NAME]`: the channels through which people are told.

use super::{Failure, Settings};
use crate::approvals::Announce;
use crate::notify::settings::{Surroundings, Table, channels};
use crate::notify::{Channels, deliveries};
use fence_engine::show::printable;
use std::sync::Arc;

impl Settings {
    /// What is to be told when something happens to a request, written down for the server that
    /// tells it. The channels' names are enough: their secrets need not be at hand.
    pub(crate) fn announce(&self) -> Announce {
        let names: Vec<String> = self.notify.keys().cloned().collect();
        Arc::new(move |happened| deliveries(happened, names.iter().map(String::as_str)))
    }

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
