//! A folder with a policy, and calls made through a host's hook.

use crate::cli_place::{Place, Ran};
use crate::model::{Done, done};
use fence::approvals::{Approval, Approver, FieldEdit, RequestQuery, RequestView, Target, Via};
use fence::people::{People, Person};
use fence::{Gate, SqliteStore};
use serde_json::{Value, json};

pub(crate) const POLICY: &str = r#"fence 1
policy desk
group editors = "ana@example.com"
allow Read, read_file, view, mail/list
allow Write when args.path under "/repo"
ask mail/send, publish as outbound {
  by editors
  edit args.to any, args.more any
  because "mail is read by an editor first"
}
ask Task as warm_up { auto first 1 per session by editors }
deny Bash, Shell, bash, run_shell_command when args.command like "*rm -rf*"
    because "nothing is wiped" instead "move it to /tmp"
allow Bash, Shell, bash, run_shell_command
default deny
"#;

pub(crate) const SETTINGS: &str = "[people.\"ana@example.com\"]\nname = \"Ana\"\n";

pub(crate) fn place() -> Place {
    let place = Place::new(POLICY);
    place.write("fence.toml", SETTINGS);
    place
}

/// A call as a host's event before it.
pub(crate) fn event(host: &str, tool: &str, args: &Value) -> Value {
    let (server, name) = tool.split_once('/').map_or((None, tool), |(s, name)| (Some(s), name));
    let mut event = match host {
        "gemini" => json!({"hook_event_name": "BeforeTool", "session_id": "s-1", "cwd": "/repo",
            "transcript_path": "/t", "timestamp": "2026-11-01T10:00:00Z", "tool_name": name,
            "tool_input": args}),
        "copilot" => json!({"sessionId": "s-1", "timestamp": 1, "cwd": "/repo", "toolName": name,
            "toolArgs": args}),
        "cursor" => json!({"hook_event_name": "preToolUse", "conversation_id": "s-1",
            "generation_id": "g", "workspace_roots": ["/repo"], "tool_name": name,
            "tool_input": args, "cwd": "/repo"}),
        _ => json!({"hook_event_name": "PreToolUse", "session_id": "s-1", "cwd": "/repo",
            "transcript_path": "/t", "permission_mode": "default", "tool_name": name,
            "tool_input": args}),
    };
    match (host, server) {
        (_, None) => {}
        ("gemini", Some(server)) => {
            event["tool_name"] = json!(format!("mcp_{server}_{name}"));
            event["mcp_context"] = json!({"server_name": server, "tool_name": name});
        }
        ("cursor", Some(server)) => {
            event["hook_event_name"] = json!("beforeMCPExecution");
            event["mcp_server_name"] = json!(server);
            event["tool_input"] = json!(args.to_string());
        }
        ("copilot", Some(server)) => event["toolName"] = json!(format!("{server}-{name}")),
        (_, Some(server)) => event["tool_name"] = json!(format!("mcp__{server}__{name}")),
    }
    event
}

impl Place {
    /// One event through `fence hook`.
    pub(crate) fn hook(&self, host: &str, event: &Value) -> Ran {
        let arguments = ["hook", host, "p.fence", "--db", "fence.db", "--agent", "code-1"];
        self.run(&arguments, event.to_string().as_bytes())
    }

    /// What the host does with a call.
    pub(crate) fn call(&self, host: &str, tool: &str, args: &Value) -> Done {
        done(host, args, &self.hook(host, &event(host, tool, args)))
    }

    /// The people's side, on the same database.
    pub(crate) fn gate(&self) -> Gate {
        let people = People::new(vec![Person::new("ana@example.com")]).unwrap();
        let text = std::fs::read_to_string(self.path("p.fence")).unwrap();
        let store = SqliteStore::open(self.path("fence.db")).unwrap();
        let gate = Gate::builder().policy_text("p.fence", &text).unwrap();
        gate.people(people).store(store).build().unwrap()
    }

    /// How many requests wait for people.
    pub(crate) fn waiting(&self) -> u64 {
        if !self.path("fence.db").exists() {
            return 0;
        }
        self.gate().approvals().list(&RequestQuery::default()).map_or(0, |page| page.open)
    }

    /// The one request that there is.
    pub(crate) fn request(&self) -> RequestView {
        let approvals = self.gate().approvals();
        let page = approvals.list(&RequestQuery { all: true, ..RequestQuery::default() }).unwrap();
        approvals.get(page.items[0].id.parse().unwrap()).unwrap()
    }

    /// Ana approves it, with these changes.
    pub(crate) fn approve(&self, edits: &[(&str, Value)]) -> RequestView {
        let edit = |(field, value): &(&str, Value)| FieldEdit {
            field: (*field).to_owned(),
            value: value.to_string().parse().unwrap(),
        };
        let edits = edits.iter().map(edit).collect();
        let (target, ana) = (Target::id(self.request().id.parse().unwrap()), ana());
        let approval = Approval { edits, ..Approval::default() };
        self.gate().approvals().approve(&ana, &target, approval).wait().unwrap()
    }
}

pub(crate) fn ana() -> Approver {
    Approver::new("ana@example.com", Via::Cli)
}
