//! TEMPORARY stand-in.
use crate::people::People;
#[derive(Clone)]
pub struct Approvals {
    pub people: People,
}
#[derive(Clone)]
pub struct Approver {
    pub person: String,
    pub via: Via,
    pub break_glass: bool,
}
#[derive(Clone)]
pub struct Claimant {
    pub agent: Option<String>,
    pub session: Option<String>,
}
#[derive(Clone)]
pub enum Via {
    Http,
    Dashboard,
}
#[derive(Clone)]
pub struct Change;
#[derive(Default)]
pub struct RequestQuery {
    pub limit: u32,
}
pub struct Page {
    pub total_open: u64,
}
impl Approvals {
    pub fn people(&self) -> &People {
        &self.people
    }
    pub fn subscribe(&self) -> tokio::sync::broadcast::Receiver<Change> {
        let (s, r) = tokio::sync::broadcast::channel(4);
        std::mem::forget(s);
        r
    }
    pub fn list(&self, _q: &RequestQuery) -> Result<Page, crate::store::StoreError> {
        Ok(Page { total_open: 0 })
    }
}
