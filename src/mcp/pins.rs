//! Pinned definitions: a tool stays what it was when it was first seen, until a person accepts
//! another one.

use crate::note::note;
use crate::store::{Item, Store, StoreError, Transaction, perform};
use fence_engine::call::hex_digest;
use fence_engine::json::{Builder, Object, Value};
use fence_engine::scalar::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::collections::HashMap;

const KIND: &str = "mcp.pin";
/// Definitions beyond this are kept as their digest alone.
const LARGEST: usize = 16 << 10;

/// One tool as a server defines it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Definition {
    /// Its name, with its server.
    pub(super) tool: String,
    /// `sha256:` over the whole definition but `_meta`.
    pub(super) digest: String,
    text: String,
}

impl Definition {
    /// The definition of this tool.
    pub(super) fn of(tool: String, definition: Object<'_>) -> Self {
        let mut told = Builder::within(super::message::LIMITS);
        told.begin_object();
        for (key, value) in definition.iter().filter(|(key, _)| *key != "_meta") {
            told.key(key);
            told.value(value);
        }
        told.end_object();
        let mut text = String::new();
        match told.finish() {
            Ok(told) => told.root().write_canonical(&mut text),
            // What cannot be written down is never what was accepted.
            Err(_) => Value::Object(definition).write_canonical(&mut text),
        }
        let digest = hex_digest(&Sha256::digest(text.as_bytes()).into());
        Self { tool, digest, text }
    }

    fn text(&self) -> Option<String> {
        (self.text.len() <= LARGEST).then(|| self.text.clone())
    }
}

/// What is kept of one tool.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pin {
    /// The tool.
    pub tool: String,
    /// The definition that is in force.
    pub accepted: Pinned,
    /// The one that waits for a person, in which case no call of the tool passes.
    pub held: Option<Pinned>,
}

/// One definition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pinned {
    /// `sha256:` over it.
    pub digest: String,
    /// Since when, RFC 3339 in UTC.
    pub since: String,
    /// Who accepted it; nobody, where it was the first.
    pub by: Option<String>,
    /// The definition, unless it is very long.
    pub definition: Option<String>,
}

impl Pinned {
    fn new(definition: &Definition, now: Timestamp) -> Self {
        let (digest, since) = (definition.digest.clone(), now.to_string());
        Self { digest, since, by: None, definition: definition.text() }
    }
}

/// What a look at a server's tools found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Looked {
    /// The tools that are not what was accepted.
    pub(super) held: Vec<String>,
    /// Those of them that were found so just now.
    pub(super) changed: Vec<String>,
}

/// The pins of one server, by tool.
pub(super) fn of_server(
    store: &dyn Store,
    server: Option<&str>,
) -> Result<HashMap<String, Pin>, StoreError> {
    let items = store.live_items(KIND, Some(server.unwrap_or_default()))?;
    items.iter().map(|item| read(item).map(|pin| (pin.tool.clone(), pin))).collect()
}

/// Compares what a server offers with what was accepted; new tools are pinned, changed ones held.
pub(super) async fn look(
    store: &dyn Store,
    server: Option<&str>,
    offered: &[Definition],
    now: Timestamp,
) -> Result<Looked, StoreError> {
    let pins = of_server(store, server)?;
    let accepted = |definition: &&Definition| {
        let pin = pins.get(&definition.tool);
        pin.is_some_and(|pin| pin.held.is_none() && pin.accepted.digest == definition.digest)
    };
    let other: Vec<Definition> = offered.iter().filter(|one| !accepted(one)).cloned().collect();
    if other.is_empty() {
        return Ok(Looked::default());
    }
    let server = server.unwrap_or_default().to_owned();
    perform(store, move |transaction| {
        let (mut looked, mut new) = (Looked::default(), 0_u64);
        for definition in &other {
            match compare(transaction, &server, definition, now)? {
                Compared::New => new += 1,
                Compared::Same => {}
                Compared::Held { found_now } => {
                    looked.held.push(definition.tool.clone());
                    looked.changed.extend(found_now.then(|| definition.tool.clone()));
                }
            }
        }
        if new > 0 {
            let members = [("server", Some(&*server)), ("tools", Some(&*new.to_string()))];
            transaction.event(&note(now, "mcp.tools.pinned", &members))?;
        }
        Ok(looked)
    })
    .await
}

