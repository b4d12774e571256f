//! Many processes on one database, some of them killed: no slot twice, nothing acknowledged lost.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod store_support;

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use fence::store::{CallScope, Entry, LogQuery, SqliteStore, Transaction};
use store_support::*;

const CHILD: &str = "FENCE_TEST_CHILD";
const ROUNDS: u64 = 6;
const PROCESSES: u64 = 8;
const THREADS: u64 = 8;
const DECISIONS: u64 = 25;
const SLOTS: u64 = 5;

/// What a child is told: where, as whom, which counter, how much.
struct Orders {
    path: String,
    process: u64,
    round: u64,
    threads: u64,
    decisions: u64,
}

impl Orders {
    fn to_text(&self) -> String {
        let Self { path, process, round, threads, decisions } = self;
        format!("{process} {round} {threads} {decisions} {path}")
    }

    fn from_text(text: &str) -> Self {
        let fields: Vec<&str> = text.splitn(5, ' ').collect();
        let number = |field: usize| fields[field].parse().unwrap();
        Self {
            path: fields[4].to_owned(),
            process: number(0),
            round: number(1),
            threads: number(2),
            decisions: number(3),
        }
    }

    /// Starts the child; it begins to decide when its input ends.
    fn start(&self) -> Child {
        Command::new(std::env::current_exe().unwrap())
            .args(["--ignored", "--exact", "--nocapture", "child_decides"])
            .env(CHILD, self.to_text())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap()
    }
}

#[test]
#[ignore = "run by the other tests, in a process of its own"]
fn child_decides() {
    let Ok(text) = std::env::var(CHILD) else { return };
    let orders = Orders::from_text(&text);
    let store = SqliteStore::open(&orders.path).unwrap();
    say("ready");
    std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
    std::thread::scope(|scope| {
        for thread in 0..orders.threads {
            let (store, orders) = (&store, &orders);
            scope.spawn(move || decide(store, orders, thread));
        }
    });
}

/// "First five per round" again and again; says so only once it is durable.
fn decide(store: &SqliteStore, orders: &Orders, thread: u64) {
    for decision in 0..orders.decisions {
        let number = ((orders.round * 1000 + orders.process) * 1000 + thread) * 1000 + decision + 1;
        let entry = Entry { rule: Some(format!("round {}", orders.round)), ..entry(number) };
        let counter = counter(orders.round);
        let run = move |tx: &mut dyn Transaction| first(tx, counter, SLOTS, &entry);
        match perform(store, run) {
            Ok(released) => say(&format!("acknowledged {number} {}", u8::from(!released))),
            Err(error) => say(&format!("failed {number} {error}")),
        }
    }
}

fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    // One write, so that a kill cannot leave half of it; the parent may be gone.
    drop(out.write_all(format!("{line}\n").as_bytes()));
    drop(out.flush());
}

/// What a child said, line by line, until it ended; a line cut off by its death does not count.
fn listen(child: &mut Child) -> impl FnOnce() -> Vec<String> + Send + use<> {
    let mut out = child.stdout.take().unwrap();
    move || {
        let mut text = String::new();
        out.read_to_string(&mut text).unwrap();
        let whole = text.rfind('\n').map_or("", |end| &text[..end]);
        whole.lines().map(str::to_owned).collect()
    }
}

fn wait_until_ready(child: &mut Child) {
    let out = child.stdout.as_mut().unwrap();
    let mut said = Vec::new();
    let mut byte = [0];
    while !said.ends_with(b"ready\n") {
        assert_eq!(out.read(&mut byte).unwrap(), 1, "a child ended before it was ready");
        said.push(byte[0]);
    }
}

fn random(below: u64) -> u64 {
    RandomState::new().hash_one(0) % below
}

/// Lets all children decide at once, kills the first `killed` of them along the way, and answers
/// what each said.
fn race(orders: &[Orders], killed: usize) -> Vec<Vec<String>> {
    let mut children: Vec<Child> = orders.iter().map(Orders::start).collect();
    children.iter_mut().for_each(wait_until_ready);
    std::thread::scope(|scope| {
        for child in &mut children {
            drop(child.stdin.take());
        }
        let said: Vec<_> = children.iter_mut().map(|child| scope.spawn(listen(child))).collect();
        for child in &mut children[..killed] {
            std::thread::sleep(Duration::from_millis(random(80)));
            child.kill().unwrap();
        }
        for (number, child) in children.iter_mut().enumerate() {
            let status = child.wait().unwrap();
            assert!(status.success() || number < killed, "child {number}: {status}");
        }
        said.into_iter().map(|said| said.join().unwrap()).collect()
    })
}

