//! Several clients over HTTP in front of one door: none gets at another's calls.

use crate::http::{Answer, Door, VERSION, call};
use crate::support::{PEOPLE, called, got, place, words};
use serde_json::json;
use std::io::Write as _;
use std::net::TcpStream;

fn modern(door: &Door, name: &str) -> Answer {
    let headers = [VERSION, ("Mcp-Method", "tools/call"), ("Mcp-Name", name)];
    door.post(&headers, &call(name, &json!({})))
}

/// Sends a call of the newer revision and reads nothing.
fn unread(door: &Door, name: &str) -> TcpStream {
    let body = call(name, &json!({})).to_string();
    let mut stream = TcpStream::connect(&door.address).unwrap();
    let text = format!(
        "POST /mcp HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\nMCP-Protocol-Version: 2026-07-28\r\nMcp-Method: tools/call\r\nMcp-Name: {name}\r\nContent-Length: {}\r\n\r\n{body}",
        door.address,
        door.token,
        body.len()
    );
    stream.write_all(text.as_bytes()).unwrap();
    stream
}

fn begin(door: &Door) -> (u16, String) {
    let params = json!({ "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {} });
    let message = json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params });
    let begun = door.post(&[], &message);
    let id = begun.headers.lines().find_map(|line| line.strip_prefix("mcp-session-id: "));
    (begun.status, id.unwrap_or_default().to_owned())
}

fn within(door: &Door, session: &str, id: u64, tool: &str) -> Answer {
    let params = json!({ "name": tool, "arguments": {} });
    let message = json!({ "jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params });
    let headers = [("Mcp-Session-Id", session), ("MCP-Protocol-Version", "2025-11-25")];
    door.post(&headers, &message)
}

#[test]
fn a_client_got_the_result_of_another_that_had_left() {
    let place = place("default allow", PEOPLE);
    let door = Door::open(&place);
    let first = unread(&door, "late");
    while called(&place).is_empty() {}
    drop(first);
    std::thread::sleep(std::time::Duration::from_millis(300));
    std::thread::scope(|scope| {
        let second = scope.spawn(|| modern(&door, "echo"));
        std::thread::sleep(std::time::Duration::from_millis(300));
        place.write("go", "");
        let heard = second.join().unwrap().body;
        assert!(heard.contains("\"id\":1") && !heard.contains("secret"), "{heard}");
    });
}

#[test]
fn a_client_cancelled_another_s_call() {
    let place = place("default allow", PEOPLE);
    let door = Door::open(&place);
    std::thread::scope(|scope| {
        let first = scope.spawn(|| modern(&door, "late"));
        while called(&place).is_empty() {}
        for id in ["h1", "h2", "h3"] {
            let meta = json!({ "io.modelcontextprotocol/protocolVersion": "2026-07-28" });
            let message = json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": { "requestId": id, "_meta": meta } });
            let headers = [VERSION, ("Mcp-Method", "notifications/cancelled")];
            assert_eq!(door.post(&headers, &message).status, 202);
        }
        place.write("go", "");
        let answer = first.join().unwrap();
        assert_eq!(words(&answer.json()).0, "secret");
        assert_eq!(answer.body.matches("secret").count(), 2, "with its progress");
    });
    modern(&door, "echo");
    assert!(got(&place).iter().all(|message| message["method"] != "notifications/cancelled"));
}

#[test]
fn a_second_request_of_the_same_id_stole_the_firsts_answer() {
    let place = place("default allow", PEOPLE);
    let door = Door::open(&place);
    let (_, session) = begin(&door);
    std::thread::scope(|scope| {
        let first = scope.spawn(|| within(&door, &session, 5, "late"));
        while called(&place).is_empty() {}
        assert_eq!(within(&door, &session, 5, "echo").code(), (200, -32600));
        place.write("go", "");
        assert_eq!(words(&first.join().unwrap().json()).0, "secret");
    });
    assert_eq!(called(&place), ["late"]);
    assert_eq!(words(&within(&door, &session, 5, "echo").json()).0, "{}", "answered, it is free");
}

#[test]
fn thirty_two_sessions_closed_the_door_for_good() {
    let place = place("default allow", PEOPLE);
    let door = Door::open(&place);
    let sessions: Vec<_> = (0..33).map(|_| begin(&door)).collect();
    assert!(sessions.iter().all(|(status, _)| *status == 200), "{sessions:?}");
    let ends = |at: usize| within(&door, &sessions[at].1, 2, "echo").status;
    assert_eq!([ends(0), ends(1), ends(32)], [404, 200, 200], "the longest idle gave way");
}

#[test]
fn a_token_of_another_user_or_with_other_roles_made_the_doors_calls() {
    let place = place("default allow", PEOPLE);
    let door = Door::open(&place);
    let message = call("echo", &json!({}));
    let own = ["token", "create", "--role", "agent", "--agent", "desk-1", "--db", "fence.db"];
    let status = |more: &[&str]| {
        let made = place.run(&[&own[..], more].concat(), b"");
        assert_eq!(made.code, 0, "{}", made.err);
        let bearer = format!("Bearer {}", made.out.lines().last().unwrap().trim());
        let headers = [
            ("Authorization", &*bearer),
            ("Content-Type", "application/json"),
            VERSION,
            ("Mcp-Method", "tools/call"),
            ("Mcp-Name", "echo"),
        ];
        door.raw("POST", &headers, &message.to_string()).status
    };
    assert_eq!(status(&[]), 200);
    assert_eq!(status(&["--user", "bo@example.com"]), 401);
    assert_eq!(status(&["--roles", "root"]), 401);
    assert_eq!(status(&["--parents", "boss"]), 401);
    assert_eq!(called(&place), ["echo"]);
}
