//! A client that says exactly what a test says, in front of `fence mcp` and a server of the tests.

use crate::place::Place;
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

/// So long an answer may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// Settings with Ana, who sits beside the agent, and Bo.
pub(crate) const PEOPLE: &str = "\
[people.\"ana@example.com\"]
system = \"root\"

[people.\"bo@example.com\"]

[mcp]
agent = \"desk-1\"
session = \"s-1\"
wait = \"0s\"
";

/// A folder with a policy and settings, and a server in it.
pub(crate) fn place(policy: &str, settings: &str) -> Place {
    let place = Place::new(&format!("fence 1\npolicy p\n{policy}\n"));
    place.write("fence.toml", settings);
    place
}

pub(crate) fn server() -> String {
    format!("{}/tests/mcp/server.py", env!("CARGO_MANIFEST_DIR"))
}

/// A client and the program that it talks to.
pub(crate) struct Client {
    child: Child,
    stdin: Option<ChildStdin>,
    lines: Receiver<String>,
    next: u64,
}

impl Client {
    /// Starts `fence mcp` with these words in front of the tests' server.
    pub(crate) fn start(place: &Place, words: &[&str]) -> Self {
        let server = server();
        let own = ["mcp", "p.fence", "--db", "fence.db"];
        let command = ["--", "python3", &server, "."];
        Self::run(place, &[&own, words, &command].concat())
    }

    /// Starts `fence` with these words.
    pub(crate) fn run(place: &Place, words: &[&str]) -> Self {
        let path = std::env::var("PATH").unwrap();
        Self::of(place.command(words).env("PATH", path))
    }

    /// Starts a server by itself.
    pub(crate) fn program(words: &[&str], folder: &Path) -> Self {
        let mut command = Command::new(words[0]);
        command.args(&words[1..]).current_dir(folder);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        Self::of(&mut command)
    }

    fn of(command: &mut Command) -> Self {
        let mut child = command.spawn().unwrap();
        let (said, lines) = channel();
        let from = BufReader::new(child.stdout.take().unwrap());
        std::thread::spawn(move || {
            for line in from.lines() {
                if said.send(line.unwrap()).is_err() {
                    return;
                }
            }
        });
        let stdin = child.stdin.take();
        Self { child, stdin, lines, next: 1 }
    }

    /// With the handshake of the older revisions.
    pub(crate) fn greeted(place: &Place, words: &[&str], capabilities: &Value) -> Self {
        let mut client = Self::start(place, words);
        let info = json!({ "name": "test", "version": "1" });
        let params = json!({ "protocolVersion": "2025-11-25", "capabilities": capabilities, "clientInfo": info });
        let answer = client.ask("initialize", &params);
        assert_eq!(answer["result"]["serverInfo"]["name"], "script");
        client.say(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#);
        client
    }

    /// Says a line.
    pub(crate) fn say(&mut self, line: &str) {
        self.write(format!("{line}\n").as_bytes());
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) {
        self.stdin.as_mut().unwrap().write_all(bytes).unwrap();
    }

    /// The next line.
    pub(crate) fn hear(&self) -> String {
        self.lines.recv_timeout(PATIENCE).expect("an answer in time")
    }

    pub(crate) fn hear_json(&self) -> Value {
        serde_json::from_str(&self.hear()).unwrap()
    }

    /// Sends a request and gives back its id.
    pub(crate) fn send(&mut self, method: &str, params: &Value) -> u64 {
        let id = self.next;
        self.next += 1;
        self.say(
            &json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }).to_string(),
        );
        id
    }

    /// Sends a request and gives back the next message, which is its answer.
    pub(crate) fn ask(&mut self, method: &str, params: &Value) -> Value {
        let id = self.send(method, params);
        let answer = self.hear_json();
        assert_eq!(answer["id"], id, "{answer}");
        answer
    }

    pub(crate) fn call(&mut self, tool: &str, arguments: &Value) -> Value {
        self.ask("tools/call", &json!({ "name": tool, "arguments": arguments }))
    }

    /// The tools that are listed.
    pub(crate) fn tools(&mut self) -> Vec<String> {
        let answer = self.ask("tools/list", &json!({}));
        let tools = answer["result"]["tools"].as_array().expect("tools").iter();
        tools.map(|tool| tool["name"].as_str().unwrap().to_owned()).collect()
    }

    /// Says no more.
    pub(crate) fn close(&mut self) {
        drop(self.stdin.take());
    }

    /// Says no more, and gives back the exit code and what came out on standard error.
    pub(crate) fn end(mut self) -> (i32, String) {
        self.close();
        self.wait()
    }

    pub(crate) fn wait(mut self) -> (i32, String) {
        let mut told = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut told).unwrap();
        (self.child.wait().unwrap().code().unwrap(), told)
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// The words of a result, and whether it is a refusal.
pub(crate) fn words(answer: &Value) -> (String, bool) {
    let result = &answer["result"];
    let text = result["content"][0]["text"].as_str().unwrap_or_else(|| panic!("{answer}"));
    (text.to_owned(), result["isError"] == true)
}

/// What the server got.
pub(crate) fn got(place: &Place) -> Vec<Value> {
    let text = std::fs::read_to_string(place.path("got.jsonl")).unwrap_or_default();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The calls that the server got, by tool.
pub(crate) fn called(place: &Place) -> Vec<String> {
    let calls = got(place).into_iter().filter(|message| message["method"] == "tools/call");
    calls.map(|call| call["params"]["name"].as_str().unwrap().to_owned()).collect()
}

/// The events of a kind, as they were recorded.
pub(crate) fn events(place: &Place, kind: &str) -> Vec<Value> {
    let ran = place.run(&["log", "events", "--db", "fence.db", "--json"], b"");
    assert_eq!(ran.code, 0, "{}", ran.err);
    ran.json().into_iter().filter(|event| event["kind"] == kind).collect()
}

/// The requests that wait for people.
pub(crate) fn waiting(place: &Place) -> Vec<Value> {
    let ran = place.run(&["pending", "--db", "fence.db", "--json"], b"");
    ran.json()
}
