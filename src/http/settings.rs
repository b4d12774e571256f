//! What can be set about the server: `[server]` in fence.toml.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

/// The server's settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Where it listens (`127.0.0.1:7480`).
    pub listen: SocketAddr,
    /// What it is called from outside, such as `https://fence.example.com`: links are built from
    /// this alone, never from a `Host` header.
    pub public_url: Option<String>,
    /// Names besides the loopback ones and `public_url` by which it may be called.
    pub allowed_hosts: Vec<String>,
    /// The largest body of a request, in bytes (2 MiB).
    pub max_body: usize,
    /// The largest head of a request, in bytes (16 KiB).
    pub max_head: usize,
    /// How long a request's head may take, and how long a connection may idle (10 s).
    pub head_timeout: Duration,
    /// How long a request may take; waiting for an approval is not counted (30 s).
    pub request_timeout: Duration,
    /// Connections at once; beyond that the oldest without a valid token is closed (4096).
    pub max_connections: usize,
    /// The longest wait for an outcome (`?wait=`) (60 s).
    pub max_wait: Duration,
    /// Waits and event streams under way at once for one token (64).
    pub max_waits: usize,
    /// How long requests under way may take to end at shutdown (10 s).
    pub drain: Duration,
    /// How often an idle event stream shows that it lives (15 s).
    pub heartbeat: Duration,
    /// Whether `/metrics` is read without a token (no).
    pub open_metrics: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            listen: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 7480),
            public_url: None,
            allowed_hosts: Vec::new(),
            max_body: 2 << 20,
            max_head: 16 << 10,
            head_timeout: Duration::from_secs(10),
            request_timeout: Duration::from_secs(30),
            max_connections: 4096,
            max_wait: Duration::from_secs(60),
            max_waits: 64,
            drain: Duration::from_secs(10),
            heartbeat: Duration::from_secs(15),
            open_metrics: false,
        }
    }
}

impl Settings {
    /// Whether browsers reach the server by https, so that cookies are marked secure.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.public_url.as_deref().is_some_and(|url| url.starts_with("https://"))
    }

    /// What links start with, without a slash at the end.
    #[must_use]
    pub fn base_url(&self) -> String {
        match &self.public_url {
            Some(url) => url.trim_end_matches('/').to_owned(),
            None => format!("http://{}", self.listen),
        }
    }

    /// Whether the server may be called by this `Host`: a loopback name, the address it listens
    /// on, the host of `public_url`, or one of `allowed_hosts` (with any port, unless it names one).
    #[must_use]
    pub fn knows_host(&self, host: &str) -> bool {
        let (name, _) = split_port(host);
        let is = |known: &str| match split_port(known) {
            (known_name, None) => known_name.eq_ignore_ascii_case(name),
            _ => known.eq_ignore_ascii_case(host),
        };
        is_loopback(name)
            || name.trim_matches(['[', ']']) == self.listen.ip().to_string()
            || self.public_url.as_deref().and_then(authority).is_some_and(is)
            || self.allowed_hosts.iter().any(|known| is(known))
    }

    /// Whether a page from this `Origin` is one of ours, for a request to this `Host`.
    #[must_use]
    pub fn is_own_origin(&self, origin: &str, host: &str) -> bool {
        let public = self
            .public_url
            .as_deref()
            .and_then(|url| Some((url.split_once("://")?.0, authority(url)?)));
        let Some((scheme, from)) = origin.split_once("://") else { return false };
        let is = |known: &str| from.eq_ignore_ascii_case(known);
        match public {
            // Behind a proxy that speaks https the scheme is known from the public URL alone.
            Some((public_scheme, authority)) if is(authority) => scheme == public_scheme,
            _ => scheme == "http" && is(host),
        }
    }
}

/// `host[:port]` of a URL.
fn authority(url: &str) -> Option<&str> {
    let rest = url.split_once("://")?.1;
    rest.split(['/', '?', '#']).next().filter(|authority| !authority.is_empty())
}

/// The name and the port of `host:port`; an IPv6 address keeps its brackets.
fn split_port(host: &str) -> (&str, Option<&str>) {
    match host.rsplit_once(':') {
        Some((name, port)) if !port.ends_with(']') => (name, Some(port)),
        _ => (host, None),
    }
}

fn is_loopback(name: &str) -> bool {
    let bare = name.trim_matches(['[', ']']);
    name.eq_ignore_ascii_case("localhost")
        || bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> Settings {
        Settings {
            public_url: Some("https://fence.example.com".to_owned()),
            allowed_hosts: vec!["gate.internal".to_owned(), "other.internal:81".to_owned()],
            ..Settings::default()
        }
    }

    #[test]
    fn only_known_names_are_answered_to() {
        for (host, known) in [
            ("127.0.0.1:7480", true),
            ("localhost", true),
            ("LOCALHOST:1", true),
            ("[::1]:7480", true),
            ("fence.example.com", true),
            ("gate.internal:9", true),
            ("other.internal:81", true),
            ("other.internal:82", false),
            ("evil.example", false),
            ("localhost.evil.example", false),
            ("127.0.0.1.evil.example", false),
            ("", false),
        ] {
            assert_eq!(settings().knows_host(host), known, "{host}");
        }
    }

    #[test]
    fn only_pages_of_ones_own_are_of_ones_own_origin() {
        for (origin, host, own) in [
            ("https://fence.example.com", "127.0.0.1:7480", true),
            ("http://fence.example.com", "fence.example.com", false),
            ("http://localhost:7480", "localhost:7480", true),
            ("http://localhost:3000", "localhost:7480", false),
            ("https://localhost:7480", "localhost:7480", false),
            ("https://evil.example", "localhost:7480", false),
            ("null", "localhost:7480", false),
            ("", "localhost:7480", false),
        ] {
            assert_eq!(settings().is_own_origin(origin, host), own, "{origin} for {host}");
        }
    }
}
