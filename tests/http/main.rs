//! `fence serve`, over real sockets: what is answered to whom, what is refused, what survives.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]
#![expect(clippy::print_stdout, reason = "the tests of load tell what they measured")]

mod approvals;
mod conformance;
#[path = "../conformance/corpus.rs"]
mod corpus;
mod decide;
mod docs;
mod example;
mod faults;
mod kill;
mod load;
mod login;
mod reload;
mod repeats;
mod serve;
mod slack;
mod stream;
mod support;
mod table;
mod transport;
