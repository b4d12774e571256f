//! `/login`, `/logout`, `/theme`: who looks, and how it looks.

use super::visit::{THEME_COOKIE, Visit, open_frame};
use crate::http::caller::Caller;
use crate::http::dashboard::layout::Theme;
use crate::http::dashboard::sign_in::sign_in;
use crate::http::{Problem, State, login};
use axum::extract::{Form, Query, State as Of};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Redirect, Response};
use serde::Deserialize;

/// Where signing in leads.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Onward {
    to: String,
}

pub(super) async fn page(
    Of(state): Of<State>,
    headers: HeaderMap,
    Query(onward): Query<Onward>,
) -> Response {
    sign_in(&open_frame(&state, &headers, own_path(&onward.to)), None).into_response()
}

/// The form of the sign-in page.
#[derive(Deserialize)]
pub(super) struct Token {
    token: String,
    #[serde(default)]
    to: String,
}

pub(super) async fn enter(
    Of(state): Of<State>,
    headers: HeaderMap,
    Form(form): Form<Token>,
) -> Response {
    match login::enter(&state, &form.token).await {
        Ok(entered) => {
            let onward = Redirect::to(own_path(&form.to));
            ([(header::SET_COOKIE, entered.cookie)], onward).into_response()
        }
        Err(problem) => {
            let said = match problem.status {
                StatusCode::UNAUTHORIZED => "This is no valid token of a person.".to_owned(),
                _ => "The store does not answer; try again.".to_owned(),
            };
            let frame = open_frame(&state, &headers, own_path(&form.to));
            (problem.status, sign_in(&frame, Some(&said))).into_response()
        }
    }
}

pub(super) async fn leave(Of(state): Of<State>, caller: Caller) -> Result<Response, Problem> {
    let cookie = login::leave(&state, &caller).await?;
    Ok(([(header::SET_COOKIE, cookie)], Redirect::to("/login")).into_response())
}

/// The form that chooses a look.
#[derive(Debug, Deserialize)]
pub(super) struct Look {
    theme: String,
    back: String,
}

pub(super) async fn theme(_: Visit, Form(form): Form<Look>) -> Response {
    let name = Theme::named(&form.theme).name();
    let cookie =
        format!("{THEME_COOKIE}={name}; Path=/; Max-Age=31536000; HttpOnly; SameSite=Strict");
    ([(header::SET_COOKIE, cookie)], Redirect::to(own_path(&form.back))).into_response()
}

/// A path of this server, or the queue.
pub(super) fn own_path(path: &str) -> &str {
    let own =
        path.starts_with('/') && !path.starts_with("//") && !path.contains(['\\', '\r', '\n']);
    if own && path.is_ascii() { path } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::own_path;

    #[test]
    fn nobody_is_led_away() {
        for (back, to) in [
            ("/history?tool=x", "/history?tool=x"),
            ("//evil.example", "/"),
            ("https://evil.example", "/"),
            ("/\\evil.example", "/"),
            ("", "/"),
            ("/x\r\nset-cookie: a=b", "/"),
        ] {
            assert_eq!(own_path(back), to);
        }
    }
}
