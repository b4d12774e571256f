//! Whatever goes wrong blocks, in every host, within two seconds.

use crate::cli_place::{Place, Ran};
use crate::model::{HOSTS, done};
use crate::support::{event, place};
use serde_json::json;
use std::io::Write as _;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Later than this a host may have gone on.
const LATEST: Duration = Duration::from_secs(2);

/// Something that goes wrong.
struct Fault {
    name: &'static str,
    /// What is broken, and what must stay alive while it is.
    breaks: fn(&Place) -> Box<dyn std::any::Any>,
    /// What the shell runs; `$FENCE` is the program, `$HOST` the host.
    runs: &'static str,
    input: Input,
    /// The fault of `FENCE_FAULT`.
    inside: &'static str,
}

enum Input {
    /// A call that the policy allows.
    Call,
    /// These bytes.
    Text(&'static str),
    /// As many bytes as no event has.
    Endless,
    /// Half of an event, and no end.
    Hanging,
}

const PLAIN: &str = "exec \"$FENCE\" hook $HOST p.fence --db fence.db";

const FAULT: Fault =
    Fault { name: "", breaks: |_| Box::new(()), runs: PLAIN, input: Input::Call, inside: "" };

/// Faults after which the program itself must end with code 2.
fn faults() -> Vec<Fault> {
    let inside = |name, inside| Fault { name, inside, ..FAULT };
    let input = |name, input| Fault { name, input, ..FAULT };
    let breaks = |name, breaks| Fault { name, breaks, ..FAULT };
    let runs = |name, runs| Fault { name, runs, ..FAULT };
    vec![
        inside("HOK-001: a panic before the verdict", "panic"),
        inside("a panic in another thread", "thread"),
        inside("it hangs", "sleep"),
        input("nothing on standard input", Input::Text("")),
        input("no JSON", Input::Text("{\"hook_event_name\":")),
        input("JSON twice", Input::Text("{} {}")),
        input("no object", Input::Text("[]")),
        input(
            "a key twice",
            Input::Text(
                r#"{"hook_event_name":"PreToolUse","tool_name":"Read",
            "tool_name":"Bash","toolName":"Read","tool_input":{},"toolArgs":{}}"#,
            ),
        ),
        input(
            "not UTF-8 in a name",
            Input::Text(
                r#"{"hook_event_name":"PreToolUse",
            "tool_name":"\ud800","toolName":"\ud800","tool_input":{},"toolArgs":{}}"#,
            ),
        ),
        input("more than any event has", Input::Endless),
        input("an event that never ends", Input::Hanging),
        breaks("the policy is gone", |place| {
            std::fs::remove_file(place.path("p.fence")).unwrap();
            Box::new(())
        }),
        breaks("the policy is a folder", |place| {
            std::fs::remove_file(place.path("p.fence")).unwrap();
            std::fs::create_dir(place.path("p.fence")).unwrap();
            Box::new(())
        }),
        breaks("the policy has an error", |place| {
            place.write("p.fence", "fence 1 policy p allow * whne x");
            Box::new(())
        }),
        breaks("the settings have an error", |place| {
            place.write("fence.toml", "databse = \"x\"\n");
            Box::new(())
        }),
        breaks("a strategy's program never answers", |place| {
            place.write(
                "fence.toml",
                "[strategies.slow]\ncommand = [\"sh\", \"-c\", \"cat >/dev/null\"]\ndeadline = \"60s\"\n\
                [hook]\nwait = \"30s\"\n",
            );
            place.write(
                "p.fence",
                "fence 1 policy p ask * as a { auto via slow() } ask Read as b { auto via slow() }",
            );
            Box::new(())
        }),
        breaks("HOK-007: the database is locked", |place| {
            place.gate();
            let held = rusqlite::Connection::open(place.path("fence.db")).unwrap();
            held.execute_batch("BEGIN IMMEDIATE").unwrap();
            Box::new(held)
        }),
        breaks("the database is damaged", |place| {
            place.write("fence.db", &"no database at all".repeat(500));
            Box::new(())
        }),
        breaks("the database is a folder", |place| {
            std::fs::create_dir(place.path("fence.db")).unwrap();
            Box::new(())
        }),
        breaks("the database is a link", |place| {
            std::os::unix::fs::symlink("/dev/null", place.path("fence.db")).unwrap();
            Box::new(())
        }),
        breaks("the database is of a newer Fence", |place| {
            place.gate();
            let newer = rusqlite::Connection::open(place.path("fence.db")).unwrap();
            newer.pragma_update(None, "user_version", 9_999).unwrap();
            Box::new(())
        }),
        runs(
            "the disk is full",
            "trap '' XFSZ; ulimit -f 0; exec \"$FENCE\" hook $HOST p.fence --db fence.db",
        ),
        runs(
            "no home, and no database named",
            "HOME=/dev/null; export HOME; exec \"$FENCE\" hook $HOST p.fence",
        ),
        runs("no policy named", "exec \"$FENCE\" hook $HOST --db fence.db"),
        runs("a flag that is none", "exec \"$FENCE\" hook $HOST p.fence --allow-all"),
        runs("a host that is none", "exec \"$FENCE\" hook emacs p.fence"),
    ]
}

