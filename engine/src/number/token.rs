//! A number as JSON writes it, taken apart without being computed.

use std::fmt::Write as _;

use super::{MAX_DIGITS, Number, NumberError};

/// The most digits an exponent may be written with.
pub(crate) const MAX_EXPONENT_DIGITS: usize = 36;

/// The digits of a number token without outer zeros, and the power of ten of the last one.
pub(super) struct Significant<'a> {
    negative: bool,
    /// Before the point; without leading zeros.
    integer: &'a str,
    /// After the point; without trailing zeros, and without leading ones where `integer` is empty.
    fraction: &'a str,
    exponent: i128,
}

impl<'a> Significant<'a> {
    /// Takes a token apart; `None` when it does not follow the grammar of RFC 8259, section 6.
    pub(super) fn of(token: &'a str) -> Option<Self> {
        let (negative, unsigned) = match token.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, token),
        };
        let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, power(exponent)?),
            None => (unsigned, 0),
        };
        let (integer, fraction) = match mantissa.split_once('.') {
            Some((integer, fraction)) => (integer, digits(fraction)?),
            None => (mantissa, ""),
        };
        if integer.len() > 1 && integer.starts_with('0') {
            return None;
        }
        Some(Self::trimmed(negative, digits(integer)?, fraction, exponent))
    }

    fn trimmed(negative: bool, integer: &'a str, fraction: &'a str, exponent: i128) -> Self {
        let kept = fraction.trim_end_matches('0');
        let whole = if kept.is_empty() { integer.trim_end_matches('0') } else { integer };
        let exponent = exponent + length(integer) - length(whole) - length(kept);
        let integer = whole.trim_start_matches('0');
        let fraction = if integer.is_empty() { kept.trim_start_matches('0') } else { kept };
        Self { negative, integer, fraction, exponent }
    }

    fn is_zero(&self) -> bool {
        self.integer.is_empty() && self.fraction.is_empty()
    }

    /// The exact value, when it lies in the range.
    pub(super) fn number(&self) -> Result<Number, NumberError> {
        if self.is_zero() {
            return Ok(Number::ZERO);
        }
        if self.integer.len() + self.fraction.len() > MAX_DIGITS as usize {
            return Err(NumberError::OutOfRange);
        }
        let magnitude = self
            .integer
            .bytes()
            .chain(self.fraction.bytes())
            .fold(0i128, |value, digit| value * 10 + i128::from(digit - b'0'));
        let coefficient = if self.negative { -magnitude } else { magnitude };
        i32::try_from(self.exponent)
            .ok()
            .and_then(|exponent| Number::new(coefficient, exponent))
            .ok_or(NumberError::OutOfRange)
    }
}

fn length(digits: &str) -> i128 {
    i128::try_from(digits.len()).unwrap_or(i128::MAX)
}

/// `text` when it is one or more digits.
fn digits(text: &str) -> Option<&str> {
    (!text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())).then_some(text)
}

/// The value of what follows the `e`.
fn power(text: &str) -> Option<i128> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    if unsigned.len() > MAX_EXPONENT_DIGITS {
        return None;
    }
    let value: i128 = digits(unsigned)?.parse().ok()?;
    Some(if text.starts_with('-') { -value } else { value })
}

/// Appends the canonical form of a JSON number token: its exact digits without outer zeros, then
/// its power of ten where that is not 0. Never expanded, so the length stays that of the token.
///
/// `5.0` → `5`, `50` → `5e1`, `0.25` → `25e-2`, `-0` → `0`, `1e999999999` → `1e999999999`.
/// A text that is not such a token (exponents have at most 36 digits) is appended as it stands.
pub fn write_canonical(token: &str, out: &mut String) {
    match Significant::of(token) {
        None => out.push_str(token),
        Some(number) if number.is_zero() => out.push('0'),
        Some(number) => {
            if number.negative {
                out.push('-');
            }
            out.push_str(number.integer);
            out.push_str(number.fraction);
            if number.exponent != 0 {
                // Writing to a text cannot fail.
                let _ = write!(out, "e{}", number.exponent);
            }
        }
    }
}
