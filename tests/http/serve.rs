//! The command itself: tokens made on the command line, a server in a process of its own (SRV-002).

use crate::support::Call;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

const POLICY: &str = "fence 1\npolicy mail\nallow read_*\nask send_*\n";
const SETTINGS: &str = "database = \"fence.db\"\n\n[people.\"ann@x.example\"]\nname = \"Ann\"\n\n\
    [people.\"mel@x.example\"]\napprover = false\n";

pub(crate) fn house() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("mail.fence"), POLICY).unwrap();
    std::fs::write(folder.path().join("fence.toml"), SETTINGS).unwrap();
    folder
}

fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fence"));
    command.args(arguments).current_dir(folder).stdin(Stdio::null());
    for name in ["FENCE_CONFIG", "FENCE_DATABASE", "FENCE_LISTEN", "FENCE_PUBLIC_URL", "FENCE_LOG"]
    {
        command.env_remove(name);
    }
    command
}

pub(crate) fn run(folder: &Path, arguments: &[&str]) -> Output {
    command(folder, arguments).output().unwrap()
}

pub(crate) fn token(folder: &Path, arguments: &[&str]) -> String {
    let output = run(folder, &[&["token", "create"], arguments].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// A server that ends with the test.
pub(crate) struct Served {
    child: Child,
    pub(crate) address: SocketAddr,
    lines: std::sync::mpsc::Receiver<String>,
}

impl Served {
    pub(crate) fn start(folder: &Path, arguments: &[&str]) -> Self {
        Self::of(folder, "mail.fence", arguments)
    }

    pub(crate) fn of(folder: &Path, policy: &str, arguments: &[&str]) -> Self {
        Self::with(folder, policy, arguments, &[])
    }

    fn with(folder: &Path, policy: &str, arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        let mut command = command(folder, &["serve", policy, "--listen", "127.0.0.1:0"]);
        let mut child = command
            .args(arguments)
            .envs(variables.iter().copied())
            .env("FENCE_LOG", "json")
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let errors = BufReader::new(child.stderr.take().unwrap());
        let (sender, lines) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            errors.lines().map_while(Result::ok).for_each(|line| drop(sender.send(line)));
        });
        let address = loop {
            let line = lines.recv_timeout(Duration::from_secs(30)).unwrap();
            if let Some(address) = line.strip_prefix("listening on http://") {
                break address.parse().unwrap();
            }
        };
        Self { child, address, lines }
    }

    fn signal(&self, signal: &str) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn srv_002_without_a_token_nobody_is_listened_to_from_elsewhere() {
    let folder = house();
    let refused = run(folder.path(), &["serve", "mail.fence", "--listen", "0.0.0.0:0"]);
    assert_eq!(refused.status.code(), Some(2));
    let why = String::from_utf8(refused.stderr).unwrap();
    assert!(why.contains("no token yet") && why.contains("fence token create"), "{why}");
}

#[test]
fn a_server_decides_reads_its_policy_again_and_ends_when_asked() {
    let folder = house();
    let agent = token(folder.path(), &["--role", "agent", "--agent", "a-1"]);
    let mut served = Served::start(folder.path(), &[]);
    let decide = |tool: &str| {
        let call = format!(r#"{{"tool":"{tool}"}}"#);
        let answer =
            Call::new(served.address, "POST", "/v1/decide").json(&call).token(&agent).send();
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.json()["decision"].as_str().unwrap().to_owned()
    };
    assert_eq!(decide("read_post"), "allow");
    std::fs::write(folder.path().join("mail.fence"), POLICY.replace("allow", "deny")).unwrap();
    served.signal("-HUP");
    let started = Instant::now();
    while decide("read_post") != "deny" {
        assert!(started.elapsed() < Duration::from_secs(15));
    }
    served.signal("-TERM");
    let ended = served.child.wait().unwrap();
    assert!(ended.success(), "{ended}");
    let log: Vec<String> = served.lines.iter().collect();
    assert!(log.iter().all(|line| !line.contains(&agent)));
    let answered = log.iter().find(|line| line.contains("/v1/decide")).unwrap();
    assert!(serde_json::from_str::<serde_json::Value>(answered).is_ok(), "{answered}");
}

#[test]
fn tokens_are_made_listed_and_revoked() {
    let folder = house();
    let text = |output: &Output| String::from_utf8(output.stdout.clone()).unwrap();
    let approver = token(
        folder.path(),
        &["--role", "approver", "--person", "Ann@x.example", "--label", "laptop"],
    );
    assert!(approver.starts_with("fence_approver_") && approver.len() == 15 + 43);
    let list = run(folder.path(), &["token", "list", "--json"]);
    let row: serde_json::Value = serde_json::from_str(&text(&list)).unwrap();
    assert_eq!(
        (row["person"].as_str(), row["label"].as_str()),
        (Some("ann@x.example"), Some("laptop"))
    );
    assert!(!text(&list).contains(&approver));
    let id = row["id"].as_str().unwrap();
    assert!(text(&run(folder.path(), &["token", "list"])).contains(id));

    let served = Served::start(folder.path(), &[]);
    let whoami = || Call::new(served.address, "GET", "/v1/whoami").token(&approver).send().status;
    assert_eq!(whoami(), 200);
    assert!(run(folder.path(), &["token", "revoke", id]).status.success());
    assert_eq!(whoami(), 401, "a revoked token is worthless at once, in every process");
    let again = run(folder.path(), &["token", "revoke", id]);
    assert_eq!(again.status.code(), Some(1));

    for (arguments, why) in [
        (&["--role", "approver"][..], "needs the person"),
        (&["--role", "approver", "--person", "eve@x.example"], "nobody in `[people]`"),
        (&["--role", "approver", "--person", "mel@x.example"], "no approver"),
        (&["--role", "agent"], "--agent"),
        (&["--role", "agent", "--agent", "two words"], "agent's id"),
        (&["--role", "root"], "a role is"),
        (&["--role", "admin", "--person", "ann@x.example", "--expires", "soon"], "90d"),
    ] {
        let refused = run(folder.path(), &[&["token", "create"], arguments].concat());
        let said = String::from_utf8(refused.stderr).unwrap();
        assert_eq!(refused.status.code(), Some(2), "{arguments:?}");
        assert!(said.contains(why), "{arguments:?}: {said}");
    }
}

#[test]
fn what_makes_no_sense_does_not_start() {
    let folder = house();
    for (settings, why) in [
        ("[server]\nlisten = \"here\"\n", "no address to listen on"),
        ("[server]\npublic_url = \"fence\"\n", "no public URL"),
        ("[server]\nlissen = \"127.0.0.1:0\"\n", "did you mean `listen`?"),
        (
            "[people.\"a@x\"]\nslack = \"U1\"\n[people.\"b@x\"]\nslack = \"U1\"\n",
            "share the Slack user",
        ),
    ] {
        std::fs::write(folder.path().join("fence.toml"), settings).unwrap();
        let refused = run(folder.path(), &["serve", "mail.fence"]);
        let said = String::from_utf8(refused.stderr).unwrap();
        assert_eq!(refused.status.code(), Some(2), "{said}");
        assert!(said.contains(why), "{said}");
    }
}

/// Spans reach a collector, as parts of the caller's trace.
#[cfg(feature = "otel")]
#[test]
fn spans_are_exported_where_the_environment_says() {
    use std::io::{Read as _, Write as _};
    let folder = house();
    let collector = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", collector.local_addr().unwrap());
    let mut served = Served::with(
        folder.path(),
        "mail.fence",
        &[],
        &[("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint)],
    );
    let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    Call::new(served.address, "GET", "/livez").header("traceparent", trace).send();
    served.signal("-TERM");
    let (mut stream, _) = collector.accept().unwrap();
    let mut body = vec![0; 64 << 10];
    let mut length = 0;
    // The trace's id stands in the protobuf as its 16 bytes.
    let wanted = [0x0a, 0xf7, 0x65, 0x19, 0x16, 0xcd, 0x43, 0xdd];
    while !body[..length].windows(8).any(|bytes| bytes == wanted) {
        let read = stream.read(&mut body[length..]).unwrap();
        assert!(read > 0, "the trace is missing");
        length += read;
    }
    assert!(String::from_utf8_lossy(&body[..length]).starts_with("POST /v1/traces"));
    stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").unwrap();
    assert!(served.child.wait().unwrap().success());
}
