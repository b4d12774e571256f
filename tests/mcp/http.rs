//! `fence mcp --listen`: clients over streamable HTTP, and the attacks that HTTP brings.

use crate::place::Place;
use crate::support::{PEOPLE, called, got, place, server, words};
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::Child;

/// A door over HTTP.
pub(crate) struct Door {
    child: Child,
    pub(crate) address: String,
    pub(crate) token: String,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: String,
    pub(crate) body: String,
}

impl Door {
    pub(crate) fn open(place: &Place) -> Self {
        let create =
            ["token", "create", "--role", "agent", "--agent", "desk-1", "--db", "fence.db"];
        let ran = place.run(&create, b"");
        let token = ran.out.lines().last().unwrap().trim().to_owned();
        let server = server();
        let own =
            ["mcp", "p.fence", "--db", "fence.db", "--server", "s", "--listen", "127.0.0.1:0"];
        let words = [&own[..], &["--", "python3", &server, "."]].concat();
        let path = std::env::var("PATH").unwrap();
        let mut child = place.command(&words).env("PATH", path).spawn().unwrap();
        let mut told = BufReader::new(child.stderr.take().unwrap()).lines();
        let address = told.find_map(|line| {
            Some(line.unwrap().split_once("http://")?.1.strip_suffix("/mcp")?.to_owned())
        });
        std::thread::spawn(move || told.for_each(drop));
        Self { child, address: address.unwrap(), token }
    }

