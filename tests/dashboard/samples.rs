//! Requests, policies and figures as pages show them, for tests.

use fence::approvals::*;
use fence::engine::json::Json;
use fence::engine::scalar::Timestamp;
use fence::http::dashboard::insight::{Insight, RuleFigures};
use fence::http::dashboard::layout::{Frame, Theme, Viewer};
use fence::http::dashboard::policy::{PoliciesView, PolicyView, SourceView};

pub(crate) fn json(text: &str) -> Json {
    text.parse().unwrap()
}

pub(crate) fn frame() -> Frame {
    Frame {
        viewer: Some(Viewer {
            person: "ana@example.com".into(),
            name: Some("Ana".into()),
            approver: true,
            stopper: true,
            break_glass: true,
            csrf: "c5f7".into(),
        }),
        theme: Theme::System,
        now: Timestamp::parse("2026-03-23T10:20:00Z").unwrap(),
        open: 3,
        halts: 0,
        path: "/".into(),
        notice: None,
    }
}

pub(crate) fn request() -> RequestView {
    let list: Vec<String> = (1..=412).map(|n| format!("\"reader{n}@list.test\"")).collect();
    let args = format!(
        r#"{{"to":[{}],"subject":"Spring sale starts tomorrow","body":"Hello,\n\nour spring sale starts tomorrow at 9.\n\nYours\nthe team","send_at":null,"track":true,"limit":1e3,"meta":{{"campaign":"spring","ab":{{"share":0.10,"arms":["a","b"]}}}}}}"#,
        list.join(",")
    );
    RequestView {
        id: "r_0198a3c2-7d11-7c3a-9a55-0c1d2e3f4a5b".into(),
        version: 1,
        state: "pending",
        decision: "0198a3c2-7d11-7c3a-9a55-000000000000".into(),
        digest: "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08".into(),
        policy_digest: "sha256:60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752".into(),
        tool: "email_send_bulk".into(),
        args: json(&args),
        agent: Some("content-1".into()),
        parents: vec!["lead".into()],
        user: Some("mia@example.com".into()),
        session: Some("s-17".into()),
        context: Some(json(r#"{"host":"studio","ticket":"MKT-204"}"#)),
        recipients: Some(412),
        rules: vec![RuleView {
            policy: "content_manager".into(),
            rule: "outbound".into(),
            line: 29,
            because: Some("mail to many people is read by two editors first".into()),
            instead: Some("send a test batch of at most 50 first".into()),
            source: Some("ask email_send_* as outbound {\n  auto when count(args.to) <= 50  # small ones pass\n  by 2 of editors\n  expires 1h\n}".into()),
        }],
        because: Some("Mail to more than 50 people is read by two editors first.".into()),
        instead: Some("send a test batch of at most 50 first".into()),
        nearest: Some("50 or fewer recipients, all in ours".into()),
        opened_at: "2026-03-23T10:02:11Z".into(),
        expires_at: "2026-03-23T11:02:11Z".into(),
        needs: vec![NeedView {
            policy: "content_manager".into(),
            rule: "outbound".into(),
            count: 2,
            of: Some("editors".into()),
            members: vec!["ana@example.com".into(), "bo@example.com".into(), "chi@example.com".into()],
            given: vec!["bo@example.com".into()],
            missing: 1,
            escalation_at: Some("2026-03-23T10:22:11Z".into()),
        }],
        votes: vec![VoteView { by: "bo@example.com".into(), on_behalf_of: None, at: "2026-03-23T10:05:00Z".into(), note: Some("Text is fine.".into()), break_glass: false }],
        use_by: None, ended_at: None, outcome: None, edit: None, preview_required: false,
        may_edit: vec![
            MayEditView { field: "args.to".into(), bound: "shrink within 1..500".into(), words: "only what is there may stay, between 1 and 500 items".into() },
            MayEditView { field: "args.subject".into(), bound: "any".into(), words: "any value".into() },
        ],
        preview: Some(PreviewView { value: json(r#"{"accepted":409,"bounced":3,"cost":"4.12 EUR"}"#), digest: "sha256:aa11".into(), at: "2026-03-23T10:03:00Z".into(), stale: false }),
        offers: vec![
            OfferView { offer: "once".into(), covers: "this call".into() },
            OfferView { offer: "session".into(), covers: "email_send_bulk by content-1 in session s-17, to at most 412 recipients, all in list.test".into() },
        ],
        claim: Some("This is only a test run of the mailing, nothing will be sent.".into()),
        history: vec![event("request.opened", "content-1", None), event("request.voted", "bo@example.com", Some("Text is fine."))],
    }
}

pub(crate) fn event(kind: &str, by: &str, note: Option<&str>) -> EventView {
    EventView {
        at: "2026-03-23T10:05:00Z".into(),
        kind: kind.into(),
        version: 1,
        by: Some(by.into()),
        on_behalf_of: None,
        note: note.map(str::to_owned),
        via: Some("dashboard".into()),
    }
}

pub(crate) fn summary(number: u64) -> RequestSummary {
    let tools = ["email_send_bulk", "payment_refund", "blog_publish_post", "db_write_rows"];
    RequestSummary {
        number,
        id: format!("r_0198a3c2-7d11-7c3a-9a55-{number:012x}"),
        version: 1,
        state: "pending",
        tool: tools[usize::try_from(number).unwrap() % 4].into(),
        agent: Some("content-1".into()),
        user: Some("mia@example.com".into()),
        session: Some("s-17".into()),
        policy: "content_manager".into(),
        rule: "outbound".into(),
        because: Some("Mail to more than 50 people is read by two editors first.".into()),
        opened_at: "2026-03-23T10:02:11Z".into(),
        expires_at: format!(
            "2026-03-23T{:02}:{:02}:11Z",
            10 + (22 + number) / 60,
            (22 + number) % 60
        ),
        missing: 1,
        recipients: number.is_multiple_of(4).then_some(412),
        ended_at: None,
        ended_by: None,
    }
}

pub(crate) fn policies() -> PoliciesView {
    let text = include_str!("../../examples/policies/content_manager.fence");
    PoliciesView {
        policies: vec![PolicyView {
            name: "content_manager".into(),
            digest: "sha256:60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752"
                .into(),
            rules: 9,
            default: "deny".into(),
            sources: vec![SourceView { name: "content_manager.fence".into(), text: text.into() }],
        }],
        digest: "sha256:60303ae22b99".into(),
        loaded_at: "2026-03-23T08:00:00Z".into(),
        failed: None,
    }
}

pub(crate) fn insight() -> Insight {
    let rule =
        |name: &str, per_day: Vec<u64>, answered, approved, median, p90, hasty| RuleFigures {
            rule: name.into(),
            per_day,
            answered,
            approved,
            median: Some(median),
            p90: Some(p90),
            hasty,
            expired: 2,
        };
    Insight {
        days: (10..=23).map(|day| format!("2026-03-{day}")).collect(),
        rules: vec![
            rule(
                "content_manager/outbound",
                vec![3, 5, 4, 0, 0, 6, 8, 7, 9, 4, 1, 0, 5, 12],
                60,
                51,
                340,
                1900,
                0,
            ),
            rule(
                "content_manager/publishing",
                vec![1, 1, 2, 0, 0, 1, 2, 1, 3, 2, 0, 0, 1, 2],
                16,
                16,
                45,
                320,
                6,
            ),
            rule(
                "payments/refunds",
                vec![0, 1, 0, 0, 0, 0, 2, 0, 1, 0, 0, 0, 0, 1],
                5,
                2,
                900,
                3400,
                0,
            ),
        ],
        minutes: (0..60).map(|n| (n * 7) % 31 + n / 3).collect(),
        gated: 412,
        released: 331,
        partial: None,
    }
}

pub(crate) fn grant() -> GrantView {
    GrantView {
        policy_digest: String::new(),
        id: "g_1".into(),
        by: vec!["ana@example.com".into()],
        given_at: "2026-03-23T09:00:00Z".into(),
        offer: "10".into(),
        until: None,
        left: Some(7),
        used: 3,
        tool: "social_post_x".into(),
        agent: Some("content-1".into()),
        user: None,
        session: Some("s-17".into()),
        rules: Vec::new(),
        decision: "d".into(),
        covers: "social_post_x by content-1 in session s-17, the next 10 calls".into(),
        ended_at: None,
        request: "r_0198a3c2-7d11-7c3a-9a55-0c1d2e3f4a5b".into(),
    }
}

pub(crate) fn halt() -> HaltView {
    HaltView {
        scope: "agent content-1".into(),
        by: "bo@example.com".into(),
        reason: "it mails strangers".into(),
        since: "2026-03-23T10:01:00Z".into(),
    }
}

pub(crate) fn delegation() -> DelegationView {
    DelegationView {
        id: "d1".into(),
        from_person: "ana@example.com".into(),
        to_person: "chi@example.com".into(),
        from: "2026-03-23T08:00:00Z".into(),
        until: "2026-03-30T08:00:00Z".into(),
    }
}
