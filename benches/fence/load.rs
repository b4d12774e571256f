//! From text to a policy that decides: parsing alone, and parsing, checking and compiling.

use crate::workload;
use criterion::{BenchmarkId, Criterion};
use fence::engine::span::SourceId;
use fence::engine::syntax;
use std::hint::black_box;

pub(crate) fn compile(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("load");
    group.sample_size(10);
    for rules in [10, 1_000, 10_000] {
        let text = workload::prefixes(rules);
        group.bench_function(BenchmarkId::new("parse", rules), |bench| {
            bench.iter(|| syntax::parse(SourceId(0), black_box(&text)));
        });
        group.bench_function(BenchmarkId::new("parse_check_compile", rules), |bench| {
            bench.iter(|| workload::layers(black_box(&text)));
        });
    }
    group.finish();
}
