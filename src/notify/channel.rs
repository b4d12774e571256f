//! What a channel is, and what it says of one delivery.

use super::Notice;
use serde::{Deserialize, Serialize};
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

/// One delivery under way.
pub type Delivering<'a> =
    Pin<Box<dyn Future<Output = Result<Option<Receipt>, DeliveryError>> + Send + 'a>>;

/// One place where people, or their programs, are told.
pub trait Channel: Send + Sync {
    /// Tells of one thing. `earlier` are the receipts of what this channel sent of the same
    /// request: a channel that can changes those messages in place, or answers to them.
    ///
    /// May run again for the same [`Notice::delivery`] after a crash or a fault.
    ///
    /// # Errors
    /// [`DeliveryError`]; its texts hold no secret.
    fn deliver<'a>(&'a self, notice: &'a Notice, earlier: &'a [Receipt]) -> Delivering<'a>;

    /// After how long an attempt is given up.
    fn timeout(&self) -> Duration {
        Duration::from_secs(15)
    }

    /// Whether its messages are changed in place, so that each vote can be shown in them.
    fn keeps_cards(&self) -> bool {
        false
    }

    /// Whether the end of a request is told even where its beginning was not.
    fn tells_every_end(&self) -> bool {
        false
    }
}

/// What finds a sent message again; the channel alone knows what it says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Receipt(pub String);

/// Why a delivery failed, and whether another attempt makes sense.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeliveryError {
    /// It may work later.
    #[error("{reason}")]
    Later {
        /// What went wrong.
        reason: String,
        /// Not before this, where the other side said so.
        after: Option<Duration>,
    },
    /// It never will.
    #[error("{0}")]
    Never(String),
    /// The other side wants nothing more: the channel is off until the server starts again.
    #[error("{0}")]
    Gone(String),
}

impl DeliveryError {
    /// It may work later.
    pub fn later(reason: impl Into<String>) -> Self {
        Self::Later { reason: reason.into(), after: None }
    }
}
