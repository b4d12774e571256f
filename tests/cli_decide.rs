//! `fence decide`, driven as a program.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod cli_place;

use cli_place::*;
use std::io::{BufRead as _, BufReader, Write as _};

const POLICY: &str = r#"fence 1 policy p
allow read_*
ask post_* as warm_up { auto first 3 per session }
window office = mon..fri 09:00..17:00
ask night_* { auto during office }
deny drop_* because "never" instead "archive it"
"#;

fn posts(count: usize) -> String {
    (0..count).map(|n| format!("{{\"tool\":\"post_{n}\",\"session\":\"s\"}}\n")).collect()
}

#[test]
fn each_line_gets_its_decision_in_order() {
    let place = Place::new(POLICY);
    let decisions = place.decide(
        &[],
        "{\"tool\":\"read_x\"}\n\n  \nnonsense\n{\"tool\":\"drop_x\"}\r\n{\"tool\":\"post_x\"}\n[]\n{\"tool\":\"read_y\"}",
    );
    let effects = texts(&decisions, "decision");
    assert_eq!(effects, ["allow", "deny", "deny", "ask", "deny", "allow"]);
    assert!(decisions[1]["because"].as_str().unwrap().contains("not strict JSON"));
    assert_eq!(decisions[2]["instead"], "archive it");
    assert!(decisions[3]["request"]["id"].as_str().unwrap().starts_with("r_"));
    assert!(decisions[4]["because"].as_str().unwrap().contains("a JSON object"));
}

#[test]
fn counters_are_used_up_in_the_order_of_the_lines() {
    let place = Place::new(POLICY);
    // An agent may have twenty requests waiting, and the second run adds three.
    let first = texts(&place.decide(&[], &posts(20)), "decision");
    assert_eq!(first[..3], ["allow", "allow", "allow"]);
    assert!(first[3..].iter().all(|effect| effect == "ask"));
    assert!(texts(&place.decide(&[], &posts(3)), "decision").iter().all(|effect| effect == "ask"));
}

#[test]
fn the_settings_say_how_many_requests_of_an_agent_may_wait() {
    let place = Place::new(POLICY);
    place.write("fence.toml", "pending_cap = 2\n");
    let effects = texts(&place.decide(&[], &posts(7)), "decision");
    assert_eq!(effects, ["allow", "allow", "allow", "ask", "ask", "deny", "deny"]);
}

#[test]
fn answers_do_not_wait_for_more_input() {
    let place = Place::new(POLICY);
    let mut child = place.start(&["decide", "p.fence", "--db", "fence.db"]);
    let mut input = child.stdin.take().unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap()).lines();
    for _ in 0..5 {
        // The blank line behind it promises no second call.
        writeln!(input, "{{\"tool\":\"read_x\"}}\n").unwrap();
        input.flush().unwrap();
        assert!(output.next().unwrap().unwrap().contains("\"allow\""));
    }
    drop(input);
    assert!(output.next().is_none());
    assert!(child.wait().unwrap().success());
}

#[test]
fn nothing_is_recorded_when_told_so() {
    let place = Place::new(POLICY);
    for _ in 0..2 {
        let ran = place.run(&["decide", "p.fence", "--no-record"], posts(4).as_bytes());
        let decisions = ran.json();
        assert_eq!(texts(&decisions, "decision"), ["allow", "allow", "allow", "ask"]);
        assert!(decisions.iter().all(|decision| decision.get("request").is_none()));
    }
    let files = std::fs::read_dir(place.folder.path()).unwrap().count();
    assert_eq!(files, 1, "only the policy itself");
}

#[test]
fn times_are_believed_only_when_told_so() {
    let place = Place::new(POLICY);
    let call = "{\"tool\":\"night_x\",\"at\":\"2026-03-23T10:00:00Z\"}\n";
    let decide = |more: &[&str]| place.decide(more, call).remove(0);
    assert_ne!(decide(&[])["at"], "2026-03-23T10:00:00Z");
    assert_eq!(decide(&["--trust-times"])["decision"], "allow");
    assert_eq!(decide(&["--at", "2026-03-23T08:00:00Z"])["decision"], "ask");
    let both = decide(&["--at", "2026-03-23T08:00:00Z", "--trust-times"]);
    assert_eq!(both["decision"], "allow", "a call's own time stands before the run's");
}

#[test]
fn two_runs_give_the_same_but_for_ids() {
    let mut input = String::new();
    for n in 0..40 {
        let time = format!("2026-03-23T{:02}:00:00Z", n % 24);
        let tool = ["post_x", "read_x", "night_x", "drop_x", "none"][n % 5];
        input += &format!("{{\"tool\":\"{tool}\",\"session\":\"s\",\"at\":\"{time}\"}}\n");
    }
    let run = || {
        let mut decisions = Place::new(POLICY).decide(&["--trust-times"], &input);
        for decision in &mut decisions {
            decision["id"].take();
            if let Some(request) = decision.get_mut("request") {
                request["id"].take();
            }
        }
        decisions
    };
    assert_eq!(run(), run());
}

