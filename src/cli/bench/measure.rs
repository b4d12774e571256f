//! The runs: their clocks, their threads, their histograms.

use crate::Gate;
use crate::cli::Failure;
use crate::clock::{Clock as _, SystemClock};
use crate::gate::GateBuilder;
use crate::store::{Options, SqliteStore};
use fence_engine::call::ToolCall;
use fence_engine::facts::{Facts, Now};
use fence_engine::{Layers, evaluate};
use hdrhistogram::Histogram;
use serde::Serialize;
use std::fmt;
use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A batch of evaluations takes at least so long: a hundred times what reading the clock takes.
const BATCH: Duration = Duration::from_micros(20);
/// A store in memory is replaced after so many decisions, which it would keep.
const MEMORY_DECISIONS: usize = 10_000;
/// Two runs to be compared take so many turns each.
const TURNS: u32 = 4;
/// Histograms count tenths of nanoseconds.
const TENTHS: f64 = 10.0;

/// What is measured.
pub(super) struct Measure<'a> {
    pub(super) layers: &'a Layers,
    pub(super) calls: &'a [ToolCall],
    pub(super) time: Duration,
}

/// How many callers, and what each of them is.
#[derive(Clone, Copy, Debug)]
pub(super) enum Callers {
    /// Threads that block.
    Threads(u32),
    /// Tasks of an asynchronous runtime.
    Tasks(u32),
}

impl Callers {
    fn number(self) -> u32 {
        let (Self::Threads(number) | Self::Tasks(number)) = self;
        number
    }
}

impl fmt::Display for Callers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Threads(1) => f.write_str("1 thread"),
            Self::Threads(number) => write!(f, "{number} threads"),
            Self::Tasks(number) => write!(f, "{number} tasks"),
        }
    }
}

/// What one run found.
#[derive(Debug, Serialize)]
pub(super) struct Run {
    pub(super) name: String,
    callers: u32,
    decisions: u64,
    seconds: f64,
    pub(super) per_second: f64,
    pub(super) p50_ns: f64,
    pub(super) p99_ns: f64,
    pub(super) p999_ns: f64,
    max_ns: f64,
    #[serde(skip)]
    pub(super) spread: String,
}

type Times = Histogram<u64>;

/// A run that is taken in turns.
struct Tally {
    times: Times,
    spent: Duration,
}

impl Tally {
    fn new() -> Result<Self, Failure> {
        Ok(Self { times: histogram()?, spent: Duration::ZERO })
    }

    fn into_run(self, name: String, callers: Callers) -> Run {
        Run::new(name, callers.number(), self.times.len(), self.spent, &self.times)
    }
}

impl Measure<'_> {
    /// Evaluation alone. Counters are not read, so phrases that count are unknown.
    pub(super) fn evaluation(&self) -> Result<Run, Failure> {
        let facts = Facts::at(Now::at(SystemClock.now()));
        let evaluate = |call| drop(black_box(evaluate(self.layers, black_box(call), &facts)));
        let batches: Vec<(&ToolCall, u32)> =
            self.calls.iter().map(|call| (call, batch(|| evaluate(call)))).collect();
        let mut times = histogram()?;
        let mut decisions = 0;
        let start = Instant::now();
        while start.elapsed() < self.time {
            for (call, size) in &batches {
                let started = Instant::now();
                (0..*size).for_each(|_| evaluate(call));
                let each = started.elapsed().as_secs_f64() / f64::from(*size);
                record(&mut times, each, u64::from(*size));
                decisions += u64::from(*size);
            }
        }
        Ok(Run::new("evaluation", 1, decisions, start.elapsed(), &times))
    }

    /// The whole line with a store in memory.
    pub(super) fn memory(&self) -> Result<Run, Failure> {
        let (mut times, mut spent, mut decisions) = (histogram()?, Duration::ZERO, 0);
        while spent < self.time {
            let gate = self.gate().build().map_err(Failure::usage)?;
            let start = Instant::now();
            for call in self.calls.iter().cycle().take(MEMORY_DECISIONS) {
                decide(&gate, call, &mut times)?;
                decisions += 1;
            }
            spent += start.elapsed();
        }
        Ok(Run::new("memory store", 1, decisions, spent, &times))
    }

    /// The whole line with a database in `folder`, every decision durable.
    pub(super) fn database(&self, folder: &Path, callers: Callers) -> Result<Run, Failure> {
        let mut tally = Tally::new()?;
        self.decided(folder, callers, &Options::default(), self.time, &mut tally)?;
        Ok(tally.into_run(format!("database, {callers}"), callers))
    }

    /// The same with a commit for each decision, and with commits shared, in turns.
    pub(super) fn both(&self, folder: &Path, callers: Callers) -> Result<[Run; 2], Failure> {
        let (mut each, mut together) = (Tally::new()?, Tally::new()?);
        let (shared, mut alone) = (Options::default(), Options::default());
        alone.batch_limit = 1;
        for _ in 0..TURNS {
            let time = self.time / TURNS;
            self.decided(folder, callers, &alone, time, &mut each)?;
            self.decided(folder, callers, &shared, time, &mut together)?;
        }
        Ok([
            each.into_run(format!("{callers}, one commit each"), callers),
            together.into_run(format!("database, {callers}"), callers),
        ])
    }

    fn decided(
        &self,
        folder: &Path,
        callers: Callers,
        options: &Options,
        time: Duration,
        tally: &mut Tally,
    ) -> Result<(), Failure> {
        let path = folder.join(format!("{}.db", uuid::Uuid::new_v4()));
        let store = SqliteStore::open_with(path, options.clone()).map_err(Failure::usage)?;
        let gate = self.gate().store(store).build().map_err(Failure::usage)?;
        let start = Instant::now();
        let found = match callers {
            Callers::Threads(callers) => self.threads(&gate, callers, start + time),
            Callers::Tasks(callers) => self.tasks(&gate, callers, start + time)?,
        };
        tally.spent += start.elapsed();
        for times in found {
            tally.times.add(times?).map_err(Failure::usage)?;
        }
        Ok(())
    }

    fn threads(&self, gate: &Gate, callers: u32, until: Instant) -> Vec<Result<Times, Failure>> {
        let ended = |_| Err(Failure::usage("a caller ended by a fault"));
        std::thread::scope(|scope| {
            let caller = |caller| scope.spawn(move || self.caller(gate, caller as usize, until));
            let callers: Vec<_> = (0..callers).map(caller).collect();
            callers.into_iter().map(|caller| caller.join().unwrap_or_else(ended)).collect()
        })
    }

    fn tasks(
        &self,
        gate: &Gate,
        callers: u32,
        until: Instant,
    ) -> Result<Vec<Result<Times, Failure>>, Failure> {
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        let calls: Arc<[ToolCall]> = self.calls.into();
        let ended = |_| Err(Failure::usage("a caller ended by a fault"));
        Ok(runtime.map_err(Failure::usage)?.block_on(async {
            let task = |caller| tokio::spawn(task(gate.clone(), Arc::clone(&calls), caller, until));
            let callers: Vec<_> = (0..callers as usize).map(task).collect();
            let mut found = Vec::new();
            for caller in callers {
                found.push(caller.await.unwrap_or_else(ended));
            }
            found
        }))
    }

    fn caller(&self, gate: &Gate, caller: usize, until: Instant) -> Result<Times, Failure> {
        let mut times = histogram()?;
        let mut calls = self.calls.iter().cycle().skip(caller % self.calls.len().max(1));
        while Instant::now() < until {
            let Some(call) = calls.next() else { break };
            decide(gate, call, &mut times)?;
        }
        Ok(times)
    }

    fn gate(&self) -> GateBuilder {
        // The queue of people is not what is measured.
        Gate::builder().pending_cap(u32::MAX).layers(self.layers.clone())
    }
}

