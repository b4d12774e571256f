//! A visit to a page: who looks, with which look, and what stands above every page.

use crate::approvals::{ApprovalError, Approver, RequestQuery, Via};
use crate::http::State;
use crate::http::caller::{Caller, SignedIn};
use crate::http::dashboard::layout::{Frame, Notice, Theme, Viewer};
use crate::http::dashboard::sign_in;
use crate::tokens::Role;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use maud::Markup;

/// The cookie that remembers the look.
pub(super) const THEME_COOKIE: &str = "fence_theme";

/// A visit of somebody who signed in.
pub(super) struct Visit {
    /// The frame of the page.
    pub(super) frame: Frame,
    /// The login.
    pub(super) signed_in: SignedIn,
    /// The caller, for what the server keeps for each token.
    pub(super) caller: Caller,
}

impl Visit {
    /// The person as the approvals know them.
    ///
    /// # Errors
    /// Where the token stands for nobody in particular.
    pub(super) fn approver(&self) -> Result<Approver, Failed> {
        match &self.signed_in.person {
            Some(person) => Ok(Approver::new(person.clone(), Via::Dashboard)),
            None => Err(Failed::new(StatusCode::FORBIDDEN, "This token stands for no person.")),
        }
    }

    /// A page that only says something.
    pub(super) fn says(self, failed: &Failed) -> Response {
        let page = sign_in::message(&self.frame, &failed.title, &failed.text);
        (failed.status, page).into_response()
    }

    /// The page, or what is said in its place.
    pub(super) fn show(self, page: Result<Markup, Failed>) -> Response {
        match page {
            Ok(page) => page.into_response(),
            Err(failed) => self.says(&failed),
        }
    }
}

/// Why a page is not shown or an answer did not count.
#[derive(Debug)]
pub(super) struct Failed {
    pub(super) status: StatusCode,
    pub(super) title: String,
    pub(super) text: String,
}

impl Failed {
    pub(super) fn new(status: StatusCode, text: impl Into<String>) -> Self {
        let title = match status {
            StatusCode::NOT_FOUND => "Not found",
            StatusCode::SERVICE_UNAVAILABLE => "The store does not answer",
            _ => "Not done",
        };
        Self { status, title: title.to_owned(), text: text.into() }
    }

    pub(super) fn missing(what: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, format!("There is no {what} of this id."))
    }
}

impl From<ApprovalError> for Failed {
    fn from(error: ApprovalError) -> Self {
        let status = match &error {
            ApprovalError::NotFound(_) => StatusCode::NOT_FOUND,
            ApprovalError::Stale { .. } | ApprovalError::Life(_) => StatusCode::CONFLICT,
            ApprovalError::Store(_) | ApprovalError::Clock => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::UNPROCESSABLE_ENTITY,
        };
        Self::new(status, error.to_string())
    }
}

impl From<crate::store::StoreError> for Failed {
    fn from(error: crate::store::StoreError) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, error.to_string())
    }
}

impl FromRequestParts<State> for Visit {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Self, Response> {
        let to_login = |_| Redirect::to("/login").into_response();
        let signed_in = SignedIn::from_request_parts(parts, state).await.map_err(to_login)?;
        let caller = Caller::from_request_parts(parts, state).await.map_err(to_login)?;
        let counts = read(state, |state| {
            let one = RequestQuery { limit: Some(1), ..RequestQuery::default() };
            let open = state.approvals.list(&one)?.open;
            Ok::<_, ApprovalError>((open, state.approvals.halts()?.len()))
        });
        // Nothing may stand in the way of seeing why nothing works.
        let (open, halts) = counts.await.unwrap_or_default();
        let frame = Frame {
            viewer: Some(viewer(state, &signed_in)),
            theme: theme(&parts.headers),
            now: state.clock.now(),
            open,
            halts,
            path: parts.uri.path_and_query().map_or("/", |path| path.as_str()).to_owned(),
            notice: notice(parts.uri.query()),
        };
        Ok(Self { frame, signed_in, caller })
    }
}

/// Reads what may block on the disk, off the runtime's own threads.
///
/// # Errors
/// What `read` answers.
pub(super) async fn read<T: Send + 'static, E: Into<Failed> + Send + 'static>(
    state: &State,
    read: impl FnOnce(&State) -> Result<T, E> + Send + 'static,
) -> Result<T, Failed> {
    let state = state.clone();
    let lost = |_| Failed::new(StatusCode::INTERNAL_SERVER_ERROR, "Fence itself made a mistake.");
    tokio::task::spawn_blocking(move || read(&state).map_err(Into::into)).await.map_err(lost)?
}

/// The frame of a page that nobody needs to sign in for.
pub(super) fn open_frame(state: &State, headers: &HeaderMap, path: &str) -> Frame {
    let (theme, now) = (theme(headers), state.clock.now());
    Frame { viewer: None, theme, now, open: 0, halts: 0, path: path.to_owned(), notice: None }
}

fn viewer(state: &State, signed_in: &SignedIn) -> Viewer {
    let id = signed_in.person.as_deref();
    let person = id.and_then(|id| state.people.find(id));
    Viewer {
        person: id.unwrap_or("nobody in particular").to_owned(),
        name: person.and_then(|person| person.name.clone()),
        approver: signed_in.role == Role::Approver,
        stopper: matches!(signed_in.role, Role::Approver | Role::Admin),
        break_glass: person.is_some_and(|person| person.break_glass),
        csrf: signed_in.csrf.clone(),
    }
}

fn theme(headers: &HeaderMap) -> Theme {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs =
        cookies.flat_map(|text| text.split(';')).filter_map(|one| one.trim().split_once('='));
    let found = pairs.find(|(name, _)| *name == THEME_COOKIE);
    found.map_or(Theme::System, |(_, value)| Theme::named(value))
}

/// What the redirect after an answer names in `done`; only these sentences can be shown.
fn notice(query: Option<&str>) -> Option<Notice> {
    let done = query?.split('&').find_map(|pair| pair.strip_prefix("done="))?;
    let text = match done {
        "vote" => "Your approval counts. Others must still agree.",
        "approved" => "The call is approved; its agent may run it now.",
        "edited" => "The changed call took the place of the one before.",
        "refused" => "The call is refused.",
        "revoked" => "The approval is taken back.",
        "withdrawn" => "Your vote is taken back.",
        "grant" => "The grant has ended.",
        "halt" => "Stopped.",
        "resume" => "Resumed.",
        "delegation" => "The delegation stands.",
        "delegation-over" => "The delegation has ended.",
        _ => return None,
    };
    Some(Notice { failed: false, text: text.to_owned() })
}
