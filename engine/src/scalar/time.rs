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
