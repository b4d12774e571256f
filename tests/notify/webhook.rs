//! Webhooks: signatures, faults of receivers, addresses that lead inwards.

use super::receiver::{Receiver, Reply};
use super::sample::{mailing, notice, refused, request};
use fence::notify::http::guard::{LookingUp, Lookup, SystemLookup};
use fence::notify::settings::SettingsError;
use fence::notify::webhook::Webhook;
use fence::notify::{Channel as _, DeliveryError, Secret, What};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

const NEW: &str = "whsec_bmV3bmV3bmV3bmV3bmV3bmV3bmV3bmV3bmV3bmV3bmV3";
const OLD: &str = "whsec_b2xkb2xkb2xkb2xkb2xkb2xkb2xkb2xkb2xkb2xkb2xk";

fn secret(text: &str) -> Secret {
    Secret::new(text.to_owned())
}

fn webhook(url: &str, old: Option<&str>) -> Webhook {
    let old = old.map(secret);
    let timeout = Duration::from_millis(500);
    let lookup = Arc::new(SystemLookup);
    Webhook::new(&secret(url), &secret(NEW), old.as_ref(), true, timeout, lookup).unwrap()
}

async fn outcome(reply: Reply) -> Result<(), DeliveryError> {
    let receiver = Receiver::start([reply]).await;
    let notice = notice(What::Opened, request("{}"));
    webhook(&receiver.url(), None).deliver(&notice, &[]).await.map(drop)
}

#[tokio::test]
async fn what_arrives_is_signed_and_says_everything() {
    let receiver = Receiver::start([Reply::Status(204)]).await;
    let notice = notice(What::Opened, mailing("Grüße \u{202e}"));
    assert_eq!(webhook(&receiver.url(), None).deliver(&notice, &[]).await, Ok(None));
    receiver.got(|got| {
        let verifier = standardwebhooks::Webhook::new(NEW).unwrap();
        verifier.verify(&got[0].body, &got[0].headers).unwrap();
        assert_eq!(got[0].headers["webhook-id"], "d_0198c0de-0000-7000-8000-00000000000d");
        assert_eq!(got[0].headers["content-type"], "application/json");
        let json = got[0].json();
        assert_eq!(json["type"], "request.opened");
        assert_eq!(json["data"]["asked"], serde_json::json!(["ana@example.com"]));
        assert_eq!(json["data"]["request"]["args"]["body"], "Grüße \u{202e}");
        assert_eq!(json["data"]["link"].as_str(), notice.link.as_deref());
        let mut changed = got[0].body.to_vec();
        changed.push(b' ');
        assert!(verifier.verify(&changed, &got[0].headers).is_err());
        let other = standardwebhooks::Webhook::new(OLD).unwrap();
        assert!(other.verify(&got[0].body, &got[0].headers).is_err());
    });
}

#[tokio::test]
async fn during_a_rotation_both_secrets_verify() {
    let receiver = Receiver::start([Reply::Status(200)]).await;
    let notice = notice(What::Ended, refused("no"));
    assert_eq!(webhook(&receiver.url(), Some(OLD)).deliver(&notice, &[]).await, Ok(None));
    receiver.got(|got| {
        for known in [NEW, OLD] {
            let verifier = standardwebhooks::Webhook::new(known).unwrap();
            verifier.verify(&got[0].body, &got[0].headers).unwrap();
        }
    });
}

#[tokio::test]
async fn every_answer_says_whether_to_try_again() {
    let later = |reason: &str| Err(DeliveryError::later(reason));
    assert_eq!(outcome(Reply::Status(200)).await, Ok(()));
    assert_eq!(outcome(Reply::Status(500)).await, later("the receiver answered 500"));
    assert_eq!(outcome(Reply::Status(404)).await, later("the receiver answered 404"));
    let gone = DeliveryError::Gone("the receiver answered 410 (gone)".to_owned());
    assert_eq!(outcome(Reply::Status(410)).await, Err(gone));
    let asked = Reply::With(429, "retry-after", "30".to_owned());
    let after = Some(Duration::from_secs(30));
    let reason = "the receiver answered 429".to_owned();
    assert_eq!(outcome(asked).await, Err(DeliveryError::Later { reason, after }));
    let endless = Reply::With(503, "retry-after", "99999999999".to_owned());
    let Err(DeliveryError::Later { after: Some(after), .. }) = outcome(endless).await else {
        panic!("503 should be tried again");
    };
    assert_eq!(after, Duration::from_hours(12));
}

#[tokio::test]
async fn slow_and_endless_answers_hold_nothing_up() {
    let began = Instant::now();
    let late = outcome(Reply::Late(Duration::from_secs(30))).await;
    assert_eq!(late, Err(DeliveryError::later("no answer in time")));
    assert_eq!(outcome(Reply::Endless).await, Ok(()));
    assert!(began.elapsed() < Duration::from_secs(10));
}

#[tokio::test]
async fn a_receiver_that_is_away_is_tried_again_and_its_address_stays_unsaid() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/token-in-path", listener.local_addr().unwrap());
    drop(listener);
    let notice = notice(What::Opened, request("{}"));
    let Err(DeliveryError::Later { reason, .. }) = webhook(&url, None).deliver(&notice, &[]).await
    else {
        panic!("nobody listens");
    };
    assert!(reason.starts_with("cannot connect"), "{reason}");
    assert!(!reason.contains("token-in-path") && !reason.contains("whsec"), "{reason}");
}

