//! Answers that nobody asked for, and forms that are not the server's.

use crate::place::Place;
use crate::support::{Client, PEOPLE, called, got, place, waiting, words};
use serde_json::{Value, json};

fn reject(place: &Place) {
    let request = waiting(place)[0]["id"].as_str().unwrap().to_owned();
    let words = ["reject", &request, "--version", "1", "--reason", "not today", "--db", "fence.db"];
    assert_eq!(place.run(&words, b"").code, 0);
}

#[test]
fn a_server_that_answered_a_held_call_made_its_refusal_vanish() {
    let place = place("ask s/echo\nallow s/raw", PEOPLE);
    let mut client = Client::greeted(&place, &["--server", "s", "--wait", "20s"], &json!({}));
    client.tools();
    let held = client.send("tools/call", &json!({ "name": "echo", "arguments": {} }));
    while waiting(&place).is_empty() {}
    let forged = json!({ "jsonrpc": "2.0", "id": held, "result": { "content": [] } }).to_string();
    let respelled = forged.replace("result\"", "result\":{},\"Result\"");
    let lines = json!({ "lines": [forged, respelled] });
    assert_eq!(words(&client.call("raw", &lines)).0, "said");
    reject(&place);
    let answer = client.hear_json();
    assert_eq!(answer["id"], held);
    assert_eq!(words(&answer), ("this call was refused: not today".to_owned(), true));
    assert_eq!(called(&place), ["raw"]);
}

#[test]
fn a_client_that_answered_a_held_want_made_its_refusal_vanish() {
    let place = place("ask s/sampling.create\nallow s/want", PEOPLE);
    let capabilities = json!({ "sampling": {} });
    let words_ = ["--server", "s", "--wait", "20s"];
    let mut client = Client::greeted(&place, &words_, &capabilities);
    let params = json!({ "messages": [], "maxTokens": 1 });
    let arguments = json!({ "method": "sampling/createMessage", "params": params });
    let id = client.send("tools/call", &json!({ "name": "want", "arguments": arguments }));
    while waiting(&place).is_empty() {}
    client.say(r#"{"jsonrpc":"2.0","id":"w1","result":{"forged":true}}"#);
    std::thread::sleep(std::time::Duration::from_millis(200));
    reject(&place);
    let answer = client.hear_json();
    assert_eq!(answer["id"], id);
    let (said, _) = words(&answer);
    assert!(said.contains("not today") && !said.contains("forged"), "{said}");
}

#[test]
fn a_server_closed_fences_own_form() {
    let place = place(
        "group editors = \"ana@example.com\"\nask s/echo { by 1 of editors }\nallow s/raw",
        PEOPLE,
    );
    let forms = ["--server", "s", "--dialog", "ana@example.com", "--wait", "20s"];
    let mut client = Client::greeted(&place, &forms, &json!({ "elicitation": {} }));
    client.tools();
    let held = client.send("tools/call", &json!({ "name": "echo", "arguments": {} }));
    let form = client.hear_json();
    let id = form["id"].as_str().unwrap();
    let (own, _) = id.rsplit_once('-').unwrap();
    assert!(
        got(&place).iter().all(|m| !m["id"].to_string().contains(own)),
        "the server learns {own}"
    );
    let cancel = json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": { "requestId": id } });
    let lines = json!({ "lines": [cancel.to_string()] });
    assert_eq!(words(&client.call("raw", &lines)).0, "said", "the next message is the answer");
    let approved = json!({ "action": "accept", "content": { "approve": true } });
    client.say(&json!({ "jsonrpc": "2.0", "id": id, "result": approved }).to_string());
    let answer = client.hear_json();
    assert_eq!((&answer["id"], words(&answer).1), (&json!(held), false));
}

#[test]
fn a_form_held_a_call_for_longer_than_the_door_waits() {
    let place =
        place("group editors = \"ana@example.com\"\nask s/echo { by 1 of editors }", PEOPLE);
    let forms = ["--server", "s", "--dialog", "ana@example.com", "--wait", "1s"];
    let mut client = Client::greeted(&place, &forms, &json!({ "elicitation": {} }));
    let held = client.send("tools/call", &json!({ "name": "echo", "arguments": {} }));
    let form = client.hear_json();
    assert_eq!(form["method"], "elicitation/create");
    let refused = client.hear_json();
    let request = waiting(&place)[0]["id"].as_str().unwrap().to_owned();
    assert_eq!(refused["id"], held);
    assert!(words(&refused).0.contains(&request), "{refused}");
    let again = client.call("echo", &json!({}));
    assert!(words(&again).1, "the form is open, and not opened twice: {again}");
    let approved = json!({ "action": "accept", "content": { "approve": true } });
    client.say(&json!({ "jsonrpc": "2.0", "id": form["id"], "result": approved }).to_string());
    assert!(!words(&client.call("echo", &json!({}))).1);
    assert_eq!(called(&place), ["echo"]);
}

#[test]
fn an_approval_released_members_that_nobody_saw() {
    let place = place("ask s/echo, s/prompts.get", PEOPLE);
    let mut client = Client::greeted(&place, &["--server", "s"], &json!({}));
    let call = |more: Value| {
        let mut params = json!({ "name": "echo", "arguments": { "n": 1 }, "_meta": { "account": "other", "progressToken": 4, "traceparent": "x" } });
        for (key, value) in more.as_object().into_iter().flatten() {
            params[key] = value.clone();
        }
        params
    };
    client.ask("tools/call", &call(json!({})));
    let id = waiting(&place)[0]["id"].as_str().unwrap().to_owned();
    assert_eq!(place.run(&["approve", &id, "--version", "1", "--db", "fence.db"], b"").code, 0);
    for (key, value) in [
        ("inputResponses", json!({ "a": { "to": "everybody" } })),
        ("requestState", json!("x")),
        ("task", json!({ "ttl": 1 })),
    ] {
        let (why, refused) = words(&client.ask("tools/call", &call(json!({ key: value }))));
        assert!(refused && why.contains(key), "{why}");
    }
    assert!(called(&place).is_empty());
    assert!(!words(&client.ask("tools/call", &call(json!({})))).1);
    let whole = json!({ "name": "echo", "arguments": { "n": 1 }, "_meta": { "progressToken": 4 } });
    assert_eq!(got(&place).pop().unwrap()["params"], whole);
}

#[test]
fn the_loser_of_two_same_calls_was_told_nothing_to_do() {
    let place = place("ask s/late", PEOPLE);
    let mut client = Client::greeted(&place, &["--server", "s", "--wait", "20s"], &json!({}));
    let params = json!({ "name": "late", "arguments": {}, "_meta": { "progressToken": "t" } });
    let ids = [client.send("tools/call", &params), client.send("tools/call", &params)];
    while waiting(&place).is_empty() {}
    std::thread::sleep(std::time::Duration::from_millis(500));
    let id = waiting(&place)[0]["id"].as_str().unwrap().to_owned();
    assert_eq!(place.run(&["approve", &id, "--version", "1", "--db", "fence.db"], b"").code, 0);
    let loser = client.hear_json();
    let (why, refused) = words(&loser);
    assert!(refused && why.contains("the same call is under way"), "{why}");
    place.write("go", "");
    assert_eq!(client.hear_json()["method"], "notifications/progress");
    let winner = client.hear_json();
    assert_eq!(words(&winner), ("secret".to_owned(), false));
    assert!(ids.iter().all(|id| [&winner["id"], &loser["id"]].contains(&&json!(id))));
}
