//! What strategies may ask outside: host functions, processes, remote services.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// Something that answers questions, JSON to JSON.
pub trait Service: Send + Sync {
    /// The answer, or `None` when there was none within the deadline; never later.
    fn ask(&self, question: &str, deadline: Duration) -> Option<String>;
}

/// Services by their names.
#[derive(Clone, Default)]
pub struct Services(HashMap<String, Arc<dyn Service>>);

impl Services {
    /// Adds one; a later one of the same name replaces it.
    pub fn add(&mut self, name: String, service: Arc<dyn Service>) {
        self.0.insert(name, service);
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Asks the service of this name; no such service gives no answer.
    pub(crate) fn ask(&self, name: &str, question: &str, deadline_ms: u64) -> Option<String> {
        self.0.get(name)?.ask(question, Duration::from_millis(deadline_ms))
    }
}

impl fmt::Debug for Services {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}
