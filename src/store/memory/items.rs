//! Items in memory, each change with how to take it back.

use crate::store::Item;
use fence_engine::scalar::Timestamp;
use std::collections::BTreeMap;

type Key = (String, [u8; 16]);

/// All items.
#[derive(Debug, Default)]
pub(super) struct Items(BTreeMap<Key, Item>);

/// What stood under a key before.
#[derive(Debug)]
pub(super) struct Undo(Key, Option<Item>);

impl Items {
    pub(super) fn put(&mut self, item: &Item) -> Undo {
        let key = (item.kind.clone(), item.id);
        let before = self.0.insert(key.clone(), item.clone());
        Undo(key, before)
    }

    pub(super) fn take_back(&mut self, Undo(key, before): Undo) {
        match before {
            Some(item) => drop(self.0.insert(key, item)),
            None => drop(self.0.remove(&key)),
        }
    }

    pub(super) fn get(&self, kind: &str, id: [u8; 16]) -> Option<Item> {
        self.0.get(&(kind.to_owned(), id)).cloned()
    }

    pub(super) fn any_live(&self, kind: &str) -> bool {
        !self.0.is_empty() && self.all_live(kind).next().is_some()
    }

    pub(super) fn live(&self, kind: &str, key: Option<&str>) -> Vec<Item> {
        let wanted = |item: &&Item| key.is_none_or(|key| item.key == key);
        self.all_live(kind).filter(wanted).cloned().collect()
    }

    pub(super) fn due(&self, kind: &str, now: Timestamp, limit: u32) -> Vec<Item> {
        let mut due: Vec<Item> = self
            .all_live(kind)
            .filter(|item| item.due.is_some_and(|due| due <= now))
            .cloned()
            .collect();
        due.sort_by_key(|item| (item.due, item.id));
        due.truncate(limit as usize);
        due
    }

    pub(super) fn forget(&mut self, kind: &str, at: Timestamp) -> Vec<Undo> {
        let gone = |item: &Item| item.kind == kind && item.ended_at.is_some_and(|end| end < at);
        let forgotten = self.0.extract_if(.., |_, item| gone(item));
        forgotten.map(|(key, item)| Undo(key, Some(item))).collect()
    }

    fn all_live(&self, kind: &str) -> impl Iterator<Item = &Item> {
        let from = (kind.to_owned(), [0; 16]);
        let of_kind = self.0.range(from..).map(|(_, item)| item);
        of_kind.take_while(move |item| item.kind == kind).filter(|item| item.ended_at.is_none())
    }
}
