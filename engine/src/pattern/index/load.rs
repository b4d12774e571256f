//! Reading eight bytes of a name at once, near its ends too.

/// Eight bytes from a position on, the first one lowest; zeros after the end.
#[inline]
pub(super) fn forwards(text: &[u8], at: usize) -> u64 {
    if let Some(chunk) = text.get(at..at + 8).and_then(|bytes| bytes.first_chunk()) {
        return u64::from_le_bytes(*chunk);
    }
    let left = text.len().saturating_sub(at);
    match text.last_chunk() {
        Some(chunk) if left > 0 => u64::from_le_bytes(*chunk) >> (64 - 8 * left),
        _ => gather(text.iter().skip(at)),
    }
}

/// The eight bytes before a position, the last one lowest; zeros before the beginning.
#[inline]
pub(super) fn backwards(text: &[u8], end: usize) -> u64 {
    let from = end.wrapping_sub(8);
    if let Some(chunk) = text.get(from..end).and_then(|bytes| bytes.first_chunk()) {
        return u64::from_be_bytes(*chunk);
    }
    match text.first_chunk() {
        Some(chunk) if (1..8).contains(&end) => u64::from_be_bytes(*chunk) >> (64 - 8 * end),
        _ => gather(text.iter().take(end).rev()),
    }
}

#[inline(never)]
fn gather<'a>(bytes: impl Iterator<Item = &'a u8>) -> u64 {
    bytes.take(8).zip(0_u32..).fold(0, |word, (byte, at)| word | u64::from(*byte) << (8 * at))
}

#[cfg(test)]
mod tests {
    use super::{backwards, forwards};

    #[test]
    fn reads_what_a_slow_reading_reads() {
        for length in 0..20_u8 {
            let text: Vec<u8> = (1..=length).collect();
            let reversed: Vec<u8> = (1..=length).rev().collect();
            for at in 0..=text.len() {
                let word = |text: &[u8]| {
                    let mut word = [0; 8];
                    word.iter_mut().zip(text).for_each(|(place, byte)| *place = *byte);
                    u64::from_le_bytes(word)
                };
                assert_eq!(forwards(&text, at), word(&text[at..]), "{length} {at}");
                assert_eq!(
                    backwards(&text, at),
                    word(&reversed[text.len() - at..]),
                    "{length} {at}"
                );
            }
        }
    }
}
