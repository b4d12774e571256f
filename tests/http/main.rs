//! `fence serve`, over real sockets: what is answered to whom, what is refused, what survives.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod approvals;
mod decide;
mod faults;
mod login;
mod reload;
mod repeats;
mod serve;
mod stream;
mod support;
mod table;
mod transport;
