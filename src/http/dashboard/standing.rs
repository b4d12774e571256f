//! What stands until it ends: grants, halts and delegations, each with the form that ends it.

use super::layout::{Frame, Section, page};
use super::queue::or_none;
use super::text::{Shown, count, passage, plain};
use super::time::{ago, moment};
use crate::approvals::{DelegationView, GrantView, HaltView};
use maud::{Markup, html};

/// What a form above a list held when it could not be taken.
#[derive(Clone, Debug, Default)]
pub struct Kept {
    /// The fields with what was written.
    pub fields: Vec<(String, String)>,
    /// Why it was not taken.
    pub error: Option<String>,
}

impl Kept {
    fn get(&self, name: &str) -> &str {
        self.fields.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }

    fn error(&self) -> Markup {
        html! {
            @if let Some(error) = &self.error {
                p.error role="alert" { (Shown(error)) }
            }
        }
    }
}

/// The grants that stand.
#[must_use]
pub fn grants(frame: &Frame, grants: &[GrantView], kept: &Kept) -> Markup {
    page(
        frame,
        Section::Grants,
        "Grants",
        &html! {
            div.head {
                h1 { "Grants" }
                p.lead {
                    "Approvals that reach further than one call. Each covers exactly what it says, is counted, and loses to any "
                    code { "deny" }
                    "."
                }
            }
            (kept.error())
            @if grants.is_empty() {
                div.empty {
                    h2 { "No grant stands" }
                    p {
                        "A grant is given with an approval, where the rule "
                        code { "offer" }
                        "s one."
                    }
                }
            }
            ul.rows.roomy {
                @for grant in grants {
                    li { (one_grant(frame, grant)) }
                }
            }
        },
    )
}

fn one_grant(frame: &Frame, grant: &GrantView) -> Markup {
    html! {
        div.big { (passage(&grant.covers)) }
        dl.facts {
            div {
                dt { "Tool" }
                dd {
                    code { (Shown(&grant.tool)) }
                }
            }
            div {
                dt { "Agent" }
                dd { (or_none(grant.agent.as_deref())) }
            }
            div {
                dt { "Session" }
                dd { (or_none(grant.session.as_deref())) }
            }
            div {
                dt { "Given" }
                dd {
                    (ago(&grant.given_at, frame.now))
                    " by "
                    @for (at, by) in grant.by.iter().enumerate() {
                        @if at > 0 { ", " }
                        (Shown(by))
                    }
                }
            }
            div {
                dt { "Used" }
                dd.figure {
                    (count(grant.used))
                    @if let Some(left) = grant.left { ", " (count(left)) " left" }
                }
            }
            @if let Some(until) = &grant.until {
                div {
                    dt { "Until" }
                    dd { (moment(until)) }
                }
            }
            div {
                dt { "From" }
                dd {
                    a href={ "/requests/" (grant.request) } { "its request" }
                }
            }
        }
        @match &grant.ended_at {
            Some(at) => p.quiet { "Ended " (ago(at, frame.now)) },
            None if frame.may_stop() => {
                ({
                    with_reason(
                        frame,
                        "/grants/end",
                        &grant.id,
                        "End this grant…",
                        "End it",
                        &grant.covers,
                    )
                })
            }
            None => {}
        }
    }
}

/// A folded form: reason, then the button. Two steps, so that no slip ends or starts anything.
fn with_reason(
    frame: &Frame,
    action: &str,
    id: &str,
    open: &str,
    button: &str,
    what: &str,
) -> Markup {
    html! {
        details.act {
            summary aria-label={ (open) " " (plain(what, 80)) } { (open) }
            form method="post" action=(action) {
                (frame.proof())
                input type="hidden" name="id" value=(id);
                label.stack {
                    span { "Reason" }
                    textarea name="reason" rows="2" maxlength="2000" required {}
                }
                div.buttons {
                    button.refuse.strong data-guard { (button) }
                }
            }
        }
    }
}

/// The stop button, and what is stopped.
#[must_use]
pub fn halts(frame: &Frame, halts: &[HaltView], kept: &Kept) -> Markup {
    page(
        frame,
        Section::Halts,
        "Stop",
        &html! {
            div.head {
                h1 { "Stop" }
                p.lead {
                    "A halt denies every call it covers, at once and until a person resumes. Approvals that were not used yet do not get past it."
                }
            }
            section.panel aria-labelledby="in-force" {
                h2 #in-force { "In force" }
                @if halts.is_empty() {
                    p.quiet { "Nothing is stopped." }
                }
                ul.rows {
                    @for halt in halts {
                        li { (one_halt(frame, halt)) }
                    }
                }
            }
            @if frame.may_stop() { (stop(frame, kept)) }
        },
    )
}

