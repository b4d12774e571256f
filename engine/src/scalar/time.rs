//! Instants, days and local times, read strictly.

use std::fmt;

use chrono::{DateTime, NaiveDate, NaiveDateTime, SecondsFormat, Utc};

use super::duration::Duration;

const MICROS: i64 = 1_000_000;

/// An instant: microseconds since 1970-01-01T00:00:00Z, in the years 0 to 9999.
///
/// ```
/// use fence_engine::scalar::Timestamp;
///
/// let at = Timestamp::parse("2026-03-23T10:00:00+01:00").unwrap();
/// assert_eq!(at.to_string(), "2026-03-23T09:00:00Z");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(i64);

impl Timestamp {
    /// 1970-01-01T00:00:00Z
    pub const EPOCH: Self = Self(0);
    /// 0000-01-01T00:00:00Z
    pub const MIN: Self = Self(-62_167_219_200 * MICROS);
    /// 9999-12-31T23:59:59.999999Z
    pub const MAX: Self = Self(253_402_300_800 * MICROS - 1);

    /// The instant that many microseconds after the epoch; `None` outside the years 0 to 9999.
    #[must_use]
    pub const fn checked_from_micros(micros: i64) -> Option<Self> {
        if micros < Self::MIN.0 || micros > Self::MAX.0 { None } else { Some(Self(micros)) }
    }

    /// The same, but the nearest end of those years where it lies outside.
    #[must_use]
    pub const fn from_micros(micros: i64) -> Self {
        match Self::checked_from_micros(micros) {
            Some(at) => at,
            None if micros < 0 => Self::MIN,
            None => Self::MAX,
        }
    }

    /// Microseconds since the epoch.
    #[must_use]
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Reads an RFC 3339 time with its offset. Digits beyond the microsecond are cut off. `None`
    /// for anything else, leap seconds included.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (day, rest) = text.split_once(['T', 't'])?;
        let (time, offset) = rest.split_at_checked(rest.find(['Z', 'z', '+', '-'])?)?;
        let (clock, micros) = match time.split_once('.') {
            Some((clock, fraction)) => (clock, fraction_micros(fraction)?),
            None => (time, 0),
        };
        let [hour, minute, second] = numbers(clock, ':')?;
        let local = date(day)?.and_hms_micro_opt(hour, minute, second, micros)?;
        let utc = local.and_utc().timestamp_micros().checked_sub(offset_micros(offset)?)?;
        Self::checked_from_micros(utc)
    }

    /// The instant as chrono has it; `None` outside the years 0 to 9999.
    #[must_use]
    pub fn from_chrono(at: DateTime<Utc>) -> Option<Self> {
        Self::checked_from_micros(at.timestamp_micros())
    }

    /// The instant for chrono.
    #[must_use]
    pub fn to_chrono(self) -> DateTime<Utc> {
        // Years 0 to 9999 lie within what chrono can hold.
        DateTime::from_timestamp_micros(self.0).unwrap_or_default()
    }

    /// The instant `duration` later; `None` behind the year 9999.
    #[must_use]
    pub fn checked_add(self, duration: Duration) -> Option<Self> {
        Self::checked_from_micros(self.0.checked_add(duration.micros())?)
    }

    /// The instant `duration` earlier; `None` before the year 0.
    #[must_use]
    pub fn checked_sub(self, duration: Duration) -> Option<Self> {
        Self::checked_from_micros(self.0.checked_sub(duration.micros())?)
    }

    /// The instant `duration` later, at most [`Timestamp::MAX`].
    #[must_use]
    pub fn saturating_add(self, duration: Duration) -> Self {
        self.checked_add(duration).unwrap_or(Self::MAX)
    }

    /// The instant `duration` earlier, at least [`Timestamp::MIN`].
    #[must_use]
    pub fn saturating_sub(self, duration: Duration) -> Self {
        self.checked_sub(duration).unwrap_or(Self::MIN)
    }
}

/// RFC 3339 in UTC; microseconds where there are any.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whole = self.0.rem_euclid(MICROS) == 0;
        let digits = if whole { SecondsFormat::Secs } else { SecondsFormat::Micros };
        f.write_str(&self.to_chrono().to_rfc3339_opts(digits, true))
    }
}

