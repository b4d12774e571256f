//! Notifications against real sockets: a receiver of webhooks, a mail server, a stand-in for
//! Slack's API, all on this machine; and the outbox through faults and restarts.
//!
//! Names that begin with `srv_` or `apr_` are lines of `tests/attacks/corpus.jsonl`.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod notify {
    mod cards;
    mod email;
    mod gate;
    mod mail_server;
    mod outbox;
    mod outbox_world;
    mod receiver;
    mod sample;
    mod settings;
    mod slack;
    mod slack_door;
    mod tls;
    mod webhook;
}
