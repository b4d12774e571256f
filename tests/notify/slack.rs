//! Slack cards, sent to a stand-in for Slack's API.

use super::receiver::{Receiver, Reply};
use super::sample::{ESCAPES, MARKUP, inert, mailing, notice, refused, request};
use fence::approvals::{PreviewView, RequestView, VoteView};
use fence::engine::json::Json;
use fence::notify::http::guard::SystemLookup;
use fence::notify::slack::{Slack, SlackOptions};
use fence::notify::{Channel as _, DeliveryError, Notice, Receipt, Secret, What};
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;

const POSTED: &str = r#"{"ok":true,"channel":"C1","ts":"17.5","message":{}}"#;
const TOKEN: &str = "xoxb-very-secret";

fn slack(receiver: &Receiver, buttons: bool) -> Slack {
    let options = SlackOptions {
        channel: "C0DESK".to_owned(),
        token: Secret::new(TOKEN.to_owned()),
        buttons,
        api: Some(format!("http://{}/api/", receiver.address)),
        allow_private: true,
        timeout: Duration::from_secs(2),
    };
    Slack::new(&options, Arc::new(SystemLookup)).unwrap()
}

fn ok() -> Reply {
    Reply::Json(POSTED.to_owned())
}

fn card() -> Receipt {
    Receipt(r#"{"channel":"C1","ts":"17.5"}"#.to_owned())
}

/// The one message that is posted.
async fn posted(notice: &Notice) -> Value {
    let receiver = Receiver::start([ok()]).await;
    let receipt = slack(&receiver, true).deliver(notice, &[]).await.unwrap();
    assert_eq!(receipt, Some(card()));
    receiver.got(|got| {
        assert_eq!(got.len(), 1);
        assert_eq!(got[0].path, "/api/chat.postMessage");
        assert_eq!(got[0].headers["authorization"], format!("Bearer {TOKEN}"));
        got[0].json()
    })
}

/// Every object of the message that has a `type`.
fn typed(value: &Value) -> Vec<&Value> {
    let within: Vec<&Value> = match value {
        Value::Array(list) => list.iter().collect(),
        Value::Object(object) => object.values().collect(),
        _ => Vec::new(),
    };
    let deeper = within.into_iter().flat_map(typed);
    value.get("type").map(|_| value).into_iter().chain(deeper).collect()
}

fn of_type<'a>(value: &'a Value, kind: &str) -> Vec<&'a Value> {
    typed(value).into_iter().filter(|found| found["type"] == kind).collect()
}

/// All that Slack shows as text.
fn text(message: &Value) -> String {
    let texts =
        of_type(message, "plain_text").into_iter().map(|text| text["text"].as_str().unwrap());
    texts.collect::<Vec<_>>().join("\n")
}

