//! An agent that waits for people: it asks, is approved with a change, makes the call that was
//! approved and says what became of it.
//!
//! ```text
//! cargo run --example agent FOLDER
//! fence approve ID --edit args.limit=50        in another terminal, with FOLDER/fence.db
//! ```

#![expect(clippy::print_stdout, reason = "an example speaks to its reader")]

use fence::approvals::Finish;
use fence::gate::Claim;
use fence::{Gate, Outcome, SqliteStore, ToolCall, Verdict};
use std::error::Error;
use std::path::{Path, PathBuf};

fn main() -> Result<(), Box<dyn Error>> {
    let folder = match std::env::args_os().nth(1) {
        Some(folder) => PathBuf::from(folder),
        None => std::env::temp_dir().join(format!("fence-agent-{}", std::process::id())),
    };
    std::fs::create_dir_all(&folder)?;
    let policies = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/policies");
    let gate = Gate::builder()
        .policy_file(policies.join("approvals.fence"))?
        .store(SqliteStore::open(folder.join("fence.db"))?)
        .build()?;

    let call = ToolCall::new("newsletter_send")
        .arg("limit", 500_u64)
        .arg("subject", "Spring")
        .agent("writer-1")
        .session("s-1");
    match gate.decide_blocking(&call)?.verdict() {
        Verdict::Allow => run(&call),
        Verdict::Deny(why) => println!("denied: {why}"),
        Verdict::Ask(request) => {
            println!("waiting for people: fence approve {}", request.id());
            // Survives a restart: keep the id, and come back with `Gate::request`.
            match request.wait_blocking()? {
                Outcome::Approved(claim) => make(&claim)?,
                // What is refused is told to the model, so that it can choose another way.
                other => println!("not approved: {}", other.reason()),
            }
        }
    }
    Ok(())
}

/// Uses the approval, once, and says what became of the call.
fn make(claim: &Claim) -> Result<(), Box<dyn Error>> {
    // The call as people approved it: this one is made, not the one that was asked for.
    let call = claim.take()?;
    run(&call);
    claim.finish(Finish { failed: false, note: Some("sent".to_owned()) })?;
    Ok(())
}

/// Where the tool would be called.
fn run(call: &ToolCall) {
    println!("{} {}", call.tool, call.args.plain());
}
