//! Times on a page: exact, in UTC, with the distance in words beside them.

use fence_engine::scalar::Timestamp;
use maud::{Markup, html};

/// A moment, to the second: `23 Mar 2026, 10:00:12 UTC`.
pub(super) fn moment(at: &str) -> Markup {
    html! {
        time datetime=(at) { (written(at)) }
    }
}

/// A moment in the past, with how long ago that was.
pub(super) fn ago(at: &str, now: Timestamp) -> Markup {
    html! {
        time datetime=(at) title=(written(at)) {
            @match seconds_until(at, now) {
                Some(seconds) if seconds > -60 => "just now",
                Some(seconds) => { (span(-seconds)) " ago" }
                None => (written(at)),
            }
        }
    }
}

/// A deadline: the time left, kept current by the script, and the moment itself.
pub(super) fn deadline(at: &str, now: Timestamp) -> Markup {
    let left = seconds_until(at, now);
    let class = match left {
        Some(seconds) if seconds <= 0 => "deadline over",
        Some(seconds) if seconds < 300 => "deadline soon",
        _ => "deadline",
    };
    html! {
        span class=(class) {
            time.left datetime=(at) data-countdown role="timer" {
                @match left {
                    Some(seconds) if seconds > 0 => { (span(seconds)) " left" }
                    Some(_) => "over",
                    None => "unknown",
                }
            }
            " "
            span.at { "until " (clock(at, now)) }
        }
    }
}

/// The time of day of `at`, with its date where that is not today's.
pub(super) fn clock(at: &str, now: Timestamp) -> String {
    let Some(moment) = Timestamp::parse(at).map(Timestamp::to_chrono) else {
        return super::text::plain(at, 40);
    };
    let same = moment.date_naive() == now.to_chrono().date_naive();
    moment.format(if same { "%H:%M:%S UTC" } else { "%-d %b, %H:%M:%S UTC" }).to_string()
}

/// A moment in words; what is no time is shown as the text it is.
pub(super) fn written(at: &str) -> String {
    Timestamp::parse(at).map_or_else(
        || super::text::plain(at, 40),
        |moment| moment.to_chrono().format("%-d %b %Y, %H:%M:%S UTC").to_string(),
    )
}

/// Seconds from `now` to `at`; negative for the past.
pub(super) fn seconds_until(at: &str, now: Timestamp) -> Option<i64> {
    Some((Timestamp::parse(at)?.to_chrono() - now.to_chrono()).num_seconds())
}

/// A length of time in its two largest units: `1 h 20 min`, `12 s`.
pub(super) fn span(seconds: i64) -> String {
    let parts = [
        (seconds / 86_400, "d"),
        (seconds / 3_600 % 24, "h"),
        (seconds / 60 % 60, "min"),
        (seconds % 60, "s"),
    ];
    let first = parts.iter().position(|(number, _)| *number > 0).unwrap_or(3);
    let shown = parts[first..].iter().take(if first == 2 && parts[2].0 >= 10 { 1 } else { 2 });
    let words: Vec<String> = shown
        .filter(|(number, _)| *number > 0)
        .map(|(number, unit)| format!("{number} {unit}"))
        .collect();
    if words.is_empty() { "0 s".to_owned() } else { words.join(" ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_name_their_two_largest_units() {
        for (seconds, words) in [
            (0, "0 s"),
            (12, "12 s"),
            (60, "1 min"),
            (61, "1 min 1 s"),
            (1_250, "20 min"),
            (3_600, "1 h"),
            (4_800, "1 h 20 min"),
            (86_400 * 3 + 7_200, "3 d 2 h"),
        ] {
            assert_eq!(span(seconds), words);
        }
    }
}
