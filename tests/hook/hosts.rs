//! Allowed, denied, other events: in the exact form of each host.

use crate::model::{Done, HOSTS, done};
use crate::support::{POLICY, event, place};
use serde_json::{Value, json};

/// The host's own shell, with its argument.
fn shell(host: &str) -> &'static str {
    match host {
        "gemini" => "run_shell_command",
        "cursor" => "Shell",
        "copilot" => "bash",
        _ => "Bash",
    }
}

#[test]
fn what_is_allowed_goes_on_under_the_users_own_rules() {
    let neutral = [
        ("claude-code", ""),
        ("codex", ""),
        ("gemini", "{}\n"),
        ("cursor", "{\"permission\":\"allow\"}\n"),
        ("copilot", "{}\n"),
    ];
    let place = place();
    for (host, out) in neutral {
        let ran = place.hook(host, &event(host, shell(host), &json!({"command": "ls"})));
        assert_eq!((ran.code, &*ran.out, &*ran.err), (0, out, ""), "{host}");
    }
}

#[test]
fn what_is_denied_is_blocked_and_says_what_to_do_instead() {
    let reason = "nothing is wiped. Instead: move it to /tmp";
    let specific = json!({"hookSpecificOutput": {"hookEventName": "PreToolUse",
        "permissionDecision": "deny", "permissionDecisionReason": reason}});
    let place = place();
    for host in HOSTS {
        let args = json!({"command": "rm -rf /"});
        let ran = place.hook(host, &event(host, shell(host), &args));
        assert_eq!(done(host, &args, &ran), Done::Blocked(reason.to_owned()), "{host}");
        let expected = match host {
            "gemini" => json!({"decision": "deny", "reason": reason}),
            "cursor" => json!({"permission": "deny", "user_message": reason,
                "agent_message": reason}),
            "copilot" => json!({"permissionDecision": "deny", "permissionDecisionReason": reason}),
            _ => specific.clone(),
        };
        match host {
            "codex" => assert_eq!((ran.code, &*ran.out, ran.err.trim()), (2, "", reason)),
            _ => assert_eq!((ran.code, ran.json()), (0, vec![expected]), "{host}"),
        }
    }
}

/// A denial without a reason is no denial for a host that wants one.
#[test]
fn a_denial_without_a_reason_blocks_and_says_so() {
    for blank in ["", "   "] {
        let place = place();
        place.write(
            "p.fence",
            &format!(
                "fence 1 policy p deny Bash because \"{blank}\" instead \"{blank}\" default deny"
            ),
        );
        for host in HOSTS {
            let ran = place.hook(host, &event(host, "Bash", &json!({"command": "ls"})));
            let Done::Blocked(reason) = done(host, &json!({}), &ran) else {
                panic!("{host} goes on: {ran:?}")
            };
            assert!(reason.chars().any(char::is_alphabetic), "{host}: `{reason}`");
        }
    }
}

#[test]
fn events_without_effect_get_no_verdict() {
    let place = place();
    for (host, event) in [
        ("claude-code", json!({"hook_event_name": "SessionStart", "session_id": "s"})),
        ("claude-code", json!({"hook_event_name": "Stop", "session_id": "s"})),
        (
            "claude-code",
            json!({"hook_event_name": "PermissionDenied", "session_id": "s",
            "tool_name": "Bash", "tool_input": {}}),
        ),
        ("codex", json!({"hook_event_name": "UserPromptSubmit", "session_id": "s"})),
        ("gemini", json!({"hook_event_name": "BeforeModel", "session_id": "s"})),
        ("cursor", json!({"hook_event_name": "stop", "conversation_id": "s"})),
        ("copilot", json!({"sessionId": "s", "timestamp": 1, "source": "new"})),
    ] {
        let ran = place.hook(host, &event);
        assert_eq!((ran.code, &*ran.out, &*ran.err), (0, "", ""), "{host} {event}");
    }
    assert_eq!(place.gate().store().newest_event().unwrap(), 0);
}

