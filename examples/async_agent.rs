//! An agent on an async runtime: its tasks share one gate, and their decisions share commits.
//!
//! ```text
//! cargo run --example async_agent
//! ```

#![expect(clippy::print_stdout, reason = "an example speaks to its reader")]

use fence::{Gate, GateError, ToolCall, Verdict};
use std::error::Error;

const POLICY: &str = r#"
fence 1
policy helpers
allow ticket_read
ask ticket_reply as replies { auto first 2 per session }
deny ticket_delete because "tickets are kept" instead "close the ticket"
"#;

/// One step of an agent: ask the gate, and only then use the tool.
async fn step(gate: Gate, call: ToolCall) -> Result<String, GateError> {
    let decision = gate.decide(&call).await?;
    Ok(match decision.verdict() {
        Verdict::Allow => format!("{}: done", call.tool),
        // The agent goes on with something else and comes back with the request's id.
        Verdict::Ask(_) => format!("{}: waits for a person", call.tool),
        // What is refused is told to the model, so that it can choose another way.
        Verdict::Deny(why) => format!("{}: {why}", call.tool),
    })
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let gate = Gate::builder().policy_text("helpers.fence", POLICY)?.build()?;
    let tools = ["ticket_read", "ticket_reply", "ticket_reply", "ticket_reply", "ticket_delete"];
    let steps: Vec<_> = tools
        .into_iter()
        .map(|tool| ToolCall::new(tool).agent("helper-1").session("s-1"))
        .map(|call| tokio::spawn(step(gate.clone(), call)))
        .collect();
    for step in steps {
        println!("{}", step.await??);
    }
    Ok(())
}
