//! The dashboard's routes: each reads what its page shows, or takes one answer and leads back.
//!
//! The guard has already let the caller in (`http::table`); whether a person may answer a request
//! is decided by the approvals alone.

mod answer;
mod history;
mod insight;
mod live;
mod policies;
mod queue;
mod session;
mod standing;
mod visit;

use super::{assets, sign_in};
use crate::http::State;
use axum::Router;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::{get, post};
use maud::Markup;

/// Every route of the dashboard, for [`crate::http::router`] to guard.
pub fn routes() -> Router<State> {
    Router::new()
        .route("/", get(queue::queue))
        .route("/requests/{id}", get(answer::request))
        .route("/requests/{id}/approve", post(answer::approve))
        .route("/requests/{id}/refuse", post(answer::refuse))
        .route("/requests/{id}/review", post(answer::review))
        .route("/requests/{id}/revoke", post(answer::revoke))
        .route("/requests/{id}/withdraw", post(answer::withdraw))
        .route("/history", get(history::requests))
        .route("/decisions", get(history::decisions))
        .route("/decisions/{id}", get(history::decision))
        .route("/policies", get(policies::policies))
        .route("/policies/{name}", get(policies::policy))
        .route("/insight", get(insight::insight))
        .route("/grants", get(standing::grants))
        .route("/grants/end", post(standing::end_grant))
        .route("/halts", get(standing::halts).post(standing::halt))
        .route("/halts/resume", post(standing::resume))
        .route("/delegations", get(standing::delegations).post(standing::delegate))
        .route("/delegations/end", post(standing::end_delegation))
        .route("/login", get(session::page).post(session::enter))
        .route("/logout", post(session::leave))
        .route("/theme", post(session::theme))
        .route("/live", get(live::live))
        .route("/assets/dashboard.css", get(|| async { asset(&assets::STYLE) }))
        .route("/assets/dashboard.js", get(|| async { asset(&assets::SCRIPT) }))
        .route("/assets/icon.svg", get(|| async { asset(&assets::ICON) }))
}

/// The page for somebody whom the guard does not let in.
pub(in crate::http) fn turned_away(state: &State, words: &str) -> Markup {
    let frame = visit::open_frame(state, &HeaderMap::new(), "/");
    sign_in::message(&frame, "Not allowed", words)
}

/// To the sign-in page, which leads back to `path`.
pub(in crate::http) fn to_login(path: &str) -> Response {
    let path = session::own_path(path);
    if path == "/" {
        return Redirect::to("/login").into_response();
    }
    let to: String = form_urlencoded::byte_serialize(path.as_bytes()).collect();
    Redirect::to(&format!("/login?to={to}")).into_response()
}

/// Asks for `path` once more from a page of our own: a browser that was led here by a link from
/// elsewhere keeps its cookie back the first time.
pub(in crate::http) fn onward(path: &str) -> Response {
    sign_in::onward(session::own_path(path)).into_response()
}

fn asset(asset: &assets::Asset) -> Response {
    let kind = HeaderValue::from_static(asset.kind);
    // Asked for again after an update of the program; a page never runs an older script for long.
    let kept = HeaderValue::from_static("no-cache");
    ([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, kept)], asset.text).into_response()
}
