//! A name in lower case on the stack, with room on both sides so that eight bytes can be read anywhere.

use super::super::name::Name;

const PAD: usize = 8;

pub(super) struct Folded<const N: usize> {
    bytes: [u8; N],
}

impl<const N: usize> Folded<N> {
    /// The longest name that fits.
    pub(super) const CAPACITY: usize = N - 2 * PAD;

    #[inline]
    pub(super) fn new(name: &Name<'_>) -> Self {
        let mut bytes = [0; N];
        let text = name.as_str().as_bytes();
        if let Some(room) = bytes.get_mut(PAD..PAD + text.len()) {
            room.copy_from_slice(text);
        }
        if name.has_upper() {
            bytes.make_ascii_lowercase();
        }
        Self { bytes }
    }

    /// The byte at a position.
    #[inline]
    pub(super) fn byte(&self, at: usize) -> u8 {
        self.bytes.get(at + PAD).copied().unwrap_or(0)
    }

    /// Eight bytes from a position on, the first one lowest.
    #[inline]
    pub(super) fn forwards(&self, at: usize) -> u64 {
        let bytes = self.bytes.get(at + PAD..).and_then(|rest| rest.first_chunk());
        bytes.map_or(0, |chunk| u64::from_le_bytes(*chunk))
    }

    /// The eight bytes before a position, the last one lowest.
    #[inline]
    pub(super) fn backwards(&self, at: usize) -> u64 {
        let bytes = self.bytes.get(at..).and_then(|rest| rest.first_chunk());
        bytes.map_or(0, |chunk| u64::from_be_bytes(*chunk))
    }

    #[inline]
    pub(super) fn slice(&self, from: usize, to: usize) -> &[u8] {
        self.bytes.get(from + PAD..to + PAD).unwrap_or_default()
    }
}
