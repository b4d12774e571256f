//! The project's own commands: `cargo xtask test` runs everything that must hold.

mod browser;
mod mcp;
mod node;
mod outcome;
mod python;

use outcome::Outcome;
use std::process::{Command, ExitCode};
use std::time::Instant;

/// What `test` runs, in order; the first failure ends it.
const TEST: &[(&str, &[&str])] = &[
    ("formatting", &["fmt", "--all", "--check"]),
    ("lints", &["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]),
    ("documentation", &["doc", "--workspace", "--no-deps", "--document-private-items"]),
    (
        "tests",
        &["test", "--workspace", "--no-fail-fast", "--lib", "--bins", "--tests", "--examples"],
    ),
    ("examples in the documentation", &["test", "--workspace", "--doc"]),
];

/// Settings of the tests, by variable.
type Variables = &'static [(&'static str, &'static str)];

/// What `assure` runs: the same tests as every day, for longer.
const ASSURE: &[(&str, Variables, &[&str])] = &[
    (
        "random histories, and races of each pair of moves",
        &[("FENCE_HISTORIES", "100000"), ("FENCE_RACES", "10000")],
        &["test", "--profile", "assurance", "--test", "approvals_histories", "--", "--nocapture"],
    ),
    (
        "the server killed under load, and crowded",
        &[("FENCE_KILLS", "100"), ("FENCE_OPEN", "10000")],
        &["test", "--profile", "assurance", "--test", "http", "--", "kill", "load", "--nocapture"],
    ),
];

/// Tests that need something beside Rust: what is tested, and how.
type Beside = (&'static str, fn() -> Outcome);

const BROWSER: Beside = ("the dashboard in a browser", browser::test);
const MCP: Beside = ("MCP clients and servers", mcp::test);
const PYTHON: Beside = ("the Python binding", python::test);
const NODE: Beside = ("the package for Node", node::test);

/// What `test` runs of them.
const BESIDE: [Beside; 4] = [BROWSER, MCP, PYTHON, NODE];

const HELP: &str = "\
cargo xtask test       formatting, lints, documentation, all tests and doctests, the dashboard
                       in a browser, MCP clients and servers, the Python binding, the package
                       for Node
cargo xtask mcp        MCP clients and servers alone
cargo xtask python     the Python binding alone
cargo xtask node       the package for Node alone
cargo xtask browser    the dashboard in a browser alone; FENCE_SCREENSHOTS=1 renews docs/images
cargo xtask assure     the long runs: random histories, races, kills, crowds
";

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    match arguments.next().as_deref() {
        Some("test") => test(),
        Some("browser") => beside(BROWSER),
        Some("mcp") => beside(MCP),
        Some("python") => beside(PYTHON),
        Some("node") => beside(NODE),
        Some("assure") => assure(),
        _ => {
            print(HELP);
            ExitCode::from(2)
        }
    }
}

fn test() -> ExitCode {
    let started = Instant::now();
    for (what, arguments) in TEST {
        print(&format!("\n== {what}: cargo {}\n", arguments.join(" ")));
        let begun = Instant::now();
        if !cargo(arguments) {
            print(&format!("\n== {what}: FAILED\n"));
            return ExitCode::FAILURE;
        }
        print(&format!("== {what}: {} s\n", begun.elapsed().as_secs()));
    }
    if BESIDE.into_iter().any(|tests| beside(tests) == ExitCode::FAILURE) {
        return ExitCode::FAILURE;
    }
    print(&format!("\n== everything holds, after {} s\n", started.elapsed().as_secs()));
    ExitCode::SUCCESS
}

/// Runs tests that need something beside Rust. Where that is missing, it is said; only where a
/// change is to land does it fail for that.
fn beside((what, test): Beside) -> ExitCode {
    print(&format!("\n== {what}\n"));
    match test() {
        Outcome::Passed => ExitCode::SUCCESS,
        Outcome::NotRun(reason) => {
            print(&format!("== {what}: NOT TESTED: {reason}\n"));
            match std::env::var_os("CI") {
                Some(_) => ExitCode::FAILURE,
                None => ExitCode::SUCCESS,
            }
        }
        Outcome::Failed => {
            print(&format!("== {what}: FAILED\n"));
            ExitCode::FAILURE
        }
    }
}

fn assure() -> ExitCode {
    for (what, variables, arguments) in ASSURE {
        let begun = Instant::now();
        print(&format!("\n== {what}: {variables:?}\n"));
        if !cargo_with(arguments, variables) {
            print(&format!("\n== {what}: FAILED\n"));
            return ExitCode::FAILURE;
        }
        print(&format!("== {what}: {} s\n", begun.elapsed().as_secs()));
    }
    ExitCode::SUCCESS
}

/// As [`cargo_with`], without settings.
pub(crate) fn cargo(arguments: &[&str]) -> bool {
    cargo_with(arguments, &[])
}

/// Runs cargo in the workspace; warnings of rustdoc are errors.
fn cargo_with(arguments: &[&str], variables: Variables) -> bool {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(arguments).envs(variables.iter().copied()).env("RUSTDOCFLAGS", "-D warnings");
    command.status().is_ok_and(|status| status.success())
}

#[expect(clippy::print_stderr, reason = "progress of a developer's command")]
fn print(text: &str) {
    eprint!("{text}");
}
