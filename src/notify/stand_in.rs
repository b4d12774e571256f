//! Stands in for `approvals::view` and `people` until they are here.

#![allow(missing_docs, reason = "documented where they will live")]

use crate::store::StoreError;
use fence_engine::json::Json;
use fence_engine::scalar::Timestamp;
use serde::{Serialize, Serializer};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

fn exact<S: Serializer>(json: &Json, to: S) -> Result<S::Ok, S::Error> {
    let value: serde_json::Value = serde_json::from_str(&json.to_string()).unwrap_or_default();
    value.serialize(to)
}

fn exact_if<S: Serializer>(json: &Option<Json>, to: S) -> Result<S::Ok, S::Error> {
    match json {
        Some(json) => exact(json, to),
        None => to.serialize_none(),
    }
}

#[derive(Clone, Debug, Serialize)]
pub struct RequestView {
    pub id: String,
    pub version: u32,
    pub state: &'static str,
    pub decision: String,
    pub digest: String,
    pub policy_digest: String,
    pub tool: String,
    #[serde(serialize_with = "exact")]
    pub args: Json,
    pub agent: Option<String>,
    pub parents: Vec<String>,
    pub user: Option<String>,
    pub session: Option<String>,
    #[serde(serialize_with = "exact_if")]
    pub context: Option<Json>,
    pub recipients: Option<u64>,
    pub rules: Vec<RuleView>,
    pub because: Option<String>,
    pub instead: Option<String>,
    pub nearest: Option<String>,
    pub opened_at: String,
    pub expires_at: String,
    pub use_by: Option<String>,
    pub ended_at: Option<String>,
    pub needs: Vec<NeedView>,
    pub votes: Vec<VoteView>,
    pub outcome: Option<OutcomeView>,
    pub may_edit: Vec<MayEditView>,
    pub edit: Option<EditView>,
    pub preview: Option<PreviewView>,
    pub preview_required: bool,
    pub offers: Vec<OfferView>,
    pub claim: Option<String>,
    pub history: Vec<EventView>,
}

#[derive(Clone, Debug, Serialize)]
pub struct RuleView {
    pub policy: String,
    pub rule: String,
    pub line: u32,
    pub because: Option<String>,
    pub instead: Option<String>,
    pub source: Option<String>,
}

#[derive(Clone, Debug, Serialize)]
pub struct NeedView {
    pub policy: String,
    pub rule: String,
    pub count: u32,
    pub of: Option<String>,
    pub members: Vec<String>,
    pub given: Vec<String>,
    pub missing: u32,
    pub escalation_at: Option<String>,
}

#[derive(Clone, Debug, Serialize)]
pub struct VoteView {
    pub by: String,
    pub on_behalf_of: Option<String>,
    pub at: String,
    pub note: Option<String>,
    pub break_glass: bool,
}

#[derive(Clone, Debug, Serialize)]
pub struct OutcomeView {
    pub state: &'static str,
    pub by: Option<String>,
    pub reason: Option<String>,
    pub at: String,
}

#[derive(Clone, Debug, Serialize)]
pub struct MayEditView {
    pub field: String,
    pub bound: String,
}

#[derive(Clone, Debug, Serialize)]
pub struct EditView {
    pub by: String,
    pub at: String,
    pub changes: Vec<ChangeView>,
}

#[derive(Clone, Debug, Serialize)]
pub struct ChangeView {
    pub field: String,
    #[serde(serialize_with = "exact_if")]
    pub from: Option<Json>,
    #[serde(serialize_with = "exact_if")]
    pub to: Option<Json>,
}

#[derive(Clone, Debug, Serialize)]
pub struct PreviewView {
    #[serde(serialize_with = "exact")]
    pub value: Json,
    pub digest: String,
    pub at: String,
    pub stale: bool,
}

#[derive(Clone, Debug, Serialize)]
pub struct OfferView {
    pub offer: String,
    pub covers: String,
}

#[derive(Clone, Debug, Serialize)]
pub struct EventView {
    pub at: String,
    pub kind: String,
    pub version: u32,
    pub by: Option<String>,
    pub on_behalf_of: Option<String>,
    pub note: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Person {
    pub id: String,
    pub name: Option<String>,
    pub system: Option<String>,
    pub slack: Option<String>,
    pub email: Option<String>,
    pub approver: bool,
    pub break_glass: bool,
}

#[derive(Clone, Debug, Default)]
pub struct People(Arc<Vec<Person>>);

impl People {
    pub fn of(list: Vec<Person>) -> Self {
        Self(Arc::new(list))
    }

    pub fn find(&self, id: &str) -> Option<&Person> {
        self.0.iter().find(|person| person.id.eq_ignore_ascii_case(id))
    }

    pub fn by_slack(&self, user_id: &str) -> Option<&Person> {
        self.0.iter().find(|person| person.slack.as_deref() == Some(user_id))
    }

    pub fn approvers(&self) -> impl Iterator<Item = &Person> {
        self.0.iter().filter(|person| person.approver)
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    pub kind: String,
    pub id: [u8; 16],
    pub key: String,
    pub due: Option<Timestamp>,
    pub body: String,
    pub ended_at: Option<Timestamp>,
}

pub trait Transaction {
    fn put_item(&mut self, item: &Item) -> Result<(), StoreError>;
    fn item(&mut self, kind: &str, id: [u8; 16]) -> Result<Option<Item>, StoreError>;
    fn live_items(&mut self, kind: &str, key: &str) -> Result<Vec<Item>, StoreError>;
    fn delete_items_ended_before(&mut self, kind: &str, at: Timestamp) -> Result<(), StoreError>;
}

type Items = BTreeMap<(String, [u8; 16]), Item>;

#[derive(Default)]
pub struct MemoryItems(Mutex<Items>);

impl Transaction for Items {
    fn put_item(&mut self, item: &Item) -> Result<(), StoreError> {
        self.insert((item.kind.clone(), item.id), item.clone());
        Ok(())
    }
    fn item(&mut self, kind: &str, id: [u8; 16]) -> Result<Option<Item>, StoreError> {
        Ok(self.get(&(kind.to_owned(), id)).cloned())
    }
    fn live_items(&mut self, kind: &str, key: &str) -> Result<Vec<Item>, StoreError> {
        let live = self.values().filter(|item| item.kind == kind && item.key == key);
        Ok(live.filter(|item| item.ended_at.is_none()).cloned().collect())
    }
    fn delete_items_ended_before(&mut self, kind: &str, at: Timestamp) -> Result<(), StoreError> {
        self.retain(|_, item| item.kind != kind || item.ended_at.is_none_or(|ended| ended >= at));
        Ok(())
    }
}

impl MemoryItems {
    pub fn item(&self, kind: &str, id: [u8; 16]) -> Result<Option<Item>, StoreError> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).item(kind, id)
    }
    pub fn due_items(
        &self,
        kind: &str,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<Item>, StoreError> {
        let items = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut due: Vec<Item> = items
            .values()
            .filter(|item| item.kind == kind && item.ended_at.is_none())
            .filter(|item| item.due.is_some_and(|due| due <= now))
            .cloned()
            .collect();
        due.sort_by_key(|item| item.due);
        due.truncate(limit as usize);
        Ok(due)
    }
}

pub fn perform<T>(
    store: &MemoryItems,
    mut run: impl FnMut(&mut dyn Transaction) -> Result<T, StoreError>,
) -> std::future::Ready<Result<T, StoreError>> {
    let mut items = store.0.lock().unwrap_or_else(PoisonError::into_inner);
    std::future::ready(run(&mut *items))
}
