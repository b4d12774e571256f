//! The example of the README: a server, an agent in Python, a person who edits and approves.

use crate::serve::{Served, token};
use crate::support::Call;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

#[test]
fn the_example_agent_sends_what_was_approved() {
    let folder = tempfile::tempdir().unwrap();
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/server");
    for file in ["newsletter.fence", "fence.toml"] {
        std::fs::copy(example.join(file), folder.path().join(file)).unwrap();
    }
    let agent = token(folder.path(), &["--role", "agent", "--agent", "mailer-1"]);
    let ana = token(folder.path(), &["--role", "approver", "--person", "ana@example.com"]);
    let served = Served::of(folder.path(), "newsletter.fence", &[]);
    let url = format!("http://{}", served.address);
    let running = Command::new("python3")
        .arg(example.join("agent.py"))
        .arg(&url)
        .env("FENCE_TOKEN", &agent)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();

    let begun = Instant::now();
    let id = loop {
        let list = Call::new(served.address, "GET", "/v1/requests").token(&ana).send().json();
        if let Some(id) = list["items"][0]["id"].as_str() {
            break id.to_owned();
        }
        assert!(begun.elapsed() < Duration::from_secs(20), "the agent never asked");
        std::thread::sleep(Duration::from_millis(20));
    };
    let view = Call::new(served.address, "GET", &format!("/v1/requests/{id}")).token(&ana).send();
    assert_eq!(view.json()["recipients"], 12);
    let edits = r#"{"version":1,"edits":[{"field":"args.to","value":["reader1@list.test","reader2@list.test"]}]}"#;
    let approve = format!("/v1/requests/{id}/approve");
    let approved = Call::new(served.address, "POST", &approve).json(edits).token(&ana).send();
    assert_eq!(approved.status, 200, "{}", approved.body);

    let output = running.wait_with_output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{said}");
    assert!(said.contains("sent 'Spring news' to 2 recipients"), "{said}");
    let done = Call::new(served.address, "GET", &format!("/v1/requests/{id}")).token(&ana).send();
    assert_eq!(done.json()["state"], "done");
}
