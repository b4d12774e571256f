//! `GET /history`, `/decisions`, `/decisions/{id}`: what is over.

use super::queue::{Narrow, some};
use super::visit::{Failed, Visit, read};
use crate::approvals::RequestQuery;
use crate::http::State;
use crate::http::dashboard::history::{self as pages, DecisionPage, HistoryView, LogLine, LogView};
use crate::store::{LogQuery, Logged, StoreError};
use axum::extract::{Path, Query, State as Of};
use axum::http::StatusCode;
use axum::response::Response;
use fence_engine::approval::RequestState;
use fence_engine::call::hex_digest;
use fence_engine::decision::Effect;
use fence_engine::json::{Json, Limits, Value};
use fence_engine::scalar::Timestamp;
use serde::Deserialize;

/// Decisions on one page.
const PAGE: usize = 50;
/// Decisions looked through for words at a time.
const SEARCHED: u64 = 20_000;

const ENDED: [RequestState; 9] = [
    RequestState::Claimed,
    RequestState::Done,
    RequestState::Failed,
    RequestState::Unknown,
    RequestState::Denied,
    RequestState::Expired,
    RequestState::Cancelled,
    RequestState::Superseded,
    RequestState::Revoked,
];

pub(super) async fn requests(
    Of(state): Of<State>,
    visit: Visit,
    Query(narrow): Query<Narrow>,
) -> Response {
    let query = RequestQuery { states: ENDED.to_vec(), ..narrow.query() };
    let found = read(&state, move |state| state.approvals.list(&query)).await;
    let page = found.map(|found| {
        let view = HistoryView { items: found.items, next: found.next, filter: narrow.filter() };
        pages::history(&visit.frame, &view)
    });
    visit.show(page)
}

/// What narrows the log.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct NarrowLog {
    tool: String,
    agent: String,
    rule: String,
    text: String,
    before: Option<u64>,
    decision: String,
    since: String,
    until: String,
}

pub(super) async fn decisions(
    Of(state): Of<State>,
    visit: Visit,
    Query(narrow): Query<NarrowLog>,
) -> Response {
    let (query, error) = match narrow.query() {
        Ok(query) => (Some(query), None),
        Err(error) => (None, Some(error)),
    };
    let words = some(&narrow.text);
    let found = match query {
        Some(query) => read(&state, move |state| search(state, query, words.as_deref())).await,
        None => Ok(Found::default()),
    };
    let page = found.map(|found| pages::decisions(&visit.frame, &narrow.view(found, error)));
    visit.show(page)
}

/// What a search brought up.
#[derive(Default)]
struct Found {
    lines: Vec<LogLine>,
    next: Option<u64>,
    searched: Option<u64>,
}

/// The newest decisions that match; words are looked for in whole records, a bounded number of them.
fn search(state: &State, mut query: LogQuery, words: Option<&str>) -> Result<Found, StoreError> {
    let words = words.map(str::to_lowercase);
    query.limit = Some(if words.is_some() { SEARCHED } else { PAGE as u64 + 1 });
    let (mut lines, mut looked, mut oldest) = (Vec::new(), 0, u64::MAX);
    state.gate.store().log(&query, &mut |logged| {
        (looked, oldest) = (looked + 1, oldest.min(logged.seq));
        let holds = |words: &String| logged.entry.body.to_lowercase().contains(words.as_str());
        if words.as_ref().is_none_or(holds) {
            lines.push(line(&logged));
        }
        true
    })?;
    lines.reverse();
    let more = lines.len() > PAGE;
    lines.truncate(PAGE);
    let bounded = words.is_some() && looked == SEARCHED;
    let next = match (more, bounded) {
        (true, _) => lines.last().map(|line| line.seq),
        (false, true) => Some(oldest),
        (false, false) => None,
    };
    Ok(Found { lines, next, searched: bounded.then_some(looked) })
}

fn line(logged: &Logged) -> LogLine {
    let entry = &logged.entry;
    LogLine {
        id: uuid::Uuid::from_bytes(entry.id).to_string(),
        seq: logged.seq,
        at: entry.at.to_string(),
        decision: ["allow", "ask", "deny"]
            .get(usize::from(entry.decision))
            .unwrap_or(&"deny")
            .to_string(),
        tool: entry.tool.clone(),
        agent: entry.agent.clone(),
        session: entry.session.clone(),
        policy: entry.policy.clone(),
        rule: entry.rule.clone(),
    }
}

impl NarrowLog {
    fn query(&self) -> Result<LogQuery, String> {
        let decision = some(&self.decision).map(|text| text.parse::<Effect>()).transpose();
        Ok(LogQuery {
            since: time(&self.since)?,
            until: time(&self.until)?,
            tool: some(&self.tool),
            agent: some(&self.agent),
            decision: decision
                .map_err(|_| "a decision is allow, ask or deny".to_owned())?
                .map(|effect| effect as u8),
            rule: some(&self.rule),
            before_seq: self.before,
            ..LogQuery::default()
        })
    }

    fn view(self, found: Found, error: Option<String>) -> LogView {
        let narrow = Narrow {
            tool: self.tool,
            agent: self.agent,
            rule: self.rule,
            text: self.text,
            before: None,
        };
        LogView {
            items: found.lines,
            next: found.next,
            filter: narrow.filter(),
            decision: self.decision,
            since: self.since,
            until: self.until,
            error,
            searched: found.searched,
        }
    }
}

/// A day or a moment, in UTC unless it says otherwise.
pub(super) fn time(text: &str) -> Result<Option<Timestamp>, String> {
    let Some(text) = some(text) else { return Ok(None) };
    let spellings =
        [text.clone(), format!("{text}Z"), format!("{text}:00Z"), format!("{text}T00:00:00Z")];
    let found = spellings.iter().find_map(|text| Timestamp::parse(text));
    found
        .map(Some)
        .ok_or_else(|| format!("`{text}` is no time: write 2026-03-23 or 2026-03-23T10:00"))
}

pub(super) async fn decision(
    Of(state): Of<State>,
    visit: Visit,
    Path(id): Path<String>,
) -> Response {
    let page = one(&state, &id).await.map(|shown| pages::decision(&visit.frame, &shown));
    visit.show(page)
}

async fn one(state: &State, id: &str) -> Result<DecisionPage, Failed> {
    let missing = || Failed::missing("decision");
    let id = uuid::Uuid::try_parse(id).map_err(|_| missing())?.into_bytes();
    let found = read(state, move |state| state.gate.store().entry(id)).await?;
    let logged = found.ok_or_else(missing)?;
    let record = Json::parse_with(logged.entry.body.as_bytes(), &Limits::RECORD);
    let damaged = |_| Failed::new(StatusCode::SERVICE_UNAVAILABLE, "The record is damaged.");
    let record = record.map_err(damaged)?;
    let request =
        record.root().get("request").and_then(|request| request.get("id")).and_then(Value::as_text);
    let request = request.map(str::to_owned);
    Ok(DecisionPage { line: line(&logged), leaf: hex_digest(&logged.entry.leaf), request, record })
}
