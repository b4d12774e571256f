//! Ten thousand open requests: the queue still comes at once, over a real socket from a real database.

use fence::approvals::RequestId;
use fence::clock::SystemClock;
use fence::engine::scalar::Timestamp;
use fence::http::{Loads, Settings, State, serve};
use fence::notify::Channels;
use fence::people::{People, Person};
use fence::store::{Event, StoreError, perform};
use fence::tokens::{Holder, Role};
use fence::{Gate, SqliteStore, ToolCall};
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::net::TcpListener;

const OPEN: u16 = 10_000;
const POLICY: &str = "fence 1 policy crowd group editors = \"ana@example.com\"
    ask mail_* as outbound { by 1 of editors expires 8h because \"mail is read first\" }";

fn crowd(folder: &std::path::Path) -> Gate {
    let people = People::new(vec![Person::new("ana@example.com")]).unwrap();
    let gate = Gate::builder().policy_text("crowd.fence", POLICY).unwrap().people(people);
    let store = SqliteStore::open(folder.join("fence.db")).unwrap();
    let gate = gate.store(store).build().unwrap();
    let call = ToolCall::new("mail_send").agent("content-1").arg("to", ["reader@list.test"]);
    let decision = gate.decide_blocking(&call).unwrap();
    let id: RequestId = decision.request.as_ref().unwrap().id.parse().unwrap();
    multiply(&gate, id);
    gate
}

/// As many requests like this one as it takes, each with its event, in one transaction.
fn multiply(gate: &Gate, id: RequestId) {
    let one = gate.store().request(id.0, None).unwrap().unwrap();
    let events = gate.store().events_of(id.0).unwrap();
    let copied = perform::<_, StoreError>(&**gate.store(), move |transaction| {
        for number in 1..OPEN {
            let mut copy = one.clone();
            copy.id[0] = 0xee;
            copy.id[14..].copy_from_slice(&number.to_be_bytes());
            copy.digest[..2].copy_from_slice(&number.to_be_bytes());
            copy.expires_at = Timestamp::from_micros(copy.expires_at.micros() + i64::from(number));
            transaction.insert_request(&copy)?;
            for event in &events {
                transaction.event(&Event { request: Some(copy.id), ..event.clone() })?;
            }
        }
        Ok(())
    });
    copied.wait().unwrap();
}

/// One request on a connection of its own; head and body.
fn request(address: SocketAddr, method: &str, path: &str, headers: &str, body: &str) -> String {
    let mut socket = TcpStream::connect(address).unwrap();
    let length = body.len();
    write!(
        socket,
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\
         Content-Length: {length}\r\n{headers}\r\n{body}"
    )
    .unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).unwrap();
    answer
}

/// The cookie of a login with this token.
fn sign_in(address: SocketAddr, token: &str) -> String {
    let form =
        format!("Origin: http://{address}\r\nContent-Type: application/x-www-form-urlencoded\r\n");
    let answer = request(address, "POST", "/login", &form, &format!("token={token}"));
    let cookie = answer.lines().find_map(|line| line.strip_prefix("set-cookie: "));
    assert!(cookie.is_some(), "{answer}");
    cookie.unwrap().split(';').next().unwrap().to_owned()
}

#[test]
fn ten_thousand_open_requests_do_not_slow_the_queue() {
    let folder = tempfile::tempdir().unwrap();
    let gate = crowd(folder.path());
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let (channels, loads) = (Channels::default(), Loads::default());
    let state = State::new(gate, Settings::default(), channels, Arc::new(SystemClock), loads);
    let holder =
        Holder::Person { role: Role::Approver, person: Some("ana@example.com".to_owned()) };
    let (secret, _) = state.tokens.create(&state.people, &holder, None, None).unwrap();
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let address = listener.local_addr().unwrap();
    let serving = runtime.spawn(serve(listener, state.clone()));
    let cookie = format!("Cookie: {}\r\n", sign_in(address, secret.reveal()));

    let mut times = Vec::new();
    for _ in 0..5 {
        let begun = Instant::now();
        let page = request(address, "GET", "/", &cookie, "");
        times.push(begun.elapsed());
        assert!(page.starts_with("HTTP/1.1 200"), "{page}");
        assert!(page.contains("10,000 requests wait") && page.contains("This page shows 50."));
        assert_eq!(page.matches("data-card").count(), 50);
    }
    times.sort_unstable();
    println!("the queue with {OPEN} open requests: {times:?}");
    // A debug build on a busy machine; the fastest is what the work takes.
    assert!(times[0] < Duration::from_millis(200), "{times:?}");
    state.stop();
    runtime.block_on(serving).unwrap();
}