enum Compared {
    New,
    Same,
    Held { found_now: bool },
}

fn compare(
    transaction: &mut dyn Transaction,
    server: &str,
    definition: &Definition,
    now: Timestamp,
) -> Result<Compared, StoreError> {
    let tool = definition.tool.clone();
    let Some(item) = transaction.item(KIND, id(&tool))? else {
        let pin = Pin { tool, accepted: Pinned::new(definition, now), held: None };
        keep(transaction, server, &pin)?;
        return Ok(Compared::New);
    };
    let pin = read(&item)?;
    let (from, to) = (pin.accepted.digest.clone(), &definition.digest);
    let was_held = pin.held.as_ref().map(|held| held.digest.clone());
    if from == *to {
        if was_held.is_some() {
            keep(transaction, server, &Pin { held: None, ..pin })?;
            let members = [("digest", Some(&**to)), ("tool", Some(&*tool))];
            transaction.event(&note(now, "mcp.tool.restored", &members))?;
        }
        return Ok(Compared::Same);
    }
    let found_now = was_held.as_deref() != Some(to);
    if found_now {
        keep(transaction, server, &Pin { held: Some(Pinned::new(definition, now)), ..pin })?;
        let members = [("from", Some(&*from)), ("to", Some(&**to)), ("tool", Some(&*tool))];
        transaction.event(&note(now, "mcp.tool.changed", &members))?;
    }
    Ok(Compared::Held { found_now })
}

/// The tools whose changed definition waits for a person.
///
/// # Errors
/// Any fault of the store.
pub fn held(store: &dyn Store) -> Result<Vec<Pin>, StoreError> {
    let items = store.live_items(KIND, None)?;
    let pins: Vec<Pin> = items.iter().map(read).collect::<Result<_, _>>()?;
    Ok(pins.into_iter().filter(|pin| pin.held.is_some()).collect())
}

/// A person accepts the changed definition of a tool: the one with this digest, and no later one.
/// `false`: that one does not wait.
///
/// # Errors
/// Any fault of the store.
pub fn accept(
    store: &dyn Store,
    (tool, digest): (&str, &str),
    by: &str,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let (tool, digest, by) = (tool.to_owned(), digest.to_owned(), by.to_owned());
    let accepted = perform(store, move |transaction| {
        let Some(item) = transaction.item(KIND, id(&tool))? else { return Ok(false) };
        let pin = read(&item)?;
        let Some(held) = pin.held.filter(|held| held.digest == digest) else { return Ok(false) };
        let accepted = Pinned { since: now.to_string(), by: Some(by.clone()), ..held };
        let from = pin.accepted.digest;
        keep(transaction, &item.key, &Pin { tool: pin.tool, accepted, held: None })?;
        let members = [("by", &*by), ("from", &*from), ("to", &*digest), ("tool", &*tool)]
            .map(|(k, v)| (k, Some(v)));
        transaction.event(&note(now, "mcp.tool.accepted", &members))?;
        Ok::<_, StoreError>(true)
    });
    accepted.wait()
}

fn id(tool: &str) -> [u8; 16] {
    let digest: [u8; 32] = Sha256::digest(tool.as_bytes()).into();
    let mut id = [0; 16];
    id.copy_from_slice(&digest[..16]);
    id
}

fn read(item: &Item) -> Result<Pin, StoreError> {
    let damaged = |_| StoreError::Corrupt("a tool's pin cannot be read".to_owned());
    serde_json::from_str(&item.body).map_err(damaged)
}

fn keep(transaction: &mut dyn Transaction, server: &str, pin: &Pin) -> Result<(), StoreError> {
    let body = serde_json::to_string(pin).unwrap_or_default();
    let (kind, key) = (KIND.to_owned(), server.to_owned());
    transaction.put_item(&Item { kind, id: id(&pin.tool), key, due: None, body, ended_at: None })
}
