//! The Python binding: a wheel is built and installed with what its tests need, and they run.

use crate::outcome::Outcome;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const FOLDER: &str = "bindings/python";
const HOME: &str = "target/python";
const REQUIREMENTS: [&str; 2] = ["requirements-test.txt", "constraints-test.txt"];
const OLD_ENOUGH: &str = "import sys, venv; sys.exit(sys.version_info < (3, 10))";

/// Builds the wheel and runs the tests against it.
pub(crate) fn test() -> Outcome {
    if let Err(missing) = prepare() {
        return Outcome::NotRun(missing);
    }
    match build() && tests() {
        true => Outcome::Passed,
        false => Outcome::Failed,
    }
}

/// The virtual environment holds what is required afterwards; it is kept from run to run.
fn prepare() -> Result<(), String> {
    let mut python = Command::new("python3");
    if !quiet(python.args(["-c", OLD_ENOUGH])) {
        return Err("Python 3.10 or newer with its module `venv` is needed".to_owned());
    }
    let wanted = REQUIREMENTS.map(|file| fs::read_to_string(Path::new(FOLDER).join(file)));
    let wanted = wanted.into_iter().collect::<Result<String, _>>().map_err(|e| e.to_string())?;
    let installed = Path::new(HOME).join("installed");
    if fs::read_to_string(&installed).is_ok_and(|found| found == wanted) {
        return Ok(());
    }
    let created =
        done(Command::new("python3").args(["-m", "venv"]).arg(Path::new(HOME).join("venv")));
    let requirements = Path::new(FOLDER).join(REQUIREMENTS[0]);
    if !created || !done(pip().arg("-r").arg(requirements)) {
        return Err("pip could not install what the tests need".to_owned());
    }
    fs::write(installed, wanted).map_err(|error| error.to_string())
}

/// A wheel of the present sources, installed. Unoptimised, so that it is there soon.
fn build() -> bool {
    let wheels = Path::new(HOME).join("wheels");
    // Nothing but the new wheel may be found there; that there is no such folder yet is fine.
    let _ = fs::remove_dir_all(&wheels);
    let mut maturin = Command::new(tool("maturin"));
    maturin.args(["build", "--quiet", "--profile", "dev", "--locked", "--manifest-path"]);
    maturin.arg(Path::new(FOLDER).join("Cargo.toml")).arg("--out").arg(&wheels);
    maturin.arg("--interpreter").arg(tool("python"));
    let Some(wheel) = done(&mut maturin).then(|| only_file(&wheels)).flatten() else {
        return false;
    };
    done(pip().args(["--force-reinstall", "--no-deps"]).arg(wheel))
}

fn tests() -> bool {
    let Ok(python) = std::path::absolute(tool("python")) else { return false };
    done(Command::new(python).args(["-m", "pytest"]).current_dir(FOLDER))
}

fn pip() -> Command {
    let mut pip = Command::new(tool("python"));
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
    pip
}

/// A program of the virtual environment.
fn tool(name: &str) -> PathBuf {
    let folder = if cfg!(windows) { "Scripts" } else { "bin" };
    Path::new(HOME).join("venv").join(folder).join(name)
}

fn only_file(folder: &Path) -> Option<PathBuf> {
    let mut files = fs::read_dir(folder).ok()?;
    let file = files.next()?.ok()?.path();
    files.next().is_none().then_some(file)
}

fn done(command: &mut Command) -> bool {
    command.status().is_ok_and(|status| status.success())
}

fn quiet(command: &mut Command) -> bool {
    done(command.stdout(Stdio::null()).stderr(Stdio::null()))
}
