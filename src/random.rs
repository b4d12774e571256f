//! Randomness behind a trait, so that simulations are repeatable.

/// Gives unpredictable bytes.
pub trait Random: Send + Sync {
    /// Ten bytes, as many as an id needs.
    fn bytes(&self) -> [u8; 10];
}

/// The operating system's randomness.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemRandom;

impl Random for SystemRandom {
    fn bytes(&self) -> [u8; 10] {
        let mut bytes = [0; 10];
        bytes.copy_from_slice(&uuid::Uuid::new_v4().as_bytes()[..10]);
        // The two bytes in which a version 4 id is not random take others that are.
        let more = uuid::Uuid::new_v4();
        bytes[6] = more.as_bytes()[0];
        bytes[8] = more.as_bytes()[1];
        bytes
    }
}
