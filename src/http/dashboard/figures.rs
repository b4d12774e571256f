//! The figures of the insight page, made of the newest requests and decisions: a bounded number.

use super::insight::{Insight, READING_SECONDS, RuleFigures};
use crate::approvals::RequestSummary;
use crate::approvals::{ApprovalError, Approvals, RequestQuery};
use crate::store::{LogQuery, Store};
use fence_engine::scalar::{Duration, Timestamp};
use std::collections::BTreeMap;

/// Requests looked at.
const REQUESTS: u64 = 5_000;
/// Decisions looked at.
const DECISIONS: u64 = 20_000;
/// Days of the charts.
const DAYS: i64 = 14;

/// The figures as of `now`.
///
/// # Errors
/// Any fault of the store.
pub(super) fn figures(
    approvals: &Approvals,
    store: &dyn Store,
    now: Timestamp,
) -> Result<Insight, ApprovalError> {
    let mut figures = Insight { days: days(now), ..Insight::default() };
    let requests = newest(approvals, &figures.days)?;
    figures.rules = rules(&requests, &figures.days);
    figures.partial = (requests.len() as u64 >= REQUESTS).then_some(REQUESTS);
    decisions(store, now, &mut figures)?;
    Ok(figures)
}

/// The last days, oldest first.
fn days(now: Timestamp) -> Vec<String> {
    let today = now.to_chrono().date_naive();
    let day = |back| Some(today.checked_sub_signed(chrono::TimeDelta::days(back))?.to_string());
    (0..DAYS).rev().filter_map(day).collect()
}

fn newest(approvals: &Approvals, days: &[String]) -> Result<Vec<RequestSummary>, ApprovalError> {
    let (mut found, mut skip) = (Vec::new(), 0);
    loop {
        let query = RequestQuery { all: true, skip, limit: Some(500), ..RequestQuery::default() };
        let page = approvals.list(&query)?;
        let old = |item: &RequestSummary| days.first().is_some_and(|day| item.opened_at < *day);
        let reached = page.items.last().is_some_and(old);
        found.extend(page.items.into_iter().filter(|item| !old(item)));
        match page.next.filter(|next| !reached && *next < REQUESTS) {
            Some(next) => skip = next,
            None => return Ok(found),
        }
    }
}

/// The figures of each rule, the one that asks most first.
fn rules(requests: &[RequestSummary], days: &[String]) -> Vec<RuleFigures> {
    let mut rules: BTreeMap<String, (RuleFigures, Vec<u64>)> = BTreeMap::new();
    for request in requests {
        let name = format!("{}/{}", request.policy, request.rule);
        let (figures, times) = rules.entry(name).or_default();
        figures.per_day.resize(days.len(), 0);
        if let Some(at) = days.iter().position(|day| request.opened_at.starts_with(day.as_str())) {
            figures.per_day[at] += 1;
        }
        count(request, figures, times);
    }
    let mut rules: Vec<RuleFigures> =
        rules.into_iter().map(|(name, entry)| summed(name, entry)).collect();
    rules.sort_by_key(|rule| std::cmp::Reverse(rule.asked()));
    rules
}

fn count(request: &RequestSummary, figures: &mut RuleFigures, times: &mut Vec<u64>) {
    let approved =
        matches!(request.state, "approved" | "claimed" | "done" | "failed" | "unknown" | "revoked");
    let refused = request.state == "denied" && request.ended_by.is_some();
    figures.expired += u64::from(request.state == "expired");
    if !approved && !refused {
        return;
    }
    figures.answered += 1;
    figures.approved += u64::from(approved);
    if let Some(seconds) =
        request.ended_at.as_deref().and_then(|end| between(&request.opened_at, end))
    {
        figures.hasty += u64::from(seconds < READING_SECONDS);
        times.push(seconds);
    }
}

fn between(from: &str, to: &str) -> Option<u64> {
    let (from, to) = (Timestamp::parse(from)?.to_chrono(), Timestamp::parse(to)?.to_chrono());
    u64::try_from((to - from).num_seconds()).ok()
}

fn summed(rule: String, (mut figures, mut times): (RuleFigures, Vec<u64>)) -> RuleFigures {
    times.sort_unstable();
    // The nearest rank: the smallest time that so many of all do not exceed.
    let rank =
        |share: usize| times.get((times.len() * share).div_ceil(100).saturating_sub(1)).copied();
    (figures.median, figures.p90) = (rank(50), rank(90));
    RuleFigures { rule, ..figures }
}

/// Decisions per minute, and how many asks an `auto` line released.
fn decisions(
    store: &dyn Store,
    now: Timestamp,
    figures: &mut Insight,
) -> Result<(), ApprovalError> {
    figures.minutes = vec![0; 60];
    let hour_ago = Duration::parse("1h").map(|hour| now.saturating_sub(hour));
    let query = LogQuery { limit: Some(DECISIONS), ..LogQuery::default() };
    store.log(&query, &mut |logged| {
        let ago = (now.to_chrono() - logged.entry.at.to_chrono()).num_minutes();
        if hour_ago.is_some_and(|hour_ago| logged.entry.at > hour_ago)
            && let Some(slot) =
                usize::try_from(59 - ago).ok().and_then(|at| figures.minutes.get_mut(at))
        {
            *slot += 1;
        }
        // A released ask names its line; the record is canonical, so the text is always the same.
        let released = logged.entry.decision == 0 && logged.entry.body.contains("\"auto\":\"");
        figures.released += u64::from(released);
        figures.gated += u64::from(released || logged.entry.decision == 1);
        true
    })?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(state: &'static str, opened: &str, ended: Option<&str>) -> RequestSummary {
        RequestSummary {
            number: 1,
            id: "r".into(),
            version: 1,
            state,
            tool: "t".into(),
            agent: None,
            user: None,
            session: None,
            policy: "p".into(),
            rule: "r".into(),
            because: None,
            opened_at: opened.into(),
            expires_at: opened.into(),
            ended_at: ended.map(str::to_owned),
            ended_by: ended.map(|_| "ana".to_owned()),
            missing: 0,
            recipients: None,
        }
    }

    #[test]
    fn answers_are_counted_by_rule_and_day() {
        let days = days(Timestamp::parse("2026-03-23T10:00:00Z").unwrap());
        assert_eq!((days.len(), days[0].as_str()), (14, "2026-03-10"));
        let requests = [
            request("done", "2026-03-23T09:00:00Z", Some("2026-03-23T09:00:03Z")),
            request("denied", "2026-03-22T09:00:00Z", Some("2026-03-22T09:01:00Z")),
            request("approved", "2026-03-22T09:00:00Z", Some("2026-03-22T09:10:00Z")),
            request("expired", "2026-03-22T09:00:00Z", None),
            request("pending", "2026-03-22T09:00:00Z", None),
        ];
        let rules = rules(&requests, &days);
        let [rule] = &rules[..] else { panic!("{rules:?}") };
        assert_eq!(
            (rule.asked(), rule.answered, rule.approved, rule.expired, rule.hasty),
            (5, 3, 2, 1, 1)
        );
        assert_eq!((rule.median, rule.p90), (Some(60), Some(600)));
        assert_eq!(rule.per_day[12..], [4, 1]);
    }
}
