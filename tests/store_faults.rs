//! What an SQLite store answers when its file, its disk or its neighbours misbehave.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod store_support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::time::{Duration, Instant};

use fence::store::{
    CallScope, Entry, LogQuery, Options, SqliteStore, Store, StoreError, Transaction, Work,
};
use rusqlite::Connection;
use store_support::*;
use tempfile::TempDir;

fn home() -> (TempDir, PathBuf) {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("fence.db");
    (home, path)
}

/// A database with so many decisions, copied out of its write-ahead log.
fn filled(path: &Path, decisions: u64) {
    let store = SqliteStore::open(path).unwrap();
    perform(&store, move |tx| {
        (1..=decisions)
            .try_for_each(|number| tx.append(&CallScope::Nobody, &entry(number)).map(drop))
    })
    .unwrap();
    drop(store);
    let plain = Connection::open(path).unwrap();
    plain.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
}

fn impatient() -> Options {
    let mut options = Options::default();
    options.busy_timeout = Duration::from_millis(200);
    options
}

#[test]
fn a_reopened_file_has_everything() {
    let (_home, path) = home();
    let store = SqliteStore::open(&path).unwrap();
    perform(&store, |tx| {
        let claimed = Entry { call_id: Some("c".to_owned()), ..entry(1) };
        tx.append(&CallScope::Nobody, &claimed)?;
        tx.take(counter(1), fence::store::CounterSpan::Total, at(1))?;
        tx.advance_clock_mark(at(9))?;
        tx.insert_request(&request(1, 1, 0, 100))
    })
    .unwrap();
    drop(store);
    let store = SqliteStore::open(&path).unwrap();
    let found = perform(&store, |tx| {
        let used = tx.used(counter(1), fence::store::CounterSpan::Total, 9)?;
        let earlier = tx.earlier(&CallScope::Nobody, "c")?.map(|logged| logged.seq);
        let open = tx.open_request([1; 32], at(1))?.map(|request| request.id);
        Ok((used, tx.clock_mark()?, earlier, open))
    });
    assert_eq!(found, Ok((1, Some(at(9)), Some(1), Some(id(1)))));
    assert_eq!(append(&store, entry(2)), Ok(2));
}

/// SRV-039
#[cfg(unix)]
#[test]
fn a_link_in_place_of_the_database_is_refused() {
    let home = tempfile::tempdir().unwrap();
    let (link, elsewhere) = (home.path().join("fence.db"), home.path().join("elsewhere"));
    std::os::unix::fs::symlink(&elsewhere, &link).unwrap();
    let refused = SqliteStore::open(&link).unwrap_err().to_string();
    assert!(refused.contains("symbolic link"), "{refused}");
    assert!(!elsewhere.exists());
}

#[cfg(unix)]
#[test]
fn only_the_owner_may_read_the_files() {
    use std::os::unix::fs::PermissionsExt;
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("deep/down/fence.db");
    let store = SqliteStore::open(&path).unwrap();
    append(&store, entry(1)).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&home.path().join("deep")), 0o700);
    assert_eq!(mode(&home.path().join("deep/down")), 0o700);
    for file in ["fence.db", "fence.db-wal", "fence.db-shm"] {
        assert_eq!(mode(&home.path().join("deep/down").join(file)), 0o600, "{file}");
    }
}

#[test]
fn random_bytes_are_no_database() {
    let (_home, path) = home();
    let noise: Vec<u8> =
        (0..20_000_u32).flat_map(|i| i.wrapping_mul(2_654_435_761).to_be_bytes()).collect();
    fs::write(&path, noise).unwrap();
    let Err(StoreError::Corrupt(why)) = SqliteStore::open(&path) else { panic!("it opened") };
    assert!(why.contains("fence.db"), "{why}");
}

#[test]
fn a_cut_file_is_damaged() {
    for (keep, of) in [(1, 2), (9, 10), (1, 100)] {
        let (_home, path) = home();
        filled(&path, 2000);
        let length = fs::metadata(&path).unwrap().len();
        fs::OpenOptions::new()
            .write(true)
            .open(&path)
            .unwrap()
            .set_len(length * keep / of)
            .unwrap();
        let outcome = SqliteStore::open(&path).map(drop);
        assert!(matches!(outcome, Err(StoreError::Corrupt(_))), "{keep}/{of}: {outcome:?}");
    }
}

