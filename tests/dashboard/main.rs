//! The dashboard's pages, read back by an HTML parser: nothing of a call becomes an element, nothing
//! of it is lost, no two values look alike; every page can be used by everyone.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod access;
mod alike;
mod crowd;
mod dom;
mod escaping;
mod look;
mod samples;
