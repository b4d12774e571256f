//! Running a hook exactly as it is written, and telling whether the host would have let the call
//! through.

use crate::cli::hook::line::Written;
use crate::hook::place::Entry;
use crate::hook::{BLOCKED, Host};
use fence_engine::json::Json;
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
}

/// Every way in which the hook lets something through that must be blocked.
///
/// Only lines of this very program are run: a project's settings are not trusted with more.
pub(super) fn probe(host: &dyn Host, entry: &Entry) -> Vec<String> {
    let line = match own(entry) {
        Ok(line) => line,
        Err(why) => return vec![why],
    };
    let event = event(host.name(), &entry.event);
    let mut open = Vec::new();
    match run(&entry.command, &event) {
        Ok(ran) if ran.code == Some(0) && answers(host, &ran) => {}
        Ok(ran) if stops(&ran) => {
            let why = ran.err.lines().next().unwrap_or_default();
            open.push(format!("it answers nothing and blocks every call: {why}"));
        }
        Ok(_) => open.push("a call that must be denied was let through".to_owned()),
        Err(why) => open.push(why),
    }
    for (what, command, event) in [
        ("an event that cannot be read", entry.command.clone(), "no event"),
        ("a policy that is not there", line.with(POLICY, "/policy/that/is/not/there"), &*event),
        ("a program that is not there", line.with(0, "/program/that/is/not/there"), &*event),
    ] {
        let blocked = run(&command, event).is_ok_and(|ran| {
            stops(&ran) || answers(host, &ran) || (entry.closed && ran.code != Some(0))
        });
        if !blocked {
            open.push(format!("{what} lets calls through"));
        }
    }
    open
}

/// Where the first policy stands in a line.
pub(super) const POLICY: usize = 3;

/// The line of a hook, where it runs this program.
fn own(entry: &Entry) -> Result<Written, String> {
    let line = Written::read(&entry.command)
        .filter(|line| line.words.len() > POLICY)
        .ok_or("it is not the line that `fence hook install` writes, so it was not run")?;
    let program = line.words.first().map(String::as_str).unwrap_or_default();
    let found = std::fs::canonicalize(program)
        .map_err(|_| format!("{program} is not there: every call is blocked, or none"))?;
    let this = std::env::current_exe().and_then(std::fs::canonicalize);
    match this.is_ok_and(|this| this == found) {
        true => Ok(line),
        false => {
            Err(format!("it runs another program than this one: ask that one's doctor: {program}"))
        }
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

fn run(command: &str, event: &str) -> Result<Ran, String> {
    let failed = |error: std::io::Error| format!("it cannot be run: {error}");
    let mut child = Command::new("sh")
        .args(["-c", command])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(failed)?;
    if let Some(mut stdin) = child.stdin.take() {
        // A program that is not there reads nothing.
        let _ = stdin.write_all(event.as_bytes());
    }
    let code = ended(&mut child)?;
    let text = |pipe: Option<Box<dyn std::io::Read>>| {
        let mut text = String::new();
        pipe.map(|mut pipe| pipe.read_to_string(&mut text));
        text
    };
    let out = text(child.stdout.take().map(|pipe| Box::new(pipe) as Box<dyn std::io::Read>));
    let err = text(child.stderr.take().map(|pipe| Box::new(pipe) as Box<dyn std::io::Read>));
    Ok(Ran { code, out, err })
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
