//! Why a store cannot do as asked.

/// Why the store could not do as asked. Every one of them means deny.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Another process held the database for longer than the busy timeout.
    #[error("the database is locked by another process")]
    Locked,
    /// No room left.
    #[error("the disk is full")]
    Full,
    /// It may not be written.
    #[error("the database cannot be written: {0}")]
    ReadOnly(String),
    /// It is not a database, or damaged.
    #[error("the database is damaged: {0}")]
    Corrupt(String),
    /// It was written by a newer Fence.
    #[error("the database has version {found}, this Fence knows versions up to {known}")]
    Newer {
        /// The file's version.
        found: i64,
        /// The newest version known.
        known: i64,
    },
    /// Anything else.
    #[error("the database failed: {0}")]
    Failed(String),
    /// The work itself refused.
    #[error("{0}")]
    Refused(String),
    /// The store is shutting down.
    #[error("the store is closed")]
    Closed,
}
