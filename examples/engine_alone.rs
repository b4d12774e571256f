//! The engine without a gate: no database, no clock, no threads. Everything it needs is a value.
//!
//! ```text
//! cargo run --example engine_alone
//! ```

#![expect(clippy::print_stdout, reason = "an example speaks to its reader")]

use fence::engine::call::ToolCall;
use fence::engine::check::{NoImports, check};
use fence::engine::facts::{CounterFact, Facts, Now};
use fence::engine::scalar::Timestamp;
use fence::engine::{CompiledPolicy, Layers, evaluate, plan};
use std::error::Error;

const POLICY: &str = r#"
fence 1
policy posts
window office = mon..fri 09:00..17:00
ask post_* as posts { auto during office, first 3 per session }
"#;

fn main() -> Result<(), Box<dyn Error>> {
    // Checking finds everything that is wrong, not only the first thing.
    let checked =
        check("posts.fence", POLICY.as_bytes(), &NoImports, &fence::strategies::builtin());
    for found in &checked.diagnostics {
        let (line, column) = checked.sources.position(found.span);
        println!("{}:{line}:{column} {}", found.code, found.message);
    }
    let policy = checked.policy.ok_or("the policy has errors")?;
    let layers = Layers::from(CompiledPolicy::new(policy));

    let call = ToolCall::new("post_note").session("s-1");
    let monday = Timestamp::parse("2026-03-23T10:00:00Z").ok_or("no time")?;
    let sunday = Timestamp::parse("2026-03-22T10:00:00Z").ok_or("no time")?;
    for (at, used) in [(monday, 0), (monday, 3), (sunday, 0)] {
        // First the call names what it needs to know. Whoever embeds the engine keeps the
        // counters; here two numbers stand for them.
        let now = Now::at(at);
        let needs = plan(&layers, &call, &Facts::at(now));
        let counters = needs.counters.iter();
        let counters: Vec<CounterFact> =
            counters.map(|need| CounterFact { phrase: need.phrase, used: Some(used) }).collect();

        // Then it is judged. The same call and facts always give the same answer.
        let facts = Facts { now, counters: &counters, answers: &[] };
        let evaluation = evaluate(&layers, &call, &facts);
        println!("{at} with {used} used: {}", evaluation.effect);
    }
    Ok(())
}
