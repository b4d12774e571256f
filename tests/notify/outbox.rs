//! The outbox: faults, ends that overtake beginnings, crashes, two workers on one store.

use super::outbox_world::{Scripted, World, a_while, until};
use super::receiver::{Receiver, Reply};
use super::sample::{ana, refused, request};
use fence::approvals::RequestView;
use fence::engine::scalar::Timestamp;
use fence::notify::http::guard::SystemLookup;
use fence::notify::webhook::Webhook;
use fence::notify::{Channel, Channels, DeliveryError, KIND, Receipt, Secret, State, What};
use fence::people::People;
use fence::store::Item;
use std::sync::Arc;
use std::time::Duration;

fn webhook(receiver: &Receiver) -> Arc<dyn Channel> {
    let url = Secret::new(receiver.url());
    let secret = Secret::new("whsec_bmV3bmV3bmV3bmV3bmV3bmV3bmV3bmV3bmV3bmV3bmV3".to_owned());
    let timeout = Duration::from_secs(2);
    Arc::new(Webhook::new(&url, &secret, None, true, timeout, Arc::new(SystemLookup)).unwrap())
}

#[tokio::test]
async fn faults_are_tried_again_by_the_schedule_under_the_same_id() {
    let receiver =
        Receiver::start([Reply::Status(500), Reply::Status(503), Reply::Status(200)]).await;
    let world = World::new(&[("desk", webhook(&receiver))]);
    let [id] = world.happens(What::Opened, 1).await[..] else { panic!() };
    let _worker = world.work();
    for attempts in 1..=2 {
        until(|| receiver.count() == attempts, || "no attempt".to_owned()).await;
        let waiting = world.state(id, State::Waiting).await;
        assert_eq!(waiting.attempts as usize, attempts);
        assert!(waiting.last_error.unwrap().starts_with("the receiver answered 50"));
        a_while().await;
        assert_eq!(receiver.count(), attempts, "tried again before its time");
        world.clock.advance(Duration::from_secs(13));
    }
    let sent = world.state(id, State::Sent).await;
    assert_eq!((sent.attempts, sent.last_error), (3, None));
    receiver.got(|got| {
        let ids: Vec<_> = got.iter().map(|got| got.headers["webhook-id"].clone()).collect();
        assert!(ids.iter().all(|id| *id == ids[0]) && ids.len() == 3);
        assert_eq!(
            got[0].json()["data"]["link"],
            "https://fence.example.com/requests/r_0198c0de-0000-7000-8000-000000000001"
        );
    });
}

#[tokio::test]
async fn a_receiver_that_is_gone_is_left_alone() {
    let receiver = Receiver::start([Reply::Status(410)]).await;
    let world = World::new(&[("desk", webhook(&receiver))]);
    let [first] = world.happens(What::Opened, 1).await[..] else { panic!() };
    let _worker = world.work();
    let failed = world.state(first, State::Failed).await;
    assert_eq!(failed.last_error.as_deref(), Some("the receiver answered 410 (gone)"));
    let [second] = world.happens(What::Escalated, 1).await[..] else { panic!() };
    let failed = world.state(second, State::Failed).await;
    assert!(failed.last_error.unwrap().starts_with("the channel is off: "));
    assert_eq!(receiver.count(), 1);
    assert!(world.item(second).ended_at.is_some());
}

#[tokio::test]
async fn after_days_of_faults_it_is_given_up_and_recorded() {
    let fault = || Err(DeliveryError::later("away"));
    let channel = Scripted::new(std::iter::repeat_with(fault).take(100));
    let world = World::new(&[("team", channel.clone())]);
    let [id] = world.happens(What::BrokenGlass, 1).await[..] else { panic!() };
    let _worker = world.work();
    for _ in 0..100 {
        let before = channel.kinds().len();
        until(|| channel.kinds().len() > before || world.item(id).ended_at.is_some(), String::new)
            .await;
        until(|| world.delivery(id).state != State::Sending, String::new).await;
        if world.item(id).ended_at.is_some() {
            break;
        }
        let due = world.item(id).due.unwrap();
        world.clock.set(due);
    }
    let failed = world.delivery(id);
    assert_eq!((failed.state, failed.last_error.as_deref()), (State::Failed, Some("away")));
    assert!((20..=40).contains(&failed.attempts), "{} attempts", failed.attempts);
}

