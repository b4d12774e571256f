//! Who may do what: every route with the kinds of credential it takes. The guard knows no other
//! source; a route without a row is refused, and the tests fail.

use crate::tokens::Role;

/// A set of roles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Who(u8);

const AGENT: Who = Who(1);
const APPROVER: Who = Who(2);
const AUDITOR: Who = Who(4);
const ADMIN: Who = Who(8);
const PEOPLE: Who = APPROVER.and(AUDITOR).and(ADMIN);
const STOPPERS: Who = APPROVER.and(ADMIN);

impl Who {
    /// Anybody, without a credential.
    pub const OPEN: Self = Self(0);

    const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether no credential is needed.
    #[must_use]
    pub const fn is_open(self) -> bool {
        self.0 == 0
    }

    /// Whether this role is among them.
    #[must_use]
    pub const fn has(self, role: Role) -> bool {
        let bit = match role {
            Role::Agent => AGENT,
            Role::Approver => APPROVER,
            Role::Auditor => AUDITOR,
            Role::Admin => ADMIN,
        };
        self.0 & bit.0 != 0
    }

    /// The roles, for a message.
    #[must_use]
    pub fn names(self) -> String {
        let names: Vec<_> = Role::ALL.into_iter().filter(|role| self.has(*role)).collect();
        names.iter().map(|role| role.as_str()).collect::<Vec<_>>().join(", ")
    }
}

/// How a route is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// At once.
    Data,
    /// When something happened: it may take longer than a request usually may.
    Wait,
    /// A page for a browser: whoever is not signed in is sent to `/login`.
    Page,
    /// A file that never changes: may be kept by the browser.
    Asset,
}

/// One route.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// `GET`, `POST` or `DELETE`; a `HEAD` is a `GET`.
    pub method: &'static str,
    /// The path, with `{…}` for what varies.
    pub path: &'static str,
    /// Who may.
    pub who: Who,
    /// How it is answered.
    pub kind: Kind,
}

impl Row {
    /// Whether it is for browsers alone: pages and their files are not part of the API.
    #[must_use]
    pub const fn is_page(&self) -> bool {
        matches!(self.kind, Kind::Page | Kind::Asset)
    }
}

const fn row(method: &'static str, path: &'static str, who: Who) -> Row {
    Row { method, path, who, kind: Kind::Data }
}

const fn wait(method: &'static str, path: &'static str, who: Who) -> Row {
    Row { method, path, who, kind: Kind::Wait }
}

/// Every route.
pub const TABLE: &[Row] = &[
    row("POST", "/v1/decide", AGENT),
    row("POST", "/v1/sessions", AGENT),
    row("GET", "/v1/requests", AGENT.and(PEOPLE)),
    wait("GET", "/v1/requests/{id}", AGENT.and(PEOPLE)),
    row("POST", "/v1/requests/{id}/approve", APPROVER),
    row("POST", "/v1/requests/{id}/reject", APPROVER),
    row("POST", "/v1/requests/{id}/withdraw", APPROVER),
    row("POST", "/v1/requests/{id}/revoke", STOPPERS),
    row("POST", "/v1/requests/{id}/cancel", AGENT.and(STOPPERS)),
    row("POST", "/v1/requests/{id}/claim", AGENT),
    row("POST", "/v1/requests/{id}/result", AGENT),
    row("POST", "/v1/requests/{id}/preview", AGENT),
    row("GET", "/v1/grants", PEOPLE),
    row("DELETE", "/v1/grants/{id}", STOPPERS),
    row("POST", "/v1/grants/{id}/revoke", STOPPERS),
    row("GET", "/v1/halts", PEOPLE),
    row("POST", "/v1/halts", STOPPERS),
    row("POST", "/v1/halts/resume", STOPPERS),
    row("GET", "/v1/delegations", PEOPLE),
    row("POST", "/v1/delegations", APPROVER),
    row("DELETE", "/v1/delegations/{id}", APPROVER),
    row("GET", "/v1/decisions", PEOPLE),
    row("GET", "/v1/decisions/{id}", PEOPLE),
    row("GET", "/v1/policies", PEOPLE),
    wait("GET", "/v1/events", PEOPLE),
    row("POST", "/v1/login", PEOPLE),
    row("POST", "/v1/logout", PEOPLE),
    row("GET", "/v1/whoami", AGENT.and(PEOPLE)),
    row("GET", "/healthz", Who::OPEN),
    row("GET", "/livez", Who::OPEN),
    row("GET", "/readyz", Who::OPEN),
    row("GET", "/metrics", AUDITOR.and(ADMIN)),
    row("GET", "/openapi.json", Who::OPEN),
    // Whoever calls this one is known by the signature over the body, not by a token.
    row("POST", "/slack/actions", Who::OPEN),
];

/// The row of a route; none for a route that nobody may use.
#[must_use]
pub fn find(method: &str, path: &str) -> Option<&'static Row> {
    let method = if method == "HEAD" { "GET" } else { method };
    TABLE.iter().find(|row| row.method == method && row.path == path)
}
