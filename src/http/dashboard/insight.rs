//! What the log says of the asking itself: how often, how fast, and whether anyone still reads.

use super::layout::{Frame, Section, page};
use super::plot;
use super::text::{Shown, count};
use super::time::span;
use maud::{Markup, html};

/// Faster than this nobody has read a request.
pub const READING_SECONDS: u64 = 5;

/// The figures of the page.
#[derive(Clone, Debug, Default)]
pub struct Insight {
    /// The days of the charts, oldest first: `2026-03-23`.
    pub days: Vec<String>,
    /// For each rule, the requests it opened.
    pub rules: Vec<RuleFigures>,
    /// Decisions in each of the last 60 minutes, oldest first.
    pub minutes: Vec<u64>,
    /// Calls that an `ask` rule matched, looked at here.
    pub gated: u64,
    /// How many of those an `auto` line released.
    pub released: u64,
    /// Set where older entries were left out: how many were looked at.
    pub partial: Option<u64>,
}

/// The figures of one rule.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RuleFigures {
    /// `policy/rule`.
    pub rule: String,
    /// Requests opened on each of the days.
    pub per_day: Vec<u64>,
    /// Answers by people.
    pub answered: u64,
    /// Of those, approvals.
    pub approved: u64,
    /// Seconds to the decision: half of all were at least this fast.
    pub median: Option<u64>,
    /// Nine of ten were at least this fast.
    pub p90: Option<u64>,
    /// Answers within [`READING_SECONDS`].
    pub hasty: u64,
    /// Requests that nobody answered in time.
    pub expired: u64,
}

impl RuleFigures {
    /// Requests opened in all.
    #[must_use]
    pub fn asked(&self) -> u64 {
        self.per_day.iter().sum()
    }

    /// Whether people always said yes, often enough to mean something.
    #[must_use]
    pub const fn always_approved(&self) -> bool {
        self.answered >= 10 && self.approved == self.answered
    }
}

/// The page.
#[must_use]
pub fn insight(frame: &Frame, figures: &Insight) -> Markup {
    page(
        frame,
        Section::Insight,
        "Insight",
        &html! {
            div.head {
                h1 { "Insight" }
                p.lead {
                    "A person who is asked too often stops reading. These figures show where that may happen."
                }
                @if let Some(looked) = figures.partial {
                    p.fine { "The newest " (count(looked)) " entries were looked at." }
                }
            }
            (tired(figures))
            div.grid { (asks(figures)) (times(figures)) (shares(figures)) (auto(figures)) (pace(figures)) }
        },
    )
}

fn tired(figures: &Insight) -> Markup {
    let always: Vec<&RuleFigures> =
        figures.rules.iter().filter(|rule| rule.always_approved()).collect();
    let hasty: Vec<&RuleFigures> = figures.rules.iter().filter(|rule| rule.hasty > 0).collect();
    html! {
        section.panel aria-labelledby="tired-title" {
            h2 #tired-title { "Worth a look" }
            @if always.is_empty() && hasty.is_empty() {
                p.quiet { "Nothing stands out." }
            }
            ul.rows {
                @for rule in always {
                    li {
                        code { (Shown(&rule.rule)) }
                        ": all "
                        strong { (count(rule.answered)) }
                        " answers were approvals. Perhaps an "
                        code { "auto" }
                        " line could let such calls through."
                    }
                }
                @for rule in hasty {
                    li {
                        code { (Shown(&rule.rule)) }
                        ": "
                        strong { (count(rule.hasty)) }
                        " of "
                        (count(rule.answered))
                        " answers came within "
                        (READING_SECONDS)
                        " s, faster than anyone reads."
                    }
                }
            }
        }
    }
}

fn figure(id: &str, title: &str, what: &str, chart: &Markup, table: &Markup) -> Markup {
    html! {
        figure.panel aria-labelledby=(id) {
            h2 id=(id) { (title) }
            p.fine { (what) }
            (chart)
            details.as-table {
                summary { "As a table" }
                div.scroll tabindex="0" role="region" aria-label={ (title) ", as a table" } {
                    (table)
                }
            }
        }
    }
}

fn none() -> Markup {
    html! {
        p.quiet { "No requests in this time." }
    }
}

fn asks(figures: &Insight) -> Markup {
    let most = figures.rules.iter().flat_map(|rule| &rule.per_day).copied().max().unwrap_or(0);
    let chart = html! {
        @if figures.rules.is_empty() { (none()) }
        div.plots {
            @for rule in &figures.rules {
                div.plot {
                    span.name {
                        code { (Shown(&rule.rule)) }
                    }
                    ({
                        plot::bars(
                            &rule.per_day,
                            most,
                            &format!("{} requests, by day", rule.asked()),
                        )
                    })
                    span.figure { (count(rule.asked())) }
                }
            }
        }
        @if let (Some(first), Some(last)) = (figures.days.first(), figures.days.last()) {
            p.axis {
                span { (first) }
                span { (last) }
            }
        }
    };
    let table = html! {
        table.dense {
            thead {
                tr {
                    th { "Day" }
                    @for rule in &figures.rules {
                        th { (Shown(&rule.rule)) }
                    }
                }
            }
            tbody {
                @for (at, day) in figures.days.iter().enumerate() {
                    tr {
                        th scope="row" { (day) }
                        @for rule in &figures.rules {
                            td.figure { (rule.per_day.get(at).copied().unwrap_or(0)) }
                        }
                    }
                }
            }
        }
    };
    figure(
        "asks",
        "Asks per rule and day",
        "One bar a day; all rules on one scale.",
        &chart,
        &table,
    )
}

