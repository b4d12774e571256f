//! `GET /v1/decisions`: the decision log, newest first; one decision as it was recorded.

use super::openapi::ProblemBody;
use super::problem::Problem;
use super::query::Query;
use super::state::State;
use crate::store::{LogQuery, Logged};
use axum::Json;
use axum::extract::{Path, State as Of};
use fence_engine::decision::Effect;
use fence_engine::scalar::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::{IntoParams, ToSchema};

const PAGE: u64 = 50;
const MAX_PAGE: u64 = 500;

/// Which decisions are wanted.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Filter {
    /// Decided at or after this time, RFC 3339
    since: Option<String>,
    /// Decided before this time, RFC 3339
    until: Option<String>,
    /// Of this tool, exactly
    tool: Option<String>,
    /// By this agent, exactly
    agent: Option<String>,
    /// `allow`, `ask` or `deny`
    decision: Option<String>,
    /// Decided by this rule, exactly
    rule: Option<String>,
    /// Before this place in the log: `next` of the page before
    before: Option<u64>,
    /// At most so many (50; at most 500)
    limit: Option<u64>,
}

/// One decision in its place in the log.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Item {
    /// Its place, counted from 1.
    seq: u64,
    /// `sha256:` over the record: the leaf of the log's tree.
    leaf: String,
    /// The record as it is stored, in canonical JSON.
    #[schema(value_type = Object)]
    record: Box<RawValue>,
}

/// Decisions, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Decisions {
    /// The decisions.
    items: Vec<Item>,
    /// `before` for the next page; absent on the last.
    next: Option<u64>,
}

/// Read the decision log
#[utoipa::path(get, path = "/v1/decisions", tag = "records", params(Filter), responses(
    (status = 200, body = Decisions),
    (status = "4XX", body = ProblemBody),
))]
pub(super) async fn list(
    Of(state): Of<State>,
    Query(filter): Query<Filter>,
) -> Result<Json<Decisions>, Problem> {
    let limit = filter.limit.unwrap_or(PAGE).clamp(1, MAX_PAGE);
    // One more than is shown tells whether there is another page.
    let query = filter.query(limit + 1)?;
    let found = move |state: &State| {
        let mut found = Vec::new();
        state.store().log(&query, &mut |logged| {
            found.push(logged);
            true
        })?;
        Ok::<_, Problem>(found)
    };
    let mut found = state.blocking(found).await?;
    found.reverse();
    let more = found.len() as u64 > limit;
    found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    let next = found.last().filter(|_| more).map(|logged| logged.seq);
    let items = found.into_iter().map(item).collect::<Result<_, _>>()?;
    Ok(Json(Decisions { items, next }))
}

/// One decision in full
#[utoipa::path(get, path = "/v1/decisions/{id}", tag = "records",
    params(("id" = String, Path, description = "the decision's id")),
    responses((status = 200, body = Item), (status = "4XX", body = ProblemBody)))]
pub(super) async fn one(
    Of(state): Of<State>,
    Path(id): Path<String>,
) -> Result<Json<Item>, Problem> {
    let missing = || Problem::not_found("no decision has this id");
    let id = uuid::Uuid::try_parse(&id).map_err(|_| missing())?.into_bytes();
    let found = state.blocking(move |state| state.store().entry(id)).await?;
    item(found.ok_or_else(missing)?).map(Json)
}

fn item(logged: Logged) -> Result<Item, Problem> {
    let record = RawValue::from_string(logged.entry.body).map_err(|_| Problem::fault())?;
    let leaf = fence_engine::call::hex_digest(&logged.entry.leaf);
    Ok(Item { seq: logged.seq, leaf, record })
}

impl Filter {
    fn query(self, limit: u64) -> Result<LogQuery, Problem> {
        let effect = |text: String| {
            let wrong = "`decision` is `allow`, `ask` or `deny`";
            text.parse::<Effect>().map_err(|_| Problem::bad_request(wrong))
        };
        Ok(LogQuery {
            since: self.since.map(|text| time("since", &text)).transpose()?,
            until: self.until.map(|text| time("until", &text)).transpose()?,
            tool: self.tool,
            agent: self.agent,
            decision: self.decision.map(effect).transpose()?.map(|effect| effect as u8),
            rule: self.rule,
            after_seq: None,
            before_seq: self.before,
            limit: Some(limit),
        })
    }
}

/// A time in a query or body.
pub(super) fn time(name: &str, text: &str) -> Result<Timestamp, Problem> {
    let wrong =
        || Problem::bad_request(format!("`{name}` is no time such as `2026-03-23T10:00:00Z`"));
    Timestamp::parse(text).ok_or_else(wrong)
}
