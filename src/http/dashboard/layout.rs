//! The frame around every page: head, navigation, who is signed in, what was just done.

use super::assets;
use super::text::{Shown, count};
use fence_engine::scalar::Timestamp;
use maud::{DOCTYPE, Markup, html};

/// The person who looks at a page, as the session knows them.
#[derive(Clone, Debug, Default)]
pub struct Viewer {
    /// The account's id: what groups in policies name.
    pub person: String,
    /// The name to be shown; the id where there is none.
    pub name: Option<String>,
    /// Whether they may answer requests at all.
    pub approver: bool,
    /// Whether they may stop agents and end what was approved or granted.
    pub stopper: bool,
    /// Whether they may approve over the heads of others, with a reason.
    pub break_glass: bool,
    /// The token that every form of this session carries.
    pub csrf: String,
}

impl Viewer {
    /// The name to be shown.
    #[must_use]
    pub fn shown(&self) -> &str {
        self.name.as_deref().unwrap_or(&self.person)
    }
}

/// Light, dark, or as the system says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Theme {
    /// As the system says.
    #[default]
    System,
    /// Always light.
    Light,
    /// Always dark.
    Dark,
}

impl Theme {
    /// The theme a cookie or form names; anything unknown is the system's.
    #[must_use]
    pub fn named(name: &str) -> Self {
        match name {
            "light" => Self::Light,
            "dark" => Self::Dark,
            _ => Self::System,
        }
    }

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }
}

/// What every page needs to know besides its own subject.
#[derive(Clone, Debug)]
pub struct Frame {
    /// Who looks; absent on the sign-in page.
    pub viewer: Option<Viewer>,
    /// The look they chose.
    pub theme: Theme,
    /// The server's time.
    pub now: Timestamp,
    /// How many requests are open.
    pub open: u64,
    /// How many halts stand.
    pub halts: usize,
    /// The path of the page itself, with its query: where a change of theme leads back to.
    pub path: String,
    /// What was just done, or could not be.
    pub notice: Option<Notice>,
}

impl Frame {
    /// The CSRF token of the session; empty where nobody is signed in.
    pub(super) fn csrf(&self) -> &str {
        self.viewer.as_ref().map_or("", |viewer| &viewer.csrf)
    }

    /// Whether the viewer may answer requests.
    pub(super) fn may_answer(&self) -> bool {
        self.viewer.as_ref().is_some_and(|viewer| viewer.approver)
    }

    /// Whether the viewer may stop agents and end what was approved or granted.
    pub(super) fn may_stop(&self) -> bool {
        self.viewer.as_ref().is_some_and(|viewer| viewer.stopper)
    }

    /// Whether this is the viewer's account.
    pub(super) fn is_viewer(&self, person: &str) -> bool {
        self.viewer.as_ref().is_some_and(|viewer| viewer.person.eq_ignore_ascii_case(person))
    }

    /// The hidden field that proves a form came from this session.
    pub(super) fn proof(&self) -> Markup {
        html! {
            input type="hidden" name="csrf" value=(self.csrf());
        }
    }
}

/// A sentence above the page.
#[derive(Clone, Debug)]
pub struct Notice {
    /// Whether it tells of a failure.
    pub failed: bool,
    /// The sentence.
    pub text: String,
}

/// The parts of the dashboard, as the navigation lists them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Section {
    Queue,
    History,
    Policies,
    Insight,
    Grants,
    Halts,
    Delegations,
    Other,
}

const SECTIONS: [(Section, &str, &str, &str); 7] = [
    (Section::Queue, "/", "Queue", "M4 5h16M4 12h16M4 19h10"),
    (Section::History, "/history", "History", "M12 7v5l3 2M21 12a9 9 0 1 1-3-6.7M21 3v4h-4"),
    (Section::Policies, "/policies", "Policies", "M7 3h8l4 4v14H7zM15 3v4h4M10 12h6M10 16h6"),
    (Section::Insight, "/insight", "Insight", "M4 20V10M10 20V4M16 20v-7M22 20H2"),
    (Section::Grants, "/grants", "Grants", "M15 9a5 5 0 1 0-4 4.9L13 16h3v3h4v-4l-5-5z"),
    (Section::Halts, "/halts", "Stop", "M8 3h8l5 5v8l-5 5H8l-5-5V8z"),
    (
        Section::Delegations,
        "/delegations",
        "Delegations",
        "M9 11a4 4 0 1 0 0-8 4 4 0 0 0 0 8M2 21c0-4 3-7 7-7s7 3 7 7M16 4l4 4-4 4",
    ),
];

/// A whole page.
pub(super) fn page(frame: &Frame, section: Section, title: &str, main: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" data-theme=(frame.theme.name()) data-now=(now_millis(frame)) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="robots" content="noindex";
                title { (Shown(title)) " · Fence" }
                link rel="icon" type="image/svg+xml" href=(assets::ICON.path);
                link rel="stylesheet" href=(assets::STYLE.path);
                script src=(assets::SCRIPT.path) defer {}
            }
            body {
                a.skip href="#main" { "Skip to the page" }
                (header(frame, section))
                div.shell {
                    @if frame.viewer.is_some() { (navigation(frame, section)) }
                    main #main tabindex="-1" { (notice(frame)) (halted(frame)) (main) }
                }
                (footer(frame))
            }
        }
    }
}