#[tokio::test]
async fn what_ended_before_it_was_told_is_not_asked_any_more() {
    let (receiver, team) = (Receiver::start([Reply::Status(200)]).await, Scripted::new([]));
    let world = World::new(&[("desk", webhook(&receiver)), ("team", team.clone())]);
    let opened = world.happens(What::Opened, 1).await;
    world.now_is(refused("no"));
    let ended = world.happens(What::Ended, 1).await;
    let _worker = world.work();
    for id in opened {
        let dropped = world.state(id, State::Obsolete).await;
        assert_eq!(dropped.last_error.as_deref(), Some("the request ended"));
    }
    // A program is told of every end; people who were never asked are spared.
    world.state(ended[0], State::Sent).await;
    world.state(ended[1], State::Obsolete).await;
    receiver.got(|got| assert_eq!(got[0].json()["type"], "request.ended"));
    assert_eq!((receiver.count(), team.kinds().len()), (1, 0));
}

#[tokio::test]
async fn everyone_asked_learns_the_end_in_the_same_card_and_the_rows_end() {
    let card = Receipt("card".to_owned());
    let team = Scripted::new([Ok(Some(card.clone()))]);
    let world = World::new(&[("team", team.clone())]);
    let [opened] = world.happens(What::Opened, 1).await[..] else { panic!() };
    let _worker = world.work();
    world.state(opened, State::Sent).await;
    assert!(world.item(opened).ended_at.is_none());
    world.clock.advance(Duration::from_secs(60));
    world.now_is(refused("no"));
    let [ended] = world.happens(What::Ended, 1).await[..] else { panic!() };
    world.state(ended, State::Sent).await;
    let expected = [(What::Opened, "pending", vec![]), (What::Ended, "denied", vec![card])];
    assert_eq!(team.told(), expected);
    assert!(world.item(opened).ended_at.is_some() && world.item(ended).ended_at.is_some());
}

#[tokio::test]
async fn a_card_that_says_approved_is_changed_again_when_the_approval_is_revoked() {
    let card = Receipt("card".to_owned());
    let team = Scripted::new([Ok(Some(card.clone()))]);
    let world = World::new(&[("team", team.clone())]);
    let [opened] = world.happens(What::Opened, 1).await[..] else { panic!() };
    let _worker = world.work();
    world.state(opened, State::Sent).await;
    for state in ["approved", "revoked"] {
        world.clock.advance(Duration::from_secs(60));
        world.now_is(RequestView { state, ..request("{}") });
        let [ended] = world.happens(What::Ended, 1).await[..] else { panic!() };
        world.state(ended, State::Sent).await;
    }
    let cards = vec![card];
    let expected = [
        (What::Opened, "pending", vec![]),
        (What::Ended, "approved", cards.clone()),
        (What::Ended, "revoked", cards),
    ];
    assert_eq!(team.told(), expected);
    assert!(world.item(opened).ended_at.is_some());
}

#[tokio::test]
async fn an_approval_that_is_simply_used_leaves_no_row_behind() {
    let team = Scripted::new([]);
    let world = World::new(&[("team", team.clone())]);
    let [opened] = world.happens(What::Opened, 1).await[..] else { panic!() };
    let _worker = world.work();
    world.state(opened, State::Sent).await;
    world.now_is(RequestView { state: "done", ..request("{}") });
    world.clock.advance(Duration::from_hours(25));
    until(|| world.item(opened).ended_at.is_some(), || format!("{:?}", world.item(opened))).await;
    assert_eq!(team.kinds(), [What::Opened]);
}

