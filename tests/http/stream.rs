//! Event streams: in order, resumed where they broke off, ended with the server.

use crate::support::{Server, Setup};
use fence::tokens::Role;
use std::time::{Duration, Instant};

const SEND: &str = r#"{"tool":"send_mail","args":{"to":["x@list.test"]}}"#;

#[test]
fn what_happens_arrives_and_a_stream_resumes_after_its_last_event() {
    let server = Server::new();
    let (agent, ann) = (server.agent("a-1"), server.person(Role::Approver, "ann@x.example"));
    let mut stream = server.get("/v1/events").token(&ann).open();
    assert_eq!(stream.status, 200);
    let content_type = stream.headers.iter().find(|(name, _)| name == "content-type").unwrap();
    assert_eq!(content_type.1, "text/event-stream");
    let id = server.ask(&agent, SEND);
    let (opened, kind, data) = loop {
        let event = stream.event().unwrap();
        if event.1.starts_with("request.") {
            break event;
        }
    };
    assert_eq!(kind, "request.opened");
    assert_eq!(data["request"], id.as_str());
    drop(stream);
    server.post(&format!("/v1/requests/{id}/approve"), r#"{"version":1}"#).token(&ann).send();
    let mut resumed =
        server.get("/v1/events").token(&ann).header("Last-Event-ID", &opened.to_string()).open();
    let voted = resumed.event().unwrap();
    server.post(&format!("/v1/requests/{id}/claim"), "{}").token(&agent).send();
    let claimed = resumed.event().unwrap();
    assert_eq!((&*voted.1, &*claimed.1), ("request.voted", "request.claimed"));
    assert!(opened < voted.0 && voted.0 < claimed.0);
    let mut all = server.get("/v1/events?after=0").token(&ann).open();
    assert_eq!(all.event().unwrap().0, 1);
    let wrong = server.get("/v1/events").token(&ann).header("Last-Event-ID", "x").send();
    assert_eq!(wrong.status, 400);
}

#[test]
fn an_idle_stream_shows_that_it_lives() {
    let mut setup = Setup::default();
    setup.settings.heartbeat = Duration::from_millis(100);
    let server = Server::start(setup);
    let ann = server.person(Role::Approver, "ann@x.example");
    let mut stream = server.get("/v1/events").token(&ann).open();
    let beat = loop {
        let line = stream.line().unwrap();
        if line.starts_with(':') {
            break line;
        }
    };
    assert_eq!(beat, ": still here");
}

#[test]
fn another_processes_events_arrive_too() {
    let server = Server::new();
    let ann = server.person(Role::Approver, "ann@x.example");
    let mut stream = server.get("/v1/events").token(&ann).open();
    let other = fence::SqliteStore::open(server.folder.path().join("fence.db")).unwrap();
    let clock = std::sync::Arc::new(fence::clock::SystemClock);
    let book = fence::tokens::Book::new(std::sync::Arc::new(other), clock);
    let bob = fence::tokens::Holder::Person { role: Role::Auditor, person: None };
    book.create(&crate::support::people(), &bob, Some("from elsewhere"), None).unwrap();
    let told = loop {
        let (_, kind, data) = stream.event().unwrap();
        if data["body"]["label"] == "from elsewhere" {
            break kind;
        }
    };
    assert_eq!(told, "token.created");
}

#[test]
fn the_server_stops_in_time_with_streams_and_waits_open() {
    let mut setup = Setup::default();
    setup.settings.drain = Duration::from_secs(5);
    let mut server = Server::start(setup);
    let (agent, ann) = (server.agent("a-1"), server.person(Role::Approver, "ann@x.example"));
    let id = server.ask(&agent, SEND);
    let mut stream = server.get("/v1/events").token(&ann).open();
    let call = server.get(&format!("/v1/requests/{id}?wait=60s")).token(&agent);
    let waiting = std::thread::spawn(move || call.send());
    std::thread::sleep(Duration::from_millis(300));
    let started = Instant::now();
    server.stop();
    assert!(started.elapsed() < Duration::from_secs(3), "{:?}", started.elapsed());
    assert_eq!(waiting.join().unwrap().json()["state"], "pending");
    assert!(std::iter::from_fn(|| stream.line()).count() < 20, "the stream has an end");
    assert!(std::net::TcpStream::connect(server.address).is_err());
}

#[test]
fn the_server_stops_though_a_client_hangs() {
    let mut setup = Setup::default();
    setup.settings.drain = Duration::from_millis(300);
    let mut server = Server::start(setup);
    let token = server.agent("a-1");
    let mut hanging = crate::support::connect(server.address);
    let head = format!(
        "POST /v1/decide HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\nContent-Length: 20\r\n\r\n{{"
    );
    std::io::Write::write_all(&mut hanging, head.as_bytes()).unwrap();
    std::thread::sleep(Duration::from_millis(200));
    let started = Instant::now();
    server.stop();
    assert!(started.elapsed() < Duration::from_secs(3), "{:?}", started.elapsed());
}
