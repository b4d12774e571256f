//! What asks waits for people; what they approved goes on once, as they approved it.

use crate::model::{Done, done};
use crate::support::{ana, event, place};
use fence::approvals::Target;
use serde_json::{Value, json};

/// Hosts that can make an edited call of a tool of their own or of a server.
const EDITING: [(&str, &str); 5] = [
    ("claude-code", "mail/send"),
    ("codex", "mail/send"),
    ("gemini", "mail/send"),
    ("cursor", "publish"),
    ("copilot", "publish"),
];

fn mail() -> Value {
    json!({"to": ["a@x.test", "b@x.test"], "subject": "Hi", "n": 1.50})
}

fn reason(done: &Done) -> &str {
    let Done::Blocked(reason) = done else { panic!("it was let through: {done:?}") };
    reason
}

#[test]
fn an_ask_is_blocked_with_the_requests_id_and_goes_on_once_when_approved() {
    for (host, tool) in EDITING {
        let place = place();
        let first = place.call(host, tool, &mail());
        let view = place.request();
        for part in ["mail is read by an editor first", &view.id, "1 of editors", "same call again"]
        {
            assert!(reason(&first).contains(part), "{host}: {first:?} lacks {part}");
        }
        // Asking again finds the same request.
        let again = place.call(host, tool, &mail());
        assert!(reason(&again).contains(&view.id), "{host}");
        place.approve(&[]);
        assert_eq!(done_again(&place, host, tool), Done::Made, "{host}");
        // An approval serves once; the next is a request of its own.
        let third = place.call(host, tool, &mail());
        assert!(third.is_blocked() && !reason(&third).contains(&view.id), "{host}: {third:?}");
    }
}

/// The call as the host makes it: silence, or arguments equal to the original ones.
fn done_again(place: &crate::cli_place::Place, host: &str, tool: &str) -> Done {
    match place.call(host, tool, &mail()) {
        Done::MadeWith(args) if args == mail() => Done::Made,
        other => other,
    }
}

/// HOK-013: what the host is given to run has the digest that was approved.
#[test]
fn hok_013_an_edited_call_is_made_as_it_was_approved() {
    for (host, tool) in EDITING {
        let place = place();
        assert!(place.call(host, tool, &mail()).is_blocked());
        let view = place.approve(&[("args.to", json!(["a@x.test"]))]);
        let Done::MadeWith(args) = place.call(host, tool, &mail()) else {
            panic!("{host}: it is not edited")
        };
        assert_eq!(args["to"], json!(["a@x.test"]), "{host}");
        let call = fence::ToolCall::new(tool).agent("code-1").session("s-1");
        let call = call.args(args.to_string().parse().unwrap());
        let digest = fence::engine::call::hex_digest(&call.digest());
        assert_eq!(digest, view.digest, "{host}");
        assert_eq!(place.request().state, "claimed", "{host}");
    }
}

#[test]
fn a_host_that_cannot_edit_is_told_what_was_approved() {
    let place = place();
    assert!(place.call("cursor", "mail/send", &mail()).is_blocked());
    place.approve(&[("args.to", json!(["a@x.test"]))]);
    let told = place.call("cursor", "mail/send", &mail());
    assert!(reason(&told).contains("exactly these arguments"), "{told:?}");
    // Nothing was used up, and the call as it was approved goes through, once.
    let approved = json!({"to": ["a@x.test"], "subject": "Hi", "n": 1.5});
    assert_eq!(place.call("cursor", "mail/send", &approved), Done::Made);
    assert!(place.call("cursor", "mail/send", &approved).is_blocked());
}

/// Without this a call that a host repeats under its id would be judged as new, or released twice.
#[test]
fn a_call_that_comes_again_under_its_id_finds_its_request() {
    let place = place();
    let mut call = event("claude-code", "mail/send", &mail());
    call["tool_use_id"] = json!("toolu_01");
    let run = |call: &Value| done("claude-code", &mail(), &place.hook("claude-code", call));
    let id = {
        let first = run(&call);
        let id = place.request().id;
        assert!(reason(&first).contains(&id));
        id
    };
    place.approve(&[]);
    assert_eq!(run(&call), Done::Made);
    let third = run(&call);
    assert!(reason(&third).contains(&id) && reason(&third).contains("serves once"), "{third:?}");
    // Another call under the same id is no repeat.
    call["tool_input"]["to"] = json!(["evil@x.test"]);
    let other = run(&call);
    assert!(reason(&other).contains("used for another call"), "{other:?}");
}

