//! URLs, as browsers and HTTP clients understand them (WHATWG URL), and their hosts.

use std::borrow::Cow;

use ::url::Url;

use super::domain::Domain;

/// A whole, normalised URL.
///
/// ```
/// use fence_engine::scalar::UrlText;
///
/// let url = UrlText::parse("HTTPS://Example.com.:443/a/../b").unwrap();
/// assert_eq!(url.as_str(), "https://example.com/b");
/// assert!(UrlText::parse("https://good.example@evil.example/").is_none());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UrlText<'a>(Cow<'a, str>);

impl<'a> UrlText<'a> {
    /// Reads a URL; `None` for relative ones, user info, and whatever readers are known to
    /// understand differently: blanks, control characters, `\`, `%` in the host, missing or extra
    /// slashes before it.
    #[must_use]
    pub fn parse(text: &'a str) -> Option<Self> {
        if is_plain(text) {
            return Some(Self(Cow::Borrowed(text)));
        }
        Some(Self(Cow::Owned(normalised(text)?.into())))
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

    /// The host as [`Domain`] spells it, without port and final dot; `None` where there is none
    /// (`mailto:`, `file:///`) or it is no name that the DNS could know.
    #[must_use]
    pub fn host(&self) -> Option<Cow<'_, str>> {
        // The host of a normal form ends where port, path, query or fragment begin.
        let rest = self.0.split_once(':')?.1.strip_prefix("//")?;
        let end = match rest.starts_with('[') {
            true => rest.find(']')? + 1,
            false => rest.find([':', '/', '?', '#']).unwrap_or(rest.len()),
        };
        Some(Domain::parse(rest.get(..end)?)?.into_text())
    }
}

/// The host of a URL in its normal form, without port and final dot; `None` where the text is no
/// whole URL with a host.
#[must_use]
pub fn host(text: &str) -> Option<Cow<'_, str>> {
    match UrlText::parse(text)?.0 {
        Cow::Borrowed(_) => Some(Cow::Borrowed(plain_parts(text)?.0)),
        normal => Some(Cow::Owned(UrlText(normal).host()?.into_owned())),
    }
}

fn normalised(text: &str) -> Option<Url> {
    if text.contains(|char: char| char.is_control() || char.is_whitespace() || char == '\\') {
        return None;
    }
    let mut url = Url::parse(text).ok()?;
    let rest = text.get(url.scheme().len() + 1..)?;
    let authority = rest.strip_prefix("//");
    if url.has_authority() && !authority.is_some_and(|rest| is_authority(rest, url.scheme())) {
        return None;
    }
    if url.host_str().is_some_and(|host| host.contains('%')) {
        return None;
    }
    let host = url.host_str().and_then(Domain::parse).map(|host| host.as_str().to_owned());
    if let (true, Some(host)) = (is_special(&url), host)
        && url.host_str() != Some(&host)
    {
        url.set_host(Some(&host)).ok()?;
    }
    Some(url)
}

/// Schemes whose hosts WHATWG URL normalises.
fn is_special(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https" | "ws" | "wss" | "ftp")
}

/// What follows `//`: no user info, nothing percent-encoded, and no further slash that some readers
/// would skip.
fn is_authority(rest: &str, scheme: &str) -> bool {
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    !authority.contains(['@', '%']) && (scheme == "file" || !authority.is_empty())
}

/// Whether the text is a normal form already, told without help: `http` or `https`, a plain name
/// in lower case, a path and perhaps a query without anything that could be normalised.
fn is_plain(text: &str) -> bool {
    plain_parts(text).is_some_and(|(host, rest)| {
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        let domain = Domain::parse(host);
        let normal = domain.is_some_and(|domain| domain.as_str() == host && !domain.is_address());
        normal
            && path.bytes().all(is_path_byte)
            && !has_dots(path)
            && query.bytes().all(is_query_byte)
    })
}

/// Host and, from the first slash on, the rest.
fn plain_parts(text: &str) -> Option<(&str, &str)> {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"))?;
    rest.split_at_checked(rest.find('/')?)
}

/// Whether a part of the path is `.` or `..`.
fn has_dots(path: &str) -> bool {
    path.split('/').any(|part| part == "." || part == "..")
}

const fn is_path_byte(byte: u8) -> bool {
    matches!(byte, b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'_' | b'.' | b'~' | b'=' | b'&' | b'+' | b',' | b':' | b'@')
}

