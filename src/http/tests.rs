//! A panic in every handler (SRV-040).

use super::table::{Kind, TABLE};
use super::{Loads, Settings, State, router};
use crate::clock::SystemClock;
use crate::people::{People, Person};
use crate::tokens::{Agency, Holder, Role};
use crate::{Gate, MemoryStore};
use axum::body::Body;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::Response;
use std::sync::Arc;
use tower::ServiceExt as _;

/// The innermost layer: fails where the request says so.
pub(super) async fn fail(request: Request, next: Next) -> Response {
    assert!(!request.headers().contains_key("x-test-fault"), "as asked");
    next.run(request).await
}

fn people() -> People {
    People::new(vec![Person::new("ann@x.example")]).unwrap()
}

fn state() -> State {
    let gate = Gate::builder()
        .policy_text("p.fence", "fence 1 policy p allow read_*")
        .unwrap()
        .people(people())
        .store(MemoryStore::new())
        .build()
        .unwrap();
    State::new(
        gate,
        Settings::default(),
        crate::notify::Channels::default(),
        Arc::new(SystemClock),
        Loads::default(),
    )
}

fn token(state: &State, role: Role) -> String {
    let holder = match role {
        Role::Agent => Holder::Agent(Agency { agent: "a-1".to_owned(), ..Agency::default() }),
        role => Holder::Person { role, person: Some("ann@x.example".to_owned()) },
    };
    state.tokens.create(&people(), &holder, None, None).unwrap().0.reveal().to_owned()
}

async fn send(state: &State, method: &str, path: &str, token: &str, fault: bool) -> Response {
    let mut request = Request::builder()
        .method(method)
        .uri(path.replace("{id}", "r_019a0000-0000-7000-8000-000000000000"))
        .header("Host", "localhost")
        .header("Content-Type", "application/json")
        .header("Authorization", format!("Bearer {token}"));
    if fault {
        request = request.header("X-Test-Fault", "1").header("Idempotency-Key", path);
    }
    let body = Body::from(r#"{"tool":"read_x"}"#);
    router(state).oneshot(request.body(body).unwrap()).await.unwrap()
}

async fn text(response: Response) -> String {
    let bytes = axum::body::to_bytes(response.into_body(), 1 << 20).await.unwrap();
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[tokio::test]
async fn srv_040_a_panic_in_any_handler_is_a_recorded_refusal_and_nothing_more() {
    let state = state();
    let tokens: Vec<_> = Role::ALL.iter().map(|role| (*role, token(&state, *role))).collect();
    let mut faults = 0;
    for row in TABLE.iter().filter(|row| row.kind != Kind::Asset) {
        let may = tokens.iter().find(|(role, _)| row.who.is_open() || row.who.has(*role));
        let (_, token) = may.unwrap();
        let response = send(&state, row.method, row.path, token, true).await;
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR, "{}", row.path);
        let body = text(response).await;
        assert!(body.contains(r#""decision":"deny""#), "{body}");
        faults += 1;
        let events = state.gate.store().events().unwrap();
        let recorded = events.iter().filter(|event| event.kind == "http.fault");
        assert_eq!(recorded.count(), faults, "{}", row.path);
    }
    let agent = &tokens[0].1;
    let decided = send(&state, "POST", "/v1/decide", agent, false).await;
    assert!(text(decided).await.contains(r#""decision":"allow""#));
}
