//! Running a hook as it is installed, and telling whether the host would have let the call through.
//!
//! Settings may be a project's, and a project may be hostile: no text of theirs reaches a shell. A
//! line is run where it is, to the letter, what `install` would write for its words, and then with
//! this very program in the program's place.

use crate::cli::hook::line::Written;
use crate::hook::place::Entry;
use crate::hook::{BLOCKED, Host};
use fence_engine::json::Json;
use fence_engine::show::printable;
use serde_json::json;
use std::io::{Read as _, Write as _};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// No tool can have this name, so no policy has a say, and nobody is asked: the call goes through
/// the whole line, is recorded, and denied.
const TOOL: &str = "fence doctor probe";

/// A gate that takes longer is open for a host that loses patience.
const PATIENCE: Duration = Duration::from_secs(4);

/// What a run of a hook left behind.
struct Ran {
    code: Option<i32>,
    out: String,
    err: String,
    /// Whether the whole event was taken: a host whose event is not may go on.
    taken: bool,
}

/// Every way in which the hook lets something through that must be blocked.
pub(super) fn probe(host: &dyn Host, entry: &Entry) -> Vec<String> {
    let line = match own(host, entry) {
        Ok(line) => line,
        Err(why) => return vec![why],
    };
    let event = event(host.name(), &entry.event);
    let mut open = Vec::new();
    let shell = Shell::of(host);
    match run(&shell, &line, &event) {
        Ok(ran) if judged(host, &ran) => {}
        Ok(ran) if stops(&ran) => {
            let why = ran.err.lines().next().unwrap_or_default();
            open.push(format!("it answers nothing and blocks every call: {why}"));
        }
        Ok(_) => open.push("a call that must be denied was let through".to_owned()),
        Err(why) => open.push(why),
    }
    let gone = line.with(0, "/program/that/is/not/there");
    for (what, line, event) in [
        ("an event that cannot be read", &line, "no event"),
        ("a policy that is not there", &line.with(POLICY, "/policy/that/is/not/there"), &*event),
        ("a program that is not there", &gone, &*event),
        ("a program that is not there, and a long event", &gone, &*long(&event)),
        ("a long event", &line, &*long(&event)),
    ] {
        let blocked = run(&shell, line, event).is_ok_and(|ran| {
            ran.taken
                && (stops(&ran) || answers(host, &ran) || (entry.closed && ran.code != Some(0)))
        });
        if !blocked {
            open.push(format!("{what} lets calls through"));
        }
    }
    open
}

/// Whether the call was judged: a denial in the host's form, or by the exit code with a reason that
/// is no fault's.
fn judged(host: &dyn Host, ran: &Ran) -> bool {
    let fault = |line: &str| line.starts_with("blocked by Fence:") || line.starts_with("error:");
    let by_code = stops(ran) && !ran.err.lines().any(fault);
    (ran.code == Some(0) && answers(host, ran)) || (host.place().any_shell && by_code)
}

/// The same event with more than a pipe holds.
fn long(event: &str) -> String {
    format!("{event}{}", " ".repeat(300_000))
}

/// Where the first policy stands in a line.
pub(super) const POLICY: usize = 3;

/// The line of a hook as `install` writes it, with this program in it.
fn own(host: &dyn Host, entry: &Entry) -> Result<Written, String> {
    let line = Written::read(&entry.command)
        .filter(|line| line.is_fence(host.name()) && line.words.len() > POLICY)
        .ok_or("it is not the line that `fence hook install` writes, so it was not run")?;
    let program = line.words.first().map(String::as_str).unwrap_or_default();
    let shown = printable(program, 200);
    let found = std::fs::canonicalize(program)
        .map_err(|_| format!("{shown} is not there: every call is blocked, or none"))?;
    let this = std::env::current_exe().and_then(std::fs::canonicalize);
    let this = this.map_err(|error| format!("this program cannot be told: {error}"))?;
    // `/proc/self/exe` is another program to a shell than to this one, and so is a relative path.
    if found.to_str() != Some(program) {
        return Err(format!("{shown} is not the program's own path, so it was not run"));
    }
    match (found == this, this.to_str()) {
        (true, Some(this)) => Ok(line.with(0, this)),
        _ => Err(format!("it runs another program than this one: ask that one's doctor: {shown}")),
    }
}

/// Whether the host reads a denial from standard output.
fn answers(host: &dyn Host, ran: &Ran) -> bool {
    let json: Option<Json> = ran.out.trim().parse().ok();
    json.is_some_and(|json| host.blocks(json.root()))
}

/// The exit that blocks in every host; some want the reason with it.
fn stops(ran: &Ran) -> bool {
    ran.code == Some(i32::from(BLOCKED)) && !ran.err.trim().is_empty()
}

/// The event of a call that must be denied, as the host sends it.
fn event(host: &str, event: &str) -> String {
    let session = "fence-doctor";
    match (host, event) {
        ("copilot", _) => {
            json!({"sessionId": session, "timestamp": 0, "cwd": "/", "toolName": TOOL,
            "toolArgs": {}})
        }
        ("cursor", "beforeMCPExecution") => json!({"hook_event_name": event,
            "conversation_id": session, "tool_name": TOOL, "tool_input": "{}",
            "mcp_server_name": "fence"}),
        ("cursor", _) => json!({"hook_event_name": event, "conversation_id": session,
            "tool_name": TOOL, "tool_input": {}}),
        _ => json!({"hook_event_name": event, "session_id": session, "cwd": "/",
            "tool_name": TOOL, "tool_input": {}}),
    }
    .to_string()
}

/// What runs a host's hooks.
struct Shell(std::ffi::OsString, &'static str);

impl Shell {
    fn of(host: &dyn Host) -> Self {
        let own = std::env::var_os("SHELL").filter(|shell| !shell.is_empty());
        match own.filter(|_| host.place().any_shell) {
            Some(own) => Self(own, "-lc"),
            None => Self("/bin/sh".into(), "-c"),
        }
    }
}

fn run(shell: &Shell, line: &Written, event: &str) -> Result<Ran, String> {
    let failed = |error: std::io::Error| format!("it cannot be run: {error}");
    let mut child = Command::new(&shell.0)
        .args([shell.1, &line.to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(failed)?;
    let (stdin, event) = (child.stdin.take(), event.to_owned());
    let writer = std::thread::spawn(move || {
        stdin.is_some_and(|mut stdin| stdin.write_all(event.as_bytes()).is_ok())
    });
    let code = ended(&mut child)?;
    let text = |pipe: Option<Box<dyn std::io::Read>>| {
        let mut text = String::new();
        pipe.map(|mut pipe| pipe.read_to_string(&mut text));
        text
    };
    let out = text(child.stdout.take().map(|pipe| Box::new(pipe) as Box<dyn std::io::Read>));
    let err = text(child.stderr.take().map(|pipe| Box::new(pipe) as Box<dyn std::io::Read>));
    Ok(Ran { code, out, err, taken: writer.join().unwrap_or_default() })
}

/// Its exit code; one that hangs is ended.
fn ended(child: &mut Child) -> Result<Option<i32>, String> {
    let until = Instant::now() + PATIENCE;
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Ok(status.code()),
            Ok(None) if Instant::now() < until => std::thread::sleep(Duration::from_millis(5)),
            Ok(None) => {
                let _ = child.kill();
                let _ = child.wait();
                return Err("it does not answer in time".to_owned());
            }
            Err(error) => return Err(format!("it cannot be run: {error}")),
        }
    }
}