/// The decisions that were acknowledged: number to decision.
fn acknowledged(said: &[String]) -> HashMap<u64, u8> {
    let words = said.iter().map(|line| line.split(' ').collect::<Vec<_>>());
    words
        .filter(|words| words.first() == Some(&"acknowledged"))
        .map(|words| (words[1].parse().unwrap(), words[2].parse().unwrap()))
        .collect()
}

fn check_round(path: &Path, round: u64, promised: &HashMap<u64, u8>) {
    let store = SqliteStore::open(path).unwrap();
    let query = LogQuery { rule: Some(format!("round {round}")), ..LogQuery::default() };
    let found: HashMap<[u8; 16], u8> = log(&store, &query)
        .into_iter()
        .map(|logged| (logged.entry.id, logged.entry.decision))
        .collect();
    let released = found.values().filter(|&&decision| decision == 0).count() as u64;
    assert_eq!(released, SLOTS, "round {round}");
    for (&number, decision) in promised {
        assert_eq!(found.get(&id(number)), Some(decision), "{number} of round {round}");
    }
    let all = seqs(&store, &LogQuery::default());
    assert_eq!(all, (1..=all.len() as u64).collect::<Vec<u64>>());
}

#[test]
fn killed_processes_take_no_slot_twice_and_lose_nothing_acknowledged() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("fence.db");
    let (mut promises, mut of_the_killed, mut cut_short) = (0, 0, 0);
    let start = Instant::now();
    for round in 0..ROUNDS {
        let orders: Vec<Orders> = (0..PROCESSES)
            .map(|process| Orders {
                path: path.display().to_string(),
                process,
                round,
                threads: THREADS,
                decisions: DECISIONS,
            })
            .collect();
        let killed = 4;
        let said = race(&orders, killed);
        let promised: Vec<HashMap<u64, u8>> = said.iter().map(|said| acknowledged(said)).collect();
        for (said, promised) in said.iter().zip(&promised).skip(killed) {
            let failed: Vec<_> = said.iter().filter(|line| line.starts_with("failed")).collect();
            assert_eq!(promised.len() as u64, THREADS * DECISIONS, "{failed:?}");
        }
        let all = promised.iter().flatten().map(|(&number, &decision)| (number, decision));
        check_round(&path, round, &all.collect());
        promises += promised.iter().map(HashMap::len).sum::<usize>();
        of_the_killed += promised[..killed].iter().map(HashMap::len).sum::<usize>();
        let whole = usize::try_from(THREADS * DECISIONS).unwrap();
        cut_short += promised[..killed].iter().filter(|one| one.len() < whole).count();
    }
    println!(
        "{promises} acknowledged, {of_the_killed} by the killed, {cut_short} cut short, in {:?}",
        start.elapsed()
    );
    assert!(promises >= 4000, "only {promises} decisions were acknowledged");
    assert!(of_the_killed >= 100, "the killed had acknowledged only {of_the_killed}");
    assert!(cut_short >= 5, "only {cut_short} processes died at work");
}

#[test]
fn each_of_64_processes_gets_its_turn() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("fence.db");
    let orders: Vec<Orders> = (0..64)
        .map(|process| Orders {
            path: path.display().to_string(),
            process,
            round: 0,
            threads: 1,
            decisions: 5,
        })
        .collect();
    let start = Instant::now();
    let said = race(&orders, 0);
    println!("64 processes in {:?}", start.elapsed());
    for (process, said) in said.iter().enumerate() {
        assert_eq!(acknowledged(said).len(), 5, "process {process} said {said:?}");
    }
    let promised = said.iter().flat_map(|said| acknowledged(said)).collect();
    check_round(&path, 0, &promised);
}

/// Short processes, one after the other and beside each other, must not let the side files grow.
#[test]
fn short_lives_leave_a_short_write_ahead_log() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("fence.db");
    for number in 1..=300 {
        let store = SqliteStore::open(&path).unwrap();
        perform(&store, move |tx| tx.append(&CallScope::Nobody, &entry(number))).unwrap();
    }
    let length = std::fs::metadata(home.path().join("fence.db-wal")).unwrap().len();
    assert!(length < 400 * 4120, "the log has {length} bytes");
}
