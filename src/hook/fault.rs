//! Faults on purpose, so that tests can show what becomes of them.
//!
//! Only in builds for development, and each of them can only block: none leads to an answer.

/// Fails as `FENCE_FAULT` says: `panic`, `thread`, `sleep`, `abort` or `overflow`.
#[cfg(debug_assertions)]
pub(crate) fn on_purpose() {
    let fault = std::env::var("FENCE_FAULT").unwrap_or_default();
    match fault.as_str() {
        "panic" => fail(),
        "thread" => drop(std::thread::spawn(fail).join()),
        "sleep" => std::thread::sleep(std::time::Duration::from_secs(900)),
        "abort" => std::process::abort(),
        "overflow" => drop(deeper(0)),
        _ => {}
    }
}

/// Nothing fails on purpose in a release.
#[cfg(not(debug_assertions))]
pub(crate) const fn on_purpose() {}

#[cfg(debug_assertions)]
#[expect(clippy::panic, reason = "a fault on purpose")]
fn fail() {
    panic!("on purpose");
}

#[cfg(debug_assertions)]
#[expect(unconditional_recursion, reason = "a fault on purpose")]
fn deeper(depth: u64) -> u64 {
    let room = std::hint::black_box([depth; 512]);
    deeper(room[0] + 1).wrapping_add(room[511])
}
