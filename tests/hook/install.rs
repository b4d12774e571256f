//! `fence hook install`: beside everything that stands there, once, with paths that stay right.

use crate::cli_place::Place;
use crate::model::HOSTS;
use crate::support::place;
use serde_json::{Value, json};

fn file(host: &str, scope: &str) -> &'static str {
    match (host, scope) {
        ("claude-code", _) => ".claude/settings.json",
        ("codex", _) => ".codex/hooks.json",
        ("gemini", _) => ".gemini/settings.json",
        ("cursor", _) => ".cursor/hooks.json",
        ("copilot", "user") => ".copilot/hooks/fence.json",
        _ => ".github/hooks/fence.json",
    }
}

fn install(place: &Place, host: &str, more: &[&str]) -> crate::cli_place::Ran {
    let arguments = [&["hook", "install", host, "p.fence", "--db", "fence.db"], more].concat();
    place.run(&arguments, b"")
}

fn json_of(place: &Place, name: &str) -> Value {
    serde_json::from_str(&std::fs::read_to_string(place.path(name)).unwrap()).unwrap()
}

#[test]
fn nothing_else_is_changed_and_a_second_time_changes_nothing() {
    let before = r#"{
  "z": 1e2,
  "hooks": {
    "PreToolUse": [
      {
        "matcher": "Bash",
        "hooks": [
          {
            "type": "command",
            "command": "./mine.sh"
          }
        ]
      }
    ],
    "Stop": []
  },
  "permissions": {
    "deny": [
      "Read(.env)"
    ]
  }
}
"#;
    let place = place();
    std::fs::create_dir(place.path(".claude")).unwrap();
    place.write(".claude/settings.json", before);
    let dry = install(&place, "claude-code", &["--dry-run"]);
    assert!(dry.out.contains("+            \"onFailure\": \"block\""), "{}", dry.out);
    for gone in dry.out.lines().skip(2).filter_map(|line| line.strip_prefix('-')) {
        assert!(dry.out.contains(&format!("+{gone},\n")), "{gone} is gone from\n{}", dry.out);
    }
    assert_eq!(std::fs::read_to_string(place.path(".claude/settings.json")).unwrap(), before);
    assert!(!place.path("fence.db").exists(), "looking makes no database");

    assert_eq!(install(&place, "claude-code", &[]).code, 0);
    let after = std::fs::read_to_string(place.path(".claude/settings.json")).unwrap();
    for line in before.lines().filter(|line| line.trim().len() > 3) {
        assert!(after.contains(line.trim_end_matches(',')), "{line} is gone from\n{after}");
    }
    let kept = std::fs::read_to_string(place.path(".claude/settings.json.before-fence")).unwrap();
    assert_eq!(kept, before);
    let again = install(&place, "claude-code", &[]);
    assert!(again.err.contains("is as it should be"), "{}", again.err);
    assert_eq!(std::fs::read_to_string(place.path(".claude/settings.json")).unwrap(), after);
    // Other flags replace the line, and do not stand beside it.
    install(&place, "claude-code", &["--agent", "code-2"]);
    let events = json_of(&place, ".claude/settings.json");
    assert_eq!(events["hooks"]["PreToolUse"].as_array().unwrap().len(), 2);
    assert!(events["hooks"]["PreToolUse"][1].to_string().contains("--agent code-2"));
}

