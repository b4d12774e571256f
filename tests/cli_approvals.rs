//! The approval commands, driven as programs on a real database.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod approval_desk;
mod cli_place;

use approval_desk::*;
use cli_place::*;
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

#[test]
fn a_request_is_listed_shown_approved_and_told_in_the_log() {
    let desk = Desk::new(POLICY);
    let id = desk.asks(MAIL);
    let pending = desk.fence(&["pending"]).out;
    assert!(pending.contains(&id) && pending.contains("1 of editors"), "{pending}");
    assert!(pending.contains("59m"), "{pending}");
    let shown = desk.fence(&["show", &id]).out;
    for part in [
        "tool        email_send_bulk",
        "agent       content-1, for lead",
        "user        zed@example.com",
        "asked by    outbound in content, line 4",
        "ask email_send_bulk as outbound because",
        "because     mail to many people is read first",
        "to: [\"x@list.test\",\"y@list.test\"]",
        "limit: 500",
        "recipients  2",
        "1 of editors (ana@example.com, bo@example.com); 1 missing",
        "may edit    args.to: less: a smaller number, or some of the same items",
        "args.limit: a number from 1 to 50",
        "session: email_send_bulk by content-1 for the rest of the session",
        "m left)",
    ] {
        assert!(shown.contains(part), "{part} is missing in\n{shown}");
    }
    let done = desk.fence(&["approve", &id, "--version", "1", "--note", "both are friends"]);
    assert!(done.code == 0 && done.out.starts_with("approved: the call can be made"), "{done:?}");
    assert_eq!(desk.fence(&["pending", "--json"]).out, "");
    let all = desk.fence(&["pending", "--all", "--json"]).json();
    assert_eq!(texts(&all, "state"), ["approved"]);
    let story = desk.fence(&["log", "events", "--request", &id]).out;
    assert!(story.contains("request.opened") && story.contains("both are friends"), "{story}");
    let table = desk.fence(&["log"]).out;
    assert!(table.contains(&id), "{table}");
    let view = &desk.fence(&["show", &id, "--json"]).json()[0];
    assert_eq!(view["votes"][0]["by"], "ana@example.com");
    assert_eq!(view["history"][1]["via"], "cli");
}

