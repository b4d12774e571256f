//! The dashboard in a real browser: what is needed is installed where that is possible, and said
//! where it is not.

use crate::outcome::Outcome;
use std::path::Path;
use std::process::{Command, Stdio};

const FOLDER: &str = "tests/browser";
const BROWSERS: [&str; 3] =
    ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/// Runs the tests against `target/debug/fence`, which it builds.
pub(crate) fn test() -> Outcome {
    if let Err(missing) = prepare() {
        return Outcome::NotRun(missing);
    }
    if !crate::cargo(&["build", "--bin", "fence"]) {
        return Outcome::Failed;
    }
    match run("node", &["--test", "dashboard.test.mjs"]) {
        true => Outcome::Passed,
        false => Outcome::Failed,
    }
}

/// Node, the driver and a browser are there afterwards.
fn prepare() -> Result<(), String> {
    if !found("node") || !found("npm") {
        install(&["nodejs", "npm"])?;
    }
    if !has_browser() {
        install(&["chromium"])?;
    }
    let driver = Path::new(FOLDER).join("node_modules/playwright-core").is_dir();
    match driver || run("npm", &["ci", "--no-fund", "--no-audit"]) {
        true => Ok(()),
        false => Err("npm could not install playwright-core".to_owned()),
    }
}

fn has_browser() -> bool {
    std::env::var_os("CHROMIUM").is_some() || BROWSERS.iter().any(|path| Path::new(path).exists())
}

fn found(program: &str) -> bool {
    let quiet = Command::new(program).arg("--version").stdout(Stdio::null()).status();
    quiet.is_ok_and(|status| status.success())
}

/// Debian's packages, where this may install any.
fn install(packages: &[&str]) -> Result<(), String> {
    let missing =
        || format!("{} must be installed, and apt-get cannot do it here", packages.join(", "));
    let apt = |arguments: &[&str]| {
        let status = Command::new("apt-get").args(arguments).stdout(Stdio::null()).status();
        status.is_ok_and(|status| status.success())
    };
    let install = [&["install", "-y", "-qq", "--no-install-recommends"], packages].concat();
    match apt(&["update", "-qq"]) && apt(&install) {
        true => Ok(()),
        false => Err(missing()),
    }
}

fn run(program: &str, arguments: &[&str]) -> bool {
    let status = Command::new(program).args(arguments).current_dir(FOLDER).status();
    status.is_ok_and(|status| status.success())
}
