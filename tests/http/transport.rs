//! What is refused whoever calls, and what a hostile connection can do (SRV-003 … SRV-006, SRV-014,
//! SRV-015, SRV-027, SRV-029, SRV-030, SRV-032, SRV-034 … SRV-036).

use crate::support::{Call, Server, Setup, connect, raw};
use fence::tokens::{Holder, Role};
use std::io::{Read as _, Write as _};
use std::time::{Duration, Instant};

#[test]
fn srv_003_a_foreign_host_is_refused_before_anything_is_read() {
    let server = Server::new();
    let token = server.agent("a-1");
    for host in ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example:80", ""] {
        let answer =
            server.post("/v1/decide", r#"{"tool":"read_x"}"#).host(host).token(&token).send();
        assert_eq!((answer.status, answer.problem()), (403, "host".to_owned()), "{host}");
    }
    for host in ["localhost", "127.0.0.1:1", "[::1]:7480"] {
        assert_eq!(server.get("/livez").host(host).send().status, 200, "{host}");
    }
    let two = b"GET /livez HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\nConnection: close\r\n\r\n";
    assert_eq!(raw(server.address, two).status, 400);
    let absolute =
        b"GET http://evil.example/livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    assert_eq!(raw(server.address, absolute).status, 400);
    assert_eq!(
        raw(server.address, b"GET /livez HTTP/1.1\r\nConnection: close\r\n\r\n").status,
        400
    );
}

#[test]
fn srv_015_a_token_in_the_url_is_refused() {
    let server = Server::new();
    let token = server.person(Role::Auditor, "ann@x.example");
    for path in [
        format!("/v1/decisions?token={token}"),
        format!("/v1/decisions?access_token={token}"),
        format!("/v1/decisions?tool={token}"),
        format!("/v1/requests/{token}"),
        "/v1/decisions?limit=1&API_KEY=x".to_owned(),
    ] {
        let answer = server.get(&path).token(&token).send();
        assert_eq!((answer.status, answer.problem()), (400, "token-in-url".to_owned()), "{path}");
        assert!(!answer.body.contains(&token));
    }
}

#[test]
fn srv_027_no_answer_is_built_from_the_host_header() {
    let mut setup = Setup::default();
    setup.settings.public_url = Some("https://fence.example.com".to_owned());
    let server = Server::start(setup);
    let answer = server.get("/livez").host("evil.example").send();
    assert_eq!(answer.status, 403);
    assert!(!format!("{answer:?}").contains("evil"));
    assert_eq!(server.get("/livez").host("fence.example.com").send().status, 200);
    assert_eq!(server.state.settings.base_url(), "https://fence.example.com");
}

#[test]
fn srv_029_compressed_bodies_are_not_read() {
    let server = Server::new();
    let token = server.agent("a-1");
    for encoding in ["gzip", "br", "deflate", "identity"] {
        let call = server.post("/v1/decide", "{}").token(&token);
        let answer = call.header("Content-Encoding", encoding).send();
        assert_eq!((answer.status, answer.problem()), (415, "media-type".to_owned()), "{encoding}");
    }
}

#[test]
fn srv_032_a_length_and_chunks_together_are_refused() {
    let server = Server::new();
    let token = server.agent("a-1");
    let head = format!(
        "POST /v1/decide HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n"
    );
    let smuggled = "0\r\n\r\nGET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n";
    for lengths in [
        "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n",
        "Transfer-Encoding: chunked\r\n",
        "Content-Length: 4\r\nContent-Length: 5\r\n",
        "Content-Length: +4\r\n",
        "Transfer-Encoding: identity\r\nContent-Length: 4\r\n",
        "Transfer-Encoding: chunked, gzip\r\n",
    ] {
        let answer = raw(server.address, format!("{head}{lengths}\r\n{smuggled}").as_bytes());
        assert_eq!(answer.status, 400, "{lengths}: {answer:?}");
        assert!(!answer.body.contains("HTTP/1.1 200"), "{lengths}: a second request was answered");
    }
}

