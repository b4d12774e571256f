//! What is over: ended requests, and the log of every decision.

use super::layout::{Frame, Section, page};
use super::queue::{Filter, or_none, pager};
use super::state::{badge, decision as decision_badge};
use super::text::{Shown, brief, count};
use super::time::{ago, moment};
use super::value::value;
use crate::approvals::RequestSummary;
use fence_engine::json::Json;
use maud::{Markup, html};

/// The ended requests of one page.
#[derive(Clone, Debug, Default)]
pub struct HistoryView {
    /// The requests, newest first.
    pub items: Vec<RequestSummary>,
    /// Where the next page begins.
    pub next: Option<u64>,
    /// What narrows the list.
    pub filter: Filter,
}

/// The decisions of one page.
#[derive(Clone, Debug, Default)]
pub struct LogView {
    /// The decisions, newest first.
    pub items: Vec<LogLine>,
    /// Where the next page begins.
    pub next: Option<u64>,
    /// What narrows the list.
    pub filter: Filter,
    /// `allow`, `ask`, `deny`, or nothing.
    pub decision: String,
    /// Since this time, as written by the person.
    pub since: String,
    /// Until this time.
    pub until: String,
    /// Why the filter cannot be read.
    pub error: Option<String>,
    /// Set where the search stopped before the log's end: how many decisions it looked at.
    pub searched: Option<u64>,
}

/// One decision in the log.
#[derive(Clone, Debug, Default)]
pub struct LogLine {
    /// Its id.
    pub id: String,
    /// Its place in the log.
    pub seq: u64,
    /// When.
    pub at: String,
    /// `allow`, `ask` or `deny`.
    pub decision: String,
    /// The tool.
    pub tool: String,
    /// The agent.
    pub agent: Option<String>,
    /// The session.
    pub session: Option<String>,
    /// The policy that decided.
    pub policy: Option<String>,
    /// The rule that decided; a default where there is none.
    pub rule: Option<String>,
}

/// One decision in full.
#[derive(Clone, Debug)]
pub struct DecisionPage {
    /// Its line.
    pub line: LogLine,
    /// The whole record.
    pub record: Json,
    /// The record's leaf hash.
    pub leaf: String,
    /// The request it opened.
    pub request: Option<String>,
}

fn tabs(requests: bool) -> Markup {
    let current = |on: bool| on.then_some("page");
    html! {
        nav.tabs aria-label="History" {
            a href="/history" aria-current=[current(requests)] { "Requests" }
            a href="/decisions" aria-current=[current(!requests)] { "All decisions" }
        }
    }
}

/// The page of ended requests.
#[must_use]
pub fn history(frame: &Frame, view: &HistoryView) -> Markup {
    page(
        frame,
        Section::History,
        "History",
        &html! {
            div.head {
                h1 { "History" }
                p.lead { "Requests that are over, newest first." }
            }
            (tabs(true))
            form.row.search method="get" action="/history" role="search" {
                @for (name, label, value) in view.filter.fields() {
                    label {
                        (label)
                        input name=(name) value=(value) maxlength="200" autocomplete="off";
                    }
                }
                button { "Search" }
                @if view.filter.is_set() {
                    a.button.plain href="/history" { "Show all" }
                }
            }
            @if view.items.is_empty() {
                div.empty {
                    h2 { "Nothing found" }
                    p {
                        @if view.filter.is_set() { "No ended request matches." } @else {
                            "No request has ended yet."
                        }
                    }
                }
            } @else {
                div.scroll tabindex="0" role="region" aria-label="Ended requests" {
                    (requests(frame, view))
                }
                (pager("/history", &view.filter, view.next))
            }
        },
    )
}

fn requests(frame: &Frame, view: &HistoryView) -> Markup {
    html! {
        table.dense {
            thead {
                tr {
                    th { "Outcome" }
                    th { "Tool" }
                    th { "Agent" }
                    th { "Rule" }
                    th { "Ended" }
                    th { "By" }
                }
            }
            tbody {
                @for item in &view.items {
                    tr {
                        td { (badge(item.state)) }
                        td {
                            a href={ "/requests/" (item.id) } { (brief(&item.tool, 60)) }
                        }
                        td { (brief(item.agent.as_deref().unwrap_or("–"), 40)) }
                        td {
                            code { (brief(&item.policy, 30)) "/" (brief(&item.rule, 30)) }
                        }
                        td {
                            @match &item.ended_at {
                                Some(at) => (ago(at, frame.now)),
                                None => "–",
                            }
                        }
                        td { (brief(item.ended_by.as_deref().unwrap_or("–"), 40)) }
                    }
                }
            }
        }
    }
}

