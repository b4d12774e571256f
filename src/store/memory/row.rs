//! One decision of the log in memory: written up, or still to be when somebody reads it.

use crate::store::{Entry, Later};
use std::sync::Arc;

/// One decision of the log.
pub(super) enum Row {
    Written(Box<Entry>),
    Later(Arc<dyn Later>),
}

impl Row {
    pub(super) fn entry(&self) -> &Entry {
        match self {
            Self::Written(entry) => entry,
            Self::Later(later) => later.entry(),
        }
    }

    pub(super) fn id(&self) -> [u8; 16] {
        match self {
            Self::Written(entry) => entry.id,
            Self::Later(later) => later.id(),
        }
    }

    pub(super) fn session(&self) -> Option<&str> {
        match self {
            Self::Written(entry) => entry.session.as_deref(),
            Self::Later(later) => later.session(),
        }
    }

    pub(super) fn call_id(&self) -> Option<&str> {
        match self {
            Self::Written(entry) => entry.call_id.as_deref(),
            Self::Later(later) => later.call_id(),
        }
    }
}

impl std::fmt::Debug for Row {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.entry().fmt(f)
    }
}