#[test]
fn a_line_too_long_is_refused_and_the_next_is_decided() {
    let place = Place::new(POLICY);
    let long = format!("{{\"tool\":\"read_x\",\"args\":{{\"x\":\"{}\"}}}}", "x".repeat(3 << 20));
    let decisions = place.decide(&[], &format!("{long}\n{{\"tool\":\"read_x\"}}\n"));
    assert_eq!(texts(&decisions, "decision"), ["deny", "allow"]);
    assert!(decisions[0]["because"].as_str().unwrap().contains("1048576 bytes"));
    let log = place.run(&["log", "--db", "fence.db", "--json"], b"");
    assert_eq!(log.json()[0]["call"]["bytes"].as_f64(), Some(long.len() as f64));
}

/// Whatever is wrong with the database, every line is denied with the reason.
#[track_caller]
fn all_denied(place: &Place, why: &str) {
    let ran = place.run(&["decide", "p.fence", "--db", "fence.db"], posts(3).as_bytes());
    assert_eq!(ran.code, 0, "{}", ran.err);
    let decisions = ran.json();
    assert_eq!(texts(&decisions, "decision"), ["deny", "deny", "deny"]);
    for decision in &decisions {
        assert!(decision["because"].as_str().unwrap().contains(why), "{decision}");
    }
    assert!(!ran.err.contains("panicked"), "{}", ran.err);
}

#[test]
fn a_damaged_database_denies() {
    let place = Place::new(POLICY);
    place.write("fence.db", &"this is no database ".repeat(1_000));
    all_denied(&place, "damaged");
}

#[test]
fn a_locked_database_denies() {
    let place = Place::new(POLICY);
    place.decide(&[], "{\"tool\":\"read_x\"}");
    let other = rusqlite::Connection::open(place.path("fence.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    all_denied(&place, "locked");
}

#[test]
fn a_database_that_cannot_be_written_denies() {
    let place = Place::new(POLICY);
    std::fs::create_dir(place.path("fence.db")).unwrap();
    all_denied(&place, "denied:");
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_denies() {
    let place = Place::new(POLICY);
    place.decide(&[], "{\"tool\":\"read_x\"}");
    // No file may grow beyond what it has: the next write to the log fails.
    let fence = env!("CARGO_BIN_EXE_fence");
    let script = format!("ulimit -f 1; trap '' XFSZ; exec {fence} decide p.fence --db fence.db");
    let mut command = std::process::Command::new("sh");
    command.args(["-c", &script]).current_dir(place.folder.path());
    command.stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(posts(3).as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    let out = String::from_utf8(output.stdout).unwrap();
    assert_eq!(out.lines().count(), 3);
    assert!(out.lines().all(|line| line.contains("\"decision\":\"deny\"")), "{out}");
}

#[test]
fn what_is_no_policy_is_refused() {
    let place = Place::new("fence 1 policy p allwo x");
    let ran = place.run(&["decide", "p.fence"], b"{\"tool\":\"x\"}\n");
    assert_eq!((ran.code, ran.out.as_str()), (2, ""));
    assert!(ran.err.contains("p.fence:1:18"), "{}", ran.err);
    assert_eq!(place.run(&["decide", "none.fence"], b"").code, 2);
    assert_eq!(place.run(&["decide"], b"").code, 2);
    let at = place.run(&["decide", "p.fence", "--at", "soon"], b"");
    assert!(at.code == 2 && at.err.contains("2026-03-23"), "{}", at.err);
}

#[test]
fn a_repeated_call_id_gets_the_first_decision() {
    // The rule stands on line 10, which the canonical form writes as `1e1`.
    let place = Place::new(&format!("fence 1 policy p{}ask a", "\n".repeat(9)));
    let call = "{\"tool\":\"a\",\"call_id\":\"c\",\"session\":\"s\"}\n";
    let other = "{\"tool\":\"b\",\"call_id\":\"c\",\"session\":\"s\"}\n";
    let mut decisions = place.decide(&[], &format!("{call}{call}{other}"));
    let repeated = decisions[1].as_object_mut().unwrap().remove("repeated");
    assert_eq!(repeated, Some(true.into()));
    assert_eq!(decisions[0], decisions[1]);
    assert!(decisions[2]["because"].as_str().unwrap().contains("another call"));
    let replay = place.run(&["log", "replay", "--all", "--db", "fence.db"], b"");
    assert_eq!(replay.code, 0, "{}", replay.out);
    assert!(
        replay.out.contains("1 the same") && replay.out.contains("1 skipped"),
        "{}",
        replay.out
    );
}