/// HOK-011: for all tools, closed when it fails, patient enough, with absolute paths.
#[test]
fn hok_011_every_tool_is_covered_and_failures_block() {
    for host in HOSTS {
        let place = place();
        place.write("fence.toml", "[hook]\nwait = \"1m\"\n");
        assert_eq!(install(&place, host, &[]).code, 0, "{host}");
        let settings = json_of(&place, file(host, "user"));
        let (event, hook) = match host {
            "claude-code" | "codex" => ("PreToolUse", "/0/hooks/0"),
            "gemini" => ("BeforeTool", "/0/hooks/0"),
            _ => ("preToolUse", "/0"),
        };
        let list = &settings["hooks"][event];
        let hook = list.pointer(hook).unwrap();
        let matcher = list.pointer("/0/matcher").cloned().unwrap_or_default();
        let whole = [json!("*"), Value::Null].contains(&matcher);
        assert!(whole || (host == "cursor" && settings["hooks"]["beforeMCPExecution"].is_array()));
        let patience = match host {
            "gemini" => hook["timeout"] == 90_000,
            "copilot" => hook["timeoutSec"] == 90,
            _ => hook["timeout"] == 90,
        };
        assert!(patience, "{host}: {hook}");
        match host {
            "claude-code" => assert_eq!(hook["onFailure"], "block"),
            "cursor" => assert_eq!(hook["failClosed"], true),
            _ => {}
        }
        let command = hook[if host == "copilot" { "bash" } else { "command" }].as_str().unwrap();
        assert!(command.starts_with('/'), "{command}");
        let end = if host == "codex" { "exit 2; }'" } else { "exit 2; }" };
        assert!(command.ends_with(end), "{command}");
        assert!(command.contains("/p.fence --db /"), "{command}");
    }
}

#[test]
fn a_projects_settings_are_written_in_its_folder() {
    for host in HOSTS {
        let place = place();
        std::fs::create_dir(place.path("project")).unwrap();
        let policy = place.path("p.fence");
        let mut command = place.command(&[
            "hook",
            "install",
            host,
            policy.to_str().unwrap(),
            "--db",
            "x.db",
            "--scope",
            "project",
        ]);
        let output = command.current_dir(place.path("project")).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}");
        assert!(!said.contains("warning"), "{said}");
        assert!(place.path("project").join(file(host, "project")).exists(), "{host}");
    }
}

#[test]
fn an_agent_that_could_write_its_policy_is_warned_of() {
    let said = install(&place(), "claude-code", &[]).err;
    assert!(said.contains("p.fence lies in the folder where you stand"), "{said}");
}

#[test]
fn what_cannot_be_understood_is_left_alone() {
    for text in ["{ // mine\n \"hooks\": {} }", "[]", "{\"hooks\": {}, \"hooks\": {}}"] {
        let place = place();
        std::fs::create_dir(place.path(".gemini")).unwrap();
        place.write(".gemini/settings.json", text);
        let ran = install(&place, "gemini", &[]);
        assert_eq!(ran.code, 2, "{text}");
        assert!(
            ran.err.contains("cannot be changed") && ran.err.contains("by hand"),
            "{}",
            ran.err
        );
        assert_eq!(std::fs::read_to_string(place.path(".gemini/settings.json")).unwrap(), text);
    }
}

#[test]
fn a_policy_that_would_block_everything_is_not_installed() {
    let place = place();
    place.write("p.fence", "fence 1 policy p allow * whne x");
    let ran = install(&place, "claude-code", &[]);
    assert_eq!(ran.code, 2);
    assert!(!place.path(".claude").exists());
}

/// Hooks of others that mention Fence's were replaced, and those of a shape it does not know dropped.
#[test]
fn hooks_of_others_stay_whatever_they_say() {
    let place = place();
    std::fs::create_dir(place.path(".codex")).unwrap();
    let others = json!([
        {"hooks": [{"type": "command", "command": "audit --of fence hook codex p.fence"}]},
        {"hooks": [{"type": "command", "command": "/opt/other hook codex p.fence"}]},
        {"hooks": [{"type": "http", "url": "https://audit.example.com"}]},
        {"hooks": "later"},
        "a text",
    ]);
    let settings = json!({"hooks": {"PreToolUse": others}});
    place.write(".codex/hooks.json", &settings.to_string());
    assert_eq!(install(&place, "codex", &[]).code, 0);
    // Somebody puts a hook of theirs into the group of Fence's.
    let mut settings = json_of(&place, ".codex/hooks.json");
    let list = settings["hooks"]["PreToolUse"].as_array_mut().unwrap();
    assert_eq!(list.len(), 6);
    assert_eq!(json!(list[..5]), others);
    let theirs = json!({"type": "http", "url": "https://mine.example.com"});
    list[5]["hooks"].as_array_mut().unwrap().push(theirs.clone());
    place.write(".codex/hooks.json", &settings.to_string());
    assert_eq!(install(&place, "codex", &["--agent", "code-2"]).code, 0);
    let list = json_of(&place, ".codex/hooks.json")["hooks"]["PreToolUse"].clone();
    assert_eq!(list.as_array().unwrap().len(), 7, "{list}");
    assert_eq!(json!(list.as_array().unwrap()[..5]), others);
    assert_eq!(list[5]["hooks"], json!([theirs]));
    assert!(list[6].to_string().contains("--agent code-2"), "{list}");
}