/// A day written `YYYY-MM-DD`; `None` for anything else, impossible days included.
#[must_use]
pub fn date(text: &str) -> Option<NaiveDate> {
    let (year, rest) = text.split_once('-')?;
    let [month, day] = numbers(rest, '-')?;
    NaiveDate::from_ymd_opt(i32::try_from(number(year, 4)?).ok()?, month, day)
}

/// A local time written `YYYY-MM-DDTHH:MM` or `YYYY-MM-DDTHH:MM:SS`; `None` for anything else.
#[must_use]
pub fn local_date_time(text: &str) -> Option<NaiveDateTime> {
    let (day, clock) = text.split_once('T')?;
    let [hour, minute, second] = match clock.len() {
        5 => numbers(clock, ':').map(|[hour, minute]| [hour, minute, 0])?,
        _ => numbers(clock, ':')?,
    };
    date(day)?.and_hms_opt(hour, minute, second)
}

/// Numbers of two digits each with `separator` between them.
fn numbers<const N: usize>(text: &str, separator: char) -> Option<[u32; N]> {
    let mut parts = text.split(separator);
    let mut numbers = [0; N];
    for slot in &mut numbers {
        *slot = number(parts.next()?, 2)?;
    }
    parts.next().is_none().then_some(numbers)
}

/// A number of exactly `width` digits.
fn number(text: &str, width: usize) -> Option<u32> {
    let digits = text.len() == width && text.bytes().all(|byte| byte.is_ascii_digit());
    if digits { text.parse().ok() } else { None }
}

/// The microseconds of the digits behind the point.
fn fraction_micros(digits: &str) -> Option<u32> {
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let kept = digits.get(..6).unwrap_or(digits);
    number(&format!("{kept:0<6}"), 6)
}

