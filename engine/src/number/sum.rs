//! Adding up exactly, in any order.

use super::{COEFFICIENT_END, MAX_DIGITS, MAX_EXPONENT, Number, POWERS};

/// The digits of one limb.
const WIDTH: usize = MAX_DIGITS as usize;

/// How many limbs cover every digit a number may have, from 10^-28 to 10^55, and carries.
const LIMBS: usize = 4;

/// The exact sum of any number of [`Number`]s. Only the result has to lie in the range, so the
/// order of adding never matters.
///
/// ```
/// use fence_engine::number::{Number, Sum};
///
/// let mut sum = Sum::default();
/// for text in ["1e28", "1e-28", "-1e28"] {
///     sum.add(text.parse().unwrap());
/// }
/// assert_eq!(sum.finish(), Number::new(1, -28));
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Sum {
    /// `limbs[i]` counts units of 10^(28·i − 28). Each addition changes a limb by less than 10^28,
    /// so that it would take 10^10 of them to overflow.
    limbs: [i128; LIMBS],
    overflow: bool,
}

impl Sum {
    /// Adds one number.
    pub fn add(&mut self, number: Number) {
        let (coefficient, exponent) = number.parts();
        let shift = usize::from(exponent.abs_diff(-MAX_EXPONENT));
        let (limb, inside) = (shift / WIDTH, shift % WIDTH);
        let split = POWERS[WIDTH - inside];
        self.add_to(limb, coefficient % split * POWERS[inside]);
        self.add_to(limb + 1, coefficient / split);
    }

    fn add_to(&mut self, limb: usize, value: i128) {
        match self.limbs[limb].checked_add(value) {
            Some(sum) => self.limbs[limb] = sum,
            None => self.overflow = true,
        }
    }

    /// The sum (zero when nothing was added), or `None` when it leaves the range.
    #[must_use]
    pub fn finish(self) -> Option<Number> {
        let carried = carry(self.limbs);
        let negative = carried[LIMBS - 1] < 0;
        let limbs = if negative { carry(carried.map(i128::saturating_neg)) } else { carried };
        let magnitude = magnitude(&limbs)?;
        let (coefficient, exponent) = magnitude.parts();
        let coefficient = if negative { -coefficient } else { coefficient };
        if self.overflow { None } else { Number::new(coefficient, i32::from(exponent)) }
    }
}

/// The same sum with every limb but the last within `0..10^28`.
fn carry(mut limbs: [i128; LIMBS]) -> [i128; LIMBS] {
    for limb in 0..LIMBS - 1 {
        let value = limbs[limb];
        limbs[limb] = value.rem_euclid(COEFFICIENT_END);
        limbs[limb + 1] = limbs[limb + 1].saturating_add(value.div_euclid(COEFFICIENT_END));
    }
    limbs
}

/// What carried limbs of a sum that is not negative amount to, if a number can hold it.
fn magnitude(limbs: &[i128; LIMBS]) -> Option<Number> {
    let Some(lowest) = limbs.iter().position(|limb| *limb != 0) else {
        return Some(Number::ZERO);
    };
    let mut coefficient = limbs[lowest];
    let mut zeros = 0;
    while coefficient % 10 == 0 {
        coefficient /= 10;
        zeros += 1;
    }
    let (next, above) = match &limbs[lowest + 1..] {
        [] => (0, [].as_slice()),
        [next, above @ ..] => (*next, above),
    };
    let room = POWERS.get(zeros).copied().unwrap_or(i128::MAX);
    if next >= room || above.iter().any(|limb| *limb != 0) {
        return None;
    }
    let low_power = i32::try_from(WIDTH * lowest + zeros).ok()? - i32::from(MAX_EXPONENT);
    Number::new(coefficient + next * POWERS[WIDTH.checked_sub(zeros)?], low_power)
}