const fn is_query_byte(byte: u8) -> bool {
    is_path_byte(byte) || byte == b'?'
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn one_spelling_per_url() {
        for (written, normal, name) in [
            ("https://example.com/a?b=c", "https://example.com/a?b=c", Some("example.com")),
            ("HTTPS://Example.COM.:443/a/../b", "https://example.com/b", Some("example.com")),
            ("http://example.com", "http://example.com/", Some("example.com")),
            ("http://example.com:8080/x#y", "http://example.com:8080/x#y", Some("example.com")),
            (
                "https://b\u{fc}cher.example/\u{fc}",
                "https://xn--bcher-kva.example/%C3%BC",
                Some("xn--bcher-kva.example"),
            ),
            ("http://2130706433/", "http://127.0.0.1/", Some("127.0.0.1")),
            ("http://0x7f.1/", "http://127.0.0.1/", Some("127.0.0.1")),
            ("http://127.1/", "http://127.0.0.1/", Some("127.0.0.1")),
            ("http://[::ffff:127.0.0.1]/", "http://127.0.0.1/", Some("127.0.0.1")),
            ("http://[2001:DB8::1]:80/", "http://[2001:db8::1]/", Some("[2001:db8::1]")),
            ("http://localhost./", "http://localhost/", Some("localhost")),
            ("https://x.test/@evil.example/", "https://x.test/@evil.example/", Some("x.test")),
            ("https://x.test/%2e%2e/a/./b", "https://x.test/a/b", Some("x.test")),
            ("https://x.test?q=http://y.test", "https://x.test/?q=http://y.test", Some("x.test")),
            ("file:///srv/../etc", "file:///etc", None),
            ("mailto:a@x.test", "mailto:a@x.test", None),
            ("data:text/plain,a://b", "data:text/plain,a://b", None),
            ("db://Host.Example.:5432/x", "db://Host.Example.:5432/x", Some("host.example")),
        ] {
            assert_eq!(UrlText::parse(written).as_ref().map(UrlText::as_str), Some(normal));
            assert_eq!(host(written).as_deref(), name, "{written}");
            assert_eq!(UrlText::parse(normal).unwrap().host().as_deref(), name, "{written}");
        }
    }

    #[test]
    fn what_readers_understand_differently_is_unknown() {
        for written in [
            "",
            "example.com",
            "/a",
            "//x.test/",
            "https://",
            "https:///x.test",
            "https:x.test",
            "https:/x.test",
            "https://good.example@evil.example/",
            "https://a:b@x.test/",
            "https://@x.test/",
            "https://good.example\\@evil.example/",
            "https:\\\\x.test",
            "https://x.test/a b",
            " https://x.test/",
            "https://x.test/\n",
            "ht\ttps://x.test/",
            "https://x.test/\u{a0}",
            "https://ex%61mple.com/",
            "https://xn--good-.example/",
            "https://x.test:99999/",
            "https://exa mple.com/",
            "db://a@x.test/",
            "db://\u{fc}.test/",
        ] {
            assert_eq!(UrlText::parse(written), None, "{written:?}");
            assert_eq!(host(written), None, "{written:?}");
        }
    }

    #[test]
    fn a_host_the_dns_cannot_know_is_unknown() {
        assert_eq!(host("https://a..b/"), None);
        assert_eq!(host("https://a$b.test/"), None);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1024))]

        #[test]
        fn the_short_way_agrees_with_the_long_one(
            text in "https?://[a-c0-9x.-]{1,6}/[a-c.%~=&+,:@/]{0,8}(\\?[a-c=&?/:@+,.~-]{0,6})?",
        ) {
            if is_plain(&text) {
                let long = normalised(&text).map(String::from);
                prop_assert_eq!(long.as_deref(), Some(text.as_str()));
                let url = UrlText(Cow::Owned(text.clone()));
                prop_assert_eq!(host(&text), url.host());
            }
        }

        #[test]
        fn normal_forms_stay(
            text in "(https?|ftp|db|file)://[a-cA-C0-9x.\u{fc}]{0,6}(:[0-9]{1,4})?[/?#][a-c./%2eE\u{fc}?#'\"<>]{0,8}",
        ) {
            if let Some(url) = UrlText::parse(&text) {
                prop_assert!(UrlText::parse(url.as_str()).as_ref() == Some(&url), "{url:?}");
                prop_assert_eq!(host(url.as_str()), host(&text));
            }
        }
    }
}
