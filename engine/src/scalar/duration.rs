//! Lengths of time as policies write them.

use std::fmt;

/// A unit's letter and its seconds, greatest first. A day is 24 hours.
const UNITS: [(char, u64); 5] = [('w', 604_800), ('d', 86_400), ('h', 3_600), ('m', 60), ('s', 1)];

/// A length of time in whole seconds, never zero: `90s`, `15m`, `1h30m`, `2d`, `1w`.
///
/// ```
/// use fence_engine::scalar::Duration;
///
/// let wait = Duration::parse("1h30m").unwrap();
/// assert_eq!(wait.seconds(), 5_400);
/// assert!(Duration::parse("30m1h").is_none());
/// assert!(Duration::parse("0s").is_none());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Duration {
    seconds: u64,
}

impl Duration {
    /// The longest: its microseconds fill 63 bits.
    pub const MAX: Self = Self { seconds: (i64::MAX / 1_000_000).unsigned_abs() };

    /// So many seconds; `None` for none, or beyond [`Duration::MAX`].
    #[must_use]
    pub const fn from_seconds(seconds: u64) -> Option<Self> {
        if seconds == 0 || seconds > Self::MAX.seconds { None } else { Some(Self { seconds }) }
    }

    /// Reads whole numbers with their units, greatest unit first, each at most once; `None` for
    /// anything else, zero included.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut rest = text;
        let mut seconds = 0u64;
        for (letter, length) in UNITS {
            let digits = rest.find(|char: char| !char.is_ascii_digit()).unwrap_or(rest.len());
            let (number, unit) = rest.split_at_checked(digits)?;
            let Some(behind) = unit.strip_prefix(letter) else { continue };
            seconds = seconds.checked_add(number.parse::<u64>().ok()?.checked_mul(length)?)?;
            rest = behind;
        }
        if rest.is_empty() { Self::from_seconds(seconds) } else { None }
    }

    /// Whole seconds, at least 1.
    #[must_use]
    pub const fn seconds(self) -> u64 {
        self.seconds
    }

    /// Microseconds.
    #[must_use]
    pub const fn micros(self) -> i64 {
        self.seconds.cast_signed() * 1_000_000
    }
}

/// The shortest spelling that reads back as the same; of equally short ones, that with the
/// greatest units (`1w`, not `7d`; `90m`, not `1h30m`).
impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let choices = (1u8..1 << UNITS.len()).rev();
        let spellings = choices.filter_map(|units| spelled(self.seconds, units));
        f.pad(&spellings.min_by_key(String::len).unwrap_or_default())
    }
}

/// `seconds` in the units chosen by the bits of `units`, greatest bit for the greatest unit.
fn spelled(seconds: u64, units: u8) -> Option<String> {
    let mut left = seconds;
    let mut text = String::new();
    for (index, (letter, length)) in UNITS.into_iter().enumerate() {
        let chosen = units & (1 << (UNITS.len() - 1 - index)) != 0;
        if chosen && left >= length {
            text += &format!("{}{letter}", left / length);
            left %= length;
        }
    }
    (left == 0).then_some(text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn units_go_down_each_at_most_once() {
        for (written, seconds) in [
            ("90s", 90),
            ("15m", 900),
            ("1h30m", 5_400),
            ("2d", 172_800),
            ("1w", 604_800),
            ("1w1d1h1m1s", 694_861),
        ] {
            assert_eq!(Duration::parse(written).map(Duration::seconds), Some(seconds));
        }
        for written in [
            "",
            "0s",
            "0h0m",
            "s",
            "1",
            "1x",
            "30m1h",
            "1h1h",
            "1s1w",
            "1.5h",
            "-1h",
            "+1h",
            "1 h",
            "1h ",
            "1H",
            "1h30",
            "h1",
            "\u{663}h",
            "99999999999999999999s",
            "99999999999999w",
            "9223372036855s",
        ] {
            assert_eq!(Duration::parse(written), None, "{written:?}");
        }
        assert_eq!(Duration::parse("9223372036854s"), Some(Duration::MAX));
        assert_eq!(Duration::MAX.micros(), 9_223_372_036_854_000_000);
    }

    #[test]
    fn durations_show_in_their_shortest_spelling() {
        for (written, shown) in [
            ("90s", "90s"),
            ("60s", "1m"),
            ("1h30m", "90m"),
            ("48h", "2d"),
            ("7d", "1w"),
            ("10d", "10d"),
            ("86401s", "1d1s"),
            ("1h1s", "1h1s"),
        ] {
            assert_eq!(Duration::parse(written).unwrap().to_string(), shown);
        }
    }

    proptest! {
        #[test]
        fn shown_durations_read_back(
            seconds in prop_oneof![1..100_000u64, 1..=Duration::MAX.seconds()],
        ) {
            let duration = Duration::from_seconds(seconds).unwrap();
            prop_assert_eq!(Duration::parse(&duration.to_string()), Some(duration));
        }
    }
}
