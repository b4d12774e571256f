//! The life of a request, end to end: each acceptance case of the design by name, on both stores.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod approvals_support;

use approvals_support::*;
use fence::approvals::{
    Approval, Approver, Canceller, Claimant, Claimed, Finish, HaltScope, Target, Via, open_session,
};
use fence::gate::{Answer, Callback};
use fence::store::{LogQuery, MemoryStore, SqliteStore, Store};
use fence::{Gate, Outcome, ToolCall, Verdict};
use fence_engine::approval::Offer;
use fence_engine::json::Json;
use fence_engine::scalar::Duration;
use std::sync::Arc;

macro_rules! on_both_stores {
    ($($case:ident)*) => {
        mod memory {
            $(#[test] fn $case() { super::$case(std::sync::Arc::new(super::MemoryStore::new())); })*
        }
        mod sqlite {
            $(#[test] fn $case() {
                let home = tempfile::tempdir().unwrap();
                let store = super::SqliteStore::open(home.path().join("fence.db")).unwrap();
                super::$case(std::sync::Arc::new(store));
            })*
        }
    };
}

on_both_stores! {
    rejected_stays_refused_when_the_window_opens
    approved_for_one_amount_is_no_approval_for_another
    two_workers_claim_and_one_runs
    an_edit_beyond_its_bound_is_refused
    an_edit_into_what_is_denied_is_denied
    nothing_is_lost_or_done_twice_between_any_two_steps
    a_claimed_approval_is_not_reused
    nothing_is_approved_after_expiry_from_any_surface
    key_order_and_spacing_change_nothing
    the_same_person_twice_is_one_of_two
    votes_on_an_older_version_do_not_count
    only_the_edited_call_is_released
    an_edit_into_the_threshold_needs_nobody_else
    an_approver_who_left_no_longer_counts
    a_policy_that_denies_today_voids_the_approval
    a_reply_is_for_the_agent_and_session_that_asked
    the_requester_does_not_approve
    asking_again_is_the_same_request
    an_agents_queue_is_capped
    refusals_in_a_row_trip_the_breaker
    ten_refusals_among_fifty_calls_trip_the_breaker
    the_stop_button_stops
    grants_cover_no_more_than_was_approved
    a_grant_loses_to_a_deny_and_ends_when_it_is_revoked
    delegates_vote_for_somebody_else_while_it_lasts
    breaking_the_glass_needs_the_right_and_a_reason
    a_required_preview_comes_first
    an_escalation_is_recorded_and_the_deadline_stays
    a_lost_call_is_unknown_and_nothing_retries_it
    an_approval_unused_in_time_is_no_approval
    a_vote_taken_back_does_not_count
    a_revoked_approval_releases_nothing
    refused_attempts_are_recorded
    nobody_reachable_is_denied_where_the_rule_says_so
    the_log_holds_both_versions_and_the_difference
    while_the_clock_is_behind_nothing_is_answered
}

type Shared = Arc<dyn Store>;

fn rejected_stays_refused_when_the_window_opens(store: Shared) {
    let house = House::on(store, "ask publish { auto during office by 1 of editors }");
    let request = house.ask(&call("publish"));
    assert_eq!(house.refuse("ana", request).unwrap().state, "denied");
    house.pass(2 * 3_600);
    let other = call("publish").arg("draft", 2_u64);
    assert_eq!(house.decide(&other).decision.as_str(), "allow", "the office is open");
    let again = house.decide(&call("publish"));
    assert_eq!(again.decision.as_str(), "deny");
    assert!(again.because.as_deref().unwrap().contains("a person refused"));
    assert_eq!(code(house.claim(&call("publish"), request)), "ended");
}

/// APR-002
fn approved_for_one_amount_is_no_approval_for_another(store: Shared) {
    let house = House::on(store, "ask pay { by 1 of editors }");
    let request = house.ask(&pay(1));
    house.approve("ana", request).unwrap();
    let digest = Some(pay(999_999).digest());
    let claimant = Claimant::of(&pay(1));
    assert_eq!(code(house.approvals().claim(&claimant, request, digest).wait()), "other-call");
    let other = house.ask(&pay(999_999));
    assert_ne!(other, request);
    assert_eq!(house.state(other), "pending");
    assert_eq!(house.take(&pay(1), request).args, pay(1).args);
}

fn two_workers_claim_and_one_runs(store: Shared) {
    let house = House::on(store, "ask pay { by 1 of editors }");
    for round in 0..20 {
        let request = house.ask(&pay(round));
        house.approve("ana", request).unwrap();
        let claim = || house.claim(&pay(round), request).is_ok();
        let ran = std::thread::scope(|scope| {
            let workers = [scope.spawn(claim), scope.spawn(claim)];
            workers
                .into_iter()
                .filter(|_| true)
                .map(|w| w.join().unwrap())
                .filter(|ran| *ran)
                .count()
        });
        assert_eq!(ran, 1);
    }
}

