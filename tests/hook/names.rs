//! Under which names policies find a host's tools.

use crate::support::{event, place};
use fence::store::{LogQuery, Logged};
use serde_json::{Value, json};

/// The tool that was judged, or `-` where the event was blocked before.
fn judged(host: &str, event: &Value) -> String {
    let place = place();
    place.hook(host, event);
    let mut tool = "-".to_owned();
    let mut visit = |logged: Logged| {
        tool = logged.entry.tool;
        true
    };
    if place.path("fence.db").exists() {
        place.gate().store().log(&LogQuery::default(), &mut visit).unwrap();
    }
    tool
}

#[test]
fn built_in_tools_have_their_own_names_and_no_server() {
    for (host, name) in [
        ("claude-code", "Bash"),
        ("codex", "apply_patch"),
        ("gemini", "run_shell_command"),
        ("cursor", "Shell"),
        ("copilot", "bash"),
    ] {
        assert_eq!(judged(host, &event(host, name, &json!({"command": "ls"}))), name);
    }
}

#[test]
fn tools_of_mcp_servers_are_server_and_tool() {
    for host in ["claude-code", "codex", "gemini", "cursor"] {
        assert_eq!(judged(host, &event(host, "mail/list", &json!({}))), "mail/list", "{host}");
    }
    // Copilot does not say which server a tool is of.
    assert_eq!(judged("copilot", &event("copilot", "mail/list", &json!({}))), "mail-list");
}

/// GLB-039: server `git__x`, tool `delete`, or server `git`, tool `x__delete`?
#[test]
fn a_name_that_can_be_read_in_two_ways_is_refused() {
    let named = |name: &str, server: Option<&str>| {
        let mut event = event("claude-code", name, &json!({}));
        if let Some(server) = server {
            event["mcp_server"] = json!({"name": server, "source": "user"});
        }
        judged("claude-code", &event)
    };
    assert_eq!(named("mcp__git__x__delete", None), "-");
    assert_eq!(named("mcp__git__x__delete", Some("git__x")), "-");
    assert_eq!(named("mcp__git__x__delete", Some("git")), "git/x__delete");
    assert_eq!(named("mcp__plugin_a_b__delete", Some("plugin:a:b")), "plugin_a_b/delete");
}

#[test]
fn a_tool_whose_server_is_not_said_is_refused() {
    let mut gemini = event("gemini", "mail/list", &json!({}));
    gemini.as_object_mut().unwrap().remove("mcp_context");
    assert_eq!(judged("gemini", &gemini), "-");
    assert_eq!(judged("cursor", &event("cursor", "MCP:list", &json!({}))), "-");
    let mut cursor = event("cursor", "mail/list", &json!({}));
    cursor.as_object_mut().unwrap().remove("mcp_server_name");
    assert_eq!(judged("cursor", &cursor), "-");
}

#[test]
fn a_slash_in_a_name_makes_it_no_other_servers_tool() {
    for host in ["claude-code", "gemini", "copilot"] {
        let mut event = event(host, "x", &json!({}));
        let key = if host == "copilot" { "toolName" } else { "tool_name" };
        event[key] = json!("mail/list");
        assert_eq!(judged(host, &event), "-", "{host}");
    }
}