fn now_millis(frame: &Frame) -> i64 {
    frame.now.to_chrono().timestamp_millis()
}

fn header(frame: &Frame, section: Section) -> Markup {
    html! {
        header.top {
            a.brand href="/" aria-current=[(section == Section::Queue).then_some("page")] {
                (mark())
                span { "Fence" }
            }
            @if frame.viewer.is_some() {
                div #live-status.status data-live role="status" {
                    span.dot aria-hidden="true" {}
                    span.words { "As of " (frame.now.to_chrono().format("%H:%M:%S UTC").to_string()) }
                }
            }
            @if let Some(viewer) = &frame.viewer {
                details.me {
                    summary {
                        span.initial aria-hidden="true" { (initial(viewer.shown())) }
                        span.name { (Shown(viewer.shown())) }
                    }
                    div.menu {
                        p {
                            "Signed in as "
                            strong { (Shown(&viewer.person)) }
                        }
                        (theme_form(frame))
                        form method="post" action="/logout" {
                            (frame.proof())
                            button.plain { "Sign out" }
                        }
                    }
                }
            }
        }
    }
}

fn initial(name: &str) -> String {
    name.chars()
        .find(|c| c.is_alphanumeric())
        .map_or_else(|| "?".into(), |c| c.to_uppercase().collect())
}

/// The logo: three pickets, the middle one a gate that stands open.
fn mark() -> Markup {
    html! {
        svg.mark viewBox="0 0 32 32" width="28" height="28" aria-hidden="true" focusable="false" {
            path d="M5 28V11l3.5-4 3.5 4v17zM20 28V11l3.5-4 3.5 4v17z" {}
            path.gate d="M13.5 14h5M13.5 22h5" {}
        }
    }
}

fn theme_form(frame: &Frame) -> Markup {
    html! {
        form.theme method="post" action="/theme" {
            (frame.proof())
            input type="hidden" name="back" value=(frame.path);
            fieldset {
                legend { "Look" }
                @for (theme, label) in {
                    [
                        (Theme::System, "System"),
                        (Theme::Light, "Light"),
                        (Theme::Dark, "Dark"),
                    ]
                } {
                    button
                        name="theme"
                        value=(theme.name())
                        aria-pressed=(if theme == frame.theme { "true" } else { "false" })
                    { (label) }
                }
            }
        }
    }
}

fn navigation(frame: &Frame, section: Section) -> Markup {
    html! {
        nav.sections aria-label="Sections" {
            ul {
                @for (this, path, label, icon) in SECTIONS {
                    li {
                        a href=(path) aria-current=[(this == section).then_some("page")] {
                            svg viewBox="0 0 24 24"
                                width="18"
                                height="18"
                                aria-hidden="true"
                                focusable="false"
                            {
                                path d=(icon) {}
                            }
                            span { (label) }
                            @if this == Section::Queue {
                                span #open-count.badge data-live {
                                    (count(frame.open))
                                    span.sr { " open" }
                                }
                            }
                            @if this == Section::Halts && frame.halts > 0 {
                                span.badge.stop {
                                    (frame.halts)
                                    span.sr { " in force" }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn notice(frame: &Frame) -> Markup {
    html! {
        @if let Some(notice) = &frame.notice {
            div #notice
                .notice
                .failed[notice.failed]
                role=(if notice.failed { "alert" } else { "status" })
            {
                strong {
                    @if notice.failed { "Not done. " } @else { "Done. " }
                }
                (Shown(&notice.text))
            }
        }
    }
}

fn halted(frame: &Frame) -> Markup {
    html! {
        @if frame.halts > 0 {
            div.notice.halted {
                strong { "Stopped. " }
                @if frame.halts == 1 {
                    "A halt is in force: the calls it covers are denied. "
                } @else {
                    (frame.halts)
                    " halts are in force: the calls they cover are denied. "
                }
                a href="/halts" { "See and resume" }
            }
        }
    }
}

fn footer(frame: &Frame) -> Markup {
    html! {
        footer.foot {
            span { "Times in UTC." }
            @if frame.viewer.is_some() {
                button.plain type="button" data-keys hidden {
                    "Keys "
                    kbd { "?" }
                }
            }
        }
        div #arrivals.sr aria-live="polite" {}
        @if frame.viewer.is_some() { (keys()) }
    }
}

/// What `?` shows.
fn keys() -> Markup {
    const KEYS: [(&str, &str); 8] = [
        ("j", "next request in the queue"),
        ("k", "previous request"),
        ("Enter", "open the request"),
        ("r", "refuse: write the reason, then Ctrl + Enter"),
        ("a", "approve: opens the last step; Enter there approves"),
        ("e", "edit before approving"),
        ("g", "back to the queue"),
        ("?", "this list"),
    ];
    html! {
        dialog #keys aria-labelledby="keys-title" {
            h2 #keys-title { "Keys" }
            dl.keys {
                @for (key, what) in KEYS {
                    div {
                        dt {
                            kbd { (key) }
                        }
                        dd { (what) }
                    }
                }
            }
            form method="dialog" {
                button.plain { "Close" }
            }
        }
    }
}