/// Overwrites pages one after the other: whatever happens, it is an error or right, never a panic.
#[test]
fn damaged_pages_are_errors() {
    let (home, path) = home();
    filled(&path, 300);
    let sound = fs::read(&path).unwrap();
    let mut damaged = 0;
    for page in 0..sound.len() / 4096 {
        let path = home.path().join(format!("{page}.db"));
        let mut bytes = sound.clone();
        for (byte, more) in bytes[page * 4096..(page + 1) * 4096].iter_mut().zip((1..=251).cycle())
        {
            *byte = byte.wrapping_add(more);
        }
        fs::write(&path, bytes).unwrap();
        let store = match SqliteStore::open(&path) {
            Ok(store) => store,
            Err(error) => {
                assert!(matches!(error, StoreError::Corrupt(_)), "page {page}: {error:?}");
                damaged += 1;
                continue;
            }
        };
        let mut seen = 0;
        let read = store.log(&LogQuery::default(), &mut |_| {
            seen += 1;
            true
        });
        let written = append(&store, entry(1000));
        damaged += u32::from(read.is_err() || written.is_err() || seen < 300);
        for error in [read.err(), written.err()].into_iter().flatten() {
            let expected = matches!(error, StoreError::Corrupt(_) | StoreError::Refused(_));
            assert!(expected, "page {page}: {error:?}");
        }
    }
    assert!(damaged > 10, "only {damaged} damaged pages were noticed");
}

#[test]
fn another_programs_database_is_left_alone() {
    let (_home, path) = home();
    let plain = Connection::open(&path).unwrap();
    plain.execute_batch("CREATE TABLE songs(title TEXT)").unwrap();
    let outcome = SqliteStore::open(&path).map(drop);
    assert!(matches!(&outcome, Err(StoreError::Corrupt(why)) if why.contains("another program")));
}

#[test]
fn a_newer_version_is_not_touched() {
    let (_home, path) = home();
    filled(&path, 1);
    Connection::open(&path).unwrap().pragma_update(None, "user_version", 7).unwrap();
    let outcome = SqliteStore::open(&path).map(drop);
    assert_eq!(outcome, Err(StoreError::Newer { found: 7, known: 1 }));
}

#[test]
fn a_lock_held_too_long_is_reported_in_time() {
    let (_home, path) = home();
    let store = SqliteStore::open_with(&path, impatient()).unwrap();
    append(&store, entry(1)).unwrap();
    let other = Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let start = Instant::now();
    assert_eq!(append(&store, entry(2)), Err(StoreError::Locked));
    let waited = start.elapsed();
    assert!((200..400).contains(&waited.as_millis()), "{waited:?}");
    // Reading goes on, and so does writing once the lock is gone.
    assert!(store.entry(id(1)).unwrap().is_some());
    let waiting = submit(&store, |tx| tx.append(&CallScope::Nobody, &entry(2)));
    std::thread::sleep(Duration::from_millis(50));
    other.execute_batch("ROLLBACK").unwrap();
    assert_eq!(waiting.recv().unwrap(), Ok(2));
}

#[test]
fn a_full_file_refuses_and_recovers() {
    let (_home, path) = home();
    let mut options = Options::default();
    options.max_pages = Some(60);
    let store = SqliteStore::open_with(&path, options).unwrap();
    let written = (1..).find(|&number| append(&store, entry(number)) != Ok(number)).unwrap() - 1;
    assert_eq!(append(&store, entry(9999)), Err(StoreError::Full));
    assert!(written > 100, "only {written} went in");
    assert_eq!(seqs(&store, &LogQuery::default()), (1..=written).collect::<Vec<u64>>());
    drop(store);
    let store = SqliteStore::open(&path).unwrap();
    assert_eq!(append(&store, entry(9999)), Ok(written + 1));
}

const CHILD: &str = "FENCE_TEST_DATABASE";

/// Runs one ignored test of this file in a process of its own, through `command`.
fn child(mut command: Command, test: &str, path: &Path) -> std::io::Result<String> {
    let output =
        command.args(["--ignored", "--exact", "--nocapture", test]).env(CHILD, path).output()?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}{complaint}");
    Ok(said)
}

fn child_path() -> Option<PathBuf> {
    std::env::var_os(CHILD).map(PathBuf::from)
}