#[tokio::test]
async fn an_older_version_is_not_asked_about() {
    let team = Scripted::new([]);
    let world = World::new(&[("team", team.clone())]);
    let [first] = world.happens(What::Opened, 1).await[..] else { panic!() };
    world.now_is(RequestView { version: 2, ..request("{}") });
    let [ended] = world.happens(What::Ended, 1).await[..] else { panic!() };
    let [second] = world.happens(What::Opened, 2).await[..] else { panic!() };
    let _worker = world.work();
    world.state(first, State::Obsolete).await;
    world.state(ended, State::Obsolete).await;
    world.state(second, State::Sent).await;
    assert_eq!(team.kinds(), [What::Opened]);
}

#[tokio::test]
async fn killed_while_telling_it_is_told_again_and_never_lost() {
    let team = Scripted::gated([], 0);
    let world = World::new(&[("team", team.clone())]);
    let [id] = world.happens(What::Opened, 1).await[..] else { panic!() };
    let worker = world.work();
    until(|| team.kinds().len() == 1, String::new).await;
    worker.0.abort();
    drop(worker);
    // Told, but not written down: as a process leaves it that dies in between.
    assert_eq!(world.state(id, State::Sending).await.attempts, 1);
    team.gate.add_permits(10);
    let _worker = world.work();
    a_while().await;
    assert_eq!(team.kinds().len(), 1, "taken over while it might still be under way");
    world.clock.advance(Duration::from_secs(60));
    let sent = world.state(id, State::Sent).await;
    assert_eq!((sent.attempts, team.kinds().len()), (2, 2));
}

#[tokio::test]
async fn two_workers_on_one_store_tell_everything_once_and_in_order() {
    let team = Scripted::gated([Ok(Some(Receipt("card".to_owned())))], 0);
    let world = World::new(&[("team", team.clone())]);
    let [opened] = world.happens(What::Opened, 1).await[..] else { panic!() };
    let _workers = [world.work(), world.work()];
    until(|| team.kinds().len() == 1, String::new).await;
    // The end comes while the beginning is still being told.
    world.clock.advance(Duration::from_millis(1));
    world.now_is(refused("no"));
    let [ended] = world.happens(What::Ended, 1).await[..] else { panic!() };
    a_while().await;
    assert_eq!(team.kinds(), [What::Opened], "the end overtook the beginning");
    team.gate.add_permits(10);
    world.state(ended, State::Sent).await;
    world.state(opened, State::Sent).await;
    a_while().await;
    assert_eq!(team.kinds(), [What::Opened, What::Ended]);
    assert_eq!(team.told()[1].2, [Receipt("card".to_owned())]);
}

#[tokio::test]
async fn a_channel_that_hangs_holds_up_itself_alone() {
    let (hanging, quick) = (Scripted::gated([], 0), Scripted::new([]));
    let mut world = World::new(&[("hanging", hanging.clone()), ("quick", quick.clone())]);
    world.at_once = 1;
    for version in 1..=5 {
        world.now_is(RequestView { version, ..request("{}") });
        world.clock.advance(Duration::from_millis(1));
        world.happens(What::BrokenGlass, version).await;
    }
    let _worker = world.work();
    until(|| quick.kinds().len() == 5, || format!("{}", quick.kinds().len())).await;
    assert_eq!(hanging.kinds().len(), 1);
}

#[tokio::test]
async fn a_store_of_damaged_rows_and_missing_channels_comes_to_rest() {
    let team = Scripted::new([]);
    let mut world = World::new(&[("team", team.clone())]);
    let [orphan] = world.happens(What::Opened, 1).await[..] else { panic!() };
    world.channels = Channels::default();
    let damaged = Item { id: [9; 16], body: "{".to_owned(), ..world.item(orphan) };
    world.put(vec![damaged]).await;
    let _worker = world.work();
    let failed = world.state(orphan, State::Failed).await;
    assert_eq!(failed.last_error.as_deref(), Some("the channel is not configured any more"));
    until(|| world.item([9; 16]).ended_at.is_some(), String::new).await;
}

