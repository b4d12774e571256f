//! Figures of group commit: `cargo test --release --test gate_speed -- --ignored --nocapture`.
//!
//! The whole line, from a call to its durable decision, at 1, 16 and 256 callers: once with a
//! commit for each decision and once with commits shared, in turns, so that both meet the same
//! machine. Callers are threads, and tasks of a runtime as a server has them.
#![expect(clippy::unwrap_used, reason = "a measurement fails by panicking")]

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use fence::store::Options;
use fence::{Gate, SqliteStore, ToolCall};

const SPAN: Duration = Duration::from_millis(700);
const ROUNDS: usize = 5;

#[derive(Clone, Copy, Debug)]
enum Callers {
    Threads,
    Tasks,
}

#[test]
#[ignore = "a measurement"]
fn shared_commits_against_one_each() {
    let (together, mut alone) = (Options::default(), Options::default());
    alone.batch_limit = 1;
    for kind in [Callers::Threads, Callers::Tasks] {
        for callers in numbers() {
            let mut rates = [Vec::new(), Vec::new()];
            for _ in 0..ROUNDS {
                rates[0].push(rate(kind, callers, &alone));
                rates[1].push(rate(kind, callers, &together));
            }
            let [each, shared] = rates.map(median);
            let times = shared / each;
            println!(
                "{callers:>4} {kind:?}: {each:>6.0}/s one commit each, {shared:>6.0}/s shared, {times:.1}x"
            );
        }
    }
}

/// Which numbers of callers: `CALLERS=16,256`; with `CALL_IDS=1` each call has an id.
fn numbers() -> Vec<u64> {
    let text = std::env::var("CALLERS").unwrap_or_else(|_| "1,16,256".to_owned());
    text.split(',').map(|number| number.parse().unwrap()).collect()
}

fn median(mut rates: Vec<f64>) -> f64 {
    rates.sort_by(f64::total_cmp);
    rates[rates.len() / 2]
}

/// Decisions a second.
fn rate(kind: Callers, callers: u64, options: &Options) -> f64 {
    let home = tempfile::tempdir().unwrap();
    let store = SqliteStore::open_with(home.path().join("fence.db"), options.clone()).unwrap();
    let policy = include_str!("../examples/policies/content_manager.fence");
    let gate = Gate::builder().policy_text("p.fence", policy).unwrap().store(store);
    let gate = gate.build().unwrap();
    match kind {
        Callers::Threads => threads(&gate, callers),
        Callers::Tasks => tasks(&gate, callers),
    }
}

fn threads(gate: &Gate, callers: u64) -> f64 {
    let (next, start) = (AtomicU64::new(0), Instant::now());
    std::thread::scope(|scope| {
        for _ in 0..callers {
            scope.spawn(|| {
                while start.elapsed() < SPAN {
                    let call = call(next.fetch_add(1, Ordering::Relaxed));
                    gate.decide_blocking(&call).unwrap();
                }
            });
        }
    });
    next.into_inner() as f64 / start.elapsed().as_secs_f64()
}

fn tasks(gate: &Gate, callers: u64) -> f64 {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    let start = Instant::now();
    let done: u64 = runtime.unwrap().block_on(async {
        let tasks: Vec<_> = (0..callers)
            .map(|caller| tokio::spawn(task(gate.clone(), caller << 32, start)))
            .collect();
        let mut done = 0;
        for task in tasks {
            done += task.await.unwrap();
        }
        done
    });
    done as f64 / start.elapsed().as_secs_f64()
}

async fn task(gate: Gate, from: u64, start: Instant) -> u64 {
    let mut done = 0;
    while start.elapsed() < SPAN {
        gate.decide(&call(from + done)).await.unwrap();
        done += 1;
    }
    done
}

/// Mostly reads, some writes, nothing that must be asked.
fn call(number: u64) -> ToolCall {
    const TOOLS: [&str; 8] = [
        "blog_list_posts",
        "blog_read_post",
        "analytics_read_daily",
        "seo_audit_page",
        "db_write_row",
        "blog_read_draft",
        "blog_delete_post",
        "unknown_tool",
    ];
    let tool = TOOLS[usize::try_from(number % 8).unwrap()];
    let call = ToolCall::new(tool).arg("id", number).arg("title", format!("post {number}"));
    let call = call.agent(format!("content-{}", number % 30)).session(format!("s-{}", number / 50));
    match std::env::var_os("CALL_IDS") {
        Some(_) => {
            call.call_id(format!("toolu_{:024x}", number.wrapping_mul(0x9e37_79b9_7f4a_7c15)))
        }
        None => call,
    }
}
