//! The answer to a request: refuse, approve, edit, take back. Each step says in words what it does.

use super::diff::changes;
use super::edit;
use super::layout::Frame;
use super::request::RequestPage;
use super::text::{Shown, count, passage};
use super::time::ago;
use crate::approvals::{ChangeView, OfferView, RequestView};
use maud::{Markup, html};

/// What the person is about to do, with what they wrote so far.
#[derive(Clone, Debug, Default)]
pub struct Answering {
    /// Which step is open.
    pub step: Step,
    /// The reason or note written so far.
    pub note: String,
    /// What each edited field's box holds.
    pub fields: Vec<edit::Written>,
    /// The edits that were reviewed, as they will be sent, with the difference they make.
    pub reviewed: Vec<ChangeView>,
    /// The grant chosen so far.
    pub offer: String,
    /// On whose behalf.
    pub on_behalf_of: String,
    /// Whether approving over the heads of others was chosen.
    pub break_glass: bool,
    /// Why the last attempt did not count.
    pub error: Option<String>,
}

/// Which step of the answer is open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Step {
    /// The choice.
    #[default]
    Choose,
    /// The reason for a refusal.
    Refuse,
    /// The last step before approving.
    Approve,
    /// The editable fields.
    Edit,
    /// Taking an approval back that was not used yet.
    Revoke,
}

impl Step {
    /// The step a query names; anything unknown is the choice.
    #[must_use]
    pub fn named(name: &str) -> Self {
        match name {
            "refuse" => Self::Refuse,
            "approve" => Self::Approve,
            "edit" => Self::Edit,
            "revoke" => Self::Revoke,
            _ => Self::Choose,
        }
    }
}

/// The panel beside the request; at the bottom edge of a phone.
pub(super) fn answer(frame: &Frame, page: &RequestPage) -> Markup {
    let open = matches!(page.view.state, "pending" | "approved");
    html! {
        section
            #answer
            .panel
            .answer
            data-live
            data-answer
            data-step=(step_name(page.answering.step))
            aria-labelledby="answer-title"
        {
            @if !open { (over(&page.view)) } @else if {
                page.view.state == "approved" && !frame.may_stop()
                    || page.view.state == "pending" && !frame.may_answer()
            } { (only_reading()) } @else { (steps(frame, page)) }
        }
    }
}

const fn step_name(step: Step) -> &'static str {
    match step {
        Step::Choose => "choose",
        Step::Refuse => "refuse",
        Step::Approve => "approve",
        Step::Edit => "edit",
        Step::Revoke => "revoke",
    }
}

fn over(view: &RequestView) -> Markup {
    html! {
        h2 #answer-title { "Decided" }
        p {
            "There is nothing left to answer."
            @if view.state == "superseded" { " A newer version took its place." }
        }
        p {
            a.button.plain href="/" { "Back to the queue" }
        }
    }
}

fn only_reading() -> Markup {
    html! {
        h2 #answer-title { "Answer" }
        p { "Your account may read requests, not answer them." }
    }
}

fn steps(frame: &Frame, page: &RequestPage) -> Markup {
    match (page.view.state, page.answering.step) {
        ("pending", Step::Refuse) => refuse(frame, page),
        ("pending", Step::Approve) => approve(frame, page),
        ("pending", Step::Edit) if !page.view.may_edit.is_empty() => edit::form(frame, page),
        ("pending", _) => choose(frame, page),
        (_, Step::Revoke) => revoke(frame, page),
        _ => taking_back(page),
    }
}

