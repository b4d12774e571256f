//! `fence doctor`: a gate is live only where it blocks what must be blocked.

use crate::cli_place::{Place, Ran};
use crate::model::HOSTS;
use crate::support::place;
use serde_json::{Value, json};

fn installed(host: &str) -> Place {
    let place = place();
    let ran = place.run(&["hook", "install", host, "p.fence", "--db", "fence.db"], b"");
    assert_eq!(ran.code, 0, "{}", ran.err);
    place
}

/// Changes Claude Code's settings and asks the doctor.
fn after(change: impl FnOnce(&mut Value)) -> Ran {
    let place = installed("claude-code");
    let file = place.path(".claude/settings.json");
    let mut settings = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
    change(&mut settings);
    std::fs::write(&file, settings.to_string()).unwrap();
    place.run(&["doctor", "claude-code"], b"")
}

fn is_open(ran: &Ran, why: &str) {
    assert_eq!(ran.code, 1, "{}", ran.out);
    assert!(ran.out.starts_with("OPEN  claude-code") && ran.out.contains(why), "{}", ran.out);
}

#[test]
fn what_was_installed_is_live_in_every_host() {
    for host in HOSTS {
        let place = installed(host);
        let ran = place.run(&["doctor", host, "--json"], b"");
        assert_eq!(ran.code, 0, "{host}: {}{}", ran.out, ran.err);
        let gates = ran.json();
        assert!(gates.iter().all(|gate| gate["live"] == true && gate["host"] == host), "{gates:?}");
        // The probe went through the whole line, and asked nobody.
        let log = place.run(&["log", "--db", "fence.db", "--json"], b"").json();
        // Once as it is, once with a long event.
        assert_eq!(log.len(), 2 * gates.len(), "{host}");
        assert!(log.iter().all(|entry| entry["decision"] == "deny"), "{log:?}");
    }
}

#[test]
fn no_gate_at_all_is_no_good_news() {
    let ran = place().run(&["doctor"], b"");
    assert_eq!(ran.code, 1);
    assert!(ran.err.contains("no gate is installed"), "{}", ran.err);
    let ran = place().run(&["doctor", "codex"], b"");
    assert_eq!(ran.code, 1);
    assert!(ran.out.contains("no hook of Fence"), "{}", ran.out);
}

/// HOK-011
#[test]
fn hok_011_a_matcher_that_leaves_tools_out_is_open() {
    let ran = after(|all| all["hooks"]["PreToolUse"][0]["matcher"] = json!("Write|Edit"));
    is_open(&ran, "the matcher `Write|Edit` leaves tools out");
}

/// HOK-012
#[test]
fn hok_012_hooks_that_are_switched_off_are_open() {
    is_open(&after(|all| all["disableAllHooks"] = json!(true)), "switches all hooks off");
    let place = installed("claude-code");
    std::fs::create_dir_all(place.path("project/.claude")).unwrap();
    place.write("project/.claude/settings.local.json", "{\"disableAllHooks\": true}");
    let mut command = place.command(&["doctor"]);
    let output = command.current_dir(place.path("project")).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.contains("settings.local.json switches all hooks off"), "{said}");
}

/// HOK-002
#[test]
fn hok_002_without_on_failure_a_hook_that_is_killed_opens() {
    let ran = after(|all| {
        let hook = all["hooks"]["PreToolUse"][0]["hooks"][0].as_object_mut().unwrap();
        hook.remove("onFailure");
    });
    is_open(&ran, "`onFailure` is not `block`");
}

/// HOK-003
#[test]
fn hok_003_a_program_that_is_gone_is_found() {
    let ran = after(|all| {
        let command = &mut all["hooks"]["PreToolUse"][0]["hooks"][0]["command"];
        let renamed = command.as_str().unwrap().replacen("/fence hook", "/old/fence hook", 1);
        *command = json!(renamed);
    });
    is_open(&ran, "/old/fence is not there");
}

#[test]
fn a_line_that_lets_failures_through_is_open() {
    let ran = after(|all| {
        let hook = &mut all["hooks"]["PreToolUse"][0]["hooks"][0];
        hook["onFailure"] = json!("continue");
        let command = hook["command"].as_str().unwrap();
        hook["command"] = json!(command.split(" ||").next().unwrap());
    });
    is_open(&ran, "a program that is not there lets calls through");
}

#[test]
fn a_timeout_shorter_than_the_wait_is_open() {
    let ran = after(|all| all["hooks"]["PreToolUse"][0]["hooks"][0]["timeout"] = json!(2));
    is_open(&ran, "the timeout is shorter than 25 s");
}

#[test]
fn a_gate_that_blocks_everything_is_told() {
    let place = installed("claude-code");
    std::fs::remove_file(place.path("p.fence")).unwrap();
    let ran = place.run(&["doctor"], b"");
    is_open(&ran, "blocks every call");
}

/// A project's settings are not trusted with more than this program.
#[test]
fn a_line_of_somebody_elses_is_not_run() {
    for line in [
        "touch stolen; fence hook claude-code p.fence",
        "/bin/touch hook claude-code stolen",
        "sh -c 'touch stolen' hook claude-code p.fence",
    ] {
        let place = installed("claude-code");
        let settings = json!({"hooks": {"PreToolUse": [{"hooks": [{"type": "command",
            "command": format!("{line} "), "onFailure": "block"}]}]}});
        std::fs::write(place.path(".claude/settings.json"), settings.to_string()).unwrap();
        let ran = place.run(&["doctor"], b"");
        assert_eq!(ran.code, 1, "{line}: {}", ran.out);
        assert!(!place.path("stolen").exists(), "{line} was run");
    }
}