/// APR-020, APR-023
fn an_edit_beyond_its_bound_is_refused(store: Shared) {
    let house = House::on(store, "ask pay { by 1 of editors edit args.amount shrink }");
    let request = house.ask(&pay(50));
    for beyond in ["5000", "50.01", "-1", "0", "\"1\"", "null", "[1]"] {
        assert_eq!(code(house.edit("ana", request, "args.amount", beyond)), "edit", "{beyond}");
    }
    assert_eq!(code(house.edit("ana", request, "args.to", "1")), "edit");
    assert_eq!(code(house.edit("ana", request, "amount", "1")), "edit");
    assert_eq!(house.state(request), "pending");
    assert_eq!(house.edit("ana", request, "args.amount", "49").unwrap().version, 2);
}

fn an_edit_into_what_is_denied_is_denied(store: Shared) {
    let rules = r#"ask pay { by 1 of editors edit args.note any }
        deny pay when args.note == "bribe" because "never""#;
    let house = House::on(store, rules);
    let request = house.ask(&pay(5).arg("note", "lunch"));
    let refused = house.edit("ana", request, "args.note", "\"Bribe\"").unwrap_err();
    assert!(refused.to_string().contains("never"), "{refused}");
    assert_eq!(
        (house.state(request), house.approvals().get(request).unwrap().version),
        ("pending", 1)
    );
}

fn nothing_is_lost_or_done_twice_between_any_two_steps(store: Shared) {
    let rules = "ask pay { by 2 of editors edit args.amount shrink }";
    let mut house = House::on(store, rules);
    let request = house.ask(&pay(9));
    house = house.again(rules);
    house.approve("ana", request).unwrap();
    house = house.again(rules);
    house.edit("bo", request, "args.amount", "7").unwrap();
    house = house.again(rules);
    assert_eq!(house.state(request), "pending");
    house.approve("ana", request).unwrap();
    house = house.again(rules);
    assert_eq!(house.state(request), "approved");
    assert_eq!(house.take(&pay(9), request).args, pay(7).args);
    house = house.again(rules);
    assert_eq!(code(house.claim(&pay(9), request)), "not-approved");
    let done = house.approvals().result(&Claimant::of(&pay(9)), request, Finish::default()).wait();
    assert_eq!(done.unwrap().state, "done");
    house = house.again(rules);
    assert_eq!(house.state(request), "done");
}

fn a_claimed_approval_is_not_reused(store: Shared) {
    let house = House::on(store, "ask pay { by 1 of editors }");
    let request = house.ask(&pay(1));
    house.approve("ana", request).unwrap();
    house.take(&pay(1), request);
    assert_eq!(code(house.claim(&pay(1), request)), "not-approved");
    let next = house.ask(&pay(1));
    assert_ne!(next, request, "the same call again asks again");
}

/// APR-013
fn nothing_is_approved_after_expiry_from_any_surface(store: Shared) {
    let house = House::on(store, "ask pay { by 1 of editors expires 1h }");
    let request = house.ask(&pay(1));
    house.pass(3_600);
    for via in [Via::Cli, Via::Http, Via::Dashboard, Via::Slack, Via::Local] {
        let ana = Approver::new(id("ana"), via);
        let late = house.approvals().approve(&ana, &Target::id(request), Approval::default());
        assert_eq!(code(late.wait()), "expired");
    }
    let view = house.approvals().get(request).unwrap();
    assert_eq!((view.state, view.outcome.unwrap().by), ("expired", None));
    assert_eq!(house.approvals().sweep().unwrap().expired, 1);
    assert_eq!(house.approvals().sweep().unwrap().expired, 0);
    assert_eq!(house.state(request), "expired");
    assert_eq!(code(house.approve("ana", request)), "ended");
}

