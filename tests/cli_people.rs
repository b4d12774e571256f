//! Who answers on the command line: accounts, tokens, delegates, and never an agent.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod approval_desk;
mod cli_place;

use approval_desk::*;

#[test]
fn two_people_agree_by_their_tokens() {
    let desk = Desk::new(POLICY);
    let id = desk.asks(r#"{"tool":"wire","args":{"amount":5},"agent":"pay-1"}"#);
    let approve = ["approve", &id, "--version", "1"];
    let (bo, dee) =
        (desk.token("approver", "bo@example.com"), desk.token("approver", "dee@example.com"));
    let first = desk.with_token(&bo, &approve);
    assert!(first.out.contains("still to agree: 1 of managers"), "{first:?}");
    // The same person twice is one vote.
    assert_eq!(desk.with_token(&bo, &approve).code, 0);
    assert_eq!(desk.state(&id), "pending");
    let taken = desk.with_token(&bo, &["withdraw", &id]);
    assert!(taken.code == 0 && taken.out.contains("is gone"), "{taken:?}");
    assert_eq!(desk.with_token(&bo, &["withdraw", &id]).code, 1);
    assert_eq!(desk.with_token(&bo, &approve).code, 0);
    desk.place.write("dee.token", &format!("{dee}\n"));
    let file = [("FENCE_TOKEN_FILE", "dee.token")];
    let second = desk.place.run_as(&db(&approve), b"", &file);
    assert!(second.out.starts_with("approved"), "{second:?}");
    let again = desk.with_token(&dee, &approve);
    assert!(again.code == 1 && again.err.contains("not pending"), "{again:?}");
    let revoked = desk.with_token(&dee, &["revoke", &id, "--reason", "wrong account"]);
    assert_eq!((revoked.code, desk.state(&id)), (0, "revoked".to_owned()), "{revoked:?}");
    assert_eq!(desk.with_token(&dee, &["revoke", &id, "--reason", "again"]).code, 1);
}

#[test]
fn no_agent_answers_and_every_attempt_is_recorded() {
    let desk = Desk::new(POLICY);
    let id = desk.asks(MAIL);
    let approve = ["approve", &id, "--version", "1"];
    let attempts: [&[&str]; 5] = [
        &approve,
        &["reject", &id, "--reason", "x"],
        &["cancel", &id, "--reason", "x"],
        &["halt", "--yes", "--reason", "x"],
        &["resume", "--reason", "x"],
    ];
    for attempt in attempts {
        let ran = desk.place.run_as(&db(attempt), b"", &[("FENCE_AGENT", "content-1")]);
        assert!(ran.code == 2 && ran.err.contains("an agent's credential never"), "{ran:?}");
    }
    let token = desk.agent_token("content-2");
    let ran = desk.with_token(&token, &approve);
    assert!(ran.code == 2 && ran.err.contains("`content-2`"), "{ran:?}");
    assert_eq!(desk.state(&id), "pending");
    let events = desk.fence(&["log", "events", "--json"]).json();
    let refused = events.iter().filter(|event| event["kind"] == "request.attempt_refused");
    let by: Vec<_> = refused.map(|event| event["body"]["by"].as_str().unwrap()).collect();
    assert_eq!(by, [&["content-1"; 5][..], &["content-2"]].concat());
    // Looking is free.
    let ran = desk.place.run_as(&db(&["show", &id]), b"", &[("FENCE_AGENT", "content-1")]);
    assert_eq!(ran.code, 0, "{ran:?}");
}

#[test]
fn a_token_alone_counts_and_its_role_bounds_what_it_does() {
    let desk = Desk::new(POLICY);
    let id = desk.asks(MAIL);
    let approve = ["approve", &id, "--version", "1"];
    // The account is Ana's, but a token that is none does not fall back to her.
    for wrong in ["nonsense", "fence_approver_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"] {
        let ran = desk.with_token(wrong, &approve);
        assert!(ran.code == 2 && ran.err.contains("not known"), "{ran:?}");
    }
    let admin = desk.token("admin", "dee@example.com");
    let ran = desk.with_token(&admin, &approve);
    assert!(ran.code == 2 && ran.err.contains("role admin cannot approve"), "{ran:?}");
    assert_eq!(desk.with_token(&admin, &["halt", "--session", "s-1", "--reason", "x"]).code, 0);
    let auditor = desk.token("auditor", "dee@example.com");
    let ran = desk.with_token(&auditor, &["halt", "--session", "s-2", "--reason", "x"]);
    assert_eq!(ran.code, 2, "{ran:?}");
}

#[test]
fn an_account_that_nobody_owns_is_told_what_to_write() {
    let desk = Desk::new(POLICY);
    let id = desk.asks(MAIL);
    desk.place.write("fence.toml", "[people.\"ana@example.com\"]\nsystem = \"somebody-else\"\n");
    let ran = desk.fence(&["approve", &id, "--version", "1"]);
    let advice = format!("system = \"{}\"", account());
    assert!(ran.code == 2 && ran.err.contains(&advice), "{ran:?}");
    // Whoever is not asked is not heard either.
    let settings = format!("[people.\"eve@example.com\"]\nsystem = \"{}\"\n", account());
    desk.place.write("fence.toml", &settings);
    let ran = desk.fence(&["approve", &id, "--version", "1"]);
    assert!(ran.code == 1 && ran.err.contains("not among those who are asked"), "{ran:?}");
    assert_eq!(desk.state(&id), "pending");
}

#[test]
fn a_delegate_votes_for_another_and_both_are_named() {
    let desk = Desk::new(POLICY);
    let id = desk.asks(MAIL);
    let dee = desk.token("approver", "dee@example.com");
    let for_ana = ["approve", &id, "--version", "1", "--for", "ana@example.com"];
    let early = desk.with_token(&dee, &for_ana);
    assert!(early.code == 1 && early.err.contains("has not delegated to you"), "{early:?}");
    let given = desk.fence(&["delegate", "--to", "dee@example.com", "--until", "8h"]);
    assert!(given.out.contains("dee@example.com votes for ana@example.com"), "{given:?}");
    assert_eq!(desk.with_token(&dee, &for_ana).code, 0);
    let shown = desk.fence(&["show", &id]).out;
    assert!(shown.contains("approved by dee@example.com for ana@example.com"), "{shown}");
    let listed = desk.fence(&["delegations", "--json"]).json();
    let delegation = listed[0]["id"].as_str().unwrap();
    assert_eq!(desk.fence(&["delegations", "end", delegation]).code, 0);
    assert!(desk.fence(&["delegations"]).err.contains("nobody votes"));
    let back =
        ["delegate", "--to", "dee@example.com", "--from", "2026-08-02", "--until", "2026-08-01"];
    assert_eq!(desk.fence(&back).code, 2);
    let stranger = desk.fence(&["delegate", "--to", "eve@example.com", "--until", "8h"]);
    assert!(
        stranger.code == 1 && stranger.err.contains("nobody that this gate knows"),
        "{stranger:?}"
    );
}

#[test]
fn breaking_the_glass_needs_the_right_and_a_note() {
    let desk = Desk::new(POLICY);
    let id = desk.asks(r#"{"tool":"wire"}"#);
    let glass = ["approve", &id, "--version", "1", "--break-glass"];
    assert_eq!(desk.fence(&glass).code, 2, "a note is needed");
    let noted = [&glass[..], &["--note", "the bank closes"]].concat();
    let without = desk.fence(&noted);
    assert!(without.code == 1 && without.err.contains("no right"), "{without:?}");
    desk.place.write("fence.toml", &settings("break_glass = true\n"));
    let done = desk.fence(&noted);
    assert!(done.code == 0 && done.out.starts_with("approved"), "{done:?}");
    let shown = desk.fence(&["show", &id]).out;
    assert!(shown.contains("broke the glass") && shown.contains("the bank closes"), "{shown}");
}
