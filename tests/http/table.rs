//! Every route × credential × host × origin, as one table (SRV-001, SRV-003, SRV-004, SRV-006, APR-008).
//!
//! The table is `tests/golden/http.txt`; `FENCE_UPDATE_GOLDEN=1 cargo test --test http` writes
//! it anew.

use crate::support::{Call, Server, people};
use fence::http::table::TABLE;
use fence::tokens::{Agency, Book, Holder, Role};
use std::fmt::Write as _;

/// One credential of each kind.
fn credentials(server: &Server) -> Vec<(&'static str, Option<String>)> {
    let agency = Agency { agent: "a-1".to_owned(), ..Agency::default() };
    let past = fence::engine::scalar::Timestamp::parse("2026-01-01T00:00:00Z").unwrap();
    let tokens: &Book = &server.state.tokens;
    let ann = Holder::Person { role: Role::Approver, person: Some("ann@x.example".to_owned()) };
    let expired = tokens.create(&people(), &ann, None, Some(past)).unwrap().0;
    let (revoked, token) = tokens.create(&people(), &ann, None, None).unwrap();
    tokens.revoke(token.id).unwrap();
    let garbage = server.person(Role::Admin, "mel@x.example").replace("admin", "agent");
    vec![
        ("none", None),
        ("agent", Some(server.token(&Holder::Agent(agency)))),
        ("approver", Some(server.person(Role::Approver, "ann@x.example"))),
        ("auditor", Some(server.token(&Holder::Person { role: Role::Auditor, person: None }))),
        ("admin", Some(server.person(Role::Admin, "mel@x.example"))),
        ("expired", Some(expired.reveal().to_owned())),
        ("revoked", Some(revoked.reveal().to_owned())),
        ("garbage", Some(garbage)),
    ]
}

fn call(server: &Server, method: &str, path: &str) -> Call {
    let path = path.replace("{id}", "r_019a0000-0000-7000-8000-000000000000");
    match method {
        "POST" => server.post(&path, "{}"),
        "DELETE" => server.delete(&path),
        _ => server.get(&path),
    }
}

#[test]
fn every_route_answers_each_credential_as_the_table_says() {
    let server = Server::new();
    let credentials = credentials(&server);
    let own = format!("http://{}", server.address);
    let mut table = String::new();
    for row in TABLE {
        for host in ["good", "foreign"] {
            for origin in ["absent", "own", "foreign", "null"] {
                let _ = write!(
                    table,
                    "{:<6} {:<32} host={host:<7} origin={origin:<7}",
                    row.method, row.path
                );
                for (name, token) in &credentials {
                    let mut call = call(&server, row.method, row.path);
                    if host == "foreign" {
                        call = call.host("evil.example");
                    }
                    call = match origin {
                        "own" => call.header("Origin", &own),
                        "foreign" => call.header("Origin", "https://evil.example"),
                        "null" => call.header("Origin", "null"),
                        _ => call,
                    };
                    if let Some(token) = token {
                        call = call.token(token);
                    }
                    let status = call.open().status;
                    // Whatever is asked for, nobody without a good token reads or writes anything.
                    let good = !matches!(*name, "none" | "expired" | "revoked" | "garbage");
                    let sound = host == "good" && matches!(origin, "absent" | "own");
                    assert!(
                        sound || status == 403,
                        "{} {} {origin} {status}",
                        row.method,
                        row.path
                    );
                    assert!(
                        row.who.is_open() || good || !sound || status == 401,
                        "{name} {}",
                        row.path
                    );
                    let _ = write!(table, " {name}={status}");
                }
                table.push('\n');
            }
        }
    }
    compare("http.txt", &table);
}

#[test]
fn every_registered_route_has_its_row_and_every_row_its_route() {
    let document = fence::http::document();
    let document = serde_json::to_value(&document).unwrap();
    let mut registered: Vec<(String, String)> = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for method in methods.as_object().unwrap().keys() {
            registered.push((path.clone(), method.to_uppercase()));
        }
    }
    let mut listed: Vec<(String, String)> = TABLE
        .iter()
        .filter(|row| !row.is_page())
        .map(|row| (row.path.to_owned(), row.method.to_owned()))
        .collect();
    registered.sort();
    listed.sort();
    assert_eq!(registered, listed);
}

/// The committed description is the one the handlers make.
#[test]
fn the_committed_openapi_is_the_servers() {
    let path = format!("{}/docs/openapi.json", env!("CARGO_MANIFEST_DIR"));
    let found = fence::http::document().to_pretty_json().unwrap() + "\n";
    if std::env::var_os("FENCE_UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, &found).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    for (line, (committed, found)) in committed.lines().zip(found.lines()).enumerate() {
        assert_eq!(committed, found, "docs/openapi.json, line {}", line + 1);
    }
    assert_eq!(committed.lines().count(), found.lines().count());
}

fn compare(name: &str, found: &str) {
    let path = format!("{}/tests/golden/{name}", env!("CARGO_MANIFEST_DIR"));
    if std::env::var_os("FENCE_UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, found).unwrap();
    }
    let golden = std::fs::read_to_string(&path).unwrap_or_default();
    for (line, (golden, found)) in golden.lines().zip(found.lines()).enumerate() {
        assert_eq!(golden, found, "{name}, line {}", line + 1);
    }
    assert_eq!(golden.lines().count(), found.lines().count(), "{name} has other rows");
}
