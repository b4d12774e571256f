//! The 66 characters of names: which bytes they are, their case, their order, and sets of them.

/// A number below 64 for each byte of a folded name, `/` included; no two share one.
#[inline]
pub(super) const fn symbol(byte: u8) -> u8 {
    (byte & 0x1F) | ((byte & 0x40) >> 1)
}

const fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b':')
}

/// The character as a byte, if it may stand in a name.
pub(super) fn name_byte(c: char) -> Option<u8> {
    u8::try_from(c).ok().filter(|byte| is_name_byte(*byte))
}

/// A set of name characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Set(u128);

impl Set {
    /// The name characters in `ranges`, or all others.
    pub(super) fn new(negated: bool, ranges: &[(char, char)]) -> Self {
        let within =
            |byte: u8| ranges.iter().any(|(low, high)| (*low..=*high).contains(&char::from(byte)));
        Self::collect((0..128).filter(|byte| is_name_byte(*byte) && within(*byte) != negated))
    }

    fn collect(bytes: impl Iterator<Item = u8>) -> Self {
        Self(bytes.fold(0, |bits, byte| bits | bit(byte)))
    }

    /// With every letter in both cases.
    pub(super) fn any_case(self) -> Self {
        let other_cases = self.bytes().filter(u8::is_ascii_alphabetic).map(|byte| byte ^ 0x20);
        Self(self.0 | Self::collect(other_cases).0)
    }

    pub(super) fn contains(self, byte: u8) -> bool {
        self.0 & bit(byte) != 0
    }

    pub(super) fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Its members in ASCII order.
    pub(super) fn bytes(self) -> impl Iterator<Item = u8> {
        (0..128).filter(move |byte| self.contains(*byte))
    }
}

/// The bit of an ASCII byte; none for others.
fn bit(byte: u8) -> u128 {
    1_u128.checked_shl(u32::from(byte)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{is_name_byte, symbol};

    #[test]
    fn every_folded_character_has_a_number_of_its_own() {
        let folded = |byte: &u8| *byte == b'/' || is_name_byte(*byte) && !byte.is_ascii_uppercase();
        let numbers: BTreeSet<_> = (0..128).filter(folded).map(symbol).collect();
        assert_eq!((numbers.len(), numbers.last()), (41, Some(&63)));
    }
}