fn seconds(value: Option<u64>) -> String {
    value.map_or_else(|| "–".into(), |seconds| span(i64::try_from(seconds).unwrap_or(i64::MAX)))
}

fn times(figures: &Insight) -> Markup {
    let known: Vec<&RuleFigures> =
        figures.rules.iter().filter(|rule| rule.median.is_some()).collect();
    let most = known.iter().filter_map(|rule| rule.p90).max().unwrap_or(0);
    let chart = html! {
        @if known.is_empty() { (none()) }
        div.plots {
            @for rule in &known {
                div.plot {
                    span.name {
                        code { (Shown(&rule.rule)) }
                    }
                    ({
                        plot::spread(
                            rule.median.unwrap_or(0),
                            rule.p90.unwrap_or(0),
                            most,
                            &format!(
                                "median {}, nine of ten within {}",
                                seconds(rule.median),
                                seconds(rule.p90),
                            ),
                        )
                    })
                    span.figure { (seconds(rule.median)) " · " (seconds(rule.p90)) }
                }
            }
        }
    };
    let table = html! {
        table.dense {
            thead {
                tr {
                    th { "Rule" }
                    th { "Median" }
                    th { "9 of 10 within" }
                    th { "Answers" }
                    th { "Expired" }
                }
            }
            tbody {
                @for rule in &figures.rules {
                    tr {
                        th scope="row" { (Shown(&rule.rule)) }
                        td.figure { (seconds(rule.median)) }
                        td.figure { (seconds(rule.p90)) }
                        td.figure { (count(rule.answered)) }
                        td.figure { (count(rule.expired)) }
                    }
                }
            }
        }
    };
    figure(
        "times",
        "Time to decision",
        "Dot: half were faster. Line: up to where nine of ten were.",
        &chart,
        &table,
    )
}

fn percent(part: u64, whole: u64) -> u64 {
    (part * 100).checked_div(whole).unwrap_or(0)
}

fn shares(figures: &Insight) -> Markup {
    let answered: Vec<&RuleFigures> =
        figures.rules.iter().filter(|rule| rule.answered > 0).collect();
    let chart = html! {
        @if answered.is_empty() { (none()) }
        div.plots {
            @for rule in &answered {
                div.plot {
                    span.name {
                        code { (Shown(&rule.rule)) }
                    }
                    ({
                        plot::share(
                            rule.approved,
                            rule.answered,
                            &format!("{} of {} approved", rule.approved, rule.answered),
                        )
                    })
                    span.figure { (percent(rule.approved, rule.answered)) " %" }
                }
            }
        }
    };
    let table = html! {
        table.dense {
            thead {
                tr {
                    th { "Rule" }
                    th { "Approved" }
                    th { "Answered" }
                    th { "Share" }
                }
            }
            tbody {
                @for rule in &answered {
                    tr {
                        th scope="row" { (Shown(&rule.rule)) }
                        td.figure { (count(rule.approved)) }
                        td.figure { (count(rule.answered)) }
                        td.figure { (percent(rule.approved, rule.answered)) " %" }
                    }
                }
            }
        }
    };
    figure("shares", "Share approved", "Of the answers that people gave.", &chart, &table)
}

fn auto(figures: &Insight) -> Markup {
    let chart = html! {
        p.tall { (percent(figures.released, figures.gated)) " %" }
        ({
            plot::share(
                figures.released,
                figures.gated,
                &format!(
                    "{} of {} released without asking",
                    figures.released,
                    figures.gated,
                ),
            )
        })
    };
    let table = html! {
        table.dense {
            tbody {
                tr {
                    th scope="row" { "Released by an auto line" }
                    td.figure { (count(figures.released)) }
                }
                tr {
                    th scope="row" { "Asked of a person" }
                    td.figure { (count(figures.gated - figures.released.min(figures.gated))) }
                }
            }
        }
    };
    figure(
        "auto",
        "Released without asking",
        "Of the calls that an ask rule covered, those an auto line let through.",
        &chart,
        &table,
    )
}

fn pace(figures: &Insight) -> Markup {
    let most = figures.minutes.iter().copied().max().unwrap_or(0);
    let total: u64 = figures.minutes.iter().sum();
    let chart = html! {
        p.tall {
            (count(figures.minutes.last().copied().unwrap_or(0)))
            span.quiet { " in the last minute" }
        }
        ({
            plot::bars(
                &figures.minutes,
                most,
                &format!("{total} decisions in an hour, at most {most} in a minute"),
            )
        })
        p.axis {
            span { "60 min ago" }
            span { "now" }
        }
    };
    let table = html! {
        table.dense {
            thead {
                tr {
                    th { "Minutes ago" }
                    th { "Decisions" }
                }
            }
            tbody {
                @for (at, number) in figures.minutes.iter().enumerate() {
                    tr {
                        th scope="row" { (figures.minutes.len() - at - 1) }
                        td.figure { (count(*number)) }
                    }
                }
            }
        }
    };
    figure("pace", "Decisions per minute", "The last hour, all rules.", &chart, &table)
}