/// `/proc/self/exe` was this program to the doctor, and to the shell that ran it a shell: which took
/// `hook` for a script of the project.
#[test]
fn a_projects_script_is_not_run_by_the_doctor() {
    let place = installed("claude-code");
    let file = place.path(".claude/settings.json");
    let good = std::fs::read_to_string(&file).unwrap();
    let program = std::fs::canonicalize(env!("CARGO_BIN_EXE_fence")).unwrap();
    let program = program.to_str().unwrap();
    std::os::unix::fs::symlink(program, place.path("fence")).unwrap();
    place.write("hook", "touch stolen\n");
    let linked = place.path("fence");
    let upwards = format!("{}/../debug/fence", program.rsplit_once('/').unwrap().0);
    let others = ["/proc/self/exe", "./fence", "fence", linked.to_str().unwrap(), &upwards];
    for other in others {
        assert!(good.contains(&format!("{program} hook")), "{good}");
        std::fs::write(&file, good.replace(&format!("{program} hook"), &format!("{other} hook")))
            .unwrap();
        let ran = place.run(&["doctor"], b"");
        assert_eq!(ran.code, 1, "{other}: {}", ran.out);
        assert!(!place.path("stolen").exists(), "{other} was run");
        assert!(ran.out.contains("was not run") || ran.out.contains("is not there"), "{}", ran.out);
    }
    // Another command of this very program is none of its hooks.
    for other in ["halt hook claude-code x", "serve hook claude-code p.fence"] {
        let other = format!("{program} {other} ");
        let settings = json!({"hooks": {"PreToolUse": [{"hooks": [{"type": "command",
            "command": other, "timeout": 60, "onFailure": "block"}]}]}});
        std::fs::write(&file, settings.to_string()).unwrap();
        let ran = place.run(&["doctor"], b"");
        assert!(ran.code == 1 && ran.out.contains("was not run"), "{}", ran.out);
    }
}

/// Members that keep a host from asking, or from waiting for the answer, were `live`.
#[test]
fn a_hook_with_members_of_others_is_open() {
    for (member, value) in [
        ("async", json!(true)),
        ("if", json!("Bash(git *)")),
        ("type", json!("prompt")),
        ("args", json!(["x"])),
        ("shell", json!("fish")),
        ("once", json!(true)),
    ] {
        let ran = after(|all| all["hooks"]["PreToolUse"][0]["hooks"][0][member] = value);
        is_open(&ran, &format!("`{member}` is not as"));
    }
    is_open(
        &after(|all| all["hooks"]["PreToolUse"][0]["enabled"] = json!(false)),
        "`enabled` is not",
    );
}

#[test]
fn a_hook_that_names_no_time_has_its_hosts() {
    for (host, event, open) in [("gemini", "BeforeTool", false), ("cursor", "preToolUse", true)] {
        let place = installed(host);
        let name = if host == "gemini" { ".gemini/settings.json" } else { ".cursor/hooks.json" };
        let text = std::fs::read_to_string(place.path(name)).unwrap();
        let mut settings: Value = serde_json::from_str(&text).unwrap();
        let entry = &mut settings["hooks"][event][0];
        let hook = if host == "gemini" { &mut entry["hooks"][0] } else { entry };
        hook.as_object_mut().unwrap().remove("timeout").unwrap();
        place.write(name, &settings.to_string());
        let ran = place.run(&["doctor", host], b"");
        assert_eq!(ran.code == 1, open, "{host}: {}", ran.out);
        assert_eq!(ran.out.contains("no timeout"), open, "{host}: {}", ran.out);
    }
}

#[test]
fn a_folder_that_a_variable_names_is_looked_into() {
    for (host, variable, name) in [
        ("codex", "CODEX_HOME", "elsewhere/hooks.json"),
        ("claude-code", "CLAUDE_CONFIG_DIR", "elsewhere/settings.json"),
    ] {
        let place = place();
        let elsewhere = place.path("elsewhere");
        let set = [(variable, elsewhere.to_str().unwrap())];
        let install = ["hook", "install", host, "p.fence", "--db", "fence.db"];
        assert_eq!(place.run_as(&install, b"", &set).code, 0);
        assert!(place.path(name).exists(), "{host}");
        assert_eq!(place.run_as(&["doctor", host], b"", &set).code, 0, "{host}");
        assert_eq!(place.run(&["doctor", host], b"").code, 1, "{host}");
    }
}

/// Hooks of a project's local settings run as well.
#[test]
fn hooks_in_local_settings_are_found() {
    let place = installed("claude-code");
    let settings = std::fs::read_to_string(place.path(".claude/settings.json")).unwrap();
    let open = settings.replace("\"block\"", "\"continue\"");
    place.write(".claude/settings.local.json", &open);
    let ran = place.run(&["doctor", "claude-code"], b"");
    assert_eq!(ran.code, 1);
    assert!(ran.out.contains("settings.local.json\n      `onFailure` is not"), "{}", ran.out);
}

/// Codex runs hooks in the user's login shell, whose own words come before the answer.
#[test]
fn codex_is_proven_through_a_login_shell_that_talks() {
    let place = installed("codex");
    place.write(".profile", "echo welcome\n");
    let ran = place.run_as(&["doctor", "codex"], b"", &[("SHELL", "/bin/sh")]);
    assert_eq!(ran.code, 0, "{}", ran.out);
    place.write(".profile", "exit 0\n");
    let ran = place.run_as(&["doctor", "codex"], b"", &[("SHELL", "/bin/sh")]);
    assert!(ran.code == 1 && ran.out.contains("was let through"), "{}", ran.out);
}