#[tokio::test]
async fn srv_019_a_redirect_is_not_followed() {
    let inner = Receiver::start([Reply::Status(200)]).await;
    for status in [301, 302, 303, 307, 308] {
        let answer = outcome(Reply::With(status, "location", inner.url())).await;
        let reason = format!("the receiver answered {status}: redirects are not followed");
        assert_eq!(answer, Err(DeliveryError::later(reason)));
    }
    assert_eq!(inner.count(), 0);
}

#[test]
fn srv_019_literal_private_addresses_are_refused_in_every_spelling() {
    let hosts = [
        "169.254.169.254",
        "127.0.0.1",
        "[::1]",
        "10.1.2.3",
        "192.168.0.1",
        "172.20.0.1",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "2130706433",
        "0x7f000001",
        "[::ffff:127.0.0.1]",
        "[64:ff9b::a00:1]",
        "[fe80::1]",
        "[fd00::1]",
    ];
    for host in hosts {
        let Err(error) = guarded(&format!("https://{host}/hook"), Arc::new(SystemLookup)) else {
            panic!("{host} should be refused");
        };
        assert!(error.to_string().contains("is not public"), "{host}: {error}");
    }
    let plain = guarded("http://hooks.example.com/", Arc::new(SystemLookup));
    assert!(plain.err().unwrap().to_string().contains("only `https` is allowed"));
}

fn guarded(url: &str, lookup: Arc<dyn Lookup>) -> Result<Webhook, SettingsError> {
    Webhook::new(&secret(url), &secret(NEW), None, false, Duration::from_secs(2), lookup)
}

/// Answers with these addresses, and counts how often it is asked.
struct Names(Vec<SocketAddr>, AtomicUsize);

impl Lookup for Names {
    fn lookup(&self, _: String) -> LookingUp {
        self.1.fetch_add(1, Ordering::SeqCst);
        let found = self.0.clone();
        Box::pin(async move { Ok(found) })
    }
}

#[tokio::test]
async fn srv_019_names_that_lead_inwards_are_refused_as_they_connect() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let notice = notice(What::Opened, request("{}"));
    let cases = [
        vec!["127.0.0.1"],
        vec!["8.8.8.8", "10.0.0.1"],
        vec!["::1"],
        vec!["169.254.169.254"],
        vec!["::ffff:127.0.0.1"],
        vec!["64:ff9b::7f00:1"],
    ];
    for addresses in cases {
        let found = addresses.iter().map(|text| SocketAddr::new(text.parse().unwrap(), port));
        let names = Arc::new(Names(found.collect(), AtomicUsize::new(0)));
        let url = format!("https://hooks.example.com:{port}/hook");
        let webhook = guarded(&url, Arc::clone(&names) as Arc<dyn Lookup>).unwrap();
        let Err(DeliveryError::Later { reason, .. }) = webhook.deliver(&notice, &[]).await else {
            panic!("{addresses:?} should be refused");
        };
        assert!(reason.ends_with("is not public"), "{addresses:?}: {reason}");
        // The one lookup is the one that the connection would use: no second could differ.
        assert_eq!(names.1.load(Ordering::SeqCst), 1, "{addresses:?}");
    }
    // A name of this machine, through the real resolver.
    let url = format!("https://localhost:{port}/hook");
    let webhook = guarded(&url, Arc::new(SystemLookup)).unwrap();
    let error = webhook.deliver(&notice, &[]).await.unwrap_err();
    assert!(error.to_string().ends_with("is not public"), "{error}");
    let none = tokio::time::timeout(Duration::from_millis(50), listener.accept()).await;
    assert!(none.is_err(), "something connected");
}

/// Runs only as a child of the test below, with a proxy in its environment.
#[tokio::test]
#[ignore = "the child of `a_proxy_in_the_environment_is_not_used`"]
async fn deliver_under_a_proxy() {
    let receiver = Receiver::start([Reply::Status(200)]).await;
    let notice = notice(What::Opened, request("{}"));
    assert_eq!(webhook(&receiver.url(), None).deliver(&notice, &[]).await, Ok(None));
    assert_eq!(receiver.count(), 1);
}

#[tokio::test]
async fn a_proxy_in_the_environment_is_not_used() {
    let proxy = Receiver::start([Reply::Status(200)]).await;
    let address = format!("http://{}", proxy.address);
    let child = tokio::task::spawn_blocking(move || {
        std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--ignored", "--exact", "notify::webhook::deliver_under_a_proxy"])
            .env("HTTP_PROXY", &address)
            .env("http_proxy", &address)
            .env("ALL_PROXY", &address)
            .env_remove("NO_PROXY")
            .env_remove("no_proxy")
            .output()
            .unwrap()
    });
    let output = child.await.unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(told.contains("1 passed"), "{told}");
    assert_eq!(proxy.count(), 0);
}

#[test]
fn a_weak_or_broken_secret_is_refused() {
    for weak in ["whsec_c2hvcnQ=", "not base64!", "whsec_"] {
        let lookup = Arc::new(SystemLookup);
        let url = secret("https://hooks.example.com/");
        let made = Webhook::new(&url, &secret(weak), None, false, Duration::from_secs(1), lookup);
        assert_eq!(made.err(), Some(SettingsError::WebhookSecret), "{weak}");
    }
}
