//! One request: what would run, why a person is asked, who must still agree, and the answer.

use super::answer::{Answering, answer};
use super::diff::changes;
use super::layout::{Frame, Section, page};
use super::queue::or_none;
use super::state::{badge, needs};
use super::text::{Shown, count, plain, value as text_value};
use super::time::{ago, deadline, moment};
use super::value::{arguments, value};
use crate::approvals::{ChangeView, EventView, OutcomeView, PreviewView, RequestView, RuleView};
use fence_engine::scalar::Timestamp;
use maud::{Markup, html};

/// What the page shows besides the request itself.
#[derive(Clone, Debug)]
pub struct RequestPage {
    /// The request.
    pub view: RequestView,
    /// What the person is about to do, with what they wrote so far.
    pub answering: Answering,
    /// Set where the person answered an older version: which one, and what changed since.
    pub stale: Option<Stale>,
    /// The people who delegated to the viewer at this time.
    pub delegated_by: Vec<String>,
}

impl RequestPage {
    /// The request as it stands, nothing answered yet.
    #[must_use]
    pub fn new(view: RequestView) -> Self {
        let answering = Answering::default();
        Self { view, answering, stale: None, delegated_by: Vec::new() }
    }
}

/// An answer to a version that is no longer the newest.
#[derive(Clone, Debug)]
pub struct Stale {
    /// The version that the person saw.
    pub seen: u32,
    /// What is different now.
    pub changes: Vec<ChangeView>,
}

/// The whole page.
#[must_use]
pub fn request(frame: &Frame, shown: &RequestPage) -> Markup {
    let view = &shown.view;
    let title = plain(&view.tool, 60);
    page(
        frame,
        Section::Queue,
        &title,
        &html! {
            div.request data-request=(view.id) data-version=(view.version) data-state=(view.state) {
                div.what {
                    (heading(frame, view))
                    (stale(shown))
                    (outcome(frame, view))
                    (call(view))
                    (claim(view))
                    (preview(frame, view))
                    (edited(frame, view))
                    (rules(view))
                    (history(frame, view))
                }
                div.side {
                    (answer(frame, shown))
                    section #needs.panel aria-labelledby="needs-title" data-live {
                        h2 #needs-title {
                            @if view.state == "pending" { "Who must agree" } @else { "Who agreed" }
                        }
                        (needs(view, frame.now))
                    }
                }
            }
        },
    )
}

fn heading(frame: &Frame, view: &RequestView) -> Markup {
    html! {
        div #request-head.head data-live {
            p.crumbs {
                a href="/" { "Queue" }
                " / request"
            }
            h1 { (Shown(&view.tool)) }
            p.headline {
                (badge(view.state))
                @if view.state == "pending" { " " (deadline(&view.expires_at, frame.now)) }
                @if view.state == "approved" && let Some(by) = &view.use_by {
                    " to be used: "
                    (deadline(by, frame.now))
                }
                @if view.version > 1 {
                    " "
                    span.kind { "version " (view.version) }
                }
            }
            p.because {
                @match &view.because {
                    Some(because) => (Shown(because)),
                    None => span.quiet { "The rule gives no reason." },
                }
            }
        }
    }
}

fn stale(shown: &RequestPage) -> Markup {
    html! {
        @if let Some(stale) = &shown.stale {
            section.notice.changed role="alert" aria-labelledby="stale-title" {
                h2 #stale-title { "It changed while you were reading" }
                p {
                    "You saw version "
                    (stale.seen)
                    "; this is version "
                    (shown.view.version)
                    ". Your answer was not counted. What changed:"
                }
                (changes(&stale.changes))
            }
        }
    }
}

/// How it ended, where it has.
fn outcome(frame: &Frame, view: &RequestView) -> Markup {
    html! {
        section #outcome data-live aria-label="Outcome" {
            @if let Some(outcome) = &view.outcome { (ended(frame, outcome)) }
        }
    }
}

fn ended(frame: &Frame, outcome: &OutcomeView) -> Markup {
    html! {
        div.panel.outcome {
            p { (badge(outcome.state)) " " (ago(&outcome.at, frame.now)) ", " (moment(&outcome.at)) }
            @match &outcome.by {
                Some(by) => p {
                    "By "
                    strong { (Shown(by)) }
                },
                None if outcome.state == "expired" => p {
                    "Nobody decided before the deadline, so the call was denied."
                },
                None => {}
            }
            @if let Some(reason) = &outcome.reason {
                p.reason { (text_value(reason)) }
            }
        }
    }
}

fn call(view: &RequestView) -> Markup {
    html! {
        section.panel aria-labelledby="call-title" {
            h2 #call-title { "What would run" }
            dl.facts.wide {
                div {
                    dt { "Tool" }
                    dd {
                        code { (Shown(&view.tool)) }
                    }
                }
                div {
                    dt { "Agent" }
                    dd { (agent(view)) }
                }
                div {
                    dt { "On behalf of" }
                    dd { (or_none(view.user.as_deref())) }
                }
                div {
                    dt { "Session" }
                    dd { (or_none(view.session.as_deref())) }
                }
                @if let Some(recipients) = view.recipients {
                    div {
                        dt { "Recipients" }
                        dd.figure { (count(recipients)) }
                    }
                }
            }
            h3 { "Arguments" }
            (arguments(&view.args))
            (context(view))
            p.fine {
                "Digest "
                code.digest { (Shown(&view.digest)) }
                ": your answer holds for exactly this call."
            }
        }
    }
}

/// The agent with those it works for, outermost first.
fn agent(view: &RequestView) -> Markup {
    html! {
        @for parent in view.parents.iter().rev() {
            (Shown(parent))
            span.path aria-label=" which runs " { " › " }
        }
        (or_none(view.agent.as_deref()))
    }
}