fn one_halt(frame: &Frame, halt: &HaltView) -> Markup {
    html! {
        p.big { (Shown(&halt.scope)) }
        p { "Stopped " (ago(&halt.since, frame.now)) " by " (Shown(&halt.by)) ": " (Shown(&halt.reason)) }
        @if frame.may_stop() {
            ({
                with_reason(
                    frame,
                    "/halts/resume",
                    &halt.scope,
                    "Resume…",
                    "Resume",
                    &halt.scope,
                )
            })
        }
    }
}

fn stop(frame: &Frame, kept: &Kept) -> Markup {
    let scope = kept.get("scope");
    html! {
        section.panel aria-labelledby="stop-title" {
            h2 #stop-title { "Stop now" }
            (kept.error())
            form method="post" action="/halts" {
                (frame.proof())
                fieldset.offers {
                    legend { "What" }
                    @for (value, label, hint) in {
                        [
                            ("agent", "One agent", "its id as it stands on the request"),
                            ("session", "One session", "its id"),
                            ("everything", "Everything", "every call of every agent"),
                        ]
                    } {
                        label {
                            input
                                type="radio"
                                name="scope"
                                value=(value)
                                required
                                checked[scope == value];
                            span {
                                strong { (label) }
                                ": "
                                (hint)
                            }
                        }
                    }
                }
                label.stack {
                    span { "Which agent or session" }
                    input name="name" value=(kept.get("name")) maxlength="400" autocomplete="off";
                }
                label.stack {
                    span { "Reason" }
                    textarea name="reason" rows="2" maxlength="2000" required {
                        "\n"
                        (kept.get("reason"))
                    }
                }
                label.check {
                    input type="checkbox" name="confirm" value="yes" required;
                    span { "Yes, deny these calls from now on" }
                }
                div.buttons {
                    button.refuse.strong data-guard { "Stop" }
                }
            }
        }
    }
}

/// Who answers for whom.
#[must_use]
pub fn delegations(
    frame: &Frame,
    list: &[DelegationView],
    people: &[String],
    kept: &Kept,
) -> Markup {
    page(
        frame,
        Section::Delegations,
        "Delegations",
        &html! {
            div.head {
                h1 { "Delegations" }
                p.lead {
                    "Someone else answers for you for a time. Both names stand in the log; nobody can pass it on."
                }
            }
            section.panel aria-labelledby="standing" {
                h2 #standing { "Standing" }
                @if list.is_empty() {
                    p.quiet { "Nobody answers for anybody else." }
                }
                ul.rows {
                    @for one in list {
                        li { (delegation(frame, one)) }
                    }
                }
            }
            @if frame.may_answer() { (delegate(frame, people, kept)) }
        },
    )
}

fn delegation(frame: &Frame, one: &DelegationView) -> Markup {
    let own = frame
        .viewer
        .as_ref()
        .is_some_and(|viewer| viewer.person.eq_ignore_ascii_case(&one.from_person));
    html! {
        p.big { (Shown(&one.to_person)) " answers for " (Shown(&one.from_person)) }
        p { "From " (moment(&one.from)) " until " (moment(&one.until)) }
        @if own {
            form method="post" action="/delegations/end" {
                (frame.proof())
                input type="hidden" name="id" value=(one.id);
                button.plain aria-label={ "End: " (plain(&one.to_person, 60)) " answers for you" } {
                    "End it"
                }
            }
        }
    }
}

fn delegate(frame: &Frame, people: &[String], kept: &Kept) -> Markup {
    html! {
        section.panel aria-labelledby="delegate-title" {
            h2 #delegate-title { "Let someone answer for me" }
            (kept.error())
            form method="post" action="/delegations" {
                (frame.proof())
                label.stack {
                    span { "Who" }
                    select name="to" required {
                        option value="" { "choose" }
                        @for person in people {
                            option value=(person) selected[kept.get("to") == person] {
                                (Shown(person))
                            }
                        }
                    }
                }
                label.stack {
                    span { "From (UTC; empty: now)" }
                    input name="from" type="datetime-local" value=(kept.get("from"));
                }
                label.stack {
                    span { "Until (UTC)" }
                    input name="until" type="datetime-local" required value=(kept.get("until"));
                }
                div.buttons {
                    button.strong { "Delegate" }
                }
            }
        }
    }
}
