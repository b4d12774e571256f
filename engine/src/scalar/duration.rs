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