/// These start or show something, and were let through as if they did not.
#[test]
fn an_event_with_an_effect_is_not_taken_for_a_neutral_one() {
    let place = place();
    for (host, event) in [
        ("claude-code", json!({"hook_event_name": "Elicitation", "session_id": "s"})),
        ("claude-code", json!({"hook_event_name": "PreToolUseBatch", "session_id": "s"})),
        ("codex", json!({"hook_event_name": "BeforeEverything", "session_id": "s"})),
        ("gemini", json!({"hook_event_name": "BeforeEverything", "session_id": "s"})),
        ("cursor", json!({"hook_event_name": "subagentStart", "conversation_id": "s"})),
        ("cursor", json!({"hook_event_name": "beforeTabFileRead", "conversation_id": "s"})),
        ("copilot", json!({"sessionId": "s", "timestamp": 1, "agentName": "x"})),
    ] {
        let ran = place.hook(host, &event);
        assert!(done(host, &json!({}), &ran).is_blocked(), "{host} {event} {ran:?}");
    }
    // What is shown to the completion model is a read as any other.
    place.write("p.fence", "fence 1 policy p deny Read default allow");
    let read = json!({"hook_event_name": "beforeTabFileRead", "conversation_id": "s",
        "file_path": "/repo/.env", "content": "…"});
    assert_eq!(place.hook("cursor", &read).json()[0]["permission"], "deny");
}

/// Claude Code ignores the exit code there: without an answer the question goes to the user, or to
/// a mode that says yes.
#[test]
fn a_fault_before_the_hosts_own_question_is_a_denial_too() {
    let mut question = event("claude-code", "Read", &json!({"file_path": "/repo/a"}));
    question["hook_event_name"] = json!("PermissionRequest");
    let text = question.to_string();
    let broken: [(&str, &str, &str); 4] = [
        ("fence 1 policy p allow * whne x", &text, ""),
        (POLICY, &text, "panic"),
        (POLICY, &text, "sleep"),
        (POLICY, &text[..text.len() - 1], ""),
    ];
    for (policy, event, fault) in broken {
        let place = place();
        place.write("p.fence", policy);
        let arguments = ["hook", "claude-code", "p.fence", "--db", "fence.db"];
        let ran = place.run_as(&arguments, event.as_bytes(), &[("FENCE_FAULT", fault)]);
        let decision = &ran.json()[0]["hookSpecificOutput"]["decision"];
        assert_eq!(decision["behavior"], "deny", "{fault} {ran:?}");
    }
}

/// A host that renames its events must not open the gate.
#[test]
fn an_unknown_event_about_a_tool_is_blocked() {
    let place = place();
    for host in HOSTS {
        let mut event = event(host, "Read", &json!({}));
        event["hook_event_name"] = json!("BeforeEverything");
        let ran = place.hook(host, &event);
        assert!(done(host, &json!({}), &ran).is_blocked(), "{host}: {ran:?}");
        assert!(ran.err.contains("does not know the event `BeforeEverything`"), "{}", ran.err);
    }
}

/// HOK-010: no mode of the host weakens the verdict.
#[test]
fn the_verdict_does_not_depend_on_the_hosts_mode() {
    let place = place();
    for mode in ["default", "plan", "acceptEdits", "bypassPermissions", "dontAsk", "auto"] {
        for (command, blocked) in [("rm -rf /", true), ("ls", false)] {
            let args = json!({"command": command});
            let mut event = event("claude-code", "Bash", &args);
            event["permission_mode"] = json!(mode);
            let ran = place.hook("claude-code", &event);
            assert_eq!(done("claude-code", &args, &ran).is_blocked(), blocked, "{mode}");
        }
    }
}

/// HOK-015: hosts take the strictest of several hooks. Fence never answers with an `allow` that
/// could outrank another hook, except for what people approved with changes.
#[test]
fn another_hooks_allow_does_not_matter() {
    let place = place();
    for host in HOSTS {
        let denied = place.hook(host, &event(host, shell(host), &json!({"command": "rm -rf /"})));
        let other = "{\"hookSpecificOutput\":{\"permissionDecision\":\"allow\"}}";
        let other = crate::cli_place::Ran { code: 0, out: other.to_owned(), err: String::new() };
        // Any denial wins in every one of them.
        let both = [&other, &denied].map(|ran| done(host, &json!({}), ran).is_blocked());
        assert_eq!(both, [false, true], "{host}");
        let allowed = place.hook(host, &event(host, shell(host), &json!({"command": "ls"})));
        let said: Value = serde_json::from_str(&allowed.out).unwrap_or(json!({}));
        assert!(said.pointer("/hookSpecificOutput/permissionDecision").is_none(), "{host}");
        assert!(said.get("permissionDecision").is_none(), "{host}");
    }
}

#[test]
fn a_skills_own_command_is_judged_too() {
    let place = place();
    let mut event = event("claude-code", "Bash", &json!({"command": "rm -rf /"}));
    event["hook_event_name"] = json!("PreSkillShellCommand");
    let ran = place.hook("claude-code", &event);
    let said = &ran.json()[0]["hookSpecificOutput"];
    assert_eq!(said["hookEventName"], "PreSkillShellCommand");
    assert_eq!(said["permissionDecision"], "deny");
}

