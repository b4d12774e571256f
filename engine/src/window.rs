//! Time windows: weekly hours in a zone, with days excepted.

use crate::scalar::Timestamp;
use chrono::{Datelike as _, NaiveDate, NaiveDateTime, Offset as _, TimeZone as _};
use chrono_tz::Tz;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

const DAY: i64 = 86_400;
/// Zones change their offset on quarter hours only, as far as anyone will ask.
const QUARTER: i64 = 900;
/// 1970-01-01 was a Thursday, the fourth day of a week that starts on Monday.
const EPOCH_WEEKDAY: i64 = 3;

/// A time zone that remembers its offset within the current quarter of an hour.
#[derive(Debug)]
pub struct Zone {
    tz: Tz,
    /// The quarter hour (upper 40 bits) and its offset in seconds plus one day (lower 24 bits).
    remembered: AtomicU64,
}

impl Zone {
    /// The zone with this IANA name.
    #[must_use]
    pub fn named(name: &str) -> Option<Arc<Self>> {
        name.parse().ok().map(|tz| Arc::new(Self { tz, remembered: AtomicU64::new(0) }))
    }

    /// Coordinated universal time.
    #[must_use]
    pub fn utc() -> Arc<Self> {
        Arc::new(Self { tz: Tz::UTC, remembered: AtomicU64::new(0) })
    }

    /// Its IANA name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.tz.name()
    }

    /// The wall-clock time at an instant, in seconds since 1970-01-01T00:00 of that wall clock.
    #[must_use]
    pub fn local_seconds(&self, at: Timestamp) -> i64 {
        let seconds = at.micros().div_euclid(1_000_000);
        seconds + self.offset(seconds)
    }

    /// The instant at which this zone's wall clock shows `local`; the earlier of two, the moment
    /// after the gap for a time that is skipped.
    #[must_use]
    pub fn instant(&self, local: NaiveDateTime) -> Option<Timestamp> {
        let found = self.tz.from_local_datetime(&local).earliest().or_else(|| {
            let later = local.checked_add_signed(chrono::TimeDelta::hours(3))?;
            let after = self.tz.from_local_datetime(&later).earliest()?;
            // The offset in force after the gap, applied to the skipped time, lands past the gap.
            let before = self
                .tz
                .offset_from_utc_datetime(&(after.naive_utc() - chrono::TimeDelta::hours(6)));
            let instant = local - chrono::TimeDelta::seconds(before.fix().local_minus_utc().into());
            Some(self.tz.from_utc_datetime(&instant))
        })?;
        Timestamp::checked_from_micros(found.timestamp_micros())
    }

    /// The first instant of a day.
    #[must_use]
    pub fn start_of(&self, day: NaiveDate) -> Option<Timestamp> {
        self.instant(day.and_hms_opt(0, 0, 0)?)
    }

    fn offset(&self, seconds: i64) -> i64 {
        let quarter = seconds.div_euclid(QUARTER);
        let Ok(tag) = u64::try_from(quarter) else { return self.look_up(seconds) };
        let remembered = self.remembered.load(Ordering::Relaxed);
        if remembered >> 24 == tag && remembered != 0 {
            return i64::try_from(remembered & 0xff_ffff).unwrap_or(DAY) - DAY;
        }
        let offset = self.look_up(seconds);
        let (first, last) = (quarter * QUARTER, quarter * QUARTER + QUARTER - 1);
        let steady = self.look_up(first) == offset && self.look_up(last) == offset;
        if let (true, Ok(biased)) = (steady && tag < 1 << 40, u64::try_from(offset + DAY)) {
            self.remembered.store(tag << 24 | biased, Ordering::Relaxed);
        }
        offset
    }

    fn look_up(&self, seconds: i64) -> i64 {
        chrono::DateTime::from_timestamp(seconds, 0).map_or(0, |utc| {
            i64::from(self.tz.offset_from_utc_datetime(&utc.naive_utc()).fix().local_minus_utc())
        })
    }
}

impl PartialEq for Zone {
    fn eq(&self, other: &Self) -> bool {
        self.tz == other.tz
    }
}

impl Eq for Zone {}

/// One part of a window: weekdays and hours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// Bit 0 is Monday.
    pub days: u8,
    /// Seconds since midnight at which it starts.
    pub from: u32,
    /// Seconds since midnight at which it has ended; not after `from`: it ends on the next day.
    pub to: u32,
}

/// A compiled window.
#[derive(Debug, PartialEq, Eq)]
pub struct Window {
    /// The name it was declared under.
    pub name: String,
    /// Its parts: it holds when one of them does.
    pub parts: Box<[Part]>,
    /// Days on which no part starts: first and last day since 1970-01-01, sorted, disjoint.
    pub except: Box<[(i64, i64)]>,
    /// Whose wall clock counts.
    pub zone: Arc<Zone>,
}

impl Window {
    /// Whether the wall-clock time of this instant falls in the window.
    ///
    /// The day a part starts on decides its weekday and exception, so hours after midnight
    /// belong to the evening before.
    #[must_use]
    pub fn holds(&self, at: Timestamp) -> bool {
        let local = self.zone.local_seconds(at);
        let (day, second) = (local.div_euclid(DAY), local.rem_euclid(DAY));
        self.parts.iter().any(|part| {
            let (from, to) = (i64::from(part.from), i64::from(part.to));
            if from < to {
                (from..to).contains(&second) && self.starts_on(part, day)
            } else {
                (second >= from && self.starts_on(part, day))
                    || (second < to && self.starts_on(part, day - 1))
            }
        })
    }

