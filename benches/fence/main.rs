//! What Fence costs: loading a policy, the pure decision, a decision with its record.
//!
//! `cargo bench -- evaluate` runs one group.

#![expect(clippy::panic, reason = "what cannot be measured ends the bench")]

mod evaluate;
mod load;
mod record;
mod workload;

criterion::criterion_group!(benches, load::compile, evaluate::pure, record::recorded);
criterion::criterion_main!(benches);