#[test]
fn cursors_older_events_are_judged_as_its_tools() {
    let place = place();
    for (event, blocked) in [
        (
            json!({"hook_event_name": "beforeShellExecution", "conversation_id": "s",
            "command": "rm -rf /", "cwd": "/repo"}),
            true,
        ),
        (
            json!({"hook_event_name": "beforeShellExecution", "conversation_id": "s",
            "command": "ls", "cwd": "/repo"}),
            false,
        ),
        (
            json!({"hook_event_name": "beforeReadFile", "conversation_id": "s",
            "file_path": "/repo/a", "content": "…"}),
            false,
        ),
        (json!({"hook_event_name": "beforeReadFile", "conversation_id": "s"}), true),
    ] {
        let ran = place.hook("cursor", &event);
        assert_eq!(done("cursor", &json!({}), &ran).is_blocked(), blocked, "{event} {ran:?}");
    }
}

/// A subagent works for the agent of the settings: the policies of both bind it.
#[test]
fn a_subagent_never_gets_past_its_parent() {
    let place = place();
    let other = "fence 1 policy free for agent code-1:helper allow * default deny";
    place.write("free.fence", other);
    place.write("p.fence", "fence 1 policy desk for agent code-1 deny Bash default pass");
    for (agent, blocked) in [(Some("code-1"), true), (None, true)] {
        let mut event = event("claude-code", "Bash", &json!({"command": "ls"}));
        event["agent_id"] = json!("a1");
        event["agent_type"] = json!("helper");
        let mut arguments =
            vec!["hook", "claude-code", "p.fence", "free.fence", "--db", "fence.db"];
        arguments.extend(agent.iter().flat_map(|agent| ["--agent", agent]));
        let ran = place.run(&arguments, event.to_string().as_bytes());
        assert_eq!(
            done("claude-code", &json!({}), &ran).is_blocked(),
            blocked,
            "{agent:?} {ran:?}"
        );
    }
}

/// A project defines kinds of subagents: one that is called as another agent of the policies was
/// judged as that agent, with the roles of the main one.
#[test]
fn a_subagents_kind_makes_it_no_other_agent() {
    let place = place();
    place.write("fence.toml", "[hook]\nagent = \"code-1\"\nroles = [\"deployer\"]\n");
    place.write("p.fence", "fence 1 policy p allow Bash when agent.id == \"boss\" default deny");
    let mut event = event("claude-code", "Bash", &json!({"command": "ls"}));
    event["agent_id"] = json!("a1");
    event["agent_type"] = json!("boss");
    let ran = place
        .run(&["hook", "claude-code", "p.fence", "--db", "fence.db"], event.to_string().as_bytes());
    assert!(done("claude-code", &json!({}), &ran).is_blocked(), "{ran:?}");
    let log = place.run(&["log", "--db", "fence.db", "--json"], b"").json();
    let agent = &log[0]["call"]["agent"];
    assert_eq!(agent["id"], "code-1:boss", "{log:?}");
    assert_eq!(agent["parents"], json!(["code-1"]));
    assert!(agent.get("roles").is_none(), "{agent}");
}

#[test]
fn settings_of_the_agents_own_folder_and_variables_have_no_say() {
    let place = place();
    std::fs::create_dir(place.path("project")).unwrap();
    place.write("project/fence.toml", "database = \"elsewhere.db\"\n[hook]\nagent = \"boss\"\n");
    place.write("fence.toml", "database = \"fence.db\"\n[hook]\nagent = \"code-1\"\n");
    let elsewhere = place.path("variable.db");
    let policy = place.path("p.fence");
    let mut child = place
        .command(&["hook", "claude-code", policy.to_str().unwrap()])
        .current_dir(place.path("project"))
        .env("FENCE_DATABASE", &elsewhere)
        .env("FENCE_CONFIG", place.path("project/fence.toml"))
        .spawn()
        .unwrap();
    let event = event("claude-code", "Read", &json!({})).to_string();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), event.as_bytes()).unwrap();
    assert!(child.wait().unwrap().success());
    assert!(!elsewhere.exists() && !place.path("project/elsewhere.db").exists());
    let log = place.run(&["log", "--db", "fence.db", "--json"], b"").json();
    assert_eq!(log[0]["call"]["agent"]["id"], "code-1", "{log:?}");
}
