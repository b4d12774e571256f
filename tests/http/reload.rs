//! Policies read again while the server runs: all of them or none.

use crate::support::{Server, Setup};
use fence::tokens::{Holder, Role};
use std::path::Path;
use std::time::{Duration, Instant};

fn files(folder: &Path) -> Setup {
    std::fs::write(folder.join("mail.fence"), "fence 1\npolicy mail\nallow read_post\n").unwrap();
    Setup { files: vec![folder.join("mail.fence")], ..Setup::default() }
}

fn until(what: &str, holds: impl Fn() -> bool) {
    let started = Instant::now();
    while !holds() {
        assert!(started.elapsed() < Duration::from_secs(15), "in vain: {what}");
        std::thread::sleep(Duration::from_millis(25));
    }
}

struct House {
    server: Server,
    agent: String,
    auditor: String,
}

impl House {
    fn new(folder: &Path) -> Self {
        let server = Server::start(files(folder));
        let agent = server.agent("a-1");
        let auditor = server.token(&Holder::Person { role: Role::Auditor, person: None });
        Self { server, agent, auditor }
    }

    fn decides(&self, tool: &str) -> String {
        let call = format!(r#"{{"tool":"{tool}"}}"#);
        let answer = self.server.post("/v1/decide", &call).token(&self.agent).send();
        answer.json()["decision"].as_str().unwrap().to_owned()
    }

    fn policies(&self) -> serde_json::Value {
        self.server.get("/v1/policies").token(&self.auditor).send().json()
    }
}

#[test]
fn a_changed_policy_is_in_force_soon_and_a_broken_one_never() {
    let folder = tempfile::tempdir().unwrap();
    let house = House::new(folder.path());
    let write = |text: &str| std::fs::write(folder.path().join("mail.fence"), text).unwrap();
    assert_eq!(house.decides("send_mail"), "deny");
    let before = house.policies()["digest"].clone();

    write("fence 1\npolicy mail\nallow read_post, send_mail\n");
    until("the new policy", || house.decides("send_mail") == "allow");
    let good = house.policies();
    assert_ne!(good["digest"], before);

    write("fence 1\npolicy mail\nallow read_post snd mail\ndeny\n");
    until("the failure", || !house.policies()["failure"].is_null());
    let failing = house.policies();
    assert_eq!(failing["digest"], good["digest"]);
    assert_eq!(house.decides("send_mail"), "allow");
    assert!(failing["failure"]["findings"][0]["line"].as_u64().unwrap() >= 3, "{failing}");
    let metrics = house.server.get("/metrics").token(&house.auditor).send().body;
    assert!(metrics.contains("fence_policy_load_failing 1"), "{metrics}");
    let failed = |event: &&String| event.starts_with("policies.failed");
    assert_eq!(house.server.events().iter().filter(failed).count(), 1);

    write("fence 1\npolicy mail\nallow read_post\n");
    until("the mended policy", || house.decides("send_mail") == "deny");
    assert!(house.policies()["failure"].is_null());
    let loaded = |event: &&String| event.starts_with("policies.loaded");
    assert_eq!(house.server.events().iter().filter(loaded).count(), 2);
}

#[test]
fn a_change_of_an_import_counts_and_sighup_is_not_needed() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("lib.fence", "fence 1\nset good = \"a\"\n");
    write(
        "mail.fence",
        "fence 1\npolicy mail\nimport \"lib.fence\"\nallow read_post when args.x in good\n",
    );
    let setup = Setup { files: vec![folder.path().join("mail.fence")], ..Setup::default() };
    let server = Server::start(setup);
    let agent = server.agent("a-1");
    let decides = || {
        let call = r#"{"tool":"read_post","args":{"x":"b"}}"#;
        let answer = server.post("/v1/decide", call).token(&agent).send();
        answer.json()["decision"].as_str().unwrap().to_owned()
    };
    assert_eq!(decides(), "deny");
    // As editors do it: a new file takes the old one's place.
    write("lib.fence.new", "fence 1\nset good = \"a\", \"b\"\n");
    std::fs::rename(folder.path().join("lib.fence.new"), folder.path().join("lib.fence")).unwrap();
    until("the new definition", || decides() == "allow");
}

#[test]
fn a_policy_that_vanished_stays_in_force() {
    let folder = tempfile::tempdir().unwrap();
    let house = House::new(folder.path());
    std::fs::remove_file(folder.path().join("mail.fence")).unwrap();
    until("the failure", || !house.policies()["failure"].is_null());
    assert_eq!(house.decides("read_post"), "allow");
}