    /// A request as these lines, with the token.
    pub(crate) fn raw(&self, method: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let host =
            headers.iter().all(|(name, _)| *name != "Host").then_some(("Host", &*self.address));
        let mut text = format!("{method} /mcp HTTP/1.1\r\nConnection: close\r\n");
        for (name, value) in host.iter().chain(headers) {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        text.push_str(&format!("Content-Length: {}\r\n\r\n{body}", body.len()));
        stream.write_all(text.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (headers, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = headers[9..12].parse().unwrap();
        Answer { status, headers: headers.to_lowercase(), body: body.to_owned() }
    }

    pub(crate) fn post(&self, more: &[(&str, &str)], message: &Value) -> Answer {
        let bearer = format!("Bearer {}", self.token);
        let own = [("Authorization", &*bearer), ("Content-Type", "application/json")];
        self.raw("POST", &[&own[..], more].concat(), &message.to_string())
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Answer {
    /// The last message of a stream, or the one that the body is.
    pub(crate) fn json(&self) -> Value {
        let mut events = self.body.lines().filter_map(|line| line.strip_prefix("data: "));
        let last = events.next_back().unwrap_or(&self.body);
        serde_json::from_str(last).unwrap_or_else(|_| panic!("{self:?}"))
    }

    pub(crate) fn code(&self) -> (u16, i64) {
        (self.status, self.json()["error"]["code"].as_i64().unwrap_or(0))
    }
}

pub(crate) fn modern(method: &str, params: &Value) -> Value {
    let mut params = params.clone();
    params["_meta"] = json!({ "io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientCapabilities": {}, "progressToken": 0 });
    json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params })
}

pub(crate) const VERSION: (&str, &str) = ("MCP-Protocol-Version", "2026-07-28");

pub(crate) fn call(name: &str, arguments: &Value) -> Value {
    modern("tools/call", &json!({ "name": name, "arguments": arguments }))
}

#[test]
fn both_eras_are_served() {
    let place = place("allow s/echo, s/progress", PEOPLE);
    let door = Door::open(&place);
    let headers = [VERSION, ("Mcp-Method", "tools/call"), ("Mcp-Name", "echo")];
    let answer = door.post(&headers, &call("echo", &json!({ "a": 1 })));
    assert_eq!((answer.status, words(&answer.json()).0), (200, r#"{"a": 1}"#.to_owned()));
    assert_eq!(answer.json()["id"], 1);
    let headers = [VERSION, ("Mcp-Method", "tools/call"), ("Mcp-Name", "progress")];
    let answer = door.post(&headers, &call("progress", &json!({})));
    assert_eq!(answer.body.matches(r#""progressToken":0"#).count(), 2, "{}", answer.body);
    let headers = [VERSION, ("Mcp-Method", "tools/call"), ("Mcp-Name", "big")];
    assert!(words(&door.post(&headers, &call("big", &json!({}))).json()).1);

    let params = json!({ "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {} });
    let begun = door
        .post(&[], &json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params }));
    let id = begun.headers.lines().find_map(|line| line.strip_prefix("mcp-session-id: ")).unwrap();
    let session = [("Mcp-Session-Id", id), ("MCP-Protocol-Version", "2025-11-25")];
    let said =
        door.post(&session, &json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }));
    assert_eq!(said.status, 202);
    let request =
        json!({ "jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": { "name": "echo" } });
    assert_eq!(words(&door.post(&session, &request).json()).0, "{}");
    let bearer = format!("Bearer {}", door.token);
    let own = [("Authorization", &*bearer), ("Mcp-Session-Id", id)];
    assert_eq!(door.raw("DELETE", &own, "").status, 204);
    assert_eq!(door.post(&session, &request).status, 404);
    assert_eq!(door.post(&[], &request).status, 400);
}

#[test]
fn nobody_without_the_agents_token_and_no_page_from_elsewhere_is_answered() {
    let place = place("default allow", PEOPLE);
    let door = Door::open(&place);
    let other = ["token", "create", "--role", "agent", "--agent", "other", "--db", "fence.db"];
    let other = place.run(&other, b"").out.lines().last().unwrap().trim().to_owned();
    for bearer in ["", "Bearer x", &format!("Bearer {other}")] {
        let headers = [("Authorization", bearer), ("Content-Type", "application/json")];
        assert_eq!(door.raw("POST", &headers, "{}").status, 401, "{bearer}");
    }
    let message = call("echo", &json!({}));
    for (name, value) in
        [("Host", "evil.example"), ("Origin", "http://evil.example"), ("Origin", "null")]
    {
        assert_eq!(door.post(&[(name, value)], &message).status, 403, "{name}: {value}");
    }
    assert!(got(&place).is_empty());
    let listen = ["mcp", "p.fence", "--listen", "0.0.0.0:0", "--", "true"];
    assert_eq!(place.run(&listen, b"").code, 2);
}

#[test]
fn mcp_020_a_method_in_the_headers_that_is_not_the_messages_is_refused() {
    let place = place("default allow", PEOPLE);
    let door = Door::open(&place);
    let message = call("echo", &json!({}));
    let lists = [VERSION, ("Mcp-Method", "tools/list"), ("Mcp-Name", "echo")];
    assert_eq!(door.post(&lists, &message).code(), (400, -32020));
    assert_eq!(door.post(&[VERSION, ("Mcp-Name", "echo")], &message).code(), (400, -32020));
    let old = json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": { "protocolVersion": "2025-11-25" } });
    assert_eq!(door.post(&[("Mcp-Method", "tools/list")], &old).code(), (400, -32020));
    assert!(called(&place).is_empty());
}

#[test]
fn mcp_021_doubled_folded_and_malformed_headers_are_refused() {
    let place = place("default allow", PEOPLE);
    let door = Door::open(&place);
    let message = call("echo", &json!({}));
    let with = |name: &str| {
        door.post(&[VERSION, ("Mcp-Method", "tools/call"), ("Mcp-Name", name)], &message)
    };
    assert_eq!(with("=?base64?ZWNobw==?=").status, 200);
    for name in [
        "=?base64?ZWNobw?=",
        "=?base64?ZWNobx==?=",
        "=?base64?ZWNobw==",
        "=?base64?ZWNobw0K?=",
        "=?BASE64?ZWNobw==?=",
    ] {
        assert_eq!(with(name).code(), (400, -32020), "{name}");
    }
    let twice = [VERSION, ("Mcp-Method", "tools/call"), ("Mcp-Name", "echo"), ("Mcp-Name", "echo")];
    assert_eq!(door.post(&twice, &message).code(), (400, -32020));
    assert_eq!(with("ec\r\n ho").status, 400, "folded");
    assert_eq!(called(&place), ["echo"]);
}

#[test]
fn mcp_022_a_mirrored_argument_that_is_another_is_refused() {
    let place = place("default allow", PEOPLE);
    let schema = json!({ "type": "object", "properties": { "region": { "type": "string", "x-mcp-header": "Region" } } });
    place.write("tools.json", &json!([[{ "name": "echo", "inputSchema": schema }]]).to_string());
    let door = Door::open(&place);
    let message = call("echo", &json!({ "region": "us" }));
    let with = |more: &[(&str, &str)]| {
        let own = [VERSION, ("Mcp-Method", "tools/call"), ("Mcp-Name", "echo")];
        door.post(&[&own[..], more].concat(), &message)
    };
    assert_eq!(with(&[("Mcp-Param-Region", "eu")]).code(), (400, -32020));
    assert_eq!(with(&[]).code(), (400, -32020));
    assert_eq!(with(&[("Mcp-Param-Region", "us"), ("Mcp-Param-Other", "x")]).code(), (400, -32020));
    assert!(called(&place).is_empty());
    assert_eq!(with(&[("Mcp-Param-Region", "us")]).status, 200);
}
