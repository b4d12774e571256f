//! `fence log`, `explain`, `test`, `bench` and `clock`, driven as programs.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod cli_place;

use cli_place::*;

const POLICY: &str = r#"fence 1 policy p
allow read_*
ask post_* as warm_up { auto first 1 per session }
deny drop_* because "=1+1"
test "reads" { call read_x expect allow by read_* }
test "drops" { call drop_x expect deny }
"#;

const CALLS: &str = r#"{"tool":"read_a","agent":"ann","session":"s","at":"2026-03-01T10:00:00Z"}
{"tool":"mail/read_b","agent":"bob","session":"s","at":"2026-03-02T10:00:00Z"}
{"tool":"drop_c","agent":"ann","session":"s","at":"2026-03-03T10:00:00Z"}
{"tool":"post_d","agent":"ann","session":"s","at":"2026-03-04T10:00:00Z"}
{"tool":"post_e","agent":"ann","session":"s","at":"2026-03-05T10:00:00Z"}
not json
"#;

fn filled() -> Place {
    let place = Place::new(POLICY);
    place.decide(&["--trust-times", "--at", "2026-03-06T10:00:00Z"], CALLS);
    place
}

fn log(place: &Place, more: &[&str]) -> Ran {
    place.run(&[&["log", "--db", "fence.db"], more].concat(), b"")
}

#[test]
fn the_log_is_filtered() {
    let place = filled();
    let tools = |more: &[&str]| {
        let ran = log(&place, &[&["--json"], more].concat());
        assert_eq!(ran.code, 0, "{}", ran.err);
        let calls: Vec<_> = ran.json().iter().map(|record| record["call"].clone()).collect();
        texts(&calls, "tool").join(" ")
    };
    assert_eq!(tools(&[]), "read_a mail/read_b drop_c post_d post_e ");
    assert_eq!(tools(&["--tool", "read_a"]), "read_a");
    assert_eq!(tools(&["--tool", "READ_*"]), "read_a mail/read_b");
    assert_eq!(tools(&["--tool", "{read,post}_*", "--limit", "2"]), "post_d post_e");
    assert_eq!(tools(&["--agent", "bob"]), "mail/read_b");
    assert_eq!(tools(&["--decision", "ask"]), "post_e");
    assert_eq!(tools(&["--rule", "warm_up"]), "post_d post_e");
    assert_eq!(tools(&["--since", "2026-03-03", "--until", "2026-03-04T10:00:00Z"]), "drop_c");
    assert_eq!(tools(&["--since", "3d"]), "");
    assert_eq!(tools(&["--limit", "1"]), "");
}

/// SRV-013
#[test]
fn the_log_is_for_people_and_for_spreadsheets() {
    let place = filled();
    let table = log(&place, &[]);
    assert!(table.out.contains("warm_up") && !table.out.contains('\u{1b}'), "{}", table.out);
    let csv = log(&place, &["--csv", "--tool", "drop_c"]).out;
    assert!(csv.lines().nth(1).unwrap().contains("\"'=1+1\""), "{csv}");
    let both = log(&place, &["--csv", "--json"]);
    assert_eq!(both.code, 2);
    assert_eq!(log(&place, &["--decision", "maybe"]).code, 2);
    let nowhere = place.run(&["log", "--db", "none.db"], b"");
    assert!(nowhere.code == 2 && nowhere.err.contains("no database"), "{}", nowhere.err);
    assert!(!place.path("none.db").exists());
}

#[test]
fn one_decision_is_shown_and_every_one_made_again() {
    let place = filled();
    let ids = texts(&log(&place, &["--json"]).json(), "id");
    let shown = log(&place, &["show", &ids[2]]);
    assert!(shown.out.contains("  \"because\": \"=1+1\""), "{}", shown.out);
    assert_eq!(log(&place, &["show", "01981f7e-5c1b-7cc2-9d0e-2f1a6f3c9b11"]).code, 2);
    let replay = log(&place, &["replay", "--all"]);
    assert_eq!(replay.code, 0, "{}", replay.out);
    assert!(replay.out.contains("5 the same, 0 different, 1 skipped"), "{}", replay.out);
    assert_eq!(log(&place, &["replay", &ids[0], "--json"]).json()[0]["outcome"], "same");
    assert_eq!(log(&place, &["replay"]).code, 2);
}

#[test]
fn an_altered_record_is_found_by_replay() {
    let place = filled();
    let sql = "UPDATE decisions SET body = replace(body, '\"drop_c\"', '\"read_c\"')";
    rusqlite::Connection::open(place.path("fence.db")).unwrap().execute_batch(sql).unwrap();
    let replay = log(&place, &["replay", "--all"]);
    assert_eq!(replay.code, 1, "{}", replay.out);
    assert!(replay.out.contains("digest:") && replay.out.contains("1 different"), "{}", replay.out);
}

