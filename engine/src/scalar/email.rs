//! Mail addresses: one bare address, and how many a text holds.

use std::borrow::Cow;

use unicode_normalization::char::is_combining_mark;

use super::domain::Domain;
use super::text;
use crate::json::Value;

/// The longest local part and the longest address, in bytes (RFC 5321, section 4.5.3.1).
const LONGEST_LOCAL: usize = 64;
const LONGEST_ADDRESS: usize = 254;

/// What a local part may have besides letters and digits: the `atext` of RFC 5322, section 3.2.3,
/// and the dot, without `%` and `!`, with which old servers are told to pass mail on elsewhere.
const LOCAL_MARKS: &[u8] = b".#$&'*+-/=?^_`{|}~";

/// One bare address, `local@domain`, all in lower case, its domain normal.
///
/// ```
/// use fence_engine::scalar::EmailAddress;
///
/// let address = EmailAddress::parse("Ana@Example.com").unwrap();
/// assert_eq!(address.as_str(), "ana@example.com");
/// assert_eq!(address.domain(), "example.com");
/// assert!(EmailAddress::parse("Ana <ana@example.com>").is_none());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EmailAddress<'a> {
    text: Cow<'a, str>,
    /// Where the `@` is.
    at: usize,
}

impl<'a> EmailAddress<'a> {
    /// Reads one address; `None` for display names, quotes, comments, blanks, separators, a second
    /// `@`, control or invisible characters, an IP address as domain.
    #[must_use]
    pub fn parse(text: &'a str) -> Option<Self> {
        let (local, domain) = text.split_once('@')?;
        if !is_local(local) {
            return None;
        }
        let (local, domain) = (normal_local(local)?, Domain::parse(domain)?);
        let at = local.len();
        if domain.is_address() || at > LONGEST_LOCAL {
            return None;
        }
        let text = match (local, domain.into_text()) {
            (Cow::Borrowed(local), Cow::Borrowed(domain)) => {
                // The domain's final dot may be left behind.
                Cow::Borrowed(text.get(..local.len() + 1 + domain.len())?)
            }
            (local, domain) => Cow::Owned(format!("{local}@{domain}")),
        };
        (text.len() <= LONGEST_ADDRESS).then_some(Self { text, at })
    }

    /// The normal form.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The domain in its normal form, borrowed where the text had it.
    #[must_use]
    pub fn into_domain(self) -> Cow<'a, str> {
        match self.text {
            Cow::Borrowed(text) => Cow::Borrowed(text.get(self.at + 1..).unwrap_or_default()),
            Cow::Owned(text) => Cow::Owned(text.get(self.at + 1..).unwrap_or_default().to_owned()),
        }
    }

    /// The normal form, borrowed where the text had it.
    #[must_use]
    pub fn into_text(self) -> Cow<'a, str> {
        self.text
    }

    /// The domain in its normal form.
    #[must_use]
    pub fn domain(&self) -> &str {
        self.text.get(self.at + 1..).unwrap_or_default()
    }
}

/// In lower case; `None` where other letters become ASCII ones, which would be another mailbox.
fn normal_local(local: &str) -> Option<Cow<'_, str>> {
    let lower = text::lower(local);
    (local.is_ascii() || !lower.is_ascii()).then_some(lower)
}

/// One or more runs of ordinary characters with single dots between them.
fn is_local(local: &str) -> bool {
    let ordinary = |char: char| match u8::try_from(char) {
        Ok(byte) if byte.is_ascii() => byte.is_ascii_alphanumeric() || LOCAL_MARKS.contains(&byte),
        _ => char.is_alphanumeric() || is_combining_mark(char),
    };
    local.chars().all(ordinary) && local.split('.').all(|run| !run.is_empty())
}

/// How many addresses a text holds as written, separated by `,` or `;`; empty pieces between
/// separators do not count. `None` where that cannot be told: a control character, or a piece with
/// more than one `@`.
///
/// ```
/// use fence_engine::scalar::count_addresses;
///
/// assert_eq!(count_addresses("a@x.test; b@x.test;"), Some(2));
/// assert_eq!(count_addresses(""), Some(0));
/// assert_eq!(count_addresses("a@x.test b@x.test"), None);
/// ```
#[must_use]
pub fn count_addresses(text: &str) -> Option<usize> {
    if text.chars().any(char::is_control) {
        return None;
    }
    let mut count = 0;
    for piece in text.split([',', ';']).filter(|piece| !piece.trim().is_empty()) {
        count += usize::from(is_one(piece)?);
    }
    Some(count)
}