#[test]
fn hooks_that_are_no_list_are_refused_and_stay() {
    for text in [r#"{"hooks":{"PreToolUse":{"mine":1}}}"#, r#"{"hooks":"mine"}"#] {
        let place = place();
        std::fs::create_dir(place.path(".codex")).unwrap();
        place.write(".codex/hooks.json", text);
        let ran = install(&place, "codex", &[]);
        assert!(ran.code == 2 && ran.err.contains("cannot be changed"), "{}", ran.err);
        assert_eq!(std::fs::read_to_string(place.path(".codex/hooks.json")).unwrap(), text);
    }
}

/// The first settings were lost when a second change was installed.
#[test]
fn every_earlier_file_is_kept() {
    let place = place();
    std::fs::create_dir(place.path(".claude")).unwrap();
    place.write(".claude/settings.json", "{\"mine\": 1}");
    for agent in ["code-1", "code-2", "code-3"] {
        assert_eq!(install(&place, "claude-code", &["--agent", agent]).code, 0);
    }
    let kept = |name: &str| {
        std::fs::read_to_string(place.path(&format!(".claude/settings.json.before-fence{name}")))
    };
    assert_eq!(kept("").unwrap(), "{\"mine\": 1}");
    assert!(kept("-2").unwrap().contains("code-1") && kept("-3").unwrap().contains("code-2"));
}

/// A link that is set anew, or a folder that is moved away, led the hook elsewhere.
#[test]
fn installed_paths_have_no_links_and_no_way_back() {
    let place = place();
    std::fs::create_dir(place.path("real")).unwrap();
    std::fs::create_dir(place.path("project")).unwrap();
    place.write("real/q.fence", crate::support::POLICY);
    place.write("real/fence.toml", "[hook]\nagent = \"code-1\"\nwait = \"1m\"\n");
    std::os::unix::fs::symlink("real", place.path("link")).unwrap();
    let arguments = ["hook", "install", "claude-code", "../link/q.fence", "--db", "../link/new.db"];
    let mut command = place.command(&arguments);
    let output = command.current_dir(place.path("project")).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let hook = &json_of(&place, ".claude/settings.json")["hooks"]["PreToolUse"][0]["hooks"][0];
    let command = hook["command"].as_str().unwrap();
    let real = std::fs::canonicalize(place.path("real")).unwrap();
    for name in ["q.fence", "new.db"] {
        assert!(command.contains(real.join(name).to_str().unwrap()), "{command}");
    }
    assert!(!command.contains("..") && !command.contains("link"), "{command}");
    // The settings beside the policy are those of the real folder.
    assert!(command.contains("--hold-at-most 60s") && hook["timeout"] == 90, "{hook}");
}

#[test]
fn a_line_that_not_every_shell_reads_alike_is_not_installed_for_codex() {
    let place = place();
    let ran = install(&place, "codex", &["--agent", "it's"]);
    assert!(ran.code == 2 && ran.err.contains("every shell"), "{}", ran.err);
    assert_eq!(install(&place, "claude-code", &["--agent", "it's"]).code, 0);
}
