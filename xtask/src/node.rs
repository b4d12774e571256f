//! The package for Node: its add-on is built, its types are checked, and its tests run.

use crate::outcome::Outcome;
use std::process::Command;

const FOLDER: &str = "bindings/node";

/// What is run in the package's folder, in order. The tests run with the newest Node that the
/// package's frameworks need, which npm installs, and once more with the machine's own.
const STEPS: [&[&str]; 4] =
    [&["npm", "run", "build"], &["npm", "run", "types"], &["npm", "test"], &["node", "--test"]];

/// Builds the package and runs its tests.
pub(crate) fn test() -> Outcome {
    if !run(&["npm", "ci"]) {
        return Outcome::NotRun(
            "Node 20 or newer with npm, and a registry of packages, are needed".to_owned(),
        );
    }
    match STEPS.iter().all(|step| run(step)) {
        true => Outcome::Passed,
        false => Outcome::Failed,
    }
}

fn run(command: &[&str]) -> bool {
    let [program, arguments @ ..] = command else { return false };
    let status = Command::new(program).args(arguments).current_dir(FOLDER).status();
    status.is_ok_and(|status| status.success())
}