/// Faults that no program survives: the line that is installed must block.
fn deadly() -> Vec<Fault> {
    vec![
        Fault { name: "HOK-002: it aborts", inside: "abort", ..FAULT },
        Fault { name: "HOK-002: the stack overflows", inside: "overflow", ..FAULT },
        Fault { name: "HOK-003: the program is gone", inside: "gone", ..FAULT },
    ]
}

struct World {
    place: Place,
    /// Kept until the run is over.
    _broken: Box<dyn std::any::Any>,
}

impl Fault {
    fn run(&self, host: &str, line: &str) -> (Ran, Duration) {
        let place = place();
        let broken = (self.breaks)(&place);
        let world = World { place, _broken: broken };
        let begun = Instant::now();
        let ran = self.start(host, line, &world.place);
        (ran, begun.elapsed())
    }

    fn spawn(&self, host: &str, line: &str, place: &Place) -> Child {
        Command::new("sh")
            .args(["-c", line])
            .current_dir(place.folder.path())
            .env_clear()
            .envs([("HOME", place.folder.path().to_str().unwrap()), ("PATH", "/usr/bin:/bin")])
            .envs([("FENCE", env!("CARGO_BIN_EXE_fence")), ("HOST", host)])
            .env("FENCE_FAULT", self.inside)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    }

    fn start(&self, host: &str, line: &str, place: &Place) -> Ran {
        let mut child = self.spawn(host, line, place);
        let held = self.feed(&mut child, host);
        let output = child.wait_with_output().unwrap();
        drop(held);
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let (out, err) = (text(&output.stdout), text(&output.stderr));
        Ran { code: output.status.code().unwrap_or(-1), out, err }
    }

    /// Writes the input; what comes back keeps standard input open.
    fn feed(&self, child: &mut Child, host: &str) -> Option<std::process::ChildStdin> {
        let mut stdin = child.stdin.take().unwrap();
        let call = event(host, "Read", &json!({"file_path": "/repo/a"})).to_string();
        let text = match self.input {
            Input::Call => call,
            Input::Text(text) => text.to_owned(),
            Input::Endless => format!("{{\"x\":\"{}\"}}", "x".repeat(9 << 20)),
            Input::Hanging => {
                let _ = stdin.write_all(&call.as_bytes()[..20]);
                return Some(stdin);
            }
        };
        // It may end without reading it all.
        let _ = stdin.write_all(text.as_bytes());
        None
    }
}

