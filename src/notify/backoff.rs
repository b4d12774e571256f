//! When a failed delivery is tried again, and when it is given up.

use fence_engine::scalar::Timestamp;
use std::time::Duration;

/// The waits between attempts: each twice the one before, a quarter more or less by chance so
/// that many deliveries do not return at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// After the first attempt.
    pub first: Duration,
    /// At most.
    pub longest: Duration,
    /// No attempt after so long.
    pub give_up: Duration,
}

impl Default for Schedule {
    /// Five seconds, doubling up to six hours, for three days.
    fn default() -> Self {
        Self {
            first: Duration::from_secs(5),
            longest: Duration::from_hours(6),
            give_up: Duration::from_hours(72),
        }
    }
}

impl Schedule {
    /// The next attempt, after so many that failed since `since`; `None`: give up. `after` is
    /// what the other side asked for; `chance` any number.
    #[must_use]
    pub fn next(
        &self,
        attempts: u32,
        since: Timestamp,
        now: Timestamp,
        after: Option<Duration>,
        chance: u8,
    ) -> Option<Timestamp> {
        let doubled = 2_u32.saturating_pow(attempts.saturating_sub(1));
        let wait = self.first.saturating_mul(doubled).min(self.longest);
        let jittered = wait.mul_f64(0.75 + f64::from(chance) / 510.0);
        let next = later(now, jittered.max(after.unwrap_or_default()));
        (next <= later(since, self.give_up)).then_some(next)
    }
}

/// The instant so much later.
pub(super) fn later(at: Timestamp, by: Duration) -> Timestamp {
    let micros = i64::try_from(by.as_micros()).unwrap_or(i64::MAX);
    Timestamp::from_micros(at.micros().saturating_add(micros))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600_000_000;

    fn wait(attempts: u32, chance: u8) -> i64 {
        let next =
            Schedule::default().next(attempts, Timestamp::EPOCH, Timestamp::EPOCH, None, chance);
        next.unwrap().micros()
    }

    #[test]
    fn waits_double_up_to_a_limit_and_vary() {
        assert_eq!(wait(1, 0), 3_750_000);
        assert_eq!(wait(1, 255), 6_250_000);
        assert!((9_900_000..10_100_000).contains(&wait(2, 127)));
        assert!(wait(40, 255) <= HOUR * 15 / 2);
        assert!(wait(40, 0) >= HOUR * 9 / 2);
        assert_eq!(wait(u32::MAX, 0), wait(40, 0));
    }

    #[test]
    fn the_other_side_may_ask_for_more_and_days_are_enough() {
        let schedule = Schedule::default();
        let asked = Some(Duration::from_secs(60));
        let next = schedule.next(1, Timestamp::EPOCH, Timestamp::EPOCH, asked, 0);
        assert_eq!(next, Some(Timestamp::from_micros(60_000_000)));
        let late = Timestamp::from_micros(72 * HOUR);
        assert_eq!(schedule.next(1, Timestamp::EPOCH, late, None, 0), None);
        let mut now = Timestamp::EPOCH;
        let mut attempts = 1;
        while let Some(next) = schedule.next(attempts, Timestamp::EPOCH, now, None, 127) {
            (now, attempts) = (next, attempts + 1);
        }
        assert!((20..=40).contains(&attempts), "{attempts} attempts");
        assert!(now.micros() > 60 * HOUR);
    }
}
