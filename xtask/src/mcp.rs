//! Official MCP clients in front of published servers, with `fence mcp` between them.

use crate::outcome::Outcome;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const FOLDER: &str = "tests/mcp/clients";
const HOME: &str = "target/mcp-clients";

/// Runs the tests against `target/debug/fence`, which it builds.
pub(crate) fn test() -> Outcome {
    if let Err(missing) = prepare() {
        return Outcome::NotRun(missing);
    }
    if !crate::cargo(&["build", "--bin", "fence"]) {
        return Outcome::Failed;
    }
    let Ok(python) = std::path::absolute(python()) else { return Outcome::Failed };
    let mut node = Command::new("node");
    let typescript = done(node.args(["--test", "clients.test.mjs"]).current_dir(FOLDER));
    match typescript && done(Command::new(python).arg("clients.py").current_dir(FOLDER)) {
        true => Outcome::Passed,
        false => Outcome::Failed,
    }
}

/// The clients and servers are there afterwards; they are kept from run to run.
fn prepare() -> Result<(), String> {
    let wanted = ["package-lock.json", "requirements.txt"]
        .map(|file| fs::read_to_string(Path::new(FOLDER).join(file)))
        .into_iter()
        .collect::<Result<String, _>>()
        .map_err(|error| error.to_string())?;
    let installed = Path::new(HOME).join("installed");
    if fs::read_to_string(&installed).is_ok_and(|found| found == wanted) {
        return Ok(());
    }
    let mut npm = Command::new("npm");
    if !done(npm.args(["ci", "--no-fund", "--no-audit"]).current_dir(FOLDER)) {
        return Err("Node 20 or newer with npm, and a registry of packages, are needed".to_owned());
    }
    let made = done(Command::new("python3").args(["-m", "venv"]).arg(Path::new(HOME).join("venv")));
    let mut pip = Command::new(python());
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"]);
    if !made || !done(pip.arg(Path::new(FOLDER).join("requirements.txt"))) {
        return Err("Python 3.10 or newer with its module `venv`, and pip, are needed".to_owned());
    }
    fs::write(installed, wanted).map_err(|error| error.to_string())
}

fn python() -> PathBuf {
    Path::new(HOME).join("venv/bin/python")
}

fn done(command: &mut Command) -> bool {
    command.status().is_ok_and(|status| status.success())
}
