//! TEMPORARY stand-in.
use std::sync::Arc;
/// One account.
#[derive(Clone, Debug, Default)]
pub struct Person {
    pub id: String,
    pub name: Option<String>,
    pub system: Option<String>,
    pub slack: Option<String>,
    pub email: Option<String>,
    pub approver: bool,
    pub break_glass: bool,
}
/// People.
#[derive(Clone, Default, Debug)]
pub struct People(Arc<Vec<Person>>);
/// Error.
#[derive(Debug, thiserror::Error)]
#[error("people")]
pub struct PeopleError;
impl People {
    /// New.
    pub fn new(list: Vec<Person>) -> Result<Self, PeopleError> {
        Ok(Self(Arc::new(list)))
    }
    /// Find.
    pub fn find(&self, id: &str) -> Option<&Person> {
        self.0.iter().find(|p| p.id.eq_ignore_ascii_case(id))
    }
    /// All.
    pub fn iter(&self) -> impl Iterator<Item = &Person> {
        self.0.iter()
    }
}
