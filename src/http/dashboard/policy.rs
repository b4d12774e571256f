//! The policies that are loaded: their text with line numbers, and how loading went.

use super::highlight;
use super::layout::{Frame, Section, page};
use super::request::path_part;
use super::text::{Shown, count};
use super::time::{ago, moment};
use maud::{Markup, html};

/// What is loaded.
#[derive(Clone, Debug, Default)]
pub struct PoliciesView {
    /// The policies, in the order they were loaded.
    pub policies: Vec<PolicyView>,
    /// The digest of all of them.
    pub digest: String,
    /// When they were loaded.
    pub loaded_at: String,
    /// The last attempt to load newer texts, where it failed.
    pub failed: Option<FailedReload>,
}

/// One loaded policy.
#[derive(Clone, Debug, Default)]
pub struct PolicyView {
    /// Its name.
    pub name: String,
    /// Its digest.
    pub digest: String,
    /// How many rules it has.
    pub rules: usize,
    /// What applies where no rule does.
    pub default: String,
    /// Its files: the policy itself first, then its imports.
    pub sources: Vec<SourceView>,
}

/// One file of a policy.
#[derive(Clone, Debug, Default)]
pub struct SourceView {
    /// The name people know it by.
    pub name: String,
    /// Its text.
    pub text: String,
}

/// A reload that was refused; the policies before it stay in force.
#[derive(Clone, Debug, Default)]
pub struct FailedReload {
    /// When.
    pub at: String,
    /// What was found, as `fence check` prints it.
    pub diagnostics: String,
}

/// The list of policies.
#[must_use]
pub fn policies(frame: &Frame, view: &PoliciesView) -> Markup {
    page(
        frame,
        Section::Policies,
        "Policies",
        &html! {
            div.head {
                h1 { "Policies" }
                p.lead {
                    "Loaded "
                    (ago(&view.loaded_at, frame.now))
                    ", "
                    (moment(&view.loaded_at))
                    ". The strictest rule of all of them decides."
                }
            }
            (failed(view))
            ul.rows.roomy {
                @for policy in &view.policies {
                    li {
                        a.big href={ "/policies/" (path_part(&policy.name)) } {
                            (Shown(&policy.name))
                        }
                        dl.facts {
                            div {
                                dt { "Rules" }
                                dd.figure { (count(policy.rules as u64)) }
                            }
                            div {
                                dt { "Otherwise" }
                                dd { (super::state::decision(&policy.default)) }
                            }
                            div {
                                dt { "File" }
                                dd {
                                    @for source in policy.sources.iter().take(1) {
                                        (Shown(&source.name))
                                    }
                                }
                            }
                            div {
                                dt { "Digest" }
                                dd {
                                    code.digest { (Shown(&policy.digest)) }
                                }
                            }
                        }
                    }
                }
            }
            p.fine {
                "All together "
                code.digest { (Shown(&view.digest)) }
            }
        },
    )
}

fn failed(view: &PoliciesView) -> Markup {
    html! {
        @if let Some(failed) = &view.failed {
            section.notice.failed role="alert" aria-labelledby="failed-title" {
                h2 #failed-title { "The last reload failed; the policies below stay in force" }
                p { (moment(&failed.at)) }
                pre.source tabindex="0" { (Shown(&failed.diagnostics)) }
            }
        }
    }
}

/// One policy with its text.
#[must_use]
pub fn policy(frame: &Frame, view: &PoliciesView, policy: &PolicyView) -> Markup {
    page(
        frame,
        Section::Policies,
        &super::text::plain(&policy.name, 60),
        &html! {
            div.head {
                p.crumbs {
                    a href="/policies" { "Policies" }
                }
                h1 { (Shown(&policy.name)) }
                p.lead { "In force since " (moment(&view.loaded_at)) "." }
                p.fine {
                    "Digest "
                    code.digest { (Shown(&policy.digest)) }
                }
            }
            (failed(view))
            @for (number, source) in policy.sources.iter().enumerate() { (text(source, number)) }
        },
    )
}

/// A file with line numbers; the lines of the policy itself are `#L1`, those of an import `#S1L1`.
fn text(source: &SourceView, number: usize) -> Markup {
    let anchor = if number == 0 { "L".to_owned() } else { format!("S{number}L") };
    html! {
        section.panel.file aria-label={ "File " (super::text::plain(&source.name, 80)) } {
            h2 {
                (Shown(&source.name))
                @if number > 0 {
                    span.kind { "imported" }
                }
            }
            div.scroll tabindex="0" role="region" aria-label="Text" {
                ol.lines {
                    @for (at, line) in source.text.lines().enumerate() {
                        li id={ (anchor) (at + 1) } {
                            a.number href={ "#" (anchor) (at + 1) } aria-label={ "Line " (at + 1) } {
                                (at + 1)
                            }
                            code { (highlight::line(line)) }
                        }
                    }
                }
            }
        }
    }
}