    fn starts_on(&self, part: &Part, day: i64) -> bool {
        let weekday = (day + EPOCH_WEEKDAY).rem_euclid(7);
        part.days >> weekday & 1 == 1 && !self.excepted(day)
    }

    fn excepted(&self, day: i64) -> bool {
        let after = self.except.partition_point(|(first, _)| *first <= day);
        after > 0 && self.except.get(after - 1).is_some_and(|(_, last)| day <= *last)
    }
}

/// Days since 1970-01-01.
#[must_use]
pub fn day_number(date: NaiveDate) -> i64 {
    i64::from(date.num_days_from_ce()) - 719_163
}

/// A calendar period in which a counter starts anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Period {
    /// A clock hour.
    Hour,
    /// A day.
    Day,
    /// A week, from Monday.
    Week,
    /// A month.
    Month,
}

impl Period {
    /// The period of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "hour" => Self::Hour,
            "day" => Self::Day,
            "week" => Self::Week,
            "month" => Self::Month,
            _ => return None,
        })
    }

    /// `hour`, `day`, `week` or `month`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
        }
    }

    /// When the period around `at` began on the zone's wall clock, as text: `2026-03-23T10`.
    ///
    /// An hour that the wall clock shows twice counts as two.
    #[must_use]
    pub fn label(self, at: Timestamp, zone: &Zone) -> String {
        let local = zone.local_seconds(at);
        let day = local.div_euclid(DAY);
        let date = i32::try_from(day + 719_163).ok().and_then(NaiveDate::from_num_days_from_ce_opt);
        let Some(date) = date else { return String::from("beyond") };
        match self {
            Self::Hour => {
                let offset = local - at.micros().div_euclid(1_000_000);
                format!("{date}T{:02}{offset:+}", local.rem_euclid(DAY) / 3600)
            }
            Self::Day => date.to_string(),
            Self::Week => {
                let monday = date - chrono::Days::new(date.weekday().num_days_from_monday().into());
                format!("week of {monday}")
            }
            Self::Month => date.format("%Y-%m").to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    fn window(days: u8, from: u32, to: u32, zone: &str) -> Window {
        let (from, to) = (from * 60, to * 60);
        let parts = Box::new([Part { days, from, to }]);
        Window { name: "w".into(), parts, except: Box::new([]), zone: Zone::named(zone).unwrap() }
    }

    #[test]
    fn office_hours_are_half_open_in_their_zone() {
        let office = window(0b001_1111, 9 * 60, 17 * 60, "Europe/Berlin");
        for (text, holds) in [
            ("2026-11-23T09:00:00+01:00", true),
            ("2026-11-23T08:59:59.999+01:00", false),
            ("2026-11-23T16:59:59.999+01:00", true),
            ("2026-11-23T17:00:00+01:00", false),
            ("2026-11-22T12:00:00+01:00", false),
        ] {
            assert_eq!(office.holds(at(text)), holds, "{text}");
        }
    }

    #[test]
    fn a_night_belongs_to_the_day_it_starts_on() {
        let friday_night = window(0b001_0000, 22 * 60, 6 * 60, "UTC");
        assert!(friday_night.holds(at("2026-11-20T23:00:00Z")));
        assert!(friday_night.holds(at("2026-11-21T05:59:59Z")));
        assert!(!friday_night.holds(at("2026-11-21T06:00:00Z")));
        assert!(!friday_night.holds(at("2026-11-20T05:00:00Z")));
    }

    #[test]
    fn skipped_hours_never_hold_and_repeated_ones_do_twice() {
        let skipped = window(0b111_1111, 135, 165, "Europe/Berlin");
        for minute in 0..180 {
            let instant = at("2027-03-28T00:00:00Z").micros() + minute * 60_000_000;
            assert!(!skipped.holds(Timestamp::from_micros(instant)));
        }
        let twice = window(0b111_1111, 120, 180, "Europe/Berlin");
        assert!(twice.holds(at("2026-10-25T00:30:00Z")));
        assert!(twice.holds(at("2026-10-25T01:30:00Z")));
    }

    #[test]
    fn a_remembered_offset_is_the_one_looked_up() {
        let zone = Zone::named("Australia/Lord_Howe").unwrap();
        for hour in 0..24 * 400 {
            let seconds = 1_767_225_600 + hour * 1_800;
            assert_eq!(zone.offset(seconds), zone.look_up(seconds));
            assert_eq!(zone.offset(seconds + 1), zone.look_up(seconds + 1));
        }
    }

    #[test]
    fn periods_start_on_the_zones_wall_clock() {
        let zone = Zone::named("Europe/Berlin").unwrap();
        let late = at("2026-03-22T23:30:00Z");
        assert_eq!(Period::Day.label(late, &zone), "2026-03-23");
        assert_eq!(Period::Week.label(late, &zone), "week of 2026-03-23");
        assert_eq!(Period::Month.label(late, &zone), "2026-03");
        let first = Period::Hour.label(at("2026-10-25T00:30:00Z"), &zone);
        assert_ne!(first, Period::Hour.label(at("2026-10-25T01:30:00Z"), &zone));
    }

    #[test]
    fn a_skipped_wall_clock_time_is_the_moment_after_the_gap() {
        let zone = Zone::named("Europe/Berlin").unwrap();
        let local = NaiveDate::from_ymd_opt(2027, 3, 28).unwrap().and_hms_opt(2, 30, 0).unwrap();
        assert_eq!(zone.instant(local), Some(at("2027-03-28T01:30:00Z")));
    }
}