/// A disk that takes no more bytes: the commit itself fails.
#[cfg(unix)]
#[test]
fn a_failed_commit_is_an_error_and_nothing_acknowledged_is_lost() {
    let (_home, path) = home();
    filled(&path, 1);
    let mut shell = Command::new("sh");
    shell.args(["-c", "trap '' XFSZ; ulimit -f 400; exec \"$0\" \"$@\""]);
    shell.arg(std::env::current_exe().unwrap());
    let said = child(shell, "child_writes_until_the_limit", &path).unwrap();
    let acknowledged = said.lines().rev().find_map(|line| line.strip_prefix("acknowledged "));
    let acknowledged: u64 = acknowledged.unwrap().parse().unwrap();
    assert!(acknowledged > 5, "{said}");
    let store = SqliteStore::open(&path).unwrap();
    let found = seqs(&store, &LogQuery::default());
    // What failed to commit may turn up later, but nothing was acknowledged in vain.
    assert!(found.len() as u64 >= acknowledged, "{} of {acknowledged}", found.len());
    assert_eq!(found, (1..=found.len() as u64).collect::<Vec<u64>>());
    assert_eq!(append(&store, entry(9999)), Ok(found.len() as u64 + 1));
}

#[test]
#[ignore = "run by a_failed_commit_is_an_error_and_nothing_acknowledged_is_lost"]
fn child_writes_until_the_limit() {
    let Some(path) = child_path() else { return };
    let store = SqliteStore::open(&path).unwrap();
    let mut failures = 0;
    for number in 2..2000 {
        match append(&store, entry(number)) {
            Ok(seq) => println!("acknowledged {seq}"),
            Err(StoreError::Full | StoreError::Failed(_)) => failures += 1,
            Err(error) => panic!("{error:?}"),
        }
        if failures > 3 {
            return;
        }
    }
    panic!("the limit was never reached");
}

/// As the user nobody where this runs as root, whom no permission stops.
#[cfg(unix)]
#[test]
fn what_may_not_be_written_is_read_only() {
    use std::os::unix::fs::PermissionsExt;
    use std::os::unix::process::CommandExt;
    let (home, path) = home();
    filled(&path, 1);
    let program = home.path().join("program");
    fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
    let root = fs::metadata("/proc/self").is_ok_and(|own| {
        use std::os::unix::fs::MetadataExt;
        own.uid() == 0
    });
    for (directory, file) in [(0o755, 0o444), (0o555, 0o666)] {
        fs::set_permissions(&path, fs::Permissions::from_mode(file)).unwrap();
        for side in ["fence.db-wal", "fence.db-shm"] {
            drop(fs::remove_file(home.path().join(side)));
        }
        fs::set_permissions(home.path(), fs::Permissions::from_mode(directory)).unwrap();
        let mut command = Command::new(&program);
        if root {
            command.uid(65_534).gid(65_534);
        }
        let outcome = child(command, "child_finds_it_read_only", &path);
        fs::set_permissions(home.path(), fs::Permissions::from_mode(0o755)).unwrap();
        if let Err(error) = outcome {
            println!("skipped: no child as another user: {error}");
        }
    }
}

#[test]
#[ignore = "run by what_may_not_be_written_is_read_only"]
fn child_finds_it_read_only() {
    let Some(path) = child_path() else { return };
    let outcome = SqliteStore::open(&path).map(drop);
    assert!(matches!(outcome, Err(StoreError::ReadOnly(_))), "{outcome:?}");
    let outcome = SqliteStore::open(path.with_file_name("new.db")).map(drop);
    let writable = fs::write(path.with_file_name("probe"), "").is_ok();
    assert_eq!(outcome.is_ok(), writable, "{outcome:?}");
}

/// Holds the store until it is finished.
struct Owner {
    store: Option<Arc<SqliteStore>>,
    nap: Duration,
    ended: Sender<Result<(), StoreError>>,
}

impl Work for Owner {
    fn run(&mut self, _: &mut dyn Transaction) -> Result<(), StoreError> {
        std::thread::sleep(self.nap);
        Ok(())
    }

    fn finish(mut self: Box<Self>, outcome: Result<(), StoreError>) {
        drop(self.store.take());
        drop(self.ended.send(outcome));
    }
}

#[test]
fn a_store_may_be_dropped_by_the_work_it_finishes() {
    for works in [1, 10, 200] {
        let home = tempfile::tempdir().unwrap();
        let store = Arc::new(SqliteStore::open(home.path().join("fence.db")).unwrap());
        let (ended, outcomes) = channel();
        for number in 0..works {
            // While the first naps, the others gather behind it.
            let nap = Duration::from_millis(if number == 0 { 100 } else { 0 });
            let work = Owner { store: Some(Arc::clone(&store)), nap, ended: ended.clone() };
            store.submit(Box::new(work));
        }
        drop(store);
        for _ in 0..works {
            assert_eq!(outcomes.recv_timeout(Duration::from_secs(20)), Ok(Ok(())));
        }
    }
}
