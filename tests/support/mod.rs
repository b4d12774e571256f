//! What the scenario, matrix, property and attack tests share: one helper that drives a gate.
#![allow(dead_code, unreachable_pub, reason = "each test binary uses a part of it")]

pub mod driver;
pub mod fixture;
pub mod random;