/// What `Z`, `+HH:MM` or `-HH:MM` add to UTC.
fn offset_micros(text: &str) -> Option<i64> {
    let (sign, rest) = match text.as_bytes().first()? {
        b'Z' | b'z' => return (text.len() == 1).then_some(0),
        b'+' => (1, text.get(1..)?),
        _ => (-1, text.get(1..)?),
    };
    let [hours, minutes] = numbers(rest, ':')?;
    let valid = hours < 24 && minutes < 60;
    valid.then(|| sign * i64::from(hours * 3600 + minutes * 60) * MICROS)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn times_are_read_with_their_offset() {
        for (written, shown) in [
            ("1970-01-01T00:00:00Z", "1970-01-01T00:00:00Z"),
            ("2026-03-23T10:00:00+01:00", "2026-03-23T09:00:00Z"),
            ("2026-03-23t10:00:00z", "2026-03-23T10:00:00Z"),
            ("2026-03-23T00:30:00-23:59", "2026-03-24T00:29:00Z"),
            ("2026-03-23T10:00:00-00:00", "2026-03-23T10:00:00Z"),
            ("2026-03-23T10:00:00.5Z", "2026-03-23T10:00:00.500000Z"),
            ("2026-03-23T10:00:00.000000Z", "2026-03-23T10:00:00Z"),
            ("2026-03-23T10:00:00.1234567891Z", "2026-03-23T10:00:00.123456Z"),
            ("1969-12-31T23:59:59.25Z", "1969-12-31T23:59:59.250000Z"),
            ("2024-02-29T00:00:00Z", "2024-02-29T00:00:00Z"),
            ("0000-01-01T00:00:00Z", "0000-01-01T00:00:00Z"),
            ("9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z"),
        ] {
            let at = Timestamp::parse(written).unwrap();
            assert_eq!(at.to_string(), shown, "{written}");
            assert_eq!(Timestamp::from_chrono(at.to_chrono()), Some(at));
        }
        assert_eq!(Timestamp::parse("0000-01-01T00:00:00Z"), Some(Timestamp::MIN));
        assert_eq!(Timestamp::parse("9999-12-31T23:59:59.999999Z"), Some(Timestamp::MAX));
        assert_eq!(Timestamp::parse("1970-01-01T00:00:00Z"), Some(Timestamp::EPOCH));
    }

    #[test]
    fn what_is_no_whole_time_is_unknown() {
        for written in [
            "",
            "T",
            "now",
            "2026-03-23",
            "2026-03-23T10:00:00",
            "2026-03-23T10:00Z",
            "2026-03-23 10:00:00Z",
            "2026-03-23T10:00:00 Z",
            "2026-03-23T10:00:00.Z",
            "2026-03-23T10:00:00,5Z",
            "2026-03-23T10:00:00+0100",
            "2026-03-23T10:00:00+01",
            "2026-03-23T10:00:00+24:00",
            "2026-03-23T10:00:00+01:60",
            "2026-03-23T10:00:00Zx",
            "2026-03-23T24:00:00Z",
            "2026-03-23T10:60:00Z",
            "2016-12-31T23:59:60Z",
            "2026-02-29T10:00:00Z",
            "2026-13-01T10:00:00Z",
            "2026-00-01T10:00:00Z",
            "26-03-23T10:00:00Z",
            "+2026-03-23T10:00:00Z",
            "-001-03-23T10:00:00Z",
            "+999999999-01-01T00:00:00Z",
            "0000-01-01T00:00:00+00:01",
            "9999-12-31T23:59:59-00:01",
            "2026-3-23T10:00:00Z",
            "\u{662}\u{660}26-03-23T10:00:00Z",
            "2026-03-23T1\u{e9}:00:00Z",
            "2026-03-23T10:00:00+\u{e9}1:00",
            "2026-03-23T10:00:00Z ",
        ] {
            assert_eq!(Timestamp::parse(written), None, "{written:?}");
        }
    }

    #[test]
    fn days_and_local_times_are_strict() {
        assert_eq!(date("2026-12-24").unwrap().to_string(), "2026-12-24");
        for written in
            ["", "2026-02-30", "2026-2-03", "2026-02-3", "20260203", "2026-02-03 ", "2026-02-03-04"]
        {
            assert_eq!(date(written), None, "{written:?}");
        }
        let local = |text| local_date_time(text).map(|at| at.to_string());
        assert_eq!(local("2026-03-23T10:00").as_deref(), Some("2026-03-23 10:00:00"));
        assert_eq!(local("2026-03-23T10:00:59").as_deref(), Some("2026-03-23 10:00:59"));
        for written in [
            "2026-03-23",
            "2026-03-23T10",
            "2026-03-23T10:00Z",
            "2026-03-23t10:00",
            "2026-03-23T24:00",
            "2026-03-23T10:00:60",
            "2026-03-23T10:00:00.5",
        ] {
            assert_eq!(local_date_time(written), None, "{written:?}");
        }
    }

    #[test]
    fn time_does_not_run_over() {
        let hour = Duration::parse("1h").unwrap();
        assert_eq!(Timestamp::MAX.checked_add(hour), None);
        assert_eq!(Timestamp::MAX.saturating_add(Duration::MAX), Timestamp::MAX);
        assert_eq!(Timestamp::MIN.saturating_sub(hour), Timestamp::MIN);
        assert_eq!(Timestamp::MAX.checked_sub(Duration::MAX), None);
        assert_eq!(Timestamp::EPOCH.checked_add(hour).unwrap().to_string(), "1970-01-01T01:00:00Z");
        assert_eq!(Timestamp::from_chrono(DateTime::<Utc>::MAX_UTC), None);
        assert_eq!(Timestamp::from_micros(i64::MIN), Timestamp::MIN);
    }

    proptest! {
        #[test]
        fn shown_times_read_back(micros in Timestamp::MIN.micros()..=Timestamp::MAX.micros()) {
            let at = Timestamp::from_micros(micros);
            prop_assert_eq!(Timestamp::parse(&at.to_string()), Some(at));
            prop_assert_eq!(at.to_chrono().timestamp_micros(), micros);
        }

        #[test]
        fn what_is_read_agrees_with_chrono(
            text in "[0-2][0-9]{3}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-6][0-9]:[0-5][0-9](\\.[0-9]{1,9})?(Z|[+-][0-2][0-9]:[0-6][0-9])",
        ) {
            let peer = DateTime::parse_from_rfc3339(&text).ok();
            let peer = peer.and_then(|at| Timestamp::from_chrono(at.to_utc()));
            prop_assert_eq!(Timestamp::parse(&text), peer);
        }

        #[test]
        fn any_text_is_read_or_refused(text in "[-+:.0-9TZ\u{e9}]{0,30}") {
            let _ = (Timestamp::parse(&text), date(&text), local_date_time(&text));
        }
    }
}
