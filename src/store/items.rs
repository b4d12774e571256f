//! What is kept beside decisions and requests: events, and items that last until they end.

use crate::record::leaf_hash;
use fence_engine::scalar::Timestamp;

/// Something besides decisions that the record must show: what a person did to the gate, and every
/// move of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// When.
    pub at: Timestamp,
    /// What kind of thing, such as `clock.accepted` or `request.approved`.
    pub kind: String,
    /// The request that it happened to.
    pub request: Option<[u8; 16]>,
    /// The whole of it in canonical JSON: what the leaf hash covers.
    pub body: String,
    /// SHA-256 over `0x00` and the body (RFC 6962 leaf).
    pub leaf: [u8; 32],
}

impl Event {
    /// An event of this body, with its leaf hash.
    #[must_use]
    pub fn new(at: Timestamp, kind: &str, request: Option<[u8; 16]>, body: String) -> Self {
        let leaf = leaf_hash(body.as_bytes());
        Self { at, kind: kind.to_owned(), request, body, leaf }
    }
}

/// Something kept until it ends: a token, a grant, a halt, a delegation, a delivery, a stored reply.
/// The store knows no more of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// What kind of thing.
    pub kind: String,
    /// Its id within the kind.
    pub id: [u8; 16],
    /// What it is found by while it lasts.
    pub key: String,
    /// When something is to be done about it.
    pub due: Option<Timestamp>,
    /// The whole of it in JSON.
    pub body: String,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
}
