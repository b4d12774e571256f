//! A decision with its record: memory store, and database at 1, 16 and 256 callers.

use crate::workload;
use criterion::{BenchmarkId, Criterion, Throughput};
use fence::{Gate, MemoryStore, SqliteStore, ToolCall};

fn gate(store: impl fence::store::Store + 'static) -> Gate {
    let gate = Gate::builder().policy_text("bench.fence", workload::CONTENT_MANAGER);
    let gate = gate.unwrap_or_else(|error| panic!("{error}")).store(store).build();
    gate.unwrap_or_else(|error| panic!("{error}"))
}

fn decide(gate: &Gate, call: &ToolCall) {
    gate.decide_blocking(call).unwrap_or_else(|error| panic!("{error}"));
}

pub(crate) fn recorded(criterion: &mut Criterion) {
    let calls = workload::content_calls();
    let mut group = criterion.benchmark_group("record");
    group.throughput(Throughput::Elements(1));
    let memory = gate(MemoryStore::new());
    let mut next = calls.iter().cycle();
    group.bench_function("memory", |bench| {
        bench.iter(|| next.next().into_iter().for_each(|call| decide(&memory, call)));
    });
    let folder = tempfile::tempdir().unwrap_or_else(|error| panic!("{error}"));
    for callers in [1, 16, 256] {
        let path = folder.path().join(format!("{callers}.db"));
        let store = SqliteStore::open(path).unwrap_or_else(|error| panic!("{error}"));
        let gate = gate(store);
        // Each caller makes the same number of calls, so one element is one decision.
        let rounds = (64 / callers).max(1);
        group.sample_size(10).throughput(Throughput::Elements((callers * rounds) as u64));
        group.bench_function(BenchmarkId::new("database", callers), |bench| {
            bench.iter(|| {
                std::thread::scope(|scope| {
                    for caller in 0..callers {
                        let (gate, calls) = (&gate, &calls);
                        scope.spawn(move || {
                            for round in 0..rounds {
                                decide(gate, &calls[(caller * rounds + round) % calls.len()]);
                            }
                        });
                    }
                });
            });
        });
    }
    group.finish();
}
