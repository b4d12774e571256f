//! The queue: what waits for a person, the nearest deadline first.

use super::layout::{Frame, Section, page};
use super::state::badge;
use super::text::{Shown, brief, count, plain};
use super::time::{ago, deadline};
use crate::approvals::RequestSummary;
use maud::{Markup, html};

/// What the queue shows.
#[derive(Clone, Debug, Default)]
pub struct QueueView {
    /// The open requests of this page, the nearest deadline first.
    pub items: Vec<RequestSummary>,
    /// How many are open in all, whatever the filter.
    pub total_open: u64,
    /// Where the next page begins.
    pub next: Option<u64>,
    /// Approved ones that wait for their agent.
    pub approved: Vec<RequestSummary>,
    /// What narrows the list.
    pub filter: Filter,
}

/// What narrows a list of requests or decisions; empty fields do not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// The tool.
    pub tool: String,
    /// The agent.
    pub agent: String,
    /// The rule.
    pub rule: String,
    /// Words that occur in the call.
    pub text: String,
}

impl Filter {
    /// Whether it narrows anything.
    #[must_use]
    pub fn is_set(&self) -> bool {
        ![&self.tool, &self.agent, &self.rule, &self.text].iter().all(|field| field.is_empty())
    }

    /// The fields with their names, as a form and a query know them.
    pub(super) fn fields(&self) -> [(&'static str, &'static str, &str); 4] {
        [
            ("tool", "Tool", &self.tool),
            ("agent", "Agent", &self.agent),
            ("rule", "Rule", &self.rule),
            ("text", "Text", &self.text),
        ]
    }
}

/// The whole page.
#[must_use]
pub fn queue(frame: &Frame, view: &QueueView) -> Markup {
    let title = match view.total_open {
        0 => "Queue".to_owned(),
        open => format!("({}) Queue", count(open)),
    };
    page(
        frame,
        Section::Queue,
        &title,
        &html! {
            div.head {
                h1 { "Queue" }
                p #queue-lead.lead data-live { (lead(view)) }
            }
            (filters(view))
            section #queue aria-label="Open requests" data-live data-list {
                @if view.items.is_empty() { (empty(view)) } @else {
                    ol.cards {
                        @for item in &view.items {
                            li { (card(frame, item)) }
                        }
                    }
                    (pager("/", &view.filter, view.next))
                }
            }
            (approved(frame, view))
        },
    )
}

fn lead(view: &QueueView) -> Markup {
    html! {
        @match view.total_open {
            0 => "Nothing waits for a person.",
            1 => "One request waits.",
            open => { (count(open)) " requests wait, the nearest deadline first." }
        }
        @if view.items.len() as u64 != view.total_open && !view.items.is_empty() {
            " This page shows "
            (count(view.items.len() as u64))
            "."
        }
    }
}

fn filters(view: &QueueView) -> Markup {
    html! {
        details.filters open[view.filter.is_set()] {
            summary { "Filter" }
            form.row method="get" action="/" role="search" {
                @for (name, label, value) in view.filter.fields() {
                    label {
                        (label)
                        input name=(name) value=(value) maxlength="200" autocomplete="off";
                    }
                }
                button { "Show" }
                @if view.filter.is_set() {
                    a.button.plain href="/" { "Show all" }
                }
            }
        }
    }
}

fn empty(view: &QueueView) -> Markup {
    html! {
        div.empty {
            @if view.filter.is_set() {
                h2 { "No open request matches the filter" }
                p {
                    a href="/" { "Show all " (count(view.total_open)) }
                }
            } @else {
                h2 { "All quiet" }
                p {
                    "When a policy says "
                    code { "ask" }
                    " for a call, it appears here and waits for your answer. An agent that asks gets no answer until then; after its deadline the call is denied."
                }
                p {
                    "What was decided before is in the "
                    a href="/history" { "history" }
                    "."
                }
            }
        }
    }
}

/// One open request.
fn card(frame: &Frame, item: &RequestSummary) -> Markup {
    html! {
        article.card id=(item.id) data-card data-version=(item.version) {
            div.card-head {
                h2 {
                    a.open href={ "/requests/" (item.id) } { (brief(&item.tool, 80)) }
                }
                (deadline(&item.expires_at, frame.now))
            }
            p.because {
                @match &item.because {
                    Some(because) => (brief(because, 240)),
                    None => span.quiet { "The rule gives no reason." },
                }
            }
            dl.facts {
                div {
                    dt { "Agent" }
                    dd { (some(item.agent.as_deref())) }
                }
                @if let Some(user) = &item.user {
                    div {
                        dt { "For" }
                        dd { (brief(user, 60)) }
                    }
                }
                div {
                    dt { "Rule" }
                    dd {
                        code { (brief(&item.policy, 40)) "/" (brief(&item.rule, 40)) }
                    }
                }
                @if let Some(recipients) = item.recipients {
                    div {
                        dt { "Recipients" }
                        dd.figure { (count(recipients)) }
                    }
                }
                div {
                    dt { "Missing" }
                    dd.figure {
                        (item.missing)
                        @if item.missing == 1 { " vote" } @else { " votes" }
                    }
                }
                div {
                    dt { "Asked" }
                    dd { (ago(&item.opened_at, frame.now)) }
                }
                @if item.version > 1 {
                    div {
                        dt { "Version" }
                        dd.figure { (item.version) ", edited" }
                    }
                }
            }
        }
    }
}

fn some(text: Option<&str>) -> Markup {
    html! {
        @match text {
            Some(text) => (brief(text, 60)),
            None => span.quiet { "not named" },
        }
    }
}

fn approved(frame: &Frame, view: &QueueView) -> Markup {
    html! {
        section #approved data-live aria-label="Approved requests" {
            @if !view.approved.is_empty() {
                h2 { "Approved, waiting for the agent" }
                ul.rows {
                    @for item in &view.approved {
                        li {
                            a   href={ "/requests/" (item.id) }
                                aria-label={ "Request " (plain(&item.tool, 60)) }
                            { (brief(&item.tool, 80)) }
                            " "
                            (badge(item.state))
                            " "
                            span.quiet {
                                (some(item.agent.as_deref()))
                                ", asked "
                                (ago(&item.opened_at, frame.now))
                            }
                        }
                    }
                }
            }
        }
    }
}

/// The link to the next page, with the filter carried along.
pub(super) fn pager(path: &str, filter: &Filter, next: Option<u64>) -> Markup {
    html! {
        @if let Some(next) = next {
            form.pager method="get" action=(path) {
                @for (name, _, value) in filter.fields() {
                    @if !value.is_empty() {
                        input type="hidden" name=(name) value=(value);
                    }
                }
                button.plain name="before" value=(next) { "Show more" }
            }
        }
    }
}

/// An optional text, or a dash that says what is missing.
pub(super) fn or_none(text: Option<&str>) -> Markup {
    html! {
        @match text {
            Some(text) => (Shown(text)),
            None => span.quiet { "none" },
        }
    }
}
