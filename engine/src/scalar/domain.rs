//! Host names and addresses, as one spelling.

use std::borrow::Cow;
use std::net::Ipv6Addr;

use ::url::Host;

/// The longest name and the longest part of one (RFC 1035, section 2.3.4).
const LONGEST_NAME: usize = 253;
const LONGEST_LABEL: usize = 63;

/// A domain name in lower-case ASCII (IDNA) without final dot, or an IP address in its usual
/// spelling: `127.0.0.1`, `[2001:db8::1]`.
///
/// ```
/// use fence_engine::scalar::Domain;
///
/// for (written, normal) in [
///     ("Example.COM.", "example.com"),
///     ("bücher.example", "xn--bcher-kva.example"),
///     ("0x7f.1", "127.0.0.1"),
///     ("[::ffff:7f00:1]", "127.0.0.1"),
/// ] {
///     assert_eq!(Domain::parse(written).unwrap().as_str(), normal);
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Domain<'a>(Cow<'a, str>);

impl<'a> Domain<'a> {
    /// Reads one host; `None` for anything else: a port, blanks, `%`, `*`, an empty label, a name
    /// beyond the limits of the DNS.
    #[must_use]
    pub fn parse(text: &'a str) -> Option<Self> {
        let whole = text.strip_suffix('.').unwrap_or(text);
        if !is_plain(whole) {
            return Self::normalised(text);
        }
        Some(Self(match whole.bytes().any(|byte| byte.is_ascii_uppercase()) {
            true => Cow::Owned(whole.to_ascii_lowercase()),
            false => Cow::Borrowed(whole),
        }))
    }

    fn normalised(text: &str) -> Option<Self> {
        let usual = |byte: u8| !byte.is_ascii() || is_name_byte(byte) || b".[]:".contains(&byte);
        if !text.bytes().all(usual) {
            return None;
        }
        let name = match Host::parse(text).ok()? {
            Host::Domain(name) => normal_name(name)?,
            Host::Ipv4(address) => address.to_string(),
            Host::Ipv6(address) => normal_ipv6(address),
        };
        Some(Self(Cow::Owned(name)))
    }

    /// The normal form.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The normal form, borrowed where the text had it.
    #[must_use]
    pub fn into_text(self) -> Cow<'a, str> {
        self.0
    }

    /// Whether this is an IP address.
    #[must_use]
    pub fn is_address(&self) -> bool {
        self.0.starts_with('[') || is_digits(last_label(&self.0))
    }

    /// Whether this is in `entry`, which has the form [`Domain::entry`] answers: a domain is
    /// itself; `*.x` is one or more labels before `.x`, not `x` itself and no IP address.
    #[must_use]
    pub fn matches(&self, entry: &str) -> bool {
        match entry.strip_prefix('*') {
            None => self.0 == entry,
            Some(suffix) => {
                suffix.len() > 1
                    && suffix.starts_with('.')
                    && self.0.len() > suffix.len()
                    && self.0.ends_with(suffix)
                    && !self.is_address()
            }
        }
    }

    /// The normal form of a domain or of `*.` and a domain name, as a set of domains lists it.
    #[must_use]
    pub fn entry(text: &str) -> Option<String> {
        match text.strip_prefix("*.") {
            None => Some(Domain::parse(text)?.0.into_owned()),
            Some(rest) => {
                let parent = Domain::parse(rest).filter(|domain| !domain.is_address())?;
                Some(format!("*.{}", parent.as_str()))
            }
        }
    }
}

/// A name that is normal but for the case of its letters.
fn is_plain(name: &str) -> bool {
    name.len() <= LONGEST_NAME
        && name.split('.').all(|label| is_label(label.as_bytes()))
        && !ends_in_number(name)
}

/// A label that IDNA leaves alone.
fn is_label(label: &[u8]) -> bool {
    let punycode = label.get(..4).is_some_and(|start| start.eq_ignore_ascii_case(b"xn--"));
    (1..=LONGEST_LABEL).contains(&label.len())
        && !punycode
        && label.iter().copied().all(is_name_byte)
}

const fn is_name_byte(byte: u8) -> bool {
    matches!(byte, b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_')
}

/// Whether the last label may make the whole an IPv4 address (WHATWG URL, "ends in a number
/// checker"); `0x` with other letters behind it only looks like it.
fn ends_in_number(name: &str) -> bool {
    let last = last_label(name);
    is_digits(last) || last.starts_with("0x") || last.starts_with("0X")
}

fn last_label(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or_default()
}

fn is_digits(label: &str) -> bool {
    !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_digit())
}

