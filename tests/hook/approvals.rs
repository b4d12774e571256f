//! What asks waits for people; what they approved goes on once, as they approved it.

use crate::model::{Done, done};
use crate::support::{ana, event, place};
use fence::approvals::Target;
use serde_json::{Value, json};

/// Hosts that can make an edited call of a tool of their own or of a server.
const EDITING: [(&str, &str); 4] = [
    ("claude-code", "mail/send"),
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
    for host in ["cursor", "codex"] {
        let place = place();
        assert!(place.call(host, "mail/send", &mail()).is_blocked());
        place.approve(&[("args.to", json!(["a@x.test"]))]);
        let told = place.call(host, "mail/send", &mail());
        assert!(reason(&told).contains("exactly these arguments"), "{host} {told:?}");
        // Nothing was used up, and the call as it was approved goes through, once.
        let approved = json!({"to": ["a@x.test"], "subject": "Hi", "n": 1.5});
        assert_eq!(place.call(host, "mail/send", &approved), Done::Made, "{host}");
        assert!(place.call(host, "mail/send", &approved).is_blocked(), "{host}");
    }
}

/// A host's id of a call is its own word: an agent's host that fires twice under one id has made two
/// calls, and the counters say so.
#[test]
fn the_same_id_again_is_judged_and_counted_again() {
    let place = place();
    let call = |tool: &str, args: &Value| {
        let mut event = event("claude-code", tool, args);
        event["tool_use_id"] = json!("toolu_01");
        done("claude-code", args, &place.hook("claude-code", &event))
    };
    assert_eq!(call("Task", &json!({"n": 1})), Done::Made);
    assert!(call("Task", &json!({"n": 1})).is_blocked(), "the first of a session is one");
    // A request is found again by what it asks, and its approval serves once.
    let id = {
        let first = call("mail/send", &mail());
        let id = place.request().id;
        assert!(reason(&first).contains(&id));
        id
    };
    assert!(reason(&call("mail/send", &mail())).contains(&id));
    place.approve(&[]);
    assert_eq!(call("mail/send", &mail()), Done::Made);
    let third = call("mail/send", &mail());
    assert!(third.is_blocked() && !reason(&third).contains(&id), "{third:?}");
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

/// Settings that were raised after the hook was installed held calls past the host's patience.
#[test]
fn a_wait_that_is_raised_later_stays_below_the_hosts_patience() {
    let place = place();
    place.write("fence.toml", &format!("{}[hook]\nwait = \"10m\"\n", crate::support::SETTINGS));
    let call = event("claude-code", "mail/send", &mail()).to_string();
    let arguments = ["hook", "claude-code", "p.fence", "--db", "fence.db", "--hold-at-most", "1s"];
    let begun = std::time::Instant::now();
    let ran = place.run(&arguments, call.as_bytes());
    assert!(done("claude-code", &mail(), &ran).is_blocked(), "{ran:?}");
    assert!(begun.elapsed().as_secs() < 3, "{:?}", begun.elapsed());
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
    assert_eq!((ran.code, &*ran.err), (2, "nothing is wiped. Instead: move it to /tmp\n"));
    // The first of a session is released by a counter, once.
    assert_eq!(place.call("codex", "Task", &json!({"n": 1})), Done::Made);
    assert_eq!(question("Task", &json!({"n": 1})).code, 0);
    assert!(place.call("codex", "Task", &json!({"n": 2})).is_blocked());
    assert_eq!(question("Task", &json!({"n": 2})).code, 2);
    // What was approved and is being used needs no second approval.
    assert!(place.call("codex", "mail/send", &mail()).is_blocked());
    place.approve(&[]);
    assert_eq!(place.call("codex", "mail/send", &mail()), Done::Made);
    assert_eq!(question("mail/send", &mail()).code, 0);
}
