//! Exact numbers: decimal digits and a power of ten, never rounded.
//!
//! Any spelling of a value is the same number (`5`, `5.0`, `0.5e1`); a value outside the range is
//! an error, not an approximation. Numbers beyond the range still have a canonical form as text
//! ([`write_canonical`]), so that no two different ones share a digest.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

mod sum;
mod token;

pub use sum::Sum;
pub(crate) use token::MAX_EXPONENT_DIGITS;
pub use token::write_canonical;

/// The most significant digits a [`Number`] holds.
pub const MAX_DIGITS: u32 = 28;

/// The power of ten of a [`Number`]'s last non-zero digit lies within `-MAX_EXPONENT..=MAX_EXPONENT`.
pub const MAX_EXPONENT: i8 = 28;

/// `POWERS[n]` is ten to the power `n`.
const POWERS: [i128; 39] = {
    let mut powers = [1i128; 39];
    let mut at = 1;
    while at < powers.len() {
        powers[at] = powers[at - 1] * 10;
        at += 1;
    }
    powers
};

/// One above the greatest coefficient.
const COEFFICIENT_END: i128 = POWERS[MAX_DIGITS as usize];

/// An exact decimal number: at most 28 significant digits, the last non-zero one standing for a
/// power of ten within ±28.
///
/// ```
/// use fence_engine::number::Number;
///
/// let limit: Number = "0.30".parse().unwrap();
/// assert_eq!(limit, "3e-1".parse().unwrap());
/// assert!(limit < Number::from(1));
/// assert_eq!(limit.to_string(), "0.3");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Number {
    /// Without trailing zeros; 0 for zero.
    coefficient: i128,
    /// 0 for zero.
    exponent: i8,
}

/// Why a text is not a [`Number`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum NumberError {
    /// The text does not follow the JSON grammar for numbers.
    #[error("not a number")]
    NotANumber,
    /// The value needs more digits or a greater power of ten than a number may have.
    #[error("the number has more than 28 significant digits or a power of ten beyond 28")]
    OutOfRange,
}

impl Number {
    /// Zero.
    pub const ZERO: Self = Self { coefficient: 0, exponent: 0 };

    /// `coefficient × 10^exponent`, or `None` when that leaves the range.
    #[must_use]
    pub fn new(coefficient: i128, exponent: i32) -> Option<Self> {
        if coefficient == 0 {
            return Some(Self::ZERO);
        }
        let (mut coefficient, mut exponent) = (coefficient, i64::from(exponent));
        while coefficient % 10 == 0 {
            coefficient /= 10;
            exponent += 1;
        }
        let exponent = i8::try_from(exponent).ok()?;
        let fits = (-MAX_EXPONENT..=MAX_EXPONENT).contains(&exponent)
            && coefficient.unsigned_abs() < COEFFICIENT_END.unsigned_abs();
        fits.then_some(Self { coefficient, exponent })
    }

    /// Reads a number in JSON's spelling.
    ///
    /// # Errors
    /// [`NumberError::NotANumber`] for anything else (`+1`, `01`, `.5`, blanks),
    /// [`NumberError::OutOfRange`] for a value that cannot be held exactly.
    pub fn parse(text: &str) -> Result<Self, NumberError> {
        match small_integer(text.as_bytes()) {
            Some(value) => Ok(Self::from(value)),
            None => token::Significant::of(text).ok_or(NumberError::NotANumber)?.number(),
        }
    }

    /// Whether there is no fraction.
    #[must_use]
    pub const fn is_integer(self) -> bool {
        self.exponent >= 0
    }

    /// Whether the number is below zero.
    #[must_use]
    pub const fn is_negative(self) -> bool {
        self.coefficient < 0
    }

    /// The value as an unsigned integer, or `None` when it is negative, fractional or too large.
    #[must_use]
    pub fn to_u64(self) -> Option<u64> {
        let power = POWERS.get(usize::try_from(self.exponent).ok()?)?;
        u64::try_from(self.coefficient.checked_mul(*power)?).ok()
    }

    /// The exact product, or `None` when it leaves the range.
    #[must_use]
    pub fn checked_mul(self, other: Self) -> Option<Self> {
        let coefficient = self.coefficient.checked_mul(other.coefficient)?;
        Self::new(coefficient, i32::from(self.exponent) + i32::from(other.exponent))
    }

    /// The digits, without trailing zeros, and the power of ten of the last one.
    #[must_use]
    pub const fn parts(self) -> (i128, i8) {
        (self.coefficient, self.exponent)
    }
}

/// The value of at most 18 digits without a leading zero, the usual number in a call.
fn small_integer(bytes: &[u8]) -> Option<u64> {
    match bytes {
        [b'0'] => Some(0),
        [b'1'..=b'9', ..] if bytes.len() <= 18 => bytes.iter().try_fold(0u64, |value, byte| {
            byte.is_ascii_digit().then(|| value * 10 + u64::from(byte - b'0'))
        }),
        _ => None,
    }
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        match self.exponent.cmp(&other.exponent) {
            Ordering::Equal => self.coefficient.cmp(&other.coefficient),
            Ordering::Less => compare_scaled(*other, *self).reverse(),
            Ordering::Greater => compare_scaled(*self, *other),
        }
    }
}

/// Compares `coarse`, which has the greater exponent, with `fine`.
fn compare_scaled(coarse: Number, fine: Number) -> Ordering {
    let steps = usize::from(coarse.exponent.abs_diff(fine.exponent));
    let scaled = POWERS.get(steps).and_then(|power| coarse.coefficient.checked_mul(*power));
    match scaled {
        Some(scaled) => scaled.cmp(&fine.coefficient),
        // Scaled, a coefficient beyond i128 outweighs any 28 digits, so that its sign decides.
        None => coarse.coefficient.cmp(&0),
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl FromStr for Number {
    type Err = NumberError;

    fn from_str(text: &str) -> Result<Self, NumberError> {
        Self::parse(text)
    }
}

macro_rules! from_integers {
    ($($integer:ty)*) => {$(
        impl From<$integer> for Number {
            fn from(value: $integer) -> Self {
                Self::from_integer(i128::from(value))
            }
        }
    )*};
}

from_integers!(u8 u16 u32 u64 i8 i16 i32 i64);

impl Number {
    /// `value` must have at most 20 digits, which every 64-bit integer does.
    fn from_integer(value: i128) -> Self {
        if value % 10 != 0 {
            return Self { coefficient: value, exponent: 0 };
        }
        Self::new(value, 0).unwrap_or(Self::ZERO)
    }
}

/// Plain up to 21 digits before the point and 6 zeros after it (`1000`, `0.25`), otherwise digits
/// and power (`12e25`); always readable by [`Number::parse`].
impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.coefficient.unsigned_abs().to_string();
        let sign = if self.coefficient < 0 { "-" } else { "" };
        let places = usize::from(self.exponent.unsigned_abs());
        let plain = match digits.len().checked_sub(places) {
            _ if self.exponent >= 0 && digits.len() + places <= 21 => {
                format!("{sign}{digits}{:0<places$}", "")
            }
            _ if self.exponent >= 0 => format!("{sign}{digits}e{places}"),
            Some(whole @ 1..) => {
                let (before, after) = digits.split_at(whole);
                format!("{sign}{before}.{after}")
            }
            _ if places - digits.len() <= 6 => format!("{sign}0.{digits:0>places$}"),
            _ => format!("{sign}{digits}e-{places}"),
        };
        f.pad(&plain)
    }
}

impl fmt::Debug for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests;