fn choose(frame: &Frame, page: &RequestPage) -> Markup {
    let view = &page.view;
    let own = view.votes.iter().find(|vote| frame.is_viewer(&vote.by));
    html! {
        h2 #answer-title { "Your answer" }
        (error(page))
        form.choices method="get" action={ "/requests/" (view.id) } data-swap {
            button.refuse name="answer" value="refuse" autofocus data-key="r" { "Refuse…" }
            @if !view.may_edit.is_empty() {
                button.edit name="answer" value="edit" data-key="e" { "Edit…" }
            }
            button.approve name="answer" value="approve" data-key="a" { "Approve…" }
        }
        ul.meaning {
            li {
                strong { "Refuse" }
                ": the call is denied for good. One refusal is enough."
            }
            @if !view.may_edit.is_empty() {
                li {
                    strong { "Edit" }
                    ": change "
                    (fields(view))
                    ", then approve the changed call."
                }
            }
            li {
                strong { "Approve" }
                ": "
                (effect(view))
            }
        }
        @if let Some(own) = own {
            form.voted method="post" action={ "/requests/" (view.id) "/withdraw" } data-answering {
                (bound(frame, view))
                p { "You approved " (ago(&own.at, frame.now)) ". Others must still agree." }
                button.plain { "Take my vote back" }
            }
        }
    }
}

fn fields(view: &RequestView) -> Markup {
    html! {
        @for (at, field) in view.may_edit.iter().enumerate() {
            @if at > 0 { ", " }
            code { (Shown(&field.field)) }
        }
    }
}

/// How many must still agree; people asked later stand in for others and do not add to them.
fn missing(view: &RequestView) -> u32 {
    let own = view.needs.iter().filter(|need| need.escalation_at.is_none());
    own.map(|need| need.missing).sum()
}

/// What an approval brings about, in words.
fn effect(view: &RequestView) -> Markup {
    html! {
        @match missing(view) {
            0 | 1 => "the agent may run this call, once, with exactly these arguments.",
            more => {
                "your vote counts; "
                (more - 1)
                @if more == 2 { " more is" } @else { " more are" }
                " needed before the call may run, once."
            }
        }
    }
}

/// What every answer carries: the session's proof, and what the person was looking at.
pub(super) fn bound(frame: &Frame, view: &RequestView) -> Markup {
    html! {
        (frame.proof())
        input type="hidden" name="version" value=(view.version);
        input type="hidden" name="digest" value=(view.digest);
    }
}

fn error(page: &RequestPage) -> Markup {
    html! {
        @if let Some(error) = &page.answering.error {
            p #answer-error.error role="alert" { (Shown(error)) }
        }
    }
}

/// Back to the choice.
pub(super) fn back(view: &RequestView) -> Markup {
    html! {
        a.button.plain href={ "/requests/" (view.id) } data-swap-link { "Back" }
    }
}

fn note_box(page: &RequestPage, label: &str, required: bool) -> Markup {
    html! {
        label.stack {
            span { (label) }
            textarea
                name="note"
                rows="3"
                maxlength="2000"
                required[required]
                autofocus[required]
                data-focus[required]
                aria-invalid=[page.answering.error.as_ref().map(|_| "true")]
                aria-describedby=[page.answering.error.as_ref().map(|_| "answer-error")]
            { "\n" (page.answering.note) }
        }
    }
}

fn refuse(frame: &Frame, page: &RequestPage) -> Markup {
    html! {
        h2 #answer-title { "Refuse" }
        p { "The call is denied, whatever others voted, and the agent is told your reason." }
        (error(page))
        form method="post" action={ "/requests/" (page.view.id) "/refuse" } data-answering {
            (bound(frame, &page.view))
            (note_box(page, "Reason", true))
            (on_behalf(page))
            div.buttons {
                (back(&page.view))
                button.refuse.strong { "Refuse this call" }
            }
        }
    }
}

fn revoke(frame: &Frame, page: &RequestPage) -> Markup {
    html! {
        h2 #answer-title { "Take the approval back" }
        p { "As long as the agent has not used it, the call is then denied." }
        (error(page))
        form method="post" action={ "/requests/" (page.view.id) "/revoke" } data-answering {
            (bound(frame, &page.view))
            (note_box(page, "Reason", true))
            div.buttons {
                (back(&page.view))
                button.refuse.strong { "Take it back" }
            }
        }
    }
}