#[tokio::test]
async fn a_worker_that_is_asked_to_end_finishes_what_is_under_way() {
    let team = Scripted::gated([], 0);
    let world = World::new(&[("team", team.clone())]);
    let [id] = world.happens(What::Opened, 1).await[..] else { panic!() };
    let (end, ended) = tokio::sync::oneshot::channel::<()>();
    let outbox = world.outbox();
    let worker = tokio::spawn(async move { outbox.run(async { drop(ended.await) }).await });
    until(|| team.kinds().len() == 1, String::new).await;
    drop(end);
    a_while().await;
    assert!(!worker.is_finished());
    team.gate.add_permits(1);
    worker.await.unwrap();
    assert_eq!(world.delivery(id).state, State::Sent);
}

#[tokio::test]
async fn rows_that_ended_long_ago_are_dropped() {
    let world = World::new(&[("team", Scripted::new([]))]);
    world.now_is(refused("no"));
    let [id] = world.happens(What::Opened, 1).await[..] else { panic!() };
    let worker = world.work();
    world.state(id, State::Obsolete).await;
    drop(worker);
    world.clock.advance(Duration::from_hours(23));
    let worker = world.work();
    a_while().await;
    assert!(world.store.item(KIND, id).unwrap().is_some());
    drop(worker);
    world.clock.advance(Duration::from_hours(2));
    let _worker = world.work();
    until(|| world.store.item(KIND, id).unwrap().is_none(), String::new).await;
}

#[tokio::test]
async fn several_votes_tell_the_end_once() {
    let team = Scripted::new([Ok(Some(Receipt("card".to_owned())))]);
    let world = World::new(&[("team", team.clone())]);
    let [opened] = world.happens(What::Opened, 1).await[..] else { panic!() };
    let worker = world.work();
    world.state(opened, State::Sent).await;
    let [first] = world.happens(What::Voted, 1).await[..] else { panic!() };
    let dropped = world.state(first, State::Obsolete).await;
    assert_eq!(dropped.last_error.as_deref(), Some("only cards show each vote"));
    drop(worker);
    // Two more votes before anybody looks: the last one approved.
    let mut votes = Vec::new();
    for _ in 0..2 {
        world.clock.advance(Duration::from_secs(1));
        votes.extend(world.happens(What::Voted, 1).await);
    }
    world.now_is(RequestView { state: "approved", ..request("{}") });
    let _worker = world.work();
    world.state(votes[0], State::Obsolete).await;
    world.state(votes[1], State::Sent).await;
    assert_eq!(team.kinds(), [What::Opened, What::Ended]);
}

#[test]
fn those_who_are_asked_are_those_whose_answer_counts() {
    let mut bob = ana();
    (bob.id, bob.slack, bob.email) = ("bob@example.com".to_owned(), None, None);
    let people = People::new(vec![ana(), bob]).unwrap();
    let asked = |view: &RequestView, at: &str| {
        let now = Timestamp::parse(at).unwrap();
        let found = fence::notify::asked(view, &people, now).into_iter().map(|person| person.id);
        found.collect::<Vec<_>>()
    };
    let (ten, eleven) = ("2026-03-23T10:00:00Z", "2026-03-23T11:00:00Z");
    let mut view = request("{}");
    view.needs[0].members = vec!["Ana@example.com".to_owned(), "stranger".to_owned()];
    assert_eq!(asked(&view, ten), ["ana@example.com"]);
    let mut later = view.needs[0].clone();
    later.members = vec!["bob@example.com".to_owned()];
    later.escalation_at = Some("2026-03-23T10:30:00Z".to_owned());
    view.needs.push(later);
    assert_eq!(asked(&view, ten), ["ana@example.com"]);
    assert_eq!(asked(&view, eleven), ["ana@example.com", "bob@example.com"]);
    view.needs[0].missing = 0;
    assert_eq!(asked(&view, eleven), ["bob@example.com"]);
    view.state = "denied";
    assert_eq!(asked(&view, eleven), ["ana@example.com", "bob@example.com"]);
}
