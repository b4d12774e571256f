//! What passes, untouched, and what is judged on its way.

use crate::support::{Client, PEOPLE, called, events, got, place, words};
use serde_json::json;

const OPEN: &str = "default allow";

#[test]
fn what_is_not_judged_passes_byte_for_byte() {
    let place = place(OPEN, PEOPLE);
    let mut client = Client::greeted(&place, &["--server", "s"], &json!({}));
    let line = r#"{ "jsonrpc": "2.0", "id":"a b", "method":"prompts/list", "params": { "n": 1.500, "x": "\u0041" } }"#;
    client.say(line);
    assert_eq!(client.hear_json()["result"]["echoed"], "prompts/list");
    client.end();
    let text = std::fs::read_to_string(place.path("got.jsonl")).unwrap();
    assert!(text.lines().any(|got| got == line), "{text}");
}

#[test]
fn a_denied_call_is_a_result_that_says_why_and_reaches_no_server() {
    let place =
        place("allow s/echo\ndeny s/big because \"too big\" instead \"ask for less\"", PEOPLE);
    let mut client = Client::greeted(&place, &["--server", "s"], &json!({}));
    assert_eq!(
        words(&client.call("echo", &json!({ "n": 1.50 }))),
        (r#"{"n": 1.5}"#.to_owned(), false)
    );
    let refused = (String::from("too big. Instead: ask for less"), true);
    assert_eq!(words(&client.call("big", &json!({}))), refused);
    assert_eq!(called(&place), ["echo"]);
    let forwarded =
        got(&place).into_iter().find(|message| message["method"] == "tools/call").unwrap();
    assert_eq!(forwarded["params"], json!({ "name": "echo", "arguments": { "n": 1.5 } }));
}

#[test]
fn tools_that_can_only_be_denied_are_not_offered_and_other_members_stay() {
    let place = place("allow s/echo\nask s/big\ndeny s/fail when args.x > 1\nallow s/fail", PEOPLE);
    let mut client = Client::greeted(&place, &["--server", "s"], &json!({}));
    assert_eq!(client.tools(), ["echo", "big", "fail"]);
    let answer = client.ask("tools/list", &json!({}));
    assert_eq!(answer["result"]["kept"], "as it is");
}

#[test]
fn progress_large_results_and_errors_come_through() {
    let place = place(OPEN, PEOPLE);
    let mut client = Client::greeted(&place, &[], &json!({}));
    let params = json!({ "name": "progress", "_meta": { "progressToken": "t" } });
    let id = client.send("tools/call", &params);
    for step in [1, 2] {
        let told = client.hear_json();
        assert_eq!(told["method"], "notifications/progress");
        assert_eq!(told["params"]["progress"], step);
    }
    assert_eq!(client.hear_json()["id"], id);
    let (big, _) = words(&client.call("big", &json!({ "bytes": 8_000_000 })));
    assert_eq!(big.len(), 8_000_000);
    assert_eq!(words(&client.call("fail", &json!({}))), ("no".to_owned(), true));
}

#[test]
fn a_cancelled_call_is_cancelled_at_the_server_and_others_go_on() {
    let place = place(OPEN, PEOPLE);
    let mut client = Client::greeted(&place, &[], &json!({}));
    let id = client.send("tools/call", &json!({ "name": "slow" }));
    while called(&place).is_empty() {}
    assert_eq!(client.ask("ping", &json!({}))["result"], json!({}));
    let params = json!({ "requestId": id, "reason": "enough" });
    client.say(
        &json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": params })
            .to_string(),
    );
    assert_eq!(words(&client.call("echo", &json!({}))).0, "{}");
    assert!(got(&place).iter().any(|message| message["params"]["reason"] == "enough"));
}

#[test]
fn standard_error_and_the_exit_code_are_the_servers() {
    let place = place(OPEN, PEOPLE);
    let mut client = Client::greeted(&place, &[], &json!({}));
    let id = client.send("tools/call", &json!({ "name": "die" }));
    assert_eq!(client.hear_json()["id"], id);
    let (code, told) = client.wait();
    assert_eq!(code, 7);
    assert!(told.contains("a log line on standard error"), "{told}");
}

#[test]
fn a_pipe_that_says_all_at_once_gets_every_answer() {
    let place = place("allow echo", PEOPLE);
    let mut client = Client::greeted(&place, &[], &json!({}));
    for n in 0..20 {
        client.send("tools/call", &json!({ "name": "echo", "arguments": { "n": n } }));
    }
    client.close();
    let mut heard: Vec<_> = (0..20).map(|_| client.hear_json()["id"].as_u64().unwrap()).collect();
    heard.sort_unstable();
    assert_eq!(heard, (2..22).collect::<Vec<_>>());
    assert_eq!(client.wait().0, 0);
}

#[test]
fn the_newer_revision_needs_no_handshake_and_denials_have_its_form() {
    let place = place("allow s/echo", PEOPLE);
    let mut client = Client::start(&place, &["--server", "s"]);
    let meta = json!({ "io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientCapabilities": {} });
    let discovered = client.ask("server/discover", &json!({ "_meta": meta }));
    assert_eq!(discovered["result"]["echoed"], "server/discover");
    let call = |name: &str| json!({ "name": name, "arguments": {}, "_meta": meta });
    assert_eq!(client.ask("tools/call", &call("echo"))["result"]["resultType"], "complete");
    let denied = client.ask("tools/call", &call("big"));
    assert_eq!(denied["result"]["resultType"], "complete");
    assert!(words(&denied).1);
    let unknown = json!({ "_meta": { "io.modelcontextprotocol/protocolVersion": "2031-01-01" } });
    assert_eq!(client.ask("server/discover", &unknown)["error"]["code"], -32022);
    assert_eq!(client.ask("initialize", &json!({ "_meta": meta }))["error"]["code"], -32601);
    let asked: Vec<_> =
        got(&place).iter().map(|m| m["method"].as_str().unwrap_or("-").to_owned()).collect();
    assert_eq!(asked, ["server/discover", "tools/list", "tools/call"]);
}

#[test]
fn each_run_is_a_session_of_its_own_where_none_is_named() {
    let settings = PEOPLE.replace("session = \"s-1\"\n", "");
    let place = place("ask echo { auto first 1 per session }", &settings);
    for _ in 0..2 {
        let mut client = Client::greeted(&place, &[], &json!({}));
        assert!(!words(&client.call("echo", &json!({ "n": 1 }))).1);
        let (why, refused) = words(&client.call("echo", &json!({ "n": 2 })));
        assert!(refused && why.contains("exactly the same call again"), "{why}");
    }
}

#[test]
fn a_database_that_cannot_be_opened_denies_every_call_and_the_rest_goes_on() {
    let place = place(OPEN, PEOPLE);
    std::fs::create_dir(place.path("fence.db")).unwrap();
    let mut client = Client::greeted(&place, &[], &json!({}));
    let (why, refused) = words(&client.call("echo", &json!({})));
    assert!(refused, "{why}");
    assert_eq!(called(&place), [""; 0]);
    assert_eq!(client.ask("ping", &json!({}))["result"]["echoed"], "ping");
}

#[test]
fn the_log_tells_what_was_decided_and_never_twice() {
    let place = place("allow s/echo", PEOPLE);
    let mut client = Client::greeted(&place, &["--server", "s"], &json!({}));
    client.call("echo", &json!({ "a": 1 }));
    client.call("big", &json!({}));
    client.end();
    let log = place.run(&["log", "--db", "fence.db", "--json"], b"").json();
    let told: Vec<_> = log
        .iter()
        .map(|row| (row["decision"].as_str().unwrap(), row["call"]["tool"].as_str().unwrap()))
        .collect();
    assert_eq!(told, [("allow", "s/echo"), ("deny", "s/big")], "{log:?}");
    assert_eq!(events(&place, "mcp.tools.pinned").len(), 1);
}

#[test]
fn the_example_holds_and_its_settings_load() {
    let example = format!("{}/examples/mcp", env!("CARGO_MANIFEST_DIR"));
    let place = place("", "");
    for name in ["files.fence", "fence.toml"] {
        std::fs::copy(format!("{example}/{name}"), place.path(name)).unwrap();
    }
    let tested = place.run(&["test", "files.fence"], b"");
    assert_eq!(tested.code, 0, "{}{}", tested.out, tested.err);
    let client: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(format!("{example}/client.json")).unwrap())
            .unwrap();
    assert_eq!(client["mcpServers"]["files"]["command"], "fence");
    place.write("tools.json", r#"[[{"name":"move_file","inputSchema":{}}]]"#);
    let server = crate::support::server();
    let words_ = ["mcp", "files.fence", "--db", "fence.db", "--", "python3", &server, "."];
    let mut client = Client::run(&place, &words_);
    assert!(client.tools().is_empty());
    let refused = "files stay where they are. Instead: write a copy";
    assert_eq!(words(&client.call("move_file", &json!({}))), (refused.to_owned(), true));
}