#[test]
fn pending_is_narrowed() {
    let desk = Desk::new(POLICY);
    desk.asks(MAIL);
    desk.asks(r#"{"tool":"wire","agent":"pay-1"}"#);
    let refused = desk.asks(r#"{"tool":"note"}"#);
    desk.fence(&["reject", &refused, "--reason", "no"]);
    let tools = |more: &[&str]| {
        let ran = desk.fence(&[&["pending", "--json"], more].concat());
        assert_eq!(ran.code, 0, "{}", ran.err);
        texts(&ran.json(), "tool").join(" ")
    };
    assert_eq!(tools(&[]), "email_send_bulk wire");
    assert_eq!(tools(&["--agent", "pay-1"]), "wire");
    assert_eq!(tools(&["--tool", "wire"]), "wire");
    assert_eq!(tools(&["--rule", "outbound"]), "email_send_bulk");
    assert_eq!(tools(&["--text", "list.test"]), "email_send_bulk");
    assert_eq!(tools(&["--state", "denied"]), "note");
    assert_eq!(tools(&["--all"]), "note wire email_send_bulk");
    assert_eq!(tools(&["--limit", "1"]), "email_send_bulk");
    assert_eq!(desk.fence(&["pending", "--state", "perhaps"]).code, 2);
    let none = desk.fence(&["pending", "--agent", "nobody"]);
    assert!(none.code == 0 && none.err.contains("no request waits"), "{none:?}");
}

#[test]
fn nothing_unseen_is_approved() {
    let desk = Desk::new(POLICY);
    let id = desk.asks(MAIL);
    let unseen = desk.fence(&["approve", &id]);
    assert!(unseen.code == 2 && unseen.err.contains("--version"), "{unseen:?}");
    let other = desk.fence(&["approve", &id, "--version", "2"]);
    assert!(other.code == 1 && other.err.contains("look at version 1"), "{other:?}");
    let json = desk.fence(&["approve", &id, "--version", "2", "--json"]);
    assert_eq!((json.code, &json.json()[0]["error"]), (1, &"stale".into()));
    let other = desk.fence(&["reject", &id, "--version", "2", "--reason", "no"]);
    assert_eq!(other.code, 1, "{other:?}");
    assert_eq!(desk.state(&id), "pending");
    let nowhere = "r_01981f7e-5c1b-7cc2-9d0e-2f1a6f3c9b11";
    for wrong in [&["show", nowhere][..], &["show", "r_1"], &["approve", nowhere, "--version", "1"]]
    {
        assert_eq!(desk.fence(wrong).code, 2, "{wrong:?}");
    }
    assert_eq!(desk.fence(&["show", &id, "--version", "7"]).code, 2);
}

#[test]
fn an_edit_stays_within_its_bounds_and_is_judged_by_todays_policy() {
    let desk = Desk::new(POLICY);
    let id = desk.asks(MAIL);
    let edit = |edits: &[&str]| {
        let edits: Vec<&str> = edits.iter().flat_map(|edit| ["--edit", edit]).collect();
        desk.fence(&[&["approve", &id, "--version", "1"], &*edits].concat())
    };
    for (edits, says) in [
        (&["args.limit=5000"][..], "may only be a number from 1 to 50"),
        (&["args.limit=\"5\""], "may only be a number from 1 to 50"),
        (&["args.to=[\"z@list.test\"]"], "may only be less"),
        (&["args.subject=\"x\""], "may not be changed"),
        (&["args.limit=13"], "thirteen is unlucky"),
    ] {
        let ran = edit(edits);
        assert!(ran.code == 1 && ran.err.contains(says), "{edits:?}: {ran:?}");
    }
    assert_eq!(edit(&["limit=5"]).code, 2);
    assert_eq!(edit(&["args.limit=five"]).code, 2);
    assert_eq!(desk.state(&id), "pending");
    let done = edit(&["args.limit=50", "args.to=[\"y@list.test\"]"]);
    assert!(done.code == 0 && done.out.contains("args.limit: 500 → 50"), "{done:?}");
    assert!(done.out.contains("version 2") && done.out.contains("approved"), "{done:?}");
    let shown = desk.fence(&["show", &id]).out;
    assert!(shown.contains("edited      by ana@example.com"), "{shown}");
    let before = desk.fence(&["show", &id, "--version", "1"]).out;
    assert!(before.contains("superseded") && before.contains("limit: 500"), "{before}");
}

#[test]
fn an_edit_without_policies_says_where_to_name_them() {
    let desk = Desk::new(POLICY);
    let id = desk.asks(MAIL);
    let settings = format!("[people.\"ana@example.com\"]\nsystem = \"{}\"\n", account());
    desk.place.write("fence.toml", &settings);
    let edit = ["approve", &id, "--version", "1", "--edit", "args.limit=50"];
    let ran = desk.fence(&edit);
    assert!(ran.code == 2 && ran.err.contains("policies = ["), "{ran:?}");
    let ran = desk.fence(&[&edit[..], &["--policy", "p.fence"]].concat());
    assert_eq!(ran.code, 0, "{ran:?}");
}

#[test]
fn a_late_answer_opens_nothing() {
    let desk = Desk::new(POLICY);
    let id = desk.asks(r#"{"tool":"brief"}"#);
    std::thread::sleep(std::time::Duration::from_millis(1_100));
    for late in [&["approve", &id, "--version", "1"][..], &["reject", &id, "--reason", "x"]] {
        let ran = desk.fence(late);
        assert!(ran.code == 1 && ran.err.contains("expired"), "{ran:?}");
    }
    assert_eq!(desk.state(&id), "expired");
    assert_eq!(desk.fence(&["pending", "--json"]).out, "");
}

#[test]
fn a_preview_is_needed_where_the_rule_says_so() {
    let desk = Desk::new(POLICY);
    let bare = desk.asks(r#"{"tool":"deploy","args":{"to":"live"}}"#);
    let shown = desk.fence(&["show", &bare]).out;
    assert!(shown.contains("nobody can approve without one"), "{shown}");
    assert_eq!(desk.fence(&["approve", &bare, "--version", "1"]).code, 1);
    let id = desk.asks(r#"{"tool":"deploy","context":{"preview":{"changed":3}}}"#);
    let shown = desk.fence(&["show", &id]).out;
    assert!(shown.contains("preview     given") && shown.contains("changed: 3"), "{shown}");
    assert_eq!(desk.fence(&["approve", &id, "--version", "1"]).code, 0);
}

#[test]
fn a_refusal_and_a_cancellation_end_a_request() {
    let desk = Desk::new(POLICY);
    let id = desk.asks(MAIL);
    assert_eq!(desk.fence(&["reject", &id]).code, 2, "a reason is needed");
    let blank = desk.fence(&["reject", &id, "--reason", " "]);
    assert!(blank.code == 2 && blank.err.contains("reason"), "{blank:?}");
    let done = desk.fence(&["reject", &id, "--reason", "x\r\nX-Evil: 1"]);
    assert_eq!((done.code, desk.state(&id)), (0, "denied".to_owned()), "{done:?}");
    // SRV-026: what a person writes is shown as text on one line.
    let shown = desk.fence(&["show", &id]).out;
    assert!(shown.contains("\"x\\r\\n\n"), "{shown}");
    assert!(!shown.lines().any(|line| line.trim_start().starts_with("X-Evil")), "{shown}");
    let again = desk.place.decide(&[], &MAIL.replace('\n', ""));
    assert_eq!(again[0]["decision"], "deny");
    let other = desk.asks(r#"{"tool":"note"}"#);
    assert_eq!(desk.fence(&["cancel", &other, "--reason", "done by hand"]).code, 0);
    assert_eq!(desk.state(&other), "cancelled");
    assert_eq!(desk.fence(&["cancel", &other, "--reason", "again"]).code, 1);
}

#[test]
fn a_grant_covers_later_calls_until_it_is_revoked() {
    let desk = Desk::new(POLICY);
    let id = desk.asks(MAIL);
    let approve = ["approve", &id, "--version", "1", "--grant"];
    let long = desk.fence(&[&approve[..], &["1h"]].concat());
    assert!(long.code == 1 && long.err.contains("does not offer"), "{long:?}");
    assert_eq!(desk.fence(&[&approve[..], &["often"]].concat()).code, 2);
    assert_eq!(desk.fence(&[&approve[..], &["2"]].concat()).code, 0);
    let less = MAIL.replace('\n', "").replace("\"y@list.test\"", "\"x@list.test\"");
    let less =
        less.replace("\"x@list.test\",\"x@list.test\"", "\"x@list.test\"").replace("500", "40");
    assert_eq!(desk.place.decide(&[], &less)[0]["decision"], "allow");
    let listed = desk.fence(&["grants"]).out;
    assert!(listed.contains("1 calls left, 1 used"), "{listed}");
    let grant = desk.fence(&["grants", "--json"]).json()[0]["id"].as_str().unwrap().to_owned();
    assert_eq!(desk.fence(&["grants", "revoke", &grant]).code, 2, "a reason is needed");
    let gone = desk.fence(&["grants", "revoke", &grant, "--reason", "enough"]);
    assert_eq!(gone.code, 0, "{gone:?}");
    assert_eq!(desk.fence(&["grants", "--json"]).out, "");
    assert_eq!(desk.place.decide(&[], &less)[0]["decision"], "ask");
    assert_eq!(desk.fence(&["grants", "revoke", "g_1", "--reason", "x"]).code, 2);
}

#[test]
fn a_halt_denies_and_a_resume_frees() {
    let desk = Desk::new(POLICY);
    let reads = r#"{"tool":"read_x","agent":"a-1","session":"s-9"}"#;
    let decision = || desk.place.decide(&[], reads)[0]["decision"].as_str().unwrap().to_owned();
    assert_eq!(decision(), "allow");
    for scope in [&["--agent", "a-1"][..], &["--session", "s-9"], &[]] {
        let sure: &[&str] = if scope.is_empty() { &["--yes"] } else { &[] };
        let halted = desk.fence(&[&["halt", "--reason", "a loop"], scope, sure].concat());
        assert!(halted.code == 0 && halted.out.contains("a loop"), "{halted:?}");
        assert_eq!(decision(), "deny", "{scope:?}");
        assert!(desk.fence(&["halts"]).out.contains("halted by ana@example.com"));
        let resume = [&["resume", "--reason", "repaired"], scope].concat();
        assert_eq!(desk.fence(&resume).code, 0);
        assert_eq!(desk.fence(&resume).code, 1, "nothing is halted any more");
        assert_eq!(decision(), "allow");
    }
    assert_eq!(desk.fence(&["halts", "--json"]).out, "");
    let careless = desk.fence(&["halt", "--reason", "x"]);
    assert!(careless.code == 2 && careless.err.contains("--yes"), "{careless:?}");
    assert_eq!(desk.fence(&["halt", "--agent", "a", "--session", "s", "--reason", "x"]).code, 2);
    assert_eq!(desk.fence(&["halt", "--agent", "a-1", "--reason", " "]).code, 2);
    assert_eq!(decision(), "allow");
}

/// APR-030, APR-033: what the call says is data, and what the agent says of it is called so.
#[test]
fn a_request_that_lies_is_shown_as_what_it_is() {
    let desk = Desk::new(POLICY);
    let call = r#"{"tool":"email_send_bulk","args":{"to":["x@evil.example"],"summary":"runs the unit tests",
        "body":"\u001b[2K\u001b[1A safe \u001b]8;;https://evil.example\u0007click\u001b]8;;\u0007",
        "bidi":"\u202egnp.exe","zero":"a\u200bb","lines":"x\nstate       approved",
        "ev\nil":1,"limit":1,"long":"LONG"},"agent":"content-1","context":{"claim":"runs the unit tests\nstate approved"}}"#;
    let long = "x".repeat(100_000);
    let id = desk.asks(&call.replace("LONG", &long));
    let shown = desk.fence(&["show", &id]).out;
    for part in [
        "tool        email_send_bulk",
        "to: [\"x@evil.example\"]",
        "\\u001b[2K\\u001b[1A safe \\u001b]8;;https://evil.example\\u0007click",
        "\\u202egnp.exe",
        "a\\u200bb",
        "\"ev\\nil\": 1",
        "claim       the agent's own explanation; nobody has checked it:",
    ] {
        assert!(shown.contains(part), "{part} is missing in\n{}", &shown[..4_000]);
    }
    let unfolded = |line: &str| line.trim_start().trim_start_matches("↳ ").to_owned();
    let whole: String = shown.lines().map(unfolded).collect();
    assert!(whole.contains(&format!("\"{long}\"")), "the long text is not whole");
    assert!(!shown.contains(['\u{1b}', '\u{7}', '\u{202e}', '\u{200b}', '\r']));
    assert!(!shown.lines().any(|line| line.starts_with("state")), "a value began a line");
    let json = desk.fence(&["show", &id, "--json"]).out;
    assert!(!json.contains(['\u{202e}', '\u{200b}']), "also JSON holds nothing invisible");
    assert!(json.contains(&long));
    // Tables and the log are for the same eyes.
    for command in [&["pending"][..], &["log"], &["log", "events"], &["log", "--csv"]] {
        let out = desk.fence(command).out;
        assert!(!out.contains(['\u{1b}', '\u{202e}', '\u{200b}']), "{command:?}");
    }
}

#[test]
fn on_a_terminal_a_whole_word_approves_what_was_shown() {
    let desk = Desk::new(POLICY);
    for (typed, code, state) in [
        ("y\n", 1, "pending"),
        ("\n", 1, "pending"),
        ("email_send\n", 1, "pending"),
        ("email_send_bulk\n", 0, "approved"),
    ] {
        let id = desk.asks(MAIL);
        let (shown, exit) = desk.on_a_terminal(&["approve", &id], typed);
        assert!(
            shown.contains("x@list.test") && shown.contains("You are ana@example.com"),
            "{shown}"
        );
        assert_eq!((exit, &*desk.state(&id)), (code, state), "{typed:?}: {shown}");
    }
    let id = desk.asks(r#"{"tool":"note"}"#);
    let (_, exit) = desk.on_a_terminal(&["approve", &id], "yes\n");
    assert_eq!((exit, &*desk.state(&id)), (0, "approved"));
    // What was typed before the question is no answer to it.
    let id = desk.asks(r#"{"tool":"wire"}"#);
    let (_, exit) = desk.typing(&["approve", &id], "yes\n", "no\n");
    assert_eq!((exit, &*desk.state(&id)), (1, "pending"));
    let halt = ["halt", "--reason", "x"];
    assert_eq!(desk.on_a_terminal(&halt, "yes\n").1, 1);
    assert_eq!(desk.on_a_terminal(&halt, "everything\n").1, 0);
}

/// What is done on the command line is told through the channels, too, by whoever serves them.
#[test]
fn what_is_asked_and_answered_here_is_told_everywhere() {
    let desk = Desk::new(POLICY);
    let channel =
        "[notify.desk]\nkind = \"webhook\"\nurl = \"https://x.example\"\nsecret_env = \"X\"\n";
    desk.place.write(
        "fence.toml",
        &settings("").replace("[people.\"bo", &format!("{channel}[people.\"bo")),
    );
    let id = desk.asks(MAIL);
    desk.fence(&["reject", &id, "--reason", "no"]);
    let database = rusqlite::Connection::open(desk.place.path("fence.db")).unwrap();
    let sql = "SELECT body FROM items WHERE kind = 'delivery'";
    let mut told = database.prepare(sql).unwrap();
    let told = told.query_map([], |row| row.get::<_, String>(0)).unwrap();
    let told: Vec<serde_json::Value> =
        told.map(|body| serde_json::from_str(&body.unwrap()).unwrap()).collect();
    assert_eq!(texts(&told, "channel"), ["desk", "desk"]);
    assert!(told.iter().all(|delivery| delivery["request"] == *id), "{told:?}");
}

/// Two processes on one database: the agent's, and the one in which a person answers.
#[test]
fn the_example_agent_makes_the_call_that_was_approved() {
    let desk = Desk::new(include_str!("../examples/policies/approvals.fence"));
    let run = ["run", "--quiet", "--example", "agent", "--"];
    let mut agent = Command::new(env!("CARGO"))
        .args(run)
        .arg(desk.place.folder.path())
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        // The variables of this test's own cargo would make that one build afresh.
        .env_remove("CARGO_MANIFEST_DIR")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = BufReader::new(agent.stdout.take().unwrap()).lines();
    let waiting = said.next().unwrap().unwrap();
    let id = waiting.strip_prefix("waiting for people: fence approve ").unwrap();
    let approved = desk.fence(&[
        "approve",
        id,
        "--version",
        "1",
        "--edit",
        "args.limit=50",
        "--note",
        "fewer",
    ]);
    assert_eq!(approved.code, 0, "{approved:?}");
    let made = said.next().unwrap().unwrap();
    assert_eq!(made, r#"newsletter_send {"limit":50,"subject":"Spring"}"#);
    assert!(agent.wait().unwrap().success());
    assert_eq!(desk.state(id), "done");
}

#[test]
fn every_command_has_an_example() {
    let desk = Desk::new(POLICY);
    for command in [
        "pending",
        "show",
        "approve",
        "reject",
        "withdraw",
        "revoke",
        "cancel",
        "grants",
        "halt",
        "resume",
        "halts",
        "delegate",
        "delegations",
    ] {
        let help = desk.place.run(&[command, "--help"], b"");
        assert_eq!(help.code, 0);
        assert!(help.out.contains(&format!("  fence {command}")), "{command}: {}", help.out);
        let nowhere = desk.place.run(&[command, "--db", "none.db", "--reason", "x"], b"");
        assert_eq!(nowhere.code, 2, "{command}");
    }
    assert!(!desk.place.path("none.db").exists());
}
