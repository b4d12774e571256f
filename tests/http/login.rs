//! Browsers: a cookie of its own, forms that cannot be forged (SRV-005, SRV-006).

use crate::support::{Answer, Call, Server, Setup};
use fence::tokens::{Holder, Role, TokenId};

struct Browser {
    cookie: String,
    csrf: String,
    token: TokenId,
}

fn sign_in(server: &Server) -> Browser {
    let token = server.person(Role::Approver, "ann@x.example");
    let answer = server.post("/v1/login", "").token(&token).send();
    assert_eq!(answer.status, 200, "{}", answer.body);
    let set = answer.header("set-cookie").unwrap();
    assert!(set.contains("HttpOnly") && set.contains("SameSite=Strict"), "{set}");
    assert!(!set.contains(&token));
    let who = answer.json();
    Browser {
        cookie: set.split(';').next().unwrap().to_owned(),
        csrf: who["csrf"].as_str().unwrap().to_owned(),
        token: who["token"].as_str().unwrap().parse().unwrap(),
    }
}

fn own(server: &Server) -> String {
    format!("http://{}", server.address)
}

#[test]
fn srv_005_a_write_with_a_cookie_needs_our_page_and_its_token() {
    let server = Server::new();
    let browser = sign_in(&server);
    let post = |body: &str| server.post("/v1/halts", body).header("Cookie", &browser.cookie);
    let halt = r#"{"agent":"a-1","reason":"test"}"#;
    let own = own(&server);
    let refused = |answer: Answer, kind: &str| {
        assert_eq!((answer.status, answer.problem()), (403, kind.to_owned()), "{}", answer.body);
    };
    refused(post(halt).send(), "csrf");
    refused(post(halt).header("X-Fence-Csrf", &browser.csrf).send(), "csrf");
    refused(post(halt).header("Origin", &own).send(), "csrf");
    refused(post(halt).header("Origin", &own).header("X-Fence-Csrf", "x").send(), "csrf");
    refused(
        post(halt).header("Origin", "null").header("X-Fence-Csrf", &browser.csrf).send(),
        "origin",
    );
    let form = format!("csrf={}", browser.csrf);
    let foreign =
        Call::new(server.address, "POST", "/v1/halts").body("text/plain", form.as_bytes());
    refused(foreign.header("Cookie", &browser.cookie).header("Origin", &own).send(), "csrf");
    let done = post(halt).header("Origin", &own).header("X-Fence-Csrf", &browser.csrf).send();
    assert_eq!(done.status, 201, "{}", done.body);
    // A form's field counts as well; the route itself then takes no forms.
    let form = Call::new(server.address, "POST", "/v1/halts")
        .body("application/x-www-form-urlencoded", form.as_bytes())
        .header("Cookie", &browser.cookie)
        .header("Origin", &own);
    assert_eq!(form.send().status, 415);
}

#[test]
fn srv_006_a_foreign_page_cannot_listen() {
    let server = Server::new();
    let browser = sign_in(&server);
    let events = server.get("/v1/events").header("Cookie", &browser.cookie);
    let refused = events.clone().header("Origin", "https://evil.example").send();
    assert_eq!((refused.status, refused.problem()), (403, "origin".to_owned()));
    assert_eq!(events.header("Origin", &own(&server)).open().status, 200);
}

#[test]
fn a_login_ends_with_its_token_and_by_signing_out() {
    let server = Server::new();
    let (first, second) = (sign_in(&server), sign_in(&server));
    let whoami =
        |browser: &Browser| server.get("/v1/whoami").header("Cookie", &browser.cookie).send();
    assert_eq!(whoami(&first).json()["person"], "ann@x.example");
    assert_eq!(whoami(&first).json()["csrf"], first.csrf.as_str());
    let out = server
        .post("/v1/logout", "")
        .header("Cookie", &first.cookie)
        .header("Origin", &own(&server))
        .header("X-Fence-Csrf", &first.csrf)
        .send();
    assert_eq!(out.status, 204);
    assert!(out.header("set-cookie").unwrap().contains("Max-Age=0"));
    assert_eq!(whoami(&first).status, 401);
    assert_eq!(whoami(&second).status, 200);
    server.state.tokens.revoke(second.token).unwrap();
    assert_eq!(whoami(&second).status, 401);
}

#[test]
fn an_agent_has_no_browser() {
    let server = Server::new();
    assert_eq!(server.post("/v1/login", "").token(&server.agent("a-1")).send().status, 403);
    let entered = server.block_on(fence::http::login::enter(&server.state, &server.agent("a-2")));
    assert_eq!(entered.unwrap_err().status, 401);
}

#[test]
fn over_https_the_cookie_is_bound_to_the_host() {
    let mut setup = Setup::default();
    setup.settings.public_url = Some("https://fence.example.com".to_owned());
    let server = Server::start(setup);
    let token = server.person(Role::Approver, "ann@x.example");
    let answer = server.post("/v1/login", "").host("fence.example.com").token(&token).send();
    let set = answer.header("set-cookie").unwrap();
    assert!(set.starts_with("__Host-fence=") && set.ends_with("; Secure"), "{set}");
}

#[test]
fn whoever_left_the_settings_is_nobody() {
    let server = Server::new();
    let gone = Holder::Person { role: Role::Admin, person: Some("eve@x.example".to_owned()) };
    let everybody = fence::people::People::new(vec![fence::people::Person::new("eve@x.example")]);
    let made = server.state.tokens.create(&everybody.unwrap(), &gone, None, None).unwrap();
    assert_eq!(server.get("/v1/whoami").token(made.0.reveal()).send().status, 401);
    let not_to_approve =
        Holder::Person { role: Role::Approver, person: Some("mel@x.example".to_owned()) };
    let refused =
        server.state.tokens.create(&crate::support::people(), &not_to_approve, None, None);
    assert!(matches!(refused, Err(fence::tokens::TokenError::NoApprover(_))));
}
