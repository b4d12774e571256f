//! What a hook costs: a process with its row durable, against the disk's own sync.

use crate::support::{event, place};
use serde_json::json;
use std::io::Write as _;
use std::time::{Duration, Instant};

const RUNS: usize = 60;

/// `cargo test --profile assurance --test hook speed -- --nocapture` prints the figures.
#[test]
fn a_hook_costs_little_more_than_the_disk() {
    let place = place();
    let event = event("claude-code", "Read", &json!({"file_path": "/repo/a"}));
    place.hook("claude-code", &event);
    let (mut hooks, mut syncs) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        let begun = Instant::now();
        assert_eq!(place.hook("claude-code", &event).code, 0);
        hooks.push(begun.elapsed());
        syncs.push(sync(&place));
    }
    let (hook, sync) = (median(&mut hooks), median(&mut syncs));
    println!("a hook: {hook:?} at p50, of which the disk's sync {sync:?}");
    // Generous: a debug build on a busy machine.
    assert!(hook < sync * 3 + Duration::from_millis(250), "{hook:?} against {sync:?}");
    let log = place.run(&["log", "--db", "fence.db", "--json"], b"").json();
    assert_eq!(log.len(), RUNS + 1);
}

/// What the disk takes to make a row's worth durable.
fn sync(place: &crate::cli_place::Place) -> Duration {
    let mut file =
        std::fs::File::options().append(true).create(true).open(place.path("sync")).unwrap();
    file.write_all(&[7; 4096]).unwrap();
    let begun = Instant::now();
    file.sync_data().unwrap();
    begun.elapsed()
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}