/// `true` when a piece without separators can be only one address, else `None`.
fn is_one(piece: &str) -> Option<bool> {
    (piece.bytes().filter(|byte| *byte == b'@').count() <= 1).then_some(true)
}

/// What `count` makes of one argument: a text counts its addresses, a list its items, each of which
/// has to be one text without a separator or control character. Anything else is `None`.
#[must_use]
pub fn count_items(value: Value<'_>) -> Option<u64> {
    match value {
        Value::Text(text) => u64::try_from(count_addresses(text)?).ok(),
        Value::List(list) => {
            let one = |item: Value<'_>| item.as_text().is_some_and(is_item);
            list.iter().all(one).then(|| u64::try_from(list.len()).ok())?
        }
        _ => None,
    }
}

fn is_item(text: &str) -> bool {
    !text.contains([',', ';']) && count_addresses(text) == Some(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::Json;

    #[test]
    fn one_spelling_per_address() {
        for (written, normal) in [
            ("ana@example.com", "ana@example.com"),
            ("Ana.B+c@EXAMPLE.com.", "ana.b+c@example.com"),
            ("ana@example.com.", "ana@example.com"),
            ("a@b\u{fc}cher.example", "a@xn--bcher-kva.example"),
            ("J\u{dc}RGEN@x.test", "j\u{fc}rgen@x.test"),
            ("a@localhost", "a@localhost"),
        ] {
            let address = EmailAddress::parse(written).unwrap();
            assert_eq!(address.as_str(), normal);
            assert_eq!(address.domain(), normal.split_once('@').unwrap().1);
        }
    }

    #[test]
    fn what_is_not_one_bare_address_is_unknown() {
        for written in [
            "",
            "@",
            "a",
            "a@",
            "@x.test",
            "a@b@x.test",
            "ceo@good.example <x@evil.example>",
            "<a@x.test>",
            "\"a b\"@x.test",
            "a(b)@x.test",
            "a b@x.test",
            "a@x.test ",
            " a@x.test",
            "a@x.test,b@x.test",
            "a@x.test;b@x.test",
            "a@x.test\nbcc:b@x.test",
            "a\0@x.test",
            "a@[127.0.0.1]",
            "a@127.0.0.1",
            "a@2130706433",
            "mailto:a@x.test",
            ".a@x.test",
            "a.@x.test",
            "a..b@x.test",
            "a\\@x.test",
            "b%evil.example@x.test",
            "evil!b@x.test",
            "a\u{200b}@x.test",
            "a\u{202e}@x.test",
            "a\u{ff20}x.test",
            "a@*.test",
            "\u{212a}im@x.test",
        ] {
            assert_eq!(EmailAddress::parse(written), None, "{written:?}");
        }
        assert_eq!(EmailAddress::parse(&format!("{}@x.test", "a".repeat(65))), None);
    }

    #[test]
    fn the_usual_address_is_not_copied() {
        for written in ["ana@example.com", "ana@example.com."] {
            assert!(matches!(EmailAddress::parse(written).unwrap().text, Cow::Borrowed(_)));
        }
    }

    #[test]
    fn items_are_counted_as_written() {
        for (json, count) in [
            (r#""a@x.test""#, Some(1)),
            (r#""a@x.test, b@x.test;c@x.test""#, Some(3)),
            (r#"" ,; ,a@x.test,""#, Some(1)),
            (r#""""#, Some(0)),
            (r#""a@x.test b@x.test""#, None),
            (r#""a@x.test\nb@x.test""#, None),
            ("[]", Some(0)),
            (r#"["a@x.test","a@x.test","not an address"]"#, Some(3)),
            (r#"["a@x.test;b@x.test"]"#, None),
            (r#"["a@x.test,"]"#, None),
            (r#"["a@x.test\u0085b"]"#, None),
            (r#"["a@x.test b@x.test"]"#, None),
            (r#"[""]"#, None),
            (r#"[" "]"#, None),
            ("[1]", None),
            ("[null]", None),
            (r#"[["a@x.test"]]"#, None),
            (r#"{"0":"a@x.test","length":1}"#, None),
            ("1", None),
            ("null", None),
            ("true", None),
        ] {
            assert_eq!(count_items(Json::parse(json.as_bytes()).unwrap().root()), count, "{json}");
        }
    }
}