#[test]
fn every_fault_blocks_in_every_host_in_time() {
    let faults = faults();
    assert!(faults.len() >= 15);
    let mut open = Vec::new();
    for fault in &faults {
        for host in HOSTS {
            let (ran, took) = fault.run(host, fault.runs);
            let blocked = done(host, &json!({}), &ran).is_blocked();
            if ran.code != 2 || !blocked || ran.err.trim().is_empty() || took > LATEST {
                open.push(format!("{} in {host}: {took:?} {ran:?}", fault.name));
            }
        }
    }
    assert!(open.is_empty(), "{open:#?}");
}

#[test]
fn without_a_fault_the_same_call_is_made() {
    for host in HOSTS {
        let (ran, _) = Fault { name: "", ..FAULT }.run(host, PLAIN);
        assert!(!done(host, &json!({}), &ran).is_blocked(), "{host} {ran:?}");
    }
}

/// HOK-002, HOK-003: what the settings hold blocks even where no program is left to answer.
#[test]
fn the_installed_line_blocks_where_the_program_cannot() {
    for host in HOSTS {
        let line = installed(host);
        for fault in deadly() {
            let line = match fault.inside {
                "gone" => line.replace(env!("CARGO_BIN_EXE_fence"), "/nowhere/fence"),
                _ => line.clone(),
            };
            let (ran, took) = fault.run(host, &line);
            assert!(done(host, &json!({}), &ran).is_blocked(), "{} in {host}: {ran:?}", fault.name);
            assert!(took < LATEST, "{} in {host}: {took:?}", fault.name);
        }
    }
}

/// The command that `install` writes, with a policy that stays there.
fn installed(host: &str) -> String {
    let place = place();
    let ran =
        place.run(&["hook", "install", host, "p.fence", "--db", "fence.db", "--dry-run"], b"");
    let line = ran.out.lines().find(|line| line.contains("exit 2;")).unwrap();
    let command = line.split("\": \"").nth(1).unwrap().trim_end_matches(',').trim_end_matches('"');
    let folder = format!("{}/", std::fs::canonicalize(place.folder.path()).unwrap().display());
    // The fault's own folder has the same files.
    command.replace(&folder, "").replace(&format!("{}/", place.folder.path().display()), "")
}

/// A host whose event is not taken gets an error of its own, and goes on.
#[test]
fn a_long_event_is_taken_whole_even_where_nothing_can_judge_it() {
    let filler = |size: usize| format!("{{\"x\":\"{}\"}}", "x".repeat(size));
    for host in HOSTS {
        let line = installed(host);
        let gone = line.replace(env!("CARGO_BIN_EXE_fence"), "/nowhere/fence");
        let flag = line.replace(" --db ", " --no-such-flag --db ");
        assert!(gone != line && flag != line);
        for (line, size) in [(&gone, 300_000), (&flag, 300_000), (&line, 9 << 20)] {
            let place = place();
            let mut child = FAULT.spawn(host, line, &place);
            let taken = child.stdin.take().unwrap().write_all(filler(size).as_bytes());
            let output = child.wait_with_output().unwrap();
            assert!(taken.is_ok(), "{host}: {taken:?} {line}");
            assert_eq!(output.status.code(), Some(2), "{host}: {line}");
            assert!(!output.stderr.is_empty(), "{host}: {line}");
        }
    }
}

/// Half an event and no end: the line must not wait for the rest once the program gave up.
#[test]
fn the_installed_line_does_not_wait_for_an_event_that_never_ends() {
    for host in HOSTS {
        let hanging = Fault { input: Input::Hanging, ..FAULT };
        let (ran, took) = hanging.run(host, &installed(host));
        assert!(done(host, &json!({}), &ran).is_blocked() && took < LATEST, "{host}: {took:?}");
    }
}

/// HOK-004: nothing that is asked outside keeps the hook from blocking in time; see the strategy
/// above. The hook itself asks no server.
#[test]
fn hok_004_an_outside_answer_that_never_comes_blocks_in_time() {
    let fault = faults().into_iter().find(|fault| fault.name.starts_with("a strategy")).unwrap();
    let (ran, took) = fault.run("claude-code", fault.runs);
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(took < Duration::from_secs(5), "{took:?}");
}
