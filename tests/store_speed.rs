//! Figures of the SQLite store: `cargo test --release --test store_speed -- --ignored --nocapture`.
#![expect(clippy::unwrap_used, reason = "a measurement fails by panicking")]

mod store_support;

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use fence::store::{CallScope, CounterSpan, Entry, LogQuery, Options, SqliteStore, Store};
use store_support::*;

const SPAN: Duration = Duration::from_secs(2);

/// A decision as the gate makes them: a body of about 700 bytes, 40 tools, 30 agents, 20 rules.
fn decision(number: u64) -> Entry {
    let mut id = id(number.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    id[..8].copy_from_slice(&(number / 4).to_be_bytes());
    Entry {
        id,
        tool: format!("server-{}/tool-{}", number % 4, number % 40),
        agent: Some(format!("agent-{}", number % 30)),
        session: Some(format!("session-{}", number / 50)),
        call_id: Some(format!("toolu_{:024x}", number.wrapping_mul(0x9e37_79b9_7f4a_7c15))),
        rule: Some(format!("rule-{}", number % 20)),
        decision: u8::from(number.is_multiple_of(5)),
        body: "x".repeat(700),
        ..entry(number)
    }
}

fn decide(store: &SqliteStore, number: u64) {
    let entry = decision(number);
    perform(store, move |tx| {
        let scope = CallScope::Session(entry.session.clone().unwrap_or_default());
        if tx.earlier(&scope, entry.call_id.as_deref().unwrap_or_default())?.is_some() {
            return Ok(());
        }
        tx.clock_mark()?;
        if tx.used(counter(number % 100), CounterSpan::Total, 1_000_000)? < 1_000_000 {
            tx.take(counter(number % 100), CounterSpan::Total, entry.at)?;
        }
        tx.keep_policy([1; 32], "policy")?;
        tx.advance_clock_mark(entry.at)?;
        tx.append(&scope, &entry).map(drop)
    })
    .unwrap();
}

/// Decisions a second with so many threads deciding one after the other.
fn rate(callers: u64, options: Options) -> f64 {
    let home = tempfile::tempdir().unwrap();
    let store = SqliteStore::open_with(home.path().join("fence.db"), options).unwrap();
    let next = AtomicU64::new(0);
    let start = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..callers {
            scope.spawn(|| {
                while start.elapsed() < SPAN {
                    decide(&store, next.fetch_add(1, Ordering::Relaxed));
                }
            });
        }
    });
    next.into_inner() as f64 / start.elapsed().as_secs_f64()
}

#[test]
#[ignore = "a measurement"]
fn decisions_a_second() {
    let mut alone = Options::default();
    alone.batch_limit = 1;
    let callers = std::env::var("CALLERS").map_or(vec![1, 16, 256], |text| {
        text.split(',').map(|number| number.parse().unwrap()).collect()
    });
    for callers in callers {
        let single = rate(callers, alone.clone());
        let grouped = rate(callers, Options::default());
        println!(
            "{callers:>4} callers: {single:>7.0}/s one commit each, {grouped:>7.0}/s grouped, {:.1}x",
            grouped / single
        );
    }
}

#[test]
#[ignore = "a measurement"]
fn one_decision_and_a_short_process() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("fence.db");
    let store = SqliteStore::open(&path).unwrap();
    let each = |what: &str, mut run: Box<dyn FnMut(u64) + '_>| {
        let mut times: Vec<Duration> = (0..500)
            .map(|number| {
                let start = Instant::now();
                run(number);
                start.elapsed()
            })
            .collect();
        times.sort();
        println!("{what}: median {:?}, 99 % {:?}", times[250], times[495]);
    };
    let mut file = std::fs::File::create(home.path().join("plain")).unwrap();
    each(
        "32 KiB written and synced",
        Box::new(|_| {
            std::io::Write::write_all(&mut file, &[1; 32768]).unwrap();
            file.sync_data().unwrap();
        }),
    );
    each("one durable decision", Box::new(|number| decide(&store, number)));
    drop(store);
    each(
        "open, one decision, close",
        Box::new(|number| {
            decide(&SqliteStore::open(&path).unwrap(), 1_000_000 + number);
        }),
    );
    each("open, close", Box::new(|_| drop(SqliteStore::open(&path).unwrap())));
}

#[test]
#[ignore = "a measurement"]
fn bytes_a_decision_and_queries() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("fence.db");
    let store = SqliteStore::open(&path).unwrap();
    let total: u64 = std::env::var("DECISIONS").map_or(1_000_000, |text| text.parse().unwrap());
    let start = Instant::now();
    for thousand in 0..total / 1000 {
        perform(&store, move |tx| {
            for number in thousand * 1000..(thousand + 1) * 1000 {
                let entry = decision(number);
                let scope = CallScope::Session(entry.session.clone().unwrap_or_default());
                tx.append(
                    &scope,
                    &Entry {
                        rule: (number == total / 3)
                            .then(|| "rare".to_owned())
                            .or(entry.rule.clone()),
                        ..entry
                    },
                )?;
            }
            Ok(())
        })
        .unwrap();
    }
    let bytes = std::fs::metadata(&path).unwrap().len();
    println!("{total} decisions in {:?}, {} bytes each", start.elapsed(), bytes / total);
    let any = LogQuery { limit: Some(100), ..LogQuery::default() };
    let text = |text: &str| Some(text.to_owned());
    let middle = i64::try_from(total / 2).unwrap();
    for (what, query) in [
        ("newest", any.clone()),
        ("tool", LogQuery { tool: text("server-3/tool-7"), ..any.clone() }),
        ("agent", LogQuery { agent: text("agent-7"), ..any.clone() }),
        (
            "agent and tool",
            LogQuery { agent: text("agent-7"), tool: text("server-3/tool-7"), ..any.clone() },
        ),
        ("decision", LogQuery { decision: Some(1), ..any.clone() }),
        ("rule", LogQuery { rule: text("rule-3"), ..any.clone() }),
        ("one of them all", LogQuery { rule: text("rare"), ..any.clone() }),
        ("until the middle", LogQuery { until: Some(at(middle)), ..any.clone() }),
        (
            "until the middle, tool",
            LogQuery { until: Some(at(middle)), tool: text("server-3/tool-7"), ..any.clone() },
        ),
        ("since the future", LogQuery { since: Some(at(i64::MAX)), ..any.clone() }),
    ] {
        let start = Instant::now();
        let found = seqs(&store, &query).len();
        println!("{what}: {found} in {:?}", start.elapsed());
    }
    let start = Instant::now();
    let mut bytes = 0;
    store
        .log(&LogQuery::default(), &mut |logged| {
            bytes += logged.entry.body.len();
            true
        })
        .unwrap();
    println!("all: {bytes} bytes in {:?}", start.elapsed());
}
