//! `fence serve`: the HTTP server and its dashboard.

pub mod dashboard;