async fn task(
    gate: Gate,
    calls: Arc<[ToolCall]>,
    caller: usize,
    until: Instant,
) -> Result<Times, Failure> {
    let mut times = histogram()?;
    for call in calls.iter().cycle().skip(caller % calls.len().max(1)) {
        let start = Instant::now();
        if start >= until {
            break;
        }
        black_box(gate.decide(call).await).map_err(Failure::usage)?;
        record(&mut times, start.elapsed().as_secs_f64(), 1);
    }
    Ok(times)
}

fn decide(gate: &Gate, call: &ToolCall, times: &mut Times) -> Result<(), Failure> {
    let start = Instant::now();
    black_box(gate.decide_blocking(call)).map_err(Failure::usage)?;
    record(times, start.elapsed().as_secs_f64(), 1);
    Ok(())
}

/// How many runs fill a batch.
fn batch(run: impl Fn()) -> u32 {
    let mut size = 1;
    loop {
        let start = Instant::now();
        (0..size).for_each(|_| run());
        if start.elapsed() >= BATCH || size >= 1 << 20 {
            return size;
        }
        size *= 2;
    }
}

/// Up to a minute, to three digits.
fn histogram() -> Result<Times, Failure> {
    Times::new_with_bounds(1, 600_000_000_000, 3).map_err(Failure::usage)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "times are small")]
fn record(times: &mut Times, seconds: f64, count: u64) {
    let tenths = (seconds * 1e9 * TENTHS).round() as u64;
    times.saturating_record_n(tenths.max(1), count);
}

#[expect(clippy::cast_precision_loss, reason = "shown to a few digits")]
fn nanos(tenths: u64) -> f64 {
    tenths as f64 / TENTHS
}

impl Run {
    #[expect(clippy::cast_precision_loss, reason = "shown to a few digits")]
    fn new(
        name: impl Into<String>,
        callers: u32,
        decisions: u64,
        spent: Duration,
        times: &Times,
    ) -> Self {
        let seconds = spent.as_secs_f64();
        Self {
            name: name.into(),
            callers,
            decisions,
            seconds,
            per_second: decisions as f64 / seconds,
            p50_ns: nanos(times.value_at_quantile(0.5)),
            p99_ns: nanos(times.value_at_quantile(0.99)),
            p999_ns: nanos(times.value_at_quantile(0.999)),
            max_ns: nanos(times.max()),
            spread: spread(times),
        }
    }
}

/// From the fastest to the 99.9th percentile in sixteen equal steps of the logarithm.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a picture"
)]
fn spread(times: &Times) -> String {
    const STEPS: i32 = 16;
    let (low, high) = (times.min().max(1) as f64, times.value_at_quantile(0.999).max(2) as f64);
    let edge = |step: i32| (low * (high / low).powf(f64::from(step) / f64::from(STEPS))) as u64;
    let counts: Vec<u64> = (0..STEPS)
        .map(|step| times.count_between(edge(step), edge(step + 1).saturating_sub(1)))
        .collect();
    let most = counts.iter().copied().max().unwrap_or(0).max(1);
    let bar = |count: u64| match (count * 8).div_ceil(most) {
        0 => ' ',
        height => char::from_u32(0x2580 + u32::try_from(height).unwrap_or(8)).unwrap_or('█'),
    };
    counts.into_iter().map(bar).collect()
}