fn taking_back(page: &RequestPage) -> Markup {
    html! {
        h2 #answer-title { "Approved" }
        p { "The agent may run it until its time is over." }
        (error(page))
        form.choices method="get" action={ "/requests/" (page.view.id) } data-swap {
            button.refuse name="answer" value="revoke" data-key="r" { "Take it back…" }
        }
    }
}

fn approve(frame: &Frame, page: &RequestPage) -> Markup {
    let view = &page.view;
    let edited = !page.answering.reviewed.is_empty();
    html! {
        h2 #answer-title {
            @if edited { "Approve with changes" } @else { "Approve" }
        }
        @if edited { (changes(&page.answering.reviewed)) }
        p.recap {
            @if edited {
                "The changed call is judged again. Where the policy still asks, your vote counts for it; earlier votes do not."
            } @else {
                code { (Shown(&view.tool)) }
                @if let Some(recipients) = view.recipients {
                    ", "
                    strong {
                        (count(recipients))
                        @if recipients == 1 { " recipient" } @else { " recipients" }
                    }
                }
                ": "
                (effect(view))
            }
        }
        (error(page))
        form method="post" action={ "/requests/" (view.id) "/approve" } data-answering {
            (bound(frame, view))
            @for written in &page.answering.fields { (edit::carried(written)) }
            @if !edited { (offers(page)) }
            (note_box(page, "Note (optional, kept with the decision)", false))
            (on_behalf(page))
            (glass(frame, page))
            div.buttons {
                (back(view))
                button.approve.strong autofocus data-focus data-guard {
                    @if edited { "Approve the changed call" } @else { "Approve this call" }
                }
            }
        }
    }
}

fn offers(page: &RequestPage) -> Markup {
    let offers: Vec<&OfferView> =
        page.view.offers.iter().filter(|offer| offer.offer != "once").collect();
    let chosen = |offer: &str| {
        page.answering.offer == offer || (offer == "once" && page.answering.offer.is_empty())
    };
    html! {
        @if !offers.is_empty() {
            fieldset.offers {
                legend { "How far it reaches" }
                label {
                    input type="radio" name="offer" value="once" checked[chosen("once")];
                    span {
                        strong { "This call only" }
                    }
                }
                @for offer in offers {
                    label {
                        input
                            type="radio"
                            name="offer"
                            value=(offer.offer)
                            checked[chosen(&offer.offer)];
                        span {
                            strong { (reach(&offer.offer)) }
                            ": "
                            (passage(&offer.covers))
                        }
                    }
                }
            }
        }
    }
}

/// What an offer is called: `session`, a duration, a number of calls.
fn reach(offer: &str) -> Markup {
    html! {
        @match offer {
            "session" => "This session",
            number if number.bytes().all(|byte| byte.is_ascii_digit()) => {
                "The next "
                (Shown(number))
                " calls"
            }
            duration => { "For " (Shown(duration)) }
        }
    }
}

fn on_behalf(page: &RequestPage) -> Markup {
    html! {
        @if !page.delegated_by.is_empty() {
            label.stack {
                span { "Answer for" }
                select name="on_behalf_of" {
                    option value="" { "myself" }
                    @for person in &page.delegated_by {
                        option value=(person) selected[*person == page.answering.on_behalf_of] {
                            (Shown(person))
                            ", who delegated to me"
                        }
                    }
                }
            }
        }
    }
}

fn glass(frame: &Frame, page: &RequestPage) -> Markup {
    let may = frame.viewer.as_ref().is_some_and(|viewer| viewer.break_glass);
    html! {
        @if may {
            details.glass open[page.answering.break_glass] {
                summary { "Break glass" }
                label.check {
                    input
                        type="checkbox"
                        name="break_glass"
                        value="yes"
                        checked[page.answering.break_glass];
                    span {
                        "Approve alone, over the heads of everyone who would have to agree. Each of them is told. The note above becomes the reason and must be written. A "
                        code { "deny" }
                        " is not lifted."
                    }
                }
            }
        }
    }
}