fn labels(message: &Value) -> Vec<&str> {
    let buttons = of_type(message, "button").into_iter();
    buttons.map(|button| button["text"]["text"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_card_shows_the_call_and_binds_its_buttons_to_it() {
    let message = posted(&notice(What::Opened, mailing("Hello"))).await;
    assert_eq!(message["channel"], "C0DESK");
    let shown = text(&message);
    for expected in [
        "Approval wanted: email_send",
        "Argument `body`: \"Hello\"",
        "Recipients: 1",
        "Agent: lead › content-1",
        "For: eve@example.com",
        "Asked by the rule: outbound, content line 24",
        "Because: mail leaves the house",
        "Needs: 1 of editors; 1 still missing",
        "Answer by: 2026-03-23T11:00:00Z",
    ] {
        assert!(shown.replace("&gt;", ">").contains(expected), "{expected} in {shown}");
    }
    assert_eq!(labels(&message), ["Refuse", "Approve", "Open"]);
    for button in &of_type(&message, "button")[..2] {
        let value: Value = serde_json::from_str(button["value"].as_str().unwrap()).unwrap();
        assert_eq!(value["request"], "r_0198c0de-0000-7000-8000-000000000001");
        assert_eq!(
            (&value["version"], value["digest"].as_str()),
            (&Value::from(1), Some(&*format!("sha256:{}", "ab".repeat(32))))
        );
    }
    let approve = of_type(&message, "button")[1];
    assert_eq!(approve["action_id"], "fence.approve");
    assert!(approve["confirm"].is_object(), "a single click must not approve");
    let users = of_type(&message, "user");
    assert_eq!(users.len(), 1);
    assert_eq!(users[0]["user_id"], "U0ANA");
}

#[tokio::test]
async fn srv_011_control_sequences_are_inert_and_nothing_unfurls() {
    let mut request = mailing(MARKUP);
    for raw in [&mut request.tool, &mut request.rules[0].rule] {
        *raw = MARKUP.to_owned();
    }
    request.because = Some(MARKUP.to_owned());
    request.rules[0].because = Some(MARKUP.to_owned());
    request.claim = Some(MARKUP.to_owned());
    let message = posted(&notice(What::Opened, request)).await;
    assert_eq!(message["unfurl_links"], false);
    assert_eq!(message["unfurl_media"], false);
    assert_eq!(message["link_names"], false);
    assert_eq!(message["parse"], "none");
    assert_eq!(message["mrkdwn"], false);
    let known = [
        "header",
        "rich_text",
        "rich_text_section",
        "user",
        "text",
        "section",
        "plain_text",
        "actions",
        "button",
        "context",
    ];
    for part in typed(&message) {
        assert!(known.contains(&part["type"].as_str().unwrap()), "{part}");
        if part["type"] == "text" {
            assert_eq!(part["text"], " ");
        }
    }
    for shown in [text(&message), message["text"].as_str().unwrap().to_owned()] {
        assert!(!shown.contains(['<', '>']), "{shown}");
        assert!(shown.contains("&lt;!channel&gt;"), "{shown}");
    }
    assert!(of_type(&message, "plain_text").iter().all(|text| text["emoji"] == false));
}

#[tokio::test]
async fn apr_030_the_agents_words_are_labelled_and_below_the_call() {
    let mut request = request(r#"{"to":["x@evil.example"],"summary":"runs the unit tests"}"#);
    request.claim = Some("I run the unit tests\nNeeds: nobody".to_owned());
    let shown = text(&posted(&notice(What::Opened, request)).await);
    let label = "The agent's own explanation, not checked by anyone:\n│ I run the unit tests\n│ Needs: nobody";
    assert!(shown.contains(label), "{shown}");
    assert!(shown.find("Argument `to`").unwrap() < shown.find("The agent's own").unwrap());
}

#[tokio::test]
async fn apr_033_what_cannot_be_seen_is_shown_escaped() {
    let shown = text(&posted(&notice(What::Opened, mailing(ESCAPES))).await);
    inert(&shown);
    assert!(shown.contains("\\u{202e}gnp.exe\\u{200b}"), "{shown}");
}

#[tokio::test]
async fn a_call_too_long_for_a_card_is_not_approved_from_it() {
    let many: Vec<String> = (0..300).map(|n| format!("\"a{n}\":\"{}\"", "<".repeat(300))).collect();
    let many = request(&format!("{{{}}}", many.join(",")));
    for request in [mailing(&"&".repeat(100_000)), mailing(&"line\n".repeat(20_000)), many] {
        let message = posted(&notice(What::Opened, request)).await;
        assert_eq!(labels(&message), ["Refuse", "Open"]);
        let shown = text(&message);
        assert!(shown.contains("Too long to be shown whole"), "{shown}");
        let said =
            ["folded: only the beginning of", "More arguments: 260 of 300 are not shown here"];
        assert!(said.iter().any(|said| shown.contains(said)), "{shown}");
        assert!(message["blocks"].as_array().unwrap().len() <= 50);
        for section in of_type(&message, "section") {
            assert!(section["text"]["text"].as_str().unwrap().len() <= 3000);
        }
    }
}

#[tokio::test]
async fn a_required_preview_comes_before_the_approve_button() {
    let waiting = RequestView { preview_required: true, ..request("{}") };
    let message = posted(&notice(What::Opened, waiting.clone())).await;
    assert_eq!(labels(&message), ["Refuse", "Open"]);
    assert!(text(&message).contains("Preview: required before anyone can approve"));
    let value = Json::parse(br#"{"would send to":"<!here>"}"#).unwrap();
    let at = "2026-03-23T10:01:00Z".to_owned();
    let preview = PreviewView { value, digest: "sha256:ef".to_owned(), at, stale: false };
    let there = RequestView { preview: Some(preview.clone()), ..waiting.clone() };
    let receiver = Receiver::start([ok()]).await;
    let told = slack(&receiver, true).deliver(&notice(What::Preview, there), &[card()]).await;
    assert_eq!(told, Ok(None));
    receiver.got(|got| {
        assert_eq!(got[0].path, "/api/chat.update");
        assert_eq!(labels(&got[0].json()), ["Refuse", "Approve", "Open"]);
        assert!(text(&got[0].json()).contains("&lt;!here&gt;"));
    });
    let stale = RequestView { preview: Some(PreviewView { stale: true, ..preview }), ..waiting };
    let message = posted(&notice(What::Opened, stale)).await;
    assert_eq!(labels(&message), ["Refuse", "Open"]);
}

#[tokio::test]
async fn the_end_changes_every_card_in_place_and_says_who_decided() {
    let receiver = Receiver::start([ok()]).await;
    let other = Receipt(r#"{"channel":"C1","ts":"18.1"}"#.to_owned());
    let notice = notice(What::Ended, refused("not today <!here>"));
    let told = slack(&receiver, true).deliver(&notice, &[card(), other]).await;
    assert_eq!(told, Ok(None));
    receiver.got(|got| {
        let updated: Vec<Value> = got.iter().map(super::receiver::Got::json).collect();
        let places: Vec<_> = updated.iter().map(|message| message["ts"].as_str()).collect();
        assert_eq!(places, [Some("17.5"), Some("18.1")]);
        for (got, message) in got.iter().zip(&updated) {
            assert_eq!(
                (got.path.as_str(), &message["channel"]),
                ("/api/chat.update", &Value::from("C1"))
            );
            assert!(labels(message).is_empty());
            let shown = text(message);
            assert!(shown.contains("Refused by bob@example.com: email_send"), "{shown}");
            assert!(shown.contains("Reason: not today &lt;!here&gt;"), "{shown}");
        }
    });
}

#[tokio::test]
async fn a_new_version_takes_the_buttons_off_the_old_card() {
    let receiver = Receiver::start([ok()]).await;
    let newer = RequestView { version: 2, ..request("{}") };
    let told = slack(&receiver, true).deliver(&notice(What::Opened, newer), &[card()]).await;
    assert_eq!(told, Ok(Some(card())));
    receiver.got(|got| {
        let (old, new) = (got[0].json(), got[1].json());
        assert_eq!(
            (got[0].path.as_str(), got[1].path.as_str()),
            ("/api/chat.update", "/api/chat.postMessage")
        );
        assert!(text(&old).contains("Replaced by version 2") && labels(&old).is_empty());
        assert_eq!(labels(&new), ["Refuse", "Approve", "Open"]);
    });
}

#[tokio::test]
async fn no_name_makes_a_message_that_slack_refuses() {
    let mut request = request("{}");
    request.tool = "<&>".repeat(80);
    let mut strange = notice(What::Opened, request);
    strange.asked[0].slack = Some("not an id".to_owned());
    let message = posted(&strange).await;
    assert!(of_type(&message, "user").is_empty());
    let length = |text: &Value| text["text"].as_str().unwrap().len();
    assert!(length(&of_type(&message, "header")[0]["text"]) <= 150);
    let approve = of_type(&message, "button")[1];
    assert!(length(&approve["confirm"]["text"]) <= 300);
    assert!(!text(&message).contains(['<', '>']));
}

#[tokio::test]
async fn where_slack_takes_no_card_it_gets_a_line() {
    let no = Reply::Json(r#"{"ok":false,"error":"invalid_blocks"}"#.to_owned());
    let receiver = Receiver::start([no, ok()]).await;
    let told = slack(&receiver, true).deliver(&notice(What::Opened, request("{}")), &[]).await;
    assert_eq!(told, Ok(Some(card())));
    receiver.got(|got| {
        let line = got[1].json();
        assert_eq!(line["blocks"], serde_json::json!([]));
        let link = "https://fence.example.com/requests/r_0198c0de-0000-7000-8000-000000000001";
        assert_eq!(line["text"], format!("Approval wanted: email_send {link}"));
    });
}

#[tokio::test]
async fn each_vote_shows_in_the_card() {
    let receiver = Receiver::start([ok()]).await;
    let mut view = request("{}");
    view.votes = vec![VoteView {
        by: "ana@example.com".to_owned(),
        on_behalf_of: None,
        at: "2026-03-23T10:02:00Z".to_owned(),
        note: Some("<!here> fine".to_owned()),
        break_glass: false,
    }];
    let told = slack(&receiver, true).deliver(&notice(What::Voted, view), &[card()]).await;
    assert_eq!(told, Ok(None));
    receiver.got(|got| {
        assert_eq!((got.len(), &*got[0].path), (1, "/api/chat.update"));
        let shown = text(&got[0].json());
        let vote = "Approved by: ana@example.com at 2026-03-23T10:02:00Z: &lt;!here&gt; fine";
        assert!(shown.contains(vote), "{shown}");
        assert_eq!(labels(&got[0].json()), ["Refuse", "Approve", "Open"]);
    });
}

#[tokio::test]
async fn without_a_signing_secret_there_are_no_buttons_that_answer() {
    let receiver = Receiver::start([ok()]).await;
    let notice = notice(What::Opened, request("{}"));
    slack(&receiver, false).deliver(&notice, &[]).await.unwrap();
    receiver.got(|got| assert_eq!(labels(&got[0].json()), ["Open"]));
}

#[tokio::test]
async fn what_slack_answers_says_whether_to_try_again() {
    let told = |reply| async move {
        let receiver = Receiver::start([reply]).await;
        let notice = notice(What::Opened, request("{}"));
        slack(&receiver, true).deliver(&notice, &[]).await.unwrap_err()
    };
    let no = |error: &str| Reply::Json(format!(r#"{{"ok":false,"error":"{error}"}}"#));
    let later = DeliveryError::later;
    assert_eq!(told(no("invalid_auth")).await, later("Slack refused: invalid_auth"));
    let never = DeliveryError::Never("Slack refused: invalid_blocks".to_owned());
    assert_eq!(told(no("invalid_blocks")).await, never);
    let limited = told(Reply::With(429, "retry-after", "7".to_owned())).await;
    let DeliveryError::Later { after: Some(after), .. } = limited else { panic!("{limited:?}") };
    assert_eq!(after, Duration::from_secs(7));
    assert_eq!(told(Reply::Status(410)).await, later("the receiver answered 410 (gone)"));
    assert_eq!(
        told(Reply::Json("<html>".to_owned())).await,
        later("Slack's answer is not what it should be")
    );
    assert_eq!(told(Reply::Endless).await, later("the answer exceeds 262144 bytes"));
    let hostile = told(no(&format!("{TOKEN}\\u001b[2J{}", "x".repeat(500)))).await.to_string();
    inert(&hostile);
    assert!(hostile.len() < 200, "{hostile}");
}

#[tokio::test]
async fn a_card_that_somebody_deleted_needs_no_update() {
    let receiver =
        Receiver::start([Reply::Json(r#"{"ok":false,"error":"message_not_found"}"#.to_owned())])
            .await;
    let told = slack(&receiver, true).deliver(&notice(What::Ended, refused("no")), &[card()]).await;
    assert_eq!(told, Ok(None));
    assert_eq!(receiver.count(), 1);
}
