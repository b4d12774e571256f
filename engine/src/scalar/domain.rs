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
