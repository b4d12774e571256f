//! The pure decision: at 10 to 10 000 rules, hit, conditional and miss.

use criterion::{BenchmarkId, Criterion, Throughput};
use fence::engine::call::ToolCall;
use fence::engine::facts::{Facts, Now};
use fence::engine::scalar::Timestamp;
use fence::engine::{Layers, evaluate};
use std::hint::black_box;
use crate::workload::{self, Kind};

fn all(layers: &Layers, calls: &[ToolCall], facts: &Facts<'_>) -> usize {
    calls.iter().map(|call| black_box(evaluate(layers, black_box(call), facts)).effect as usize).sum()
}

pub(crate) fn pure(criterion: &mut Criterion) {
    let at = Timestamp::parse("2026-03-23T10:00:00Z").unwrap_or_default();
    let facts = Facts::at(Now::at(at));
    let mut group = criterion.benchmark_group("evaluate");
    let (layers, calls) =
        (workload::layers(workload::CONTENT_MANAGER), workload::content_calls());
    group.throughput(Throughput::Elements(calls.len() as u64));
    group.bench_function("content_manager", |bench| bench.iter(|| all(&layers, &calls, &facts)));
    for rules in [10, 100, 1_000, 10_000] {
        let layers = workload::layers(&workload::prefixes(rules));
        for kind in [Kind::Plain, Kind::Conditional, Kind::Miss] {
            let calls = workload::generated_calls(rules, kind);
            group.throughput(Throughput::Elements(calls.len() as u64));
            group.bench_function(BenchmarkId::new(format!("{kind:?}"), rules), |bench| {
                bench.iter(|| all(&layers, &calls, &facts));
            });
        }
    }
    group.finish();
}
