//! The 66 characters of names: which bytes they are, their case, their order, and sets of them.

/// This byte may stand in a name.
pub(super) const VALID: u8 = 1;
/// This byte is an upper-case letter.
pub(super) const UPPER: u8 = 2;

/// What each byte is: [`VALID`], [`UPPER`], or neither.
pub(super) static KIND: [u8; 256] = kinds();

/// Each folded byte's place in the order of names (`/` included), or 63: never a child of a trie.
pub(super) static SYMBOL: [u8; 256] = symbols();

const fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b':')
}

const fn kinds() -> [u8; 256] {
    let mut table = [0; 256];
    let mut byte = 0_u8;
    while byte < 128 {
        if is_name_byte(byte) {
            table[byte as usize] = if byte.is_ascii_uppercase() { VALID | UPPER } else { VALID };
        }
        byte += 1;
    }
    table
}

const fn symbols() -> [u8; 256] {
    let mut table = [63; 256];
    let (mut byte, mut next) = (0_u8, 0);
    while byte < 128 {
        if byte == b'/' || (is_name_byte(byte) && !byte.is_ascii_uppercase()) {
            table[byte as usize] = next;
            next += 1;
        }
        byte += 1;
    }
    table
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