/// The page of decisions.
#[must_use]
pub fn decisions(frame: &Frame, view: &LogView) -> Markup {
    page(
        frame,
        Section::History,
        "Decisions",
        &html! {
            div.head {
                h1 { "History" }
                p.lead { "Every decision of the gate, newest first." }
            }
            (tabs(false))
            (log_form(view))
            @if let Some(error) = &view.error {
                p.error role="alert" { (Shown(error)) }
            }
            @if view.items.is_empty() {
                div.empty {
                    h2 { "Nothing found" }
                    p { "No decision matches." }
                }
            } @else {
                div.scroll tabindex="0" role="region" aria-label="Decisions" { (lines(view)) }
            }
            @if let Some(searched) = view.searched {
                p.fine { "Looked at " (count(searched)) " decisions; older ones are further on." }
            }
            (more(view))
        },
    )
}

fn log_form(view: &LogView) -> Markup {
    html! {
        form.row.search method="get" action="/decisions" role="search" {
            label {
                "Decision"
                select name="decision" {
                    @for (name, label) in {
                        [
                            ("", "any"),
                            ("allow", "allow"),
                            ("ask", "ask"),
                            ("deny", "deny"),
                        ]
                    } {
                        option value=(name) selected[view.decision == name] { (label) }
                    }
                }
            }
            @for (name, label, value) in view.filter.fields() {
                label {
                    (label)
                    input name=(name) value=(value) maxlength="200" autocomplete="off";
                }
            }
            label {
                "Since"
                input name="since" value=(view.since) placeholder="2026-03-23" autocomplete="off";
            }
            label {
                "Until"
                input name="until" value=(view.until) placeholder="2026-03-24" autocomplete="off";
            }
            button { "Search" }
        }
    }
}

fn lines(view: &LogView) -> Markup {
    html! {
        table.dense {
            thead {
                tr {
                    th { "Time" }
                    th { "Decision" }
                    th { "Tool" }
                    th { "Agent" }
                    th { "Session" }
                    th { "Rule" }
                }
            }
            tbody {
                @for line in &view.items {
                    tr {
                        td.figure {
                            a href={ "/decisions/" (line.id) } { (moment(&line.at)) }
                        }
                        td { (decision_badge(&line.decision)) }
                        td { (brief(&line.tool, 60)) }
                        td { (brief(line.agent.as_deref().unwrap_or("–"), 40)) }
                        td { (brief(line.session.as_deref().unwrap_or("–"), 30)) }
                        td {
                            code { (rule(line)) }
                        }
                    }
                }
            }
        }
    }
}

fn rule(line: &LogLine) -> Markup {
    html! {
        (brief(line.policy.as_deref().unwrap_or("–"), 30))
        "/"
        (brief(line.rule.as_deref().unwrap_or("default"), 30))
    }
}

fn more(view: &LogView) -> Markup {
    html! {
        @if let Some(next) = view.next {
            form.pager method="get" action="/decisions" {
                @for (name, _, value) in view.filter.fields() {
                    @if !value.is_empty() {
                        input type="hidden" name=(name) value=(value);
                    }
                }
                @for (name, value) in {
                    [
                        ("decision", &view.decision),
                        ("since", &view.since),
                        ("until", &view.until),
                    ]
                } {
                    @if !value.is_empty() {
                        input type="hidden" name=(name) value=(value);
                    }
                }
                button.plain name="before" value=(next) { "Show more" }
            }
        }
    }
}

/// The page of one decision.
#[must_use]
pub fn decision(frame: &Frame, shown: &DecisionPage) -> Markup {
    let line = &shown.line;
    page(
        frame,
        Section::History,
        "Decision",
        &html! {
            div.head {
                p.crumbs {
                    a href="/decisions" { "Decisions" }
                    " / "
                    (line.seq)
                }
                h1 { (Shown(&line.tool)) }
                p.headline { (decision_badge(&line.decision)) " " (moment(&line.at)) }
            }
            section.panel aria-label="Summary" {
                dl.facts.wide {
                    div {
                        dt { "Agent" }
                        dd { (or_none(line.agent.as_deref())) }
                    }
                    div {
                        dt { "Session" }
                        dd { (or_none(line.session.as_deref())) }
                    }
                    div {
                        dt { "Decided by" }
                        dd {
                            code { (rule(line)) }
                        }
                    }
                    div {
                        dt { "Place in the log" }
                        dd.figure { (count(line.seq)) }
                    }
                    @if let Some(request) = &shown.request {
                        div {
                            dt { "Request" }
                            dd {
                                a href={ "/requests/" (request) } { "open it" }
                            }
                        }
                    }
                }
            }
            section.panel aria-labelledby="record" {
                h2 #record { "The record" }
                (value(shown.record.root()))
                p.fine {
                    "Leaf hash "
                    code.digest { (Shown(&shown.leaf)) }
                }
            }
        },
    )
}
