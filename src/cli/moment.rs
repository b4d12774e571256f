//! Times on the command line: RFC 3339, a date, a local time in UTC, or how long ago.

use chrono::NaiveDateTime;
use fence_engine::Layers;
use fence_engine::scalar::{Duration, Timestamp, date, local_date_time};

/// An instant written out; dates and times without an offset are in UTC.
pub(crate) fn instant(text: &str) -> Result<Timestamp, String> {
    let local = || {
        let start = date(text).and_then(|day| day.and_hms_opt(0, 0, 0));
        let local = local_date_time(text).or(start)?;
        Timestamp::from_chrono(local.and_utc())
    };
    Timestamp::parse(text).or_else(local).ok_or_else(|| {
        "write a time such as `2026-03-23T10:00:00Z`, or a date such as `2026-03-23`".to_owned()
    })
}

/// A time as written for a decision; without an offset it is on the policy's own wall clock.
#[derive(Clone, Copy, Debug)]
pub(crate) enum DecisionTime {
    Instant(Timestamp),
    Local(NaiveDateTime),
}

impl DecisionTime {
    /// Reads an instant, a date or a local time.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let day = date(text).and_then(|day| day.and_hms_opt(0, 0, 0));
        let minutes = |text: &str| {
            // `17:30+01:00`: an offset after a time without seconds.
            let (local, offset) = text.split_at_checked(16)?;
            Timestamp::parse(&format!("{local}:00{offset}"))
        };
        if let Some(at) = minutes(text) {
            return Ok(Self::Instant(at));
        }
        match local_date_time(text).or(day) {
            Some(local) => Ok(Self::Local(local)),
            None => instant(text).map(Self::Instant),
        }
    }

    /// The instant, in the zone of the first policy.
    pub(crate) fn within(self, layers: &Layers) -> Option<Timestamp> {
        match self {
            Self::Instant(at) => Some(at),
            Self::Local(local) => layers.policies().first()?.checked().zone.instant(local),
        }
    }
}

/// A time in the past: an instant, or how long before now.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Past {
    At(Timestamp),
    Ago(Duration),
}

impl Past {
    /// Reads `2h`, `3d`, a date or a time.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let ago = text.strip_suffix(" ago").unwrap_or(text);
        match Duration::parse(ago) {
            Some(duration) => Ok(Self::Ago(duration)),
            None => instant(text).map(Self::At).map_err(|error| format!("{error}, or `2h`, `3d`")),
        }
    }

    /// The instant, seen from now.
    pub(crate) fn before(self, now: Timestamp) -> Timestamp {
        match self {
            Self::At(at) => at,
            Self::Ago(duration) => now.saturating_sub(duration),
        }
    }
}

/// A time to come: an instant, or how long after now.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Coming {
    At(Timestamp),
    In(Duration),
}

impl Coming {
    /// Reads `8h`, `3d`, a date or a time.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        match Duration::parse(text) {
            Some(duration) => Ok(Self::In(duration)),
            None => instant(text).map(Self::At).map_err(|error| format!("{error}, or `8h`, `3d`")),
        }
    }

    /// The instant, seen from now.
    pub(crate) fn after(self, now: Timestamp) -> Timestamp {
        match self {
            Self::At(at) => at,
            Self::In(duration) => now.saturating_add(duration),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_people_write_them() {
        for (text, read) in [
            ("2026-03-23T10:00:00+01:00", "2026-03-23T09:00:00Z"),
            ("2026-03-23T10:00", "2026-03-23T10:00:00Z"),
            ("2026-03-23", "2026-03-23T00:00:00Z"),
        ] {
            assert_eq!(instant(text).unwrap().to_string(), read);
        }
        assert!(instant("yesterday").is_err());
        let noon = instant("2026-03-23T12:00").unwrap();
        for text in ["2h", "2h ago", "120m"] {
            let past = Past::parse(text).unwrap().before(noon);
            assert_eq!(past.to_string(), "2026-03-23T10:00:00Z");
        }
    }
}