#[test]
fn srv_034_path_values_are_data() {
    let server = Server::new();
    let token = server.person(Role::Approver, "ann@x.example");
    for path in [
        "/v1/requests/x%22%5D%3B%20allow",
        "/v1/requests/..%2f..%2fetc%2fpasswd",
        "/v1/decisions/%00",
        "/v1/decisions/'%20OR%201=1--",
        "/v1/requests/r_019a0000-0000-7000-8000-00000000000g",
    ] {
        let answer = server.get(path).token(&token).send();
        assert_eq!((answer.status, answer.problem()), (404, "not-found".to_owned()), "{path}");
    }
}

#[test]
fn srv_035_sql_in_every_filter_is_text() {
    let server = Server::new();
    let agent = server.agent("a-1");
    server.post("/v1/decide", r#"{"tool":"read_x"}"#).token(&agent).send();
    let token = server.person(Role::Approver, "ann@x.example");
    for payload in
        ["'%20OR%20'1'='1", "%22;DROP%20TABLE%20decisions;--", "x'%20UNION%20SELECT%201--", "%25"]
    {
        for path in ["/v1/decisions?tool=", "/v1/decisions?agent=", "/v1/decisions?rule="] {
            let page = server.get(&format!("{path}{payload}")).token(&token).send();
            assert_eq!(page.status, 200, "{path}{payload}");
            assert_eq!(page.json()["items"].as_array().unwrap().len(), 0, "{path}{payload}");
        }
        for name in ["agent", "tool", "session", "rule", "text"] {
            let path = format!("/v1/requests?state=all&{name}={payload}");
            let page = server.get(&path).token(&token).send();
            assert_eq!(
                (page.status, page.json()["items"].as_array().unwrap().len()),
                (200, 0),
                "{path}"
            );
        }
    }
    let log = server.get("/v1/decisions").token(&token).send().json();
    assert_eq!(log["items"].as_array().unwrap().len(), 1);
}

#[test]
fn srv_036_a_body_beyond_the_limit_is_refused_by_its_length() {
    let server = Server::new();
    let token = server.agent("a-1");
    let head = format!(
        "POST /v1/decide HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\nContent-Length: 4294967306\r\n\r\n"
    );
    let answer = raw(server.address, head.as_bytes());
    assert_eq!((answer.status, answer.problem()), (413, "too-large".to_owned()));
    let long = format!(r#"{{"tool":"{}"}}"#, "x".repeat(2 << 20));
    assert_eq!(server.post("/v1/decide", &long).token(&token).send().status, 413);
}

#[test]
fn bodies_are_strict_json_of_the_type_they_say() {
    let server = Server::new();
    let token = server.agent("a-1");
    let plain = Call::new(server.address, "POST", "/v1/decide").body("text/plain", b"{}");
    assert_eq!(plain.token(&token).send().status, 415);
    for body in [
        r#"{"session":"a","session":"b"}"#,
        r#"{"sesion":"a"}"#,
        "[]",
        "{",
        "null",
        r#"{"session":"\ud800"}"#,
    ] {
        let answer = server.post("/v1/sessions", body).token(&token).send();
        assert_eq!((answer.status, answer.problem()), (400, "bad-request".to_owned()), "{body}");
    }
}

#[test]
fn unknown_paths_and_methods_say_so() {
    let server = Server::new();
    assert_eq!(server.get("/v2").send().problem(), "not-found");
    let answer = server.delete("/v1/decide").send();
    assert_eq!((answer.status, answer.header("allow")), (405, Some("POST")), "{answer:?}");
    assert_eq!(answer.problem(), "method");
}

#[test]
fn every_answer_carries_the_headers_that_keep_browsers_in_bounds() {
    let server = Server::new();
    for path in ["/livez", "/v1/decisions", "/nowhere"] {
        let answer = server.get(path).send();
        let policy = answer.header("content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("cache-control", "no-store"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
        ] {
            assert_eq!(answer.header(name), Some(value), "{path} {name}");
        }
        assert_eq!(answer.header("access-control-allow-origin"), None);
    }
}

#[test]
fn a_head_beyond_the_limit_is_refused() {
    let server = Server::new();
    let long = "x".repeat(64 << 10);
    let answer = server.get("/livez").header("X-Long", &long).send();
    assert!(answer.status == 431 || answer.status == 0, "{}", answer.status);
    assert_eq!(server.get("/livez").send().status, 200);
}

/// Scaled down: 300 connections where 64 may be open, each a byte of its head at a time.
#[test]
fn srv_030_slow_connections_do_not_keep_others_out() {
    let mut setup = Setup::default();
    setup.settings.max_connections = 64;
    let server = Server::start(setup);
    let token = server.agent("a-1");
    let decide = || {
        let started = Instant::now();
        let answer = server.post("/v1/decide", r#"{"tool":"read_x"}"#).token(&token).send();
        assert_eq!(answer.status, 200);
        started.elapsed()
    };
    let worst = |times: Vec<Duration>| times.into_iter().max().unwrap();
    let quiet = worst((0..50).map(|_| decide()).collect());
    let mut slow: Vec<_> = (0..300).map(|_| connect(server.address)).collect();
    for stream in &mut slow {
        let _ = stream.write_all(b"P");
    }
    let crowded = worst((0..50).map(|_| decide()).collect());
    assert!(crowded < quiet * 3 + Duration::from_millis(100), "{quiet:?} became {crowded:?}");
    // Those that had to go are closed, not left hanging.
    slow[0].set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    assert!(matches!(slow[0].read(&mut [0; 8]), Ok(0) | Err(_)));
    let auditor = server.token(&Holder::Person { role: Role::Auditor, person: None });
    let metrics = server.get("/metrics").token(&auditor).send().body;
    let open =
        metrics.lines().find_map(|line| line.strip_prefix("fence_http_connections ")).unwrap();
    assert!(open.parse::<u32>().unwrap() <= 64, "{open}");
}

#[test]
fn a_head_that_never_ends_is_given_up() {
    let mut setup = Setup::default();
    setup.settings.head_timeout = Duration::from_millis(200);
    let server = Server::start(setup);
    let mut stream = connect(server.address);
    stream.write_all(b"GET /livez HT").unwrap();
    let started = Instant::now();
    let mut rest = Vec::new();
    let _ = stream.read_to_end(&mut rest);
    assert!(started.elapsed() < Duration::from_secs(5));
}

#[test]
fn a_body_that_never_comes_is_given_up() {
    let mut setup = Setup::default();
    setup.settings.request_timeout = Duration::from_millis(300);
    let server = Server::start(setup);
    let token = server.agent("a-1");
    let head = format!(
        "POST /v1/decide HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\nContent-Length: 20\r\n\r\n{{"
    );
    let answer = raw(server.address, head.as_bytes());
    assert!(matches!(answer.status, 408 | 503), "{answer:?}");
}

/// Means over many wrong tokens that share none or 40 of the characters of a right one.
#[test]
fn srv_014_the_time_to_refuse_does_not_tell_how_much_was_right() {
    let server = Server::new();
    let good = server.agent("a-1");
    let wrong = |keep: usize, round: usize| -> String {
        let body = good.strip_prefix("fence_agent_").unwrap();
        let filler = ["AAAAAAAAAA", "BBBBBBBBBB", "CCCCCCCCCC"][round % 3].repeat(5);
        // The last character of 43 carries four bits: `A` keeps the text a proper encoding.
        format!("fence_agent_{}{}A", &body[..keep], &filler[..42 - keep])
    };
    let secrets = |keep| {
        (0..4000).map(move |round| fence::tokens::Secret::read_token(&wrong(keep, round)).unwrap())
    };
    let (mut none, mut most) = (0_f64, 0_f64);
    let (mut squares, mut count) = (0_f64, 0_f64);
    for (far, near) in secrets(0).zip(secrets(40)) {
        let time = |secret: &fence::tokens::Secret| {
            let started = Instant::now();
            assert!(server.state.tokens.find(secret).unwrap().is_none());
            started.elapsed().as_secs_f64()
        };
        let (far, near) = (time(&far), time(&near));
        // A pause of the machine is no news.
        if far.max(near) > 0.002 {
            continue;
        }
        none += far;
        most += near;
        squares += (near - far) * (near - far);
        count += 1.0;
    }
    let mean = (most - none) / count;
    let deviation = (squares / count - mean * mean).max(0.0).sqrt() / count.sqrt();
    assert!(count > 2000.0);
    // Five standard errors: a leak of one comparison would not hide, noise seldom gets there.
    assert!(mean.abs() < 5.0 * deviation + 2e-6, "{mean} against {deviation}");
}
