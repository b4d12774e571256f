//! Members in another spelling, and what hides where nothing judges it.

use crate::support::{Client, PEOPLE, events, got, place, words};
use serde_json::{Value, json};

/// The methods that reached the server after the handshake.
fn reached(place: &crate::place::Place) -> Vec<String> {
    let got = got(place).into_iter().skip(2);
    got.filter_map(|message| message["method"].as_str().map(str::to_owned))
        .filter(|method| method != "tools/list")
        .collect()
}

#[test]
fn a_key_spelled_twice_by_case_passed_with_what_was_not_judged() {
    let policy = "allow s/resources.read when args.uri == \"file:///srv/a\"\nallow s/prompts.get when args.name == \"ok\"\ndefault deny";
    let place = place(policy, PEOPLE);
    let mut client = Client::greeted(&place, &["--server", "s"], &json!({}));
    for (method, params) in [
        ("resources/read", json!({ "uri": "file:///srv/a", "URI": "file:///etc/shadow" })),
        ("resources/read", json!({ "uri": "file:///srv/a", "ur\u{131}": "file:///etc/shadow" })),
        ("prompts/get", json!({ "name": "ok", "Name": "evil" })),
        ("prompts/list", json!({ "Cursor": "x" })),
        ("ping", json!({ "_meta": { "ProgressToken": 1 } })),
    ] {
        assert_eq!(client.ask(method, &params)["error"]["code"], -32600, "{method} {params}");
    }
    assert_eq!(reached(&place), [""; 0]);
    let more = json!({ "uri": "file:///srv/a", "file": "file:///etc/shadow" });
    assert!(client.ask("resources/read", &more)["result"].is_object());
    assert_eq!(got(&place).pop().unwrap()["params"], json!({ "uri": "file:///srv/a" }));
    assert!(!events(&place, "mcp.refused").is_empty());
}

#[test]
fn a_subscription_in_another_spelling_was_not_judged() {
    let place = place("default deny", PEOPLE);
    let mut client = Client::start(&place, &["--server", "s"]);
    let meta = json!({ "io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientCapabilities": {} });
    let mut listen = |notifications: Value| {
        let params = json!({ "notifications": notifications, "_meta": meta });
        client.ask("subscriptions/listen", &params)
    };
    for name in ["ResourceSubscriptions", "resource_subscriptions", "re\u{17f}ourceSubscriptions"] {
        assert_eq!(listen(json!({ name: ["file:///x"] }))["error"]["code"], -32600, "{name}");
    }
    for name in ["resourceSubscriptions", "resourceTemplates"] {
        assert_eq!(listen(json!({ name: ["file:///x"] }))["error"]["code"], -32000, "{name}");
    }
    assert!(got(&place).is_empty());
    assert!(listen(json!({ "toolsListChanged": true }))["result"].is_object());
}

#[test]
fn what_a_server_wants_reached_the_client_in_notifications_and_other_spellings() {
    let place = place("allow s/raw", PEOPLE);
    let mut client = Client::greeted(&place, &["--server", "s"], &json!({ "sampling": {} }));
    let sample = json!({ "method": "sampling/createMessage", "params": { "messages": [] } });
    let status = |params: Value| {
        let method = "notifications/tasks/status";
        json!({ "jsonrpc": "2.0", "method": method, "params": params }).to_string()
    };
    let lines = [
        status(json!({ "taskId": "1", "inputRequests": { "a": sample } })),
        status(json!({ "taskId": "1", "task": { "inputRequests": { "a": sample } } })),
        status(json!({ "taskId": "1", "InputRequests": { "a": sample } })),
        json!({ "jsonrpc": "2.0", "method": "notifications/message", "Method": "sampling/createMessage", "ID": 77, "params": {} }).to_string(),
    ];
    assert_eq!(words(&client.call("raw", &json!({ "lines": lines }))).0, "said");
    assert_eq!(events(&place, "mcp.refused").len(), 3, "twice the same reason is recorded once");
    let more = json!({ "jsonrpc": "2.0", "method": "notifications/message", "act": "x", "params": { "data": { "A": 1, "a": 2 } } });
    client.send(
        "tools/call",
        &json!({ "name": "raw", "arguments": { "lines": [more.to_string()] } }),
    );
    let heard = client.hear_json();
    assert_eq!(heard["params"]["data"], json!({ "A": 1, "a": 2 }));
    assert_eq!(heard.get("act"), None, "a member that messages do not have");
}

#[test]
fn what_a_server_wants_reached_the_client_in_results_of_another_shape() {
    let place = place("allow s/raw, s/elicitation.create", PEOPLE);
    let mut client = Client::greeted(&place, &["--server", "s"], &json!({ "sampling": {} }));
    let sample = json!({ "method": "sampling/createMessage", "params": { "messages": [] } });
    let form = json!({ "message": "?", "requestedSchema": {} });
    let ask = |more: Value| {
        let mut question = json!({ "method": "elicitation/create", "params": form });
        for (key, value) in more.as_object().into_iter().flatten() {
            question[key] = value.clone();
        }
        json!({ "inputRequests": { "a": question } })
    };
    let mut form_and = form.clone();
    form_and["account"] = json!("x");
    for result in [
        json!({ "inputRequests": [sample] }),
        json!({ "inputRequests": { "a": sample } }),
        json!({ "inputRequests": { "a": [sample] } }),
        json!({ "InputRequests": { "a": sample } }),
        json!({ "input_requests": { "a": sample } }),
        json!({ "task": { "inputRequests": { "a": sample } } }),
        ask(json!({ "Method": "sampling/createMessage" })),
        ask(json!({ "act": "x" })),
        ask(json!({ "params": form_and })),
    ] {
        let (why, refused) = words(&client.call("raw", &json!({ "result": result })));
        assert!(refused && !why.is_empty(), "{result}");
    }
    let answer = client.call("raw", &json!({ "result": ask(json!({})) }));
    assert_eq!(answer["result"]["inputRequests"]["a"]["method"], "elicitation/create");
    let own = json!({ "structuredContent": { "A": 1, "a": { "inputRequests": 1 } } });
    assert_eq!(client.call("raw", &json!({ "result": own }))["result"], own, "a tool's own");
}
