//! How tests went that need something beside Rust.

/// How it went.
pub(crate) enum Outcome {
    /// All tests passed.
    Passed,
    /// A test failed.
    Failed,
    /// Nothing was tested, for this reason.
    NotRun(String),
}