#[test]
fn a_call_is_explained() {
    let place = filled();
    let explain = |more: &[&str], input: &[u8]| {
        let ran = place.run(&[&["explain", "p.fence"], more].concat(), input);
        assert_eq!(ran.code, 0, "{}", ran.err);
        ran.out
    };
    let call = r#"{"tool":"post_x","session":"s"}"#;
    assert!(explain(&["--call", call], b"").contains("allow by `warm_up`"));
    assert!(explain(&["--call", "-"], call.as_bytes()).contains("allow by `warm_up`"));
    place.write("call.json", call);
    assert!(explain(&["--call", "@call.json"], b"").contains("allow by `warm_up`"));
    // Live counters are apart from those of replays.
    place.decide(&[], call);
    let spent = explain(&["--call", call, "--db", "fence.db"], b"");
    assert!(spent.contains("ask by `warm_up`"), "{spent}");
    let later = explain(&["--call", call, "--db", "fence.db", "--at", "2030-01-01"], b"");
    assert!(later.contains("ask by `warm_up`"), "{later}");
    let json = explain(&["--call", call, "--json"], b"");
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["layers"][0]["rules"][0]["auto"][0]["phrases"][0]["outcome"], "release");
    assert_eq!(place.run(&["explain", "p.fence", "--call", "{}"], b"").code, 2);
    assert_eq!(log(&place, &["--json"]).json().len(), 7, "nothing was recorded");
}

#[test]
fn tests_pass_or_say_why_not() {
    let place = Place::new(POLICY);
    let ran = place.run(&["test", "p.fence"], b"");
    assert_eq!(ran.code, 0, "{}", ran.out);
    assert!(ran.out.contains("✓ reads") && ran.out.contains("2 passed, 0 failed"), "{}", ran.out);
    place.write("p.fence", &POLICY.replace("expect deny", "expect allow"));
    let ran = place.run(&["test", "p.fence", "--junit", "out.xml"], b"");
    assert_eq!(ran.code, 1);
    assert!(ran.out.contains("p.fence:6  expect allow"), "{}", ran.out);
    assert!(
        ran.out.contains("expected allow, but the decision is deny by `drop_*`"),
        "{}",
        ran.out
    );
    let xml = std::fs::read_to_string(place.path("out.xml")).unwrap();
    assert!(xml.contains("failures=\"1\"") && xml.contains("line=\"6\""), "{xml}");
    let json = place.run(&["test", "p.fence", "--json", "--filter", "read"], b"");
    assert_eq!((json.code, &json.json()[0]["passed"]), (0, &1.into()));
    place.write("p.fence", "fence 1 policy p allow x");
    let none = place.run(&["test", "p.fence"], b"");
    assert!(none.code == 0 && none.err.contains("has no tests"), "{}", none.err);
}

#[test]
fn a_policy_is_measured() {
    let place = Place::new(POLICY);
    let arguments = ["bench", "p.fence", "--seconds", "1", "--db", "fence.db", "--json"];
    let ran = place.run(&arguments, b"");
    assert_eq!(ran.code, 0, "{}", ran.err);
    let runs = ran.json()[0]["runs"].as_array().unwrap().clone();
    assert_eq!(runs.len(), 11);
    assert_eq!(ran.json()[0]["shared"].as_array().map(Vec::len), Some(4));
    for run in runs {
        assert!(run["p50_ns"].as_f64().unwrap() <= run["p999_ns"].as_f64().unwrap());
    }
    assert_eq!(std::fs::read_dir(place.folder.path()).unwrap().count(), 1, "nothing is left");
}

#[test]
fn a_clock_that_was_set_back_is_accepted_with_a_reason() {
    let place = Place::new(POLICY);
    place.decide(&[], "{\"tool\":\"read_x\"}");
    let accept = || {
        let ran = place.run(&["clock", "accept", "--reason", "battery", "--db", "fence.db"], b"");
        assert_eq!(ran.code, 0, "{}", ran.err);
        ran.out
    };
    assert!(accept().contains("not behind"));
    let ahead = "UPDATE marks SET at = at + 1000000000000";
    rusqlite::Connection::open(place.path("fence.db")).unwrap().execute_batch(ahead).unwrap();
    assert!(accept().contains("accepted"));
    assert!(accept().contains("not behind"));
    let events = log(&place, &["events", "--json"]).json();
    assert_eq!(events.len(), 1);
    assert_eq!(events[0]["body"]["reason"], "battery");
    assert_eq!(place.run(&["clock", "accept", "--db", "fence.db"], b"").code, 2);
}

#[test]
fn every_command_has_an_example() {
    let place = Place::new(POLICY);
    let commands =
        ["decide", "test", "explain", "bench", "log", "log show", "log replay", "clock accept"];
    for command in commands {
        let arguments: Vec<&str> = command.split(' ').chain(["--help"]).collect();
        let ran = place.run(&arguments, b"");
        assert_eq!(ran.code, 0, "{command}");
        assert!(ran.out.contains("Example"), "{command}: {}", ran.out);
    }
}
