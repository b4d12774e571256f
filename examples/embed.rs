//! A gate inside a program: one policy, one database, three calls.
//!
//! ```text
//! cargo run --example embed [FOLDER]
//! ```
//!
//! Records into `FOLDER/fence.db`; without a folder into a temporary one.

#![expect(clippy::print_stdout, reason = "an example speaks to its reader")]

use fence::{Gate, SqliteStore, ToolCall, Verdict};
use std::error::Error;
use std::path::{Path, PathBuf};

fn main() -> Result<(), Box<dyn Error>> {
    let folder = match std::env::args_os().nth(1) {
        Some(folder) => PathBuf::from(folder),
        None => std::env::temp_dir().join(format!("fence-embed-{}", std::process::id())),
    };
    std::fs::create_dir_all(&folder)?;
    let policies = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/policies");

    // A policy with an error never becomes a gate.
    let gate = Gate::builder()
        .policy_file(policies.join("threshold.fence"))?
        .store(SqliteStore::open(folder.join("fence.db"))?)
        .build()?;

    let calls = [
        ToolCall::new("report_run").arg("rows", 500_u64),
        ToolCall::new("report_run").arg("rows", 500_000_u64),
        ToolCall::new("database_drop").arg("name", "customers"),
    ];
    for call in calls {
        let call = call.agent("reporter").session("s-1");
        // The decision is on the disk before this returns. An error here means: do not call.
        let decision = gate.decide_blocking(&call)?;
        match decision.verdict() {
            Verdict::Allow => println!("{}: go ahead", call.tool),
            Verdict::Ask(request) => {
                println!("{}: wait for a person until {}", call.tool, request.notice().expires_at);
            }
            Verdict::Deny(why) => println!("{}: refused, {why}", call.tool),
        }
    }
    println!("recorded in {}", folder.join("fence.db").display());
    Ok(())
}
