//! Answers that cannot be written, and a database that may not be.

use crate::support::{event, place};
use serde_json::json;
use std::io::Write as _;
use std::process::{Command, Stdio};

/// A denial that nobody can read would let the call through.
#[test]
fn an_answer_that_cannot_be_written_blocks() {
    let place = place();
    let event = event("claude-code", "Bash", &json!({"command": "rm -rf /"})).to_string();
    for line in [
        // Closed from the start, thrown away, and a reader that is gone.
        "exec \"$FENCE\" hook claude-code p.fence --db fence.db >&-",
        "exec \"$FENCE\" hook claude-code p.fence --db fence.db >/dev/null",
        "exec \"$FENCE\" hook claude-code p.fence --db fence.db >/dev/full",
        "{ \"$FENCE\" hook claude-code p.fence --db fence.db; echo $? >code; } | true; exit $(cat code)",
    ] {
        let mut child = place.command(&[]);
        let mut shell = Command::new("sh");
        shell.args(["-c", line]).current_dir(place.folder.path());
        shell.env("FENCE", child.env_clear().get_program());
        let mut child = shell
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(event.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{line}: {said}");
        assert!(!said.trim().is_empty(), "{line}");
    }
}

/// HOK-007: as the user nobody where this runs as root, whom no permission stops.
#[test]
fn hok_007_a_database_that_may_not_be_written_blocks() {
    use std::os::unix::fs::PermissionsExt as _;
    use std::os::unix::process::CommandExt as _;
    let place = place();
    place.gate();
    let program = place.path("fence");
    std::fs::copy(env!("CARGO_BIN_EXE_fence"), &program).unwrap();
    let mode = |path: &std::path::Path, mode| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    for side in ["fence.db-wal", "fence.db-shm"] {
        drop(std::fs::remove_file(place.path(side)));
    }
    mode(&place.path("fence.db"), 0o444);
    mode(place.folder.path(), 0o555);
    let mut command = Command::new(&program);
    command.args(["hook", "claude-code", "p.fence", "--db", "fence.db"]);
    if nix::unistd::getuid().is_root() {
        command.uid(65_534).gid(65_534);
    }
    let child = command
        .current_dir(place.folder.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut child = child.unwrap();
    let event = event("claude-code", "Read", &json!({})).to_string();
    let _ = child.stdin.take().unwrap().write_all(event.as_bytes());
    let output = child.wait_with_output().unwrap();
    mode(place.folder.path(), 0o755);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("cannot be written"), "{said}");
}
