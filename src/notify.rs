//! Notifications: people are told of a request where they are.
//!
//! What is to be told is written down together with the request's move ([`deliveries`]), so the
//! request is durable before anything leaves. The [`Outbox`] takes what is due, tells it as the
//! request is *then*, and writes down how it went. A delivery that fails changes no verdict.
//!
//! A channel is a file with a line in [`KINDS`].

mod backoff;
mod card;
mod channel;
mod channels;
mod delivery;
pub mod email;
pub mod http;
mod link;
mod notice;
mod outbox;
mod secret;
pub mod settings;
pub mod slack;
pub mod terminal;
pub mod webhook;

pub use backoff::Schedule;
pub use channel::{Channel, Delivering, DeliveryError, Receipt};
pub use channels::{Channels, UnknownChannel, unknown_channels};
pub use delivery::{Delivery, KIND, State, announce, deliveries};
pub use link::{NotPublicUrl, PublicUrl};
pub use notice::{Notice, What, asked, link};
pub use outbox::{Outbox, OutboxOptions, Requests};
pub use secret::Secret;

use settings::{Made, Making, SettingsError};

/// What makes one kind of channel of its settings.
type Make = fn(&Making<'_>) -> Result<Made, SettingsError>;

/// The kinds of channel, by the word in `kind = "…"`.
const KINDS: [(&str, Make); 4] = [
    ("terminal", terminal::make),
    ("webhook", webhook::make),
    ("slack", slack::make),
    ("email", email::make),
];
