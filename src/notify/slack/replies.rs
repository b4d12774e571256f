//! What Slack's methods answer.

use crate::notify::DeliveryError;
use fence_engine::show::printable;
use serde::Deserialize;

/// Faults of the message itself: sent again, it would fail again.
const OUR_FAULT: [&str; 6] = [
    "invalid_blocks",
    "invalid_blocks_format",
    "msg_blocks_too_long",
    "msg_too_long",
    "no_text",
    "too_many_attachments",
];

/// An answer, as far as it is of use.
#[derive(Debug, Deserialize)]
pub(super) struct Reply {
    pub(super) ok: bool,
    pub(super) ts: Option<String>,
    pub(super) channel: Option<String>,
    error: Option<String>,
}

impl Reply {
    /// Whether there is no card any more that could be changed.
    pub(super) fn card_is_gone(&self) -> bool {
        let gone = ["message_not_found", "cant_update_message", "edit_window_closed"];
        self.error.as_deref().is_some_and(|error| gone.contains(&error))
    }

    /// A refusal. A wrong token or channel may be put right within the days of the schedule.
    pub(super) fn error(&self) -> DeliveryError {
        let error = self.error.as_deref().unwrap_or("no reason");
        let reason = format!("Slack refused: {}", printable(error, 80));
        match self.is_our_fault() {
            true => DeliveryError::Never(reason),
            false => DeliveryError::later(reason),
        }
    }

    /// Whether it is the message that Slack does not take.
    pub(super) fn is_our_fault(&self) -> bool {
        !self.ok && self.error.as_deref().is_some_and(|error| OUR_FAULT.contains(&error))
    }
}