fn context(view: &RequestView) -> Markup {
    html! {
        @if let Some(context) = &view.context {
            details.context {
                summary { "Context that came with the call" }
                (value(context.root()))
            }
        }
    }
}

fn claim(view: &RequestView) -> Markup {
    html! {
        @if let Some(claim) = &view.claim {
            section.panel.claim aria-labelledby="claim-title" {
                h2 #claim-title { "The agent says" }
                blockquote { (text_value(claim)) }
                p.fine {
                    "Written by the agent itself; nothing has checked it. What runs is what stands under “What would run”."
                }
            }
        }
    }
}

fn preview(frame: &Frame, view: &RequestView) -> Markup {
    html! {
        section #preview data-live aria-label="Preview" {
            @match &view.preview {
                Some(preview) => (previewed(frame, preview)),
                None if view.preview_required => div.panel.warn {
                    h2 { "Preview" }
                    p {
                        "The rule wants a dry run before anyone approves; its result has not arrived yet."
                    }
                },
                None => {}
            }
        }
    }
}

fn previewed(frame: &Frame, preview: &PreviewView) -> Markup {
    html! {
        div.panel.warn[preview.stale] {
            h2 { "Preview" }
            p.fine {
                "Result of a dry run, reported by the agent’s host "
                (ago(&preview.at, frame.now))
                "."
            }
            @if preview.stale {
                p.warn-note {
                    strong { "Stale: " }
                    "it shows an older version of the call, not this one."
                }
            }
            (value(preview.value.root()))
            p.fine {
                "Digest "
                code.digest { (Shown(&preview.digest)) }
            }
        }
    }
}

fn edited(frame: &Frame, view: &RequestView) -> Markup {
    html! {
        @if let Some(edit) = &view.edit {
            section.panel aria-labelledby="edit-title" {
                h2 #edit-title { "What was edited" }
                p {
                    "By "
                    strong { (Shown(edit.by.as_deref().unwrap_or("nobody known"))) }
                    " "
                    (ago(&edit.at, frame.now))
                    ", against the version before. Earlier votes no longer count."
                }
                (changes(&edit.changes))
            }
        }
    }
}

fn rules(view: &RequestView) -> Markup {
    html! {
        section.panel aria-labelledby="why-title" {
            h2 #why-title { "Why you are asked" }
            @for rule in &view.rules { (rule_block(rule)) }
            @if let Some(nearest) = &view.nearest {
                p {
                    span.label { "Would not ask for: " }
                    (Shown(nearest))
                }
            }
            @if let Some(instead) = &view.instead {
                p {
                    span.label { "Instead, the policy advises: " }
                    (Shown(instead))
                }
            }
            p.fine {
                "Policy "
                code.digest { (Shown(&view.policy_digest)) }
                " · "
                a href={ "/decisions/" (view.decision) } { "the decision’s record" }
            }
        }
    }
}

fn rule_block(rule: &RuleView) -> Markup {
    html! {
        div.rule {
            p {
                a href={ "/policies/" (path_part(&rule.policy)) "#L" (rule.line) } {
                    code { (Shown(&rule.policy)) "/" (Shown(&rule.rule)) }
                    ", line "
                    (rule.line)
                }
            }
            @if let Some(because) = &rule.because {
                p.because { (Shown(because)) }
            }
            @if let Some(source) = &rule.source {
                pre.source { (super::highlight::code(source)) }
            }
        }
    }
}

/// A text as one part of a path: everything beyond letters, digits, `-`, `_` in per cent.
pub(super) fn path_part(text: &str) -> String {
    use std::fmt::Write as _;
    text.bytes().fold(String::new(), |mut out, byte| {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' => out.push(byte.into()),
            _ => {
                let _ = write!(out, "%{byte:02X}");
            }
        }
        out
    })
}

fn history(frame: &Frame, view: &RequestView) -> Markup {
    html! {
        section #request-history.panel aria-labelledby="history-title" data-live {
            h2 #history-title { "History" }
            ol.timeline {
                @for event in &view.history { (event_row(event, frame.now)) }
            }
        }
    }
}

/// A recorded step in words: `request.voted` is a vote.
fn step(kind: &str) -> Markup {
    let words = match kind {
        "request.opened" => "Opened",
        "request.voted" => "Approval",
        "request.withdrawn" => "Vote taken back",
        "request.escalated" => "Asked further people",
        "request.approved" => "Approved",
        "request.refused" | "request.denied" => "Refused",
        "request.expired" => "Expired",
        "request.cancelled" => "Cancelled",
        "request.superseded" => "Replaced by a newer version",
        "request.edited" => "Edited",
        "request.revoked" => "Approval taken back",
        "request.claimed" => "Released to the agent",
        "request.done" => "Done",
        "request.failed" => "Failed",
        "request.unknown" => "Outcome unknown",
        "request.previewed" => "Preview arrived",
        other => {
            return html! {
                (Shown(other))
            };
        }
    };
    html! {
        (words)
    }
}

fn event_row(event: &EventView, now: Timestamp) -> Markup {
    html! {
        li {
            span.when { (ago(&event.at, now)) }
            div {
                strong { (step(&event.kind)) }
                @if let Some(by) = &event.by { " by " (Shown(by)) }
                @if let Some(other) = &event.on_behalf_of { " on behalf of " (Shown(other)) }
                @if let Some(via) = &event.via {
                    span.kind { "via " (Shown(via)) }
                }
                span.kind { "version " (event.version) }
                @if let Some(note) = &event.note {
                    div.note { (text_value(note)) }
                }
            }
        }
    }
}