/// What IDNA answered, without final dot, if every label is one.
fn normal_name(mut name: String) -> Option<String> {
    if name.ends_with('.') {
        name.pop();
    }
    let label =
        |label: &str| (1..=LONGEST_LABEL).contains(&label.len()) && label.bytes().all(is_name_byte);
    (name.len() <= LONGEST_NAME && name.split('.').all(label)).then_some(name)
}

fn normal_ipv6(address: Ipv6Addr) -> String {
    match address.to_ipv4_mapped() {
        Some(address) => address.to_string(),
        None => format!("[{address}]"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(written: &str, normal: Option<&str>) {
        let domain = Domain::parse(written);
        assert_eq!(domain.as_ref().map(Domain::as_str), normal, "{written:?}");
    }

    #[test]
    fn one_spelling_per_host() {
        for (written, normal) in [
            ("example.com", "example.com"),
            ("EXAMPLE.com.", "example.com"),
            ("localhost.", "localhost"),
            ("a-b_c.0x.example", "a-b_c.0x.example"),
            ("B\u{fc}cher.Example", "xn--bcher-kva.example"),
            ("bu\u{308}cher.example", "xn--bcher-kva.example"),
            ("XN--BCHER-KVA.example", "xn--bcher-kva.example"),
            ("example\u{3002}com", "example.com"),
            ("2130706433", "127.0.0.1"),
            ("0x7f.1", "127.0.0.1"),
            ("127.1", "127.0.0.1"),
            ("017700000001", "127.0.0.1"),
            ("127.0.0.1.", "127.0.0.1"),
            ("[::ffff:127.0.0.1]", "127.0.0.1"),
            ("[0:0::1]", "[::1]"),
            ("[2001:DB8::1]", "[2001:db8::1]"),
        ] {
            check(written, Some(normal));
        }
    }

    #[test]
    fn what_is_no_host_is_unknown() {
        for written in [
            "",
            ".",
            "..",
            "a..b",
            ".a",
            "a..",
            "exa mple.com",
            " a",
            "a\n",
            "a:80",
            "a/b",
            "a@b",
            "ex%61mple.com",
            "*.example.com",
            "xn--good-.example",
            "::1",
            "[::1",
            "[::1]:80",
            "256.256.256.256",
            "1.2.3.4.5",
            "a,b",
            "a$b",
            "\u{ff0a}.example",
            "\u{ff05}41.example",
            "xn--a.example",
        ] {
            check(written, None);
        }
        check(&"a".repeat(64), None);
        check(&["a"; 128].join("."), None);
    }

    #[test]
    fn only_what_has_to_change_is_copied() {
        for (written, borrowed) in [("example.com", true), ("example.com.", true), ("A.b", false)] {
            let text = Domain::parse(written).unwrap().into_text();
            assert_eq!(matches!(text, Cow::Borrowed(_)), borrowed, "{written}");
        }
    }

    #[test]
    fn a_wildcard_is_one_or_more_labels() {
        for (domain, entry, holds) in [
            ("example.org", "example.org", true),
            ("example.org", "*.example.org", false),
            ("a.example.org", "*.example.org", true),
            ("a.b.example.org", "*.example.org", true),
            ("notexample.org", "*.example.org", false),
            ("example.org.evil.test", "*.example.org", false),
            ("a.example.org", "example.org", false),
            ("127.0.0.1", "*.0.0.1", false),
            ("127.0.0.1", "127.0.0.1", true),
            ("example.org", "*", false),
            ("example.org", "*.", false),
        ] {
            assert_eq!(Domain::parse(domain).unwrap().matches(entry), holds, "{domain} {entry}");
        }
    }

    #[test]
    fn entries_are_normal_too() {
        for (written, normal) in [
            ("Example.COM", Some("example.com")),
            ("*.B\u{fc}cher.example", Some("*.xn--bcher-kva.example")),
            ("*.0.0.1", None),
            ("*", None),
            ("*.*.a", None),
            ("a.*.b", None),
        ] {
            assert_eq!(Domain::entry(written).as_deref(), normal, "{written}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1024))]

        #[test]
        fn the_short_way_agrees_with_the_long_one(
            text in "([a-cA-C0-9x_-]{0,4}\\.){0,4}[a-cA-C0-9x_-]{0,4}",
        ) {
            if is_plain(&text) {
                prop_assert_eq!(Domain::parse(&text), Domain::normalised(&text));
            }
        }

        #[test]
        fn normal_forms_stay(text in "[a-c0-9x.A-C\u{fc}\u{df}\u{130}\u{3002}:\\[\\]-]{0,12}") {
            if let Some(domain) = Domain::parse(&text) {
                prop_assert!(Domain::parse(domain.as_str()).as_ref() == Some(&domain), "{domain:?}");
                prop_assert!(domain.matches(&Domain::entry(&text).unwrap()));
            }
        }
    }
}
