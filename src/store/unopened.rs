//! Stands where a database could not be opened: everything fails, so every call is denied.

use super::{Event, Item, LogQuery, Logged, RequestFilter, Store, StoreError, StoredRequest, Work};
use fence_engine::approval::RequestState;
use fence_engine::scalar::Timestamp;

/// A store that answers everything with the error that kept it from being opened.
#[derive(Clone, Debug)]
pub struct Unopened(pub StoreError);

impl Unopened {
    fn fail<T>(&self) -> Result<T, StoreError> {
        Err(self.0.clone())
    }
}

impl Store for Unopened {
    fn submit(&self, work: Box<dyn Work>) {
        work.finish(self.fail());
    }

    fn log(&self, _: &LogQuery, _: &mut dyn FnMut(Logged) -> bool) -> Result<(), StoreError> {
        self.fail()
    }

    fn entry(&self, _: [u8; 16]) -> Result<Option<Logged>, StoreError> {
        self.fail()
    }

    fn policy_texts(&self, _: [u8; 32]) -> Result<Option<String>, StoreError> {
        self.fail()
    }

    fn request(&self, _: [u8; 16], _: Option<u32>) -> Result<Option<StoredRequest>, StoreError> {
        self.fail()
    }

    fn requests(&self, _: &RequestFilter) -> Result<Vec<StoredRequest>, StoreError> {
        self.fail()
    }

    fn count_requests(&self, _: RequestState) -> Result<u64, StoreError> {
        self.fail()
    }

    fn due_requests(&self, _: Timestamp, _: u32) -> Result<Vec<StoredRequest>, StoreError> {
        self.fail()
    }

    fn item(&self, _: &str, _: [u8; 16]) -> Result<Option<Item>, StoreError> {
        self.fail()
    }

    fn live_items(&self, _: &str, _: Option<&str>) -> Result<Vec<Item>, StoreError> {
        self.fail()
    }

    fn due_items(&self, _: &str, _: Timestamp, _: u32) -> Result<Vec<Item>, StoreError> {
        self.fail()
    }

    fn events_of(&self, _: [u8; 16]) -> Result<Vec<Event>, StoreError> {
        self.fail()
    }

    fn events_after(&self, _: u64, _: u32) -> Result<Vec<(u64, Event)>, StoreError> {
        self.fail()
    }

    fn newest_event(&self) -> Result<u64, StoreError> {
        self.fail()
    }

    fn events(&self) -> Result<Vec<Event>, StoreError> {
        self.fail()
    }

    fn watermark(&self) -> Result<u64, StoreError> {
        self.fail()
    }
}
