//! `GET /`: the queue.

use super::visit::{Visit, read};
use crate::approvals::RequestQuery;
use crate::http::State;
use crate::http::dashboard::queue::{Filter, QueueView, queue as page};
use axum::extract::{Query, State as Of};
use axum::response::Response;
use fence_engine::approval::RequestState;
use serde::Deserialize;

/// Requests on one page.
const PAGE: u32 = 50;
/// Approved ones shown below them.
const APPROVED: u32 = 20;

/// What narrows a list, and where its page begins.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Narrow {
    pub(super) tool: String,
    pub(super) agent: String,
    pub(super) rule: String,
    pub(super) text: String,
    /// So many are passed over, or the place before which to go on.
    pub(super) before: Option<u64>,
}

impl Narrow {
    pub(super) fn filter(&self) -> Filter {
        let Self { tool, agent, rule, text, .. } = self.clone();
        Filter { tool, agent, rule, text }
    }

    pub(super) fn query(&self) -> RequestQuery {
        RequestQuery {
            tool: some(&self.tool),
            agent: some(&self.agent),
            rule: some(&self.rule),
            text: some(&self.text),
            skip: self.before.unwrap_or(0),
            limit: Some(PAGE),
            ..RequestQuery::default()
        }
    }
}

/// A field of a form that was filled in.
pub(super) fn some(text: &str) -> Option<String> {
    Some(text.trim()).filter(|text| !text.is_empty()).map(str::to_owned)
}

pub(super) async fn queue(
    Of(state): Of<State>,
    visit: Visit,
    Query(narrow): Query<Narrow>,
) -> Response {
    let found = read(&state, move |state| view(state, &narrow)).await;
    let page = found.map(|view| page(&visit.frame, &view));
    visit.show(page)
}

fn view(state: &State, narrow: &Narrow) -> Result<QueueView, crate::approvals::ApprovalError> {
    let open = state.approvals.list(&narrow.query())?;
    let states = vec![RequestState::Approved];
    let approved = RequestQuery { states, limit: Some(APPROVED), ..RequestQuery::default() };
    Ok(QueueView {
        items: open.items,
        total_open: open.open,
        next: open.next,
        approved: state.approvals.list(&approved)?.items,
        filter: narrow.filter(),
    })
}