/// APR-001
fn key_order_and_spacing_change_nothing(store: Shared) {
    let house = House::on(store, "ask pay { by 1 of editors }");
    let decide = |args: &str| {
        let text = format!(r#"{{"tool":"pay","agent":"a-1","args":{args}}}"#);
        house.gate.decide_json_blocking(text.as_bytes(), fence::Trust::default()).unwrap()
    };
    let first = decide(r#"{"a":1,"b":2}"#);
    let again = decide(r#"{"b": 2.0,  "a": 1e0}"#);
    assert_eq!(first.digest, again.digest);
    assert_eq!(first.request.unwrap().id, again.request.unwrap().id);
}

/// APR-010, APR-011
fn the_same_person_twice_is_one_of_two(store: Shared) {
    let house = House::on(store, "ask pay { by 2 of editors }");
    let request = house.ask(&pay(1));
    for spelling in ["ana", "Ana", "ANA"] {
        let view = house.approve(spelling, request).unwrap();
        assert_eq!((view.state, view.votes.len(), view.needs[0].missing), ("pending", 1, 1));
    }
    assert_eq!(code(house.approve("ana+1", request)), "unknown-person");
    assert_eq!(house.approve("bo", request).unwrap().state, "approved");
}

/// APR-024
fn votes_on_an_older_version_do_not_count(store: Shared) {
    let house = House::on(store, "ask pay { by 2 of editors edit args.amount shrink }");
    let request = house.ask(&pay(9));
    house.approve("ana", request).unwrap();
    let edited = house.edit("bo", request, "args.amount", "8").unwrap();
    assert_eq!((edited.version, edited.votes.len()), (2, 1), "earlier votes are void, bo's counts");
    let stale = Target::version(request, 1);
    let late = house.approvals().approve(&person("ana"), &stale, Approval::default()).wait();
    assert_eq!(late.unwrap_err(), fence::approvals::ApprovalError::Stale { version: 2 });
    let shown = Target { digest: Some(pay(9).digest()), ..Target::id(request) };
    let late = house.approvals().approve(&person("ana"), &shown, Approval::default()).wait();
    assert_eq!(code(late), "stale");
}

/// APR-025
fn only_the_edited_call_is_released(store: Shared) {
    let house = House::on(store, "ask mail_send { by 1 of editors edit args.to shrink }");
    let request = house.ask(&mail(500));
    let fifty =
        Json::of(&(0..50).map(|at| format!("r{at}@list.test")).collect::<Vec<_>>()).unwrap();
    let view = house.edit("ana", request, "args.to", &fifty.to_string()).unwrap();
    assert_eq!((view.state, view.recipients), ("approved", Some(50)));
    // Asking for all 500 again leads to the same request, and that releases 50.
    assert_eq!(house.ask(&mail(500)), request);
    let digest = Some(mail(500).digest());
    let claimed = house.approvals().claim(&Claimant::of(&mail(500)), request, digest).wait();
    assert_eq!(code(claimed), "other-call");
    assert_eq!(house.take(&mail(500), request).args, mail(50).args);
}

fn an_edit_into_the_threshold_needs_nobody_else(store: Shared) {
    let rules =
        "ask mail_send { auto when count(args.to) <= 50 by 2 of editors edit args.to shrink }";
    let house = House::on(store, rules);
    let request = house.ask(&mail(60));
    let few = r#"["r1@list.test","r2@list.test"]"#;
    let view = house.edit("ana", request, "args.to", few).unwrap();
    assert_eq!((view.state, view.version), ("approved", 2));
    assert_eq!(house.take(&mail(60), request).args.root().get("to").unwrap().to_string(), few);
}

/// APR-019
fn an_approver_who_left_no_longer_counts(store: Shared) {
    let house = House::on(store, "ask pay { by 2 of editors }");
    let request = house.ask(&pay(1));
    house.approve("ana", request).unwrap();
    house.approve("bo", request).unwrap();
    let without_bo = r#"group finance = "ana@example.com", "chi@example.com"
        ask pay { by 2 of finance }"#;
    let house = house.again(without_bo);
    let Claimed::Asked(view) = house.claim(&pay(1), request).unwrap() else {
        panic!("two people must agree who are in finance today");
    };
    assert_eq!((view.state, view.version, view.votes.len()), ("pending", 2, 0));
    house.approve("ana", request).unwrap();
    house.approve("chi", request).unwrap();
    house.take(&pay(1), request);
}

fn a_policy_that_denies_today_voids_the_approval(store: Shared) {
    let house = House::on(store, "ask pay { by 1 of editors }");
    let request = house.ask(&pay(1));
    house.approve("ana", request).unwrap();
    let house = house.again(r#"deny pay because "the account is frozen""#);
    let Claimed::Denied(view) = house.claim(&pay(1), request).unwrap() else { panic!("denied") };
    assert_eq!(view.state, "denied");
    assert!(view.outcome.unwrap().reason.unwrap().contains("frozen"));
    let house = house.again("ask pay { by 1 of editors }");
    assert_eq!(code(house.claim(&pay(1), request)), "ended");
}

/// APR-007
fn a_reply_is_for_the_agent_and_session_that_asked(store: Shared) {
    let house = House::on(store, "ask pay { by 1 of editors }");
    let request = house.ask(&pay(1));
    house.approve("ana", request).unwrap();
    let agent = |agent: &str, session: &str| Claimant {
        agent: Some(agent.to_owned()),
        user: Some(id("uma")),
        session: Some(session.to_owned()),
    };
    let user = Claimant { user: Some(id("ugo")), ..agent("content-1", "s-1") };
    for other in [agent("content-2", "s-1"), agent("content-1", "s-2"), user, Claimant::default()] {
        assert_eq!(code(house.approvals().claim(&other, request, None).wait()), "not-yours");
        let cancel = house.approvals().cancel(&Canceller::Agent(other), request, "no").wait();
        assert_eq!(code(cancel), "not-yours");
    }
    house.take(&pay(1), request);
}

/// APR-009
fn the_requester_does_not_approve(store: Shared) {
    let house = House::on(store, "ask pay { by 1 of editors } ask own { by 1 of editors or self }");
    let request = house.ask(&pay(1).user(id("ana")));
    assert_eq!(code(house.approve("Ana", request)), "requester");
    assert_eq!(house.state(request), "pending");
    let own = house.ask(&call("own").user(id("ana")));
    assert_eq!(house.approve("ana", own).unwrap().state, "approved");
    // Neither does whoever opened the session.
    let session = open_session(&house.approvals(), &person("bo")).wait().unwrap();
    let request = house.ask(&pay(2).session(session));
    assert_eq!(code(house.approve("bo", request)), "requester");
}

/// APR-034
fn asking_again_is_the_same_request(store: Shared) {
    let house = House::on(store, "ask pay { by 1 of editors }");
    let request = house.ask(&pay(1));
    for _ in 0..1_000 {
        assert_eq!(house.ask(&pay(1)), request);
    }
    assert_eq!(house.story(request), ["request.opened"]);
    house.approve("ana", request).unwrap();
    let decided = house.decide(&pay(1));
    assert_eq!(decided.request.as_ref().unwrap().state, "approved");
    let first = pay(2).call_id("c-1");
    let request = house.ask(&first);
    house.approve("ana", request).unwrap();
    let repeated = house.decide(&first);
    assert!(repeated.repeated);
    assert_eq!(repeated.request.as_ref().unwrap().state, "approved");
}

/// APR-028
fn an_agents_queue_is_capped(store: Shared) {
    let house = House::on(store, "ask pay { by 1 of editors }");
    for amount in 0..20 {
        house.ask(&pay(amount));
    }
    let over = house.decide(&pay(20));
    assert_eq!(over.decision.as_str(), "deny");
    assert!(over.because.as_deref().unwrap().contains("20 requests of this agent wait"));
    assert_eq!(house.decide(&pay(21).agent("CONTENT-1")).decision.as_str(), "deny");
    house.ask(&pay(20).agent("content-2"));
    let first = house.ask(&pay(0));
    house.refuse("ana", first).unwrap();
    house.ask(&pay(20));
}

fn refuse_new(house: &House, amount: u64) {
    let request = house.ask(&pay(amount));
    house.refuse("ana", request).unwrap();
}

fn refusals_in_a_row_trip_the_breaker(store: Shared) {
    let house = House::on(store, "ask pay { by 1 of editors } allow read");
    refuse_new(&house, 1);
    refuse_new(&house, 2);
    let approved = house.ask(&pay(3));
    house.approve("ana", approved).unwrap();
    house.pass(1);
    refuse_new(&house, 4);
    refuse_new(&house, 5);
    assert_eq!(house.decide(&call("read")).decision.as_str(), "allow");
    refuse_new(&house, 6);
    let halted = house.decide(&call("read"));
    assert_eq!(halted.decision.as_str(), "deny");
    assert!(halted.because.as_deref().unwrap().contains("refused 3 of its requests in a row"));
    assert_eq!(house.decide(&call("read").session("s-2")).decision.as_str(), "allow");
    assert_eq!(code(house.claim(&pay(3), approved)), "halted");
    let session = HaltScope::Session("s-1".to_owned());
    house.pass(1);
    assert!(house.approvals().resume(&person("dee"), session, "talked to them").wait().unwrap());
    house.pass(1);
    refuse_new(&house, 7);
    assert_eq!(house.decide(&call("read")).decision.as_str(), "allow", "counted anew");
}

fn ten_refusals_among_fifty_calls_trip_the_breaker(store: Shared) {
    let house = House::on(store, "ask pay { by 1 of editors } allow read");
    for amount in 0..10 {
        assert_eq!(house.decide(&call("read")).decision.as_str(), "allow", "{amount}");
        let good = house.ask(&pay(100 + amount));
        house.approve("bo", good).unwrap();
        house.pass(1);
        refuse_new(&house, amount);
        house.pass(1);
    }
    let halted = house.decide(&call("read"));
    assert!(halted.because.as_deref().unwrap().contains("10 of its last 50 calls"));
}

fn the_stop_button_stops(store: Shared) {
    let house = House::on(store, "allow read");
    let dee = person("dee");
    let read = |agent: &str| {
        let parents = Some(vec!["lead".to_owned()]);
        let agent = fence::Agent { parents, ..fence::Agent::new(agent) };
        house.decide(&ToolCall::new("read").agent(agent)).decision.as_str()
    };
    let approvals = house.approvals();
    assert_eq!(code(approvals.halt(&dee, HaltScope::Everything, " ").wait()), "reason-needed");
    for scope in [HaltScope::Everything, HaltScope::Agent("Lead".to_owned())] {
        approvals.halt(&dee, scope.clone(), "drill").wait().unwrap();
        assert_eq!(read("child"), "deny");
        assert_eq!(approvals.halts().unwrap().len(), 1);
        assert!(approvals.resume(&dee, scope.clone(), "over").wait().unwrap());
        assert!(!approvals.resume(&dee, scope, "over").wait().unwrap());
        assert_eq!(read("child"), "allow");
    }
    approvals.halt(&dee, HaltScope::Agent("other".to_owned()), "drill").wait().unwrap();
    assert_eq!((read("child"), read("OTHER")), ("allow", "deny"));
}

fn grants_cover_no_more_than_was_approved(store: Shared) {
    let rules = "ask pay { by 1 of editors offer once, session, 2 edit args.amount shrink }";
    let house = House::on(store, rules);
    let grant = |offer| Approval { grant: Some(offer), ..Approval::default() };
    let request = house.ask(&pay(10));
    let hour = Offer::For(Duration::from_seconds(3_600).unwrap());
    assert_eq!(code(house.approve_with("ana", request, grant(hour))), "grant");
    house.approve_with("ana", request, grant(Offer::Next(2))).unwrap();
    house.take(&pay(10), request);
    for amount in [9, 10] {
        let decided = house.decide(&pay(amount));
        assert_eq!(decided.decision.as_str(), "allow");
        assert!(decided.auto.as_deref().unwrap().starts_with("grant g_"));
    }
    house.ask(&pay(8));
    let request = house.ask(&pay(100));
    house.approve_with("ana", request, grant(Offer::Session)).unwrap();
    assert_eq!(house.decide(&pay(99)).decision.as_str(), "allow");
    for beyond in [pay(101), pay(1).arg("to", "x"), pay(50).session("s-2"), pay(50).user(id("ugo"))]
    {
        house.ask(&beyond);
    }
    house.ask(&pay(50).agent("content-2"));
    let parents = Some(vec!["lead".to_owned()]);
    house.ask(&pay(50).agent(fence::Agent { parents, ..fence::Agent::new("content-1") }));
    house.ask(&pay(50).context(r#"{"env":"prod"}"#.parse().unwrap()));
    let replayed = fence::strategies::builtin();
    let mut replayer = fence::replay::Replayer::new(&*house.store, &replayed);
    house
        .store
        .log(&LogQuery::default(), &mut |logged| {
            let replayed = replayer.replay(&logged.entry.body).unwrap();
            assert_eq!(replayed, fence::replay::Replayed::Same, "{}", logged.entry.body);
            true
        })
        .unwrap();
}

fn a_grant_loses_to_a_deny_and_ends_when_it_is_revoked(store: Shared) {
    let rules = "ask pay { by 1 of editors offer session edit args.amount shrink }";
    let house = House::on(store, rules);
    let request = house.ask(&pay(10));
    let grant = Approval { grant: Some(Offer::Session), ..Approval::default() };
    house.approve_with("ana", request, grant).unwrap();
    assert_eq!(house.decide(&pay(5)).decision.as_str(), "allow");
    // Under another policy it covers nothing, least of all what that one denies.
    let stricter = house.again(&format!("{rules} deny pay when args.amount < 7"));
    assert_eq!(stricter.decide(&pay(5)).decision.as_str(), "deny");
    stricter.ask(&pay(8));
    assert_eq!(house.decide(&pay(4)).decision.as_str(), "allow");
    // Nor does it cover what the giver asks for.
    house.ask(&pay(2).user(id("ana")));
    let given = house.approvals().grants().unwrap();
    assert_eq!((given.len(), given[0].used), (1, 2));
    let bo = person("bo");
    house.approvals().revoke_grant(&bo, &given[0].id, "enough").wait().unwrap();
    assert!(house.approvals().grants().unwrap().is_empty());
    house.ask(&pay(3));
}

fn delegates_vote_for_somebody_else_while_it_lasts(store: Shared) {
    let house = House::on(store, "ask pay { by 1 of managers } ask two { by 2 of editors }");
    let approvals = house.approvals();
    let (from, until) = (at("2026-03-23T09:00:00Z"), at("2026-03-23T10:00:00Z"));
    let given = approvals.delegate(&person("dee"), &id("chi"), from, until).wait().unwrap();
    let for_dee = || Approval { on_behalf_of: Some(id("dee")), ..Approval::default() };
    let early = house.ask(&pay(1));
    assert_eq!(code(house.approve_with("chi", early, for_dee())), "not-delegated");
    house.pass(3_600);
    let request = house.ask(&pay(2));
    assert_eq!(code(house.approve_with("bo", request, for_dee())), "not-delegated");
    assert_eq!(code(house.approve("chi", request)), "not-asked");
    let view = house.approve_with("chi", request, for_dee()).unwrap();
    assert_eq!(view.state, "approved");
    assert_eq!(
        (&*view.votes[0].by, view.votes[0].on_behalf_of.clone()),
        (&*id("chi"), Some(id("dee")))
    );
    // One step deep: chi cannot pass on what dee gave.
    approvals.delegate(&person("chi"), &id("bo"), from, at("2026-03-23T12:00:00Z")).wait().unwrap();
    let request = house.ask(&pay(3));
    assert_eq!(code(house.approve_with("bo", request, for_dee())), "not-delegated");
    approvals.end_delegation(&person("dee"), &given.id).wait().unwrap();
    assert_eq!(code(house.approve_with("chi", request, for_dee())), "not-delegated");
}

fn breaking_the_glass_needs_the_right_and_a_reason(store: Shared) {
    let house = House::on(store, "ask pay { by 2 of editors } deny wire");
    let request = house.ask(&pay(1));
    let glass = |note: &str| Approval {
        break_glass: true,
        note: Some(note.to_owned()).filter(|note| !note.is_empty()),
        ..Approval::default()
    };
    assert_eq!(code(house.approve_with("ana", request, glass("fire"))), "no-break-glass");
    assert_eq!(code(house.approve_with("zoe", request, glass(""))), "reason-needed");
    let view = house.approve_with("zoe", request, glass("fire")).unwrap();
    assert_eq!(view.state, "approved");
    assert!(view.votes[0].break_glass);
    house.take(&pay(1), request);
    assert_eq!(house.decide(&call("wire")).decision.as_str(), "deny");
}

fn a_required_preview_comes_first(store: Shared) {
    let rules = "ask db { preview required by 1 of editors edit args.rows shrink }";
    let house = House::on(store, rules);
    let write = || call("db").arg("rows", 500_u64);
    let request = house.ask(&write());
    assert_eq!(code(house.approve("ana", request)), "no-preview");
    let claimant = Claimant::of(&write());
    let dry_run: Json = r#"{"changes":500}"#.parse().unwrap();
    let view = house.approvals().preview(&claimant, request, dry_run.clone()).wait().unwrap();
    assert!(!view.preview.as_ref().unwrap().stale);
    assert_eq!((view.version, view.edit.is_none()), (2, true));
    // Whoever looked before there was a preview looks again.
    let late = house.approvals().approve(
        &person("ana"),
        &Target::version(request, 1),
        Approval::default(),
    );
    assert_eq!(code(late.wait()), "stale");
    let view = house.edit("ana", request, "args.rows", "50").unwrap();
    // The dry run was of another call, so nobody has seen what this one does.
    assert_eq!((view.state, view.version, view.votes.len()), ("pending", 3, 0));
    assert!(view.preview.as_ref().unwrap().stale);
    assert_eq!(code(house.approve("ana", request)), "no-preview");
    let dry_run: Json = r#"{"changes":50}"#.parse().unwrap();
    house.approvals().preview(&claimant, request, dry_run).wait().unwrap();
    assert_eq!(house.approve("ana", request).unwrap().state, "approved");
    assert_eq!(house.take(&write(), request).args.to_string(), r#"{"rows":50}"#);
    // A dry run that comes with the call is as good.
    let context: Json = r#"{"preview":{"changes":7}}"#.parse().unwrap();
    let request = house.ask(&call("db").arg("rows", 7_u64).context(context));
    assert_eq!(house.approve("ana", request).unwrap().state, "approved");
}

fn an_escalation_is_recorded_and_the_deadline_stays(store: Shared) {
    let rules = "ask pay { by 2 of editors then 1 of managers after 20m expires 1h }";
    let house = House::on(store, rules);
    let request = house.ask(&pay(1));
    let deadline = house.approvals().get(request).unwrap().expires_at;
    assert_eq!(code(house.approve("dee", request)), "not-asked");
    house.pass(1_200);
    assert_eq!(house.approvals().sweep().unwrap().escalated, 1);
    assert_eq!(house.approvals().sweep().unwrap().escalated, 0);
    assert_eq!(house.story(request).last().unwrap(), "request.escalated");
    assert_eq!(house.approvals().get(request).unwrap().expires_at, deadline);
    assert_eq!(house.approve("dee", request).unwrap().state, "approved");
}

fn a_lost_call_is_unknown_and_nothing_retries_it(store: Shared) {
    let house = House::on(store, "ask pay { by 1 of editors }");
    let request = house.ask(&pay(1));
    house.approve("ana", request).unwrap();
    house.take(&pay(1), request);
    house.pass(3_600);
    assert_eq!(house.approvals().sweep().unwrap().lost, 1);
    assert_eq!(house.state(request), "unknown");
    assert_eq!(code(house.claim(&pay(1), request)), "ended");
    let late = house.approvals().result(&Claimant::of(&pay(1)), request, Finish::default()).wait();
    assert_eq!(code(late), "ended");
}

fn an_approval_unused_in_time_is_no_approval(store: Shared) {
    let house = House::on(store, "ask pay { by 1 of editors use within 10m }");
    let request = house.ask(&pay(1));
    house.pass(3_000);
    house.approve("ana", request).unwrap();
    house.pass(599);
    assert_eq!(house.state(request), "approved");
    house.pass(1);
    assert_eq!(house.state(request), "expired");
    assert_eq!(code(house.claim(&pay(1), request)), "expired");
    assert_eq!(
        code(house.approvals().revoke(&person("ana"), &Target::id(request), "late").wait()),
        "expired"
    );
}

fn a_vote_taken_back_does_not_count(store: Shared) {
    let house = House::on(store, "ask pay { by 2 of editors }");
    let request = house.ask(&pay(1));
    house.approve("ana", request).unwrap();
    house.approvals().withdraw_vote(&person("ana"), &Target::id(request)).wait().unwrap();
    assert_eq!(house.approve("bo", request).unwrap().state, "pending");
    assert_eq!(code(house.refuse("bo", request)), "contrary");
    assert_eq!(house.approve("ana", request).unwrap().state, "approved");
    let late = house.approvals().withdraw_vote(&person("ana"), &Target::id(request)).wait();
    assert_eq!(code(late), "not-pending");
}

fn a_revoked_approval_releases_nothing(store: Shared) {
    let house = House::on(store, "ask pay { by 1 of editors }");
    let request = house.ask(&pay(1));
    let revoke = |name: &str| {
        house.approvals().revoke(&person(name), &Target::id(request), "a mistake").wait()
    };
    assert_eq!(code(revoke("ana")), "not-approved");
    house.approve("ana", request).unwrap();
    assert_eq!(revoke("ana").unwrap().state, "revoked");
    assert_eq!(code(house.claim(&pay(1), request)), "ended");
}

fn refused_attempts_are_recorded(store: Shared) {
    let house = House::on(store, "ask pay { by 1 of editors }");
    let request = house.ask(&pay(1));
    assert_eq!(code(house.approve("eve", request)), "unknown-person");
    assert_eq!(house.story(request), ["request.opened", "request.attempt_refused"]);
    let view = house.approvals().get(request).unwrap();
    let attempt = view.history.last().unwrap();
    assert_eq!(attempt.by, Some(id("eve")));
    assert_eq!(view.state, "pending");
}

fn nobody_reachable_is_denied_where_the_rule_says_so(store: Shared) {
    let rules = "ask pay { by 1 of managers unattended deny } ask park { by 1 of managers }
        ask later { by 1 of managers then 1 of editors after 1m unattended deny }";
    let house = House::on(store, rules);
    let own = |tool: &str| call(tool).user(id("dee"));
    let denied = house.decide(&own("pay"));
    assert_eq!(denied.decision.as_str(), "deny");
    assert!(denied.because.as_deref().unwrap().contains("nobody can be reached"));
    house.ask(&own("park"));
    house.ask(&own("later"));
    house.ask(&call("pay"));
}

fn the_log_holds_both_versions_and_the_difference(store: Shared) {
    let house = House::on(store, "ask pay { by 1 of editors edit args.amount shrink }");
    let request = house.ask(&pay(9));
    let view = house.edit("ana", request, "args.amount", "5").unwrap();
    let edit = view.edit.unwrap();
    assert_eq!((edit.by, edit.changes.len()), (Some(id("ana")), 1));
    let change = &edit.changes[0];
    let text = |json: &Option<Json>| json.as_ref().unwrap().to_string();
    assert_eq!(
        (&*change.field, text(&change.from), text(&change.to)),
        ("args.amount", "9".into(), "5".into())
    );
    let first = house.approvals().version(request, 1).unwrap();
    assert_eq!((first.state, first.args), ("superseded", pay(9).args));
    assert_eq!(view.args, pay(5).args);
    let mut digests = Vec::new();
    let mut keep = |logged: fence::store::Logged| {
        digests.push(logged.entry.digest);
        true
    };
    house.store.log(&LogQuery::default(), &mut keep).unwrap();
    assert_eq!(digests, [pay(9).digest(), pay(5).digest()]);
}

fn while_the_clock_is_behind_nothing_is_answered(store: Shared) {
    let house = House::on(store, "ask pay { by 1 of editors } allow read");
    let request = house.ask(&pay(1));
    house.pass(60);
    house.decide(&call("read"));
    house.clock.set(at(MORNING));
    assert_eq!(code(house.approve("ana", request)), "clock");
    house.clock.set(at("2026-03-23T08:00:58Z"));
    assert_eq!(house.approve("ana", request).unwrap().state, "approved");
}

#[test]
fn an_agent_waits_takes_the_edited_call_and_reports() {
    let house = House::new("ask pay { by 1 of editors edit args.amount shrink }");
    let gate = house.gate.clone();
    let agent = std::thread::spawn(move || {
        let Verdict::Ask(request) = gate.decide_blocking(&pay(500)).unwrap().verdict() else {
            panic!("it must ask");
        };
        match request.wait_blocking().unwrap() {
            Outcome::Approved(claim) => {
                let call = claim.take().unwrap();
                assert!(claim.take().is_err(), "an approval is used once");
                claim.finish(Finish::default()).unwrap();
                call
            }
            refused => panic!("{}", refused.reason()),
        }
    });
    let request = loop {
        let waiting = house.approvals().list(&Default::default()).unwrap();
        match waiting.items.first() {
            Some(request) => break request.id.parse().unwrap(),
            None => std::thread::sleep(std::time::Duration::from_millis(5)),
        }
    };
    house.edit("ana", request, "args.amount", "50").unwrap();
    assert_eq!(agent.join().unwrap().args, pay(50).args);
    assert_eq!(house.state(request), "done");
}

#[test]
fn a_person_of_this_process_answers_when_the_agent_waits() {
    let gate = |person: &str, answer: fn(u64) -> Answer| {
        let ask = move |view: fence::approvals::RequestView| async move {
            answer(view.args.root().get("amount").unwrap().as_number().unwrap().to_u64().unwrap())
        };
        Gate::builder()
            .policy_text("p", &policy("ask pay { by 1 of editors expires 1s }"))
            .unwrap()
            .people(people())
            .answers(Callback::new(id(person), ask))
            .build()
            .unwrap()
    };
    let wait = |gate: &Gate, amount| match gate.decide_blocking(&pay(amount)).unwrap().verdict() {
        Verdict::Ask(request) => request.wait_blocking().unwrap(),
        other => panic!("{other:?}"),
    };
    let answer = |amount| match amount {
        0..50 => Answer::Approve(Approval::default()),
        50..100 => Answer::Refuse("too much".to_owned()),
        _ => Answer::Pass,
    };
    let ana = gate("ana", answer);
    assert!(matches!(wait(&ana, 1), Outcome::Approved(_)));
    let Outcome::Refused(why) = wait(&ana, 60) else { panic!("ana refuses") };
    assert_eq!(why, "too much");
    assert!(matches!(wait(&ana, 100), Outcome::Expired));
    // Whoever is not asked decides nothing.
    assert!(matches!(wait(&gate("eve", answer), 1), Outcome::Expired));
}

#[test]
fn a_wait_ends_through_another_process_on_the_same_database() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("fence.db");
    let rules = "ask pay { by 1 of editors }";
    let (one, other) = (House::in_file(&path, rules), House::in_file(&path, rules));
    let request = one.ask(&pay(1));
    let approvals = one.approvals();
    let waiting = std::thread::spawn(move || approvals.wait_blocking(request, None).unwrap().state);
    std::thread::sleep(std::time::Duration::from_millis(50));
    let begun = std::time::Instant::now();
    other.approve("ana", request).unwrap();
    assert_eq!(waiting.join().unwrap(), "approved");
    assert!(begun.elapsed().as_millis() < 1_000, "{:?}", begun.elapsed());
}