#[test]
fn a_refusal_is_told_and_stands() {
    let place = place();
    assert!(place.call("claude-code", "mail/send", &mail()).is_blocked());
    let target = Target::id(place.request().id.parse().unwrap());
    let refused = place.gate().approvals().refuse(&ana(), &target, None, "not on a Friday").wait();
    assert_eq!(refused.unwrap().state, "denied");
    let again = place.call("claude-code", "mail/send", &mail());
    assert!(reason(&again).contains("a person refused exactly this call"), "{again:?}");
    assert_eq!(place.request().state, "denied");
}

#[test]
fn another_session_or_other_arguments_are_not_what_was_approved() {
    let place = place();
    assert!(place.call("claude-code", "mail/send", &mail()).is_blocked());
    place.approve(&[]);
    let mut other = mail();
    other["to"] = json!(["evil@x.test"]);
    assert!(place.call("claude-code", "mail/send", &other).is_blocked());
    let mut elsewhere = event("claude-code", "mail/send", &mail());
    elsewhere["session_id"] = json!("s-2");
    let ran = place.hook("claude-code", &elsewhere);
    assert!(done("claude-code", &mail(), &ran).is_blocked());
    assert_eq!(place.call("claude-code", "mail/send", &mail()), Done::Made);
}

#[test]
fn people_who_answer_while_the_call_is_held_are_not_asked_twice() {
    let place = place();
    place.write("fence.toml", &format!("{}[hook]\nwait = \"20s\"\n", crate::support::SETTINGS));
    std::thread::scope(|scope| {
        let held = scope.spawn(|| place.call("claude-code", "mail/send", &mail()));
        let until = std::time::Instant::now() + std::time::Duration::from_secs(10);
        while place.waiting() == 0 {
            assert!(std::time::Instant::now() < until, "no request was opened");
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        place.approve(&[]);
        assert_eq!(held.join().unwrap(), Done::Made);
    });
}

#[test]
fn a_call_is_held_no_longer_than_the_settings_say() {
    let place = place();
    place.write("fence.toml", &format!("{}[hook]\nwait = \"1s\"\n", crate::support::SETTINGS));
    let begun = std::time::Instant::now();
    assert!(place.call("claude-code", "mail/send", &mail()).is_blocked());
    let held = begun.elapsed().as_millis();
    assert!((1_000..3_000).contains(&held), "{held} ms");
}

#[test]
fn how_an_approved_call_ended_is_noted() {
    for (host, tool, after, state) in [
        ("claude-code", "mail/send", "PostToolUse", "done"),
        ("claude-code", "mail/send", "PostToolUseFailure", "failed"),
        ("codex", "mail/send", "PostToolUse", "done"),
        ("gemini", "mail/send", "AfterTool", "done"),
        ("cursor", "publish", "postToolUseFailure", "failed"),
    ] {
        let place = place();
        assert!(place.call(host, tool, &mail()).is_blocked());
        place.approve(&[]);
        assert!(!place.call(host, tool, &mail()).is_blocked());
        let mut event = event(host, tool, &mail());
        event["hook_event_name"] = json!(after);
        event["tool_response"] = json!({"llmContent": "sent"});
        let ran = place.hook(host, &event);
        assert_eq!((ran.code, &*ran.out, &*ran.err), (0, "", ""), "{host}");
        assert_eq!(place.request().state, state, "{host} {after}");
    }
}

/// The host's own question comes after its hook has judged the call: it stays the user's, and
/// counts nothing twice.
#[test]
fn the_hosts_own_question_is_left_to_the_user_once_the_call_was_judged() {
    let place = place();
    let question = |tool: &str, args: &Value| {
        let mut event = event("codex", tool, args);
        event["hook_event_name"] = json!("PermissionRequest");
        place.hook("codex", &event)
    };
    // Judged here where it was not before.
    let ran = question("Bash", &json!({"command": "rm -rf /"}));
    assert_eq!(ran.json()[0]["hookSpecificOutput"]["decision"]["behavior"], "deny");
    // The first of a session is released by a counter, once.
    assert_eq!(place.call("codex", "Task", &json!({"n": 1})), Done::Made);
    assert_eq!(question("Task", &json!({"n": 1})).out, "");
    assert!(place.call("codex", "Task", &json!({"n": 2})).is_blocked());
    assert_ne!(question("Task", &json!({"n": 2})).out, "");
    // What was approved and is being used needs no second approval.
    assert!(place.call("codex", "mail/send", &mail()).is_blocked());
    place.approve(&[]);
    assert_eq!(place.call("codex", "mail/send", &mail()), Done::Made);
    assert_eq!(question("mail/send", &mail()).out, "");
}
