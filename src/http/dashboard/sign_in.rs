//! Signing in, and pages that only say something.

use super::layout::{Frame, Section, page};
use super::text::Shown;
use maud::{DOCTYPE, Markup, html};

/// The sign-in page: a token is pasted, and never appears again.
#[must_use]
pub fn sign_in(frame: &Frame, error: Option<&str>) -> Markup {
    page(
        frame,
        Section::Other,
        "Sign in",
        &html! {
            div.sign-in {
                h1 { "Sign in" }
                p.lead { "Paste your token to answer requests." }
                @if let Some(error) = error {
                    p #sign-in-error.error role="alert" { (Shown(error)) }
                }
                form method="post" action="/login" {
                    input type="hidden" name="to" value=(frame.path);
                    label.stack {
                        span { "Token" }
                        input
                            type="password"
                            name="token"
                            required
                            autofocus
                            autocomplete="current-password"
                            spellcheck="false"
                            maxlength="400"
                            aria-describedby=[error.map(|_| "sign-in-error")];
                    }
                    div.buttons {
                        button.strong { "Sign in" }
                    }
                }
                p.fine {
                    "No token yet? Whoever runs Fence makes one: "
                    code { "fence token create --role approver --person you@example.com" }
                }
            }
        },
    )
}

/// A page that leads on at once.
#[must_use]
pub fn onward(path: &str) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="refresh" content={ "0;url=" (path) };
                title { "Fence" }
            }
            body {
                p {
                    a href=(path) { "Go on" }
                }
            }
        }
    }
}

/// A page that only says something: not found, not allowed, out of order.
#[must_use]
pub fn message(frame: &Frame, title: &str, text: &str) -> Markup {
    page(
        frame,
        Section::Other,
        title,
        &html! {
            div.empty {
                h1 { (Shown(title)) }
                p { (Shown(text)) }
                p {
                    a.button.plain href="/" { "To the queue" }
                }
            }
        },
    )
}
