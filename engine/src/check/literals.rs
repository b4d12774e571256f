//! Numbers, dates, times and durations as policies write them.

use super::Checker;
use crate::diagnostic::{Code, Diagnostic};
use crate::number::{Number, NumberError};
use crate::scalar::{Duration, Timestamp, date as parse_date, local_date_time as parse_local};
use crate::span::{Span, Spanned};
use crate::syntax::ast::DateRange;
use crate::window::{Zone, day_number};
use chrono::NaiveDate;

const WEEKDAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

impl Checker<'_> {
    pub(super) fn number(&mut self, text: &str, span: Span) -> Option<Number> {
        match Number::parse(text) {
            Ok(number) => Some(number),
            Err(NumberError::OutOfRange) => {
                let message = format!("`{}` is out of range", shortened(text));
                let help = "numbers have up to 28 significant digits and exponents within ±28";
                self.report(Diagnostic::error(Code::BAD_NUMBER, span, message).help(help));
                None
            }
            Err(NumberError::NotANumber) => {
                let message = format!("`{}` is not a number", shortened(text));
                self.report(Diagnostic::error(Code::BAD_NUMBER, span, message));
                None
            }
        }
    }

    /// A whole number within `from..=to`.
    pub(super) fn whole(
        &mut self,
        text: &Spanned<String>,
        from: u64,
        to: u64,
        code: Code,
    ) -> Option<u64> {
        let number = Number::parse(&text.node).ok().and_then(Number::to_u64);
        let number = number.filter(|number| (from..=to).contains(number));
        if number.is_none() {
            let message = format!("`{}` is out of range here", shortened(&text.node));
            let help = format!("write a whole number from {from} to {to}");
            self.report(Diagnostic::error(code, text.span, message).help(help));
        }
        number
    }

    pub(super) fn duration(&mut self, text: &Spanned<String>) -> Option<Duration> {
        let found = Duration::parse(&text.node);
        if found.is_none() {
            let message = format!("`{}` is not a duration", shortened(&text.node));
            let help = "write it like `90s`, `15m`, `1h30m`, `2d` or `1w`; zero is not one";
            self.report(Diagnostic::error(Code::BAD_DURATION, text.span, message).help(help));
        }
        found
    }

    pub(super) fn date(&mut self, text: &str, span: Span) -> Option<NaiveDate> {
        let found = parse_date(text);
        if found.is_none() {
            let message = format!("`{}` is not a date", shortened(text));
            let help = "write it like `2026-12-24`";
            self.report(Diagnostic::error(Code::BAD_DATE, span, message).help(help));
        }
        found
    }

    /// First and last day, as days since 1970-01-01.
    pub(super) fn days(&mut self, range: &DateRange) -> Option<(i64, i64)> {
        let from = self.date(&range.from.node, range.from.span);
        let to = match &range.to {
            Some(to) => self.date(&to.node, to.span),
            None => from,
        };
        let (from, to) = (from?, to?);
        if to < from {
            let span = range.from.span.to(range.to.as_ref().map_or(range.from.span, |to| to.span));
            let message = format!("the range ends on {to}, before it starts on {from}");
            self.report(Diagnostic::error(Code::BAD_DATE, span, message).help("swap the dates"));
            return None;
        }
        Some((day_number(from), day_number(to)))
    }

    /// An instant: a date (its first moment), a local time, or a time with its offset.
    pub(super) fn instant(&mut self, text: &str, span: Span, zone: &Zone) -> Option<Timestamp> {
        let found = match parse_date(text) {
            Some(day) => zone.start_of(day),
            None => match parse_local(text) {
                Some(local) => zone.instant(local),
                None => Timestamp::parse(text),
            },
        };
        if found.is_none() {
            let message = format!("`{}` is not a date or time", shortened(text));
            let help = "write it like `2026-12-24`, `2026-12-24T10:00` or `2026-12-24T10:00:00Z`";
            self.report(Diagnostic::error(Code::BAD_DATE, span, message).help(help));
        }
        found
    }

    /// Monday is 0.
    pub(super) fn weekday(&mut self, day: &Spanned<String>) -> Option<u8> {
        let found = WEEKDAYS.iter().position(|known| *known == day.node);
        if found.is_none() {
            let message = format!("`{}` is not a day of the week", day.node);
            self.report(
                Diagnostic::error(Code::BAD_WINDOW, day.span, message)
                    .help("write mon, tue, wed, thu, fri, sat or sun")
                    .suggest(day.span, &day.node, WEEKDAYS),
            );
        }
        found.and_then(|day| u8::try_from(day).ok())
    }

    /// Seconds since midnight; `24:00` only where a part may end.
    pub(super) fn clock_time(&mut self, time: &Spanned<String>, may_be_24: bool) -> Option<u32> {
        let found = clock_seconds(&time.node).filter(|at| *at < 86_400 || may_be_24);
        if found.is_none() {
            let message = format!("`{}` is not a time of day", time.node);
            let help = "write it like `09:00`, up to `23:59`; `24:00` may end a part";
            self.report(Diagnostic::error(Code::BAD_WINDOW, time.span, message).help(help));
        }
        found
    }
}

fn clock_seconds(text: &str) -> Option<u32> {
    let (hours, minutes) = text.split_once(':')?;
    let part = |text: &str| (text.len() == 2).then(|| text.parse::<u32>().ok()).flatten();
    let (hours, minutes) = (part(hours)?, part(minutes)?);
    (minutes < 60 && (hours < 24 || (hours, minutes) == (24, 0)))
        .then_some(hours * 3_600 + minutes * 60)
}

/// At most 40 characters of what somebody wrote.
pub(super) fn shortened(text: &str) -> String {
    match text.char_indices().nth(40) {
        Some((at, _)) => format!("{}…", text.get(..at).unwrap_or_default()),
        None => text.to_owned(),
    }
}
