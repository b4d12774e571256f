//! The `fence` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    fence::cli::main()
}
