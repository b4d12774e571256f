//! States, decisions and who must still agree, in words and with a sign of their own: never by
//! colour alone.

use super::text::Shown;
use super::time::clock;
use crate::approvals::{NeedView, RequestView};
use fence_engine::scalar::Timestamp;
use maud::{Markup, html};

const CHECK: &str = "M4 12l5 5L20 6";
const CROSS: &str = "M6 6l12 12M18 6L6 18";
const CLOCK: &str = "M12 6v6l4 2M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18";
const DASH: &str = "M5 12h14";
const ARROW: &str = "M4 12h15M13 6l6 6-6 6";
const QUERY: &str = "M9 9a3 3 0 1 1 4 2.8c-1 .5-1 1-1 2.2M12 18v.5";

/// The label of a request's state.
pub(super) fn badge(state: &str) -> Markup {
    let (tone, words, icon) = match state {
        "pending" => ("ask", "Waiting", CLOCK),
        "approved" => ("allow", "Approved, not yet used", CHECK),
        "claimed" => ("allow", "Released, running", ARROW),
        "done" => ("allow", "Done", CHECK),
        "failed" => ("deny", "Released, failed", CROSS),
        "unknown" => ("ask", "Released, outcome unknown", QUERY),
        "denied" => ("deny", "Refused", CROSS),
        "expired" => ("none", "Expired", CLOCK),
        "cancelled" => ("none", "Cancelled", DASH),
        "superseded" => ("none", "Replaced by a newer version", ARROW),
        "revoked" => ("deny", "Approval taken back", CROSS),
        other => ("none", other, DASH),
    };
    label(tone, words, icon)
}

/// The label of a decision.
pub(super) fn decision(decision: &str) -> Markup {
    match decision {
        "allow" => label("allow", "Allow", CHECK),
        "ask" => label("ask", "Ask", CLOCK),
        "deny" => label("deny", "Deny", CROSS),
        other => label("none", other, DASH),
    }
}

fn label(tone: &str, words: &str, icon: &str) -> Markup {
    html! {
        span class={ "badge-state " (tone) } {
            svg viewBox="0 0 24 24" width="14" height="14" aria-hidden="true" focusable="false" {
                path d=(icon) {}
            }
            (Shown(words))
        }
    }
}

/// Who must still agree: one row a seat, filled or missing.
pub(super) fn needs(view: &RequestView, now: Timestamp) -> Markup {
    html! {
        ul.needs {
            @for need in &view.needs { (need_row(need, view.state == "pending", now)) }
        }
        @if view.needs.is_empty() {
            p.quiet { "Nobody: the terms are met." }
        }
    }
}

fn need_row(need: &NeedView, open: bool, now: Timestamp) -> Markup {
    html! {
        li {
            div.seats aria-hidden="true" {
                @for _ in 0..need.count.saturating_sub(need.missing).min(12) {
                    span.seat.filled {}
                }
                @for _ in 0..need.missing.min(12) {
                    span.seat {}
                }
            }
            div.who {
                strong { (need.count.saturating_sub(need.missing)) " of " (need.count) }
                @match &need.of {
                    Some(group) => {
                        " from "
                        code { (Shown(group)) }
                    }
                    None => " from any approver",
                }
                @if need.missing == 0 {
                    span.kind { "complete" }
                } @else {
                    span.kind { (need.missing) " missing" }
                }
                @for person in &need.given {
                    div.given { "Agreed: " (Shown(person)) }
                }
                @if open { (may_agree(need)) }
                @if open && let Some(at) = &need.escalation_at {
                    div.quiet {
                        "From "
                        time datetime=(at) { (clock(at, now)) }
                        " on, in place of the others of this rule"
                    }
                }
                @if !need.rule.is_empty() {
                    div.quiet {
                        "rule "
                        code { (Shown(&need.rule)) }
                    }
                }
            }
        }
    }
}

fn may_agree(need: &NeedView) -> Markup {
    let open: Vec<&String> =
        need.members.iter().filter(|member| !need.given.contains(member)).collect();
    html! {
        @if need.missing > 0 && !open.is_empty() {
            div.quiet {
                "Can agree: "
                @for (at, member) in open.iter().take(8).enumerate() {
                    @if at > 0 { ", " }
                    (Shown(member))
                }
                @if open.len() > 8 { " and " (open.len() - 8) " more" }
            }
        }
        @if need.missing > 0 && need.of.is_some() && need.members.is_empty() {
            div.warn-note { "The group is empty: nobody can agree." }
        }
    }
}
