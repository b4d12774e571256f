//! `first 5` through the gate, from many processes and threads on one database, some of them
//! killed: never a sixth, and nothing acknowledged is lost.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use fence::store::{LogQuery, Store as _};
use fence::{Decision, Effect, Gate, SqliteStore, ToolCall};
use std::collections::HashSet;
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

const CHILD: &str = "FENCE_TEST_FIRST_FIVE";
const POLICY: &str = "fence 1 policy p ask send_* as warm_up { auto first 5 per session }";
const ROUNDS: usize = 4;
const PROCESSES: usize = 8;
const THREADS: usize = 8;
const CALLS: usize = 30;
/// Fewer acknowledgements than this a round would prove nothing.
const LEAST: usize = 200;

fn gate(path: &Path) -> Gate {
    let store = SqliteStore::open(path).unwrap();
    Gate::builder().policy_text("p.fence", POLICY).unwrap().store(store).build().unwrap()
}

/// Decides calls of one session in 8 threads; says each decision once it is durable.
#[test]
#[ignore = "run by the other test, in a process of its own"]
fn child_decides() {
    let Ok(orders) = std::env::var(CHILD) else { return };
    let (session, path) = orders.split_once(' ').unwrap();
    let gate = gate(Path::new(path));
    std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let gate = &gate;
            scope.spawn(move || {
                for number in 0..CALLS {
                    let call = ToolCall::new("send_mail").session(session);
                    let call = call.arg("number", (thread * CALLS + number) as u64);
                    let decision = gate.decide_blocking(&call).unwrap();
                    let mut out = std::io::stdout().lock();
                    writeln!(out, "decided {} {}", decision.decision, decision.id).unwrap();
                    out.flush().unwrap();
                }
            });
        }
    });
}

fn start(path: &Path, session: &str) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "--nocapture", "child_decides"])
        .env(CHILD, format!("{session} {}", path.display()))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Runs the children of one round, killing every other one part-way, and gives back what they
/// said.
fn round(path: &Path, session: &str, round: usize) -> Vec<(String, String)> {
    let mut children: Vec<Child> = (0..PROCESSES).map(|_| start(path, session)).collect();
    let outputs: Vec<_> = children.iter_mut().map(|child| child.stdout.take().unwrap()).collect();
    let readers: Vec<_> = outputs
        .into_iter()
        .map(|mut output| {
            std::thread::spawn(move || {
                let mut bytes = Vec::new();
                output.read_to_end(&mut bytes).unwrap();
                String::from_utf8(bytes).unwrap()
            })
        })
        .collect();
    children.iter_mut().for_each(|child| drop(child.stdin.take()));
    for (number, child) in children.iter_mut().enumerate() {
        if number % 2 == 1 {
            std::thread::sleep(Duration::from_millis((20 + 37 * number + 11 * round) as u64 / 2));
            child.kill().unwrap();
        }
        child.wait().unwrap();
    }
    readers.into_iter().flat_map(|reader| said(&reader.join().unwrap())).collect()
}

/// The whole lines a child said; a line cut short by the kill acknowledges nothing.
fn said(output: &str) -> Vec<(String, String)> {
    let whole = output.rfind('\n').map_or("", |end| &output[..=end]);
    let words = whole.lines().filter_map(|line| line.strip_prefix("decided ")?.split_once(' '));
    words.map(|(decision, id)| (decision.to_owned(), id.to_owned())).collect()
}

#[test]
fn first_five_is_five_from_many_processes_some_of_them_killed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("fence.db");
    drop(gate(&path));
    for number in 0..ROUNDS {
        let session = format!("round-{number}");
        let said = round(&path, &session, number);
        assert!(said.len() >= LEAST, "only {} decisions were acknowledged", said.len());
        let (mut released, mut logged) = (0, HashSet::new());
        let store = SqliteStore::open(&path).unwrap();
        let mut visit = |found: fence::store::Logged| {
            if found.entry.session.as_deref() == Some(&session) {
                let decision: Decision = serde_json::from_str(&found.entry.body).unwrap();
                released += usize::from(decision.decision == Effect::Allow);
                logged.insert((decision.decision.to_string(), decision.id));
            }
            true
        };
        store.log(&LogQuery::default(), &mut visit).unwrap();
        assert_eq!(released, 5, "{session}");
        for acknowledged in &said {
            assert!(logged.contains(acknowledged), "{acknowledged:?} is not in the log");
        }
        assert!(said.iter().filter(|(decision, _)| decision == "allow").count() <= 5);
    }
}
