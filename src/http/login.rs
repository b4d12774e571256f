//! Signing in with a browser: a token once, then a cookie of its own.
//!
//! For the pages: [`enter`] answers the cookie to set for a token that was typed in, [`leave`] the
//! one that removes it. Forms then carry [`SignedIn::csrf`](super::caller::SignedIn) in `csrf`.

use super::caller::Caller;
use super::problem::Problem;
use super::settings::Settings;
use super::state::State;
use crate::tokens::{LOGIN_LASTS, Role, Secret, SignIn, Token};
use axum::Json;
use axum::extract::State as Of;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

/// What a signed-in browser holds: what to set, and who it is.
#[derive(Debug)]
pub struct Entered {
    /// The value of `Set-Cookie`.
    pub cookie: HeaderValue,
    /// The login.
    pub sign_in: SignIn,
}

/// Signs in with a token that somebody typed in.
///
/// # Errors
/// 401 where it is no valid token of a person; 503 where the store fails.
pub async fn enter(state: &State, token: &str) -> Result<Entered, Problem> {
    let refused = || Problem::unauthorized("this is no valid token of a person");
    let secret = Secret::read_token(token.trim()).ok_or_else(refused)?;
    let token = state.blocking(move |state| state.tokens.find(&secret)).await?;
    sign_in(state, token.ok_or_else(refused)?).await
}

async fn sign_in(state: &State, token: Token) -> Result<Entered, Problem> {
    let nobody = "a browser is for people: an agent's token does not sign in";
    if token.holder.role() == Role::Agent
        || token.holder.person().is_some_and(|person| state.people.find(person).is_none())
    {
        return Err(Problem::unauthorized(nobody));
    }
    let made = state.blocking(move |state| state.tokens.sign_in(&token)).await?;
    let (secret, sign_in) = made.ok_or_else(|| Problem::unauthorized(nobody))?;
    let cookie = set_cookie(&state.settings, secret.reveal(), LOGIN_LASTS)?;
    Ok(Entered { cookie, sign_in })
}

/// Signs out; answers the value of `Set-Cookie` that removes the cookie.
///
/// # Errors
/// 503 where the store fails.
pub async fn leave(state: &State, caller: &Caller) -> Result<HeaderValue, Problem> {
    if let Some(sign_in) = caller.sign_in.clone() {
        state.blocking(move |state| state.tokens.sign_out(&sign_in)).await?;
    }
    set_cookie(&state.settings, "", 0)
}

/// The cookie's name; `__Host-` makes browsers refuse it from anywhere but this very host.
fn name(settings: &Settings) -> &'static str {
    if settings.is_https() { "__Host-fence" } else { "fence" }
}

fn set_cookie(settings: &Settings, value: &str, seconds: u32) -> Result<HeaderValue, Problem> {
    let (name, secure) = (name(settings), if settings.is_https() { "; Secure" } else { "" });
    let text =
        format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}");
    HeaderValue::from_str(&text).map_err(|_| Problem::fault())
}

/// The secret in a browser's cookie.
pub(super) fn cookie(settings: &Settings, headers: &HeaderMap) -> Option<String> {
    let name = name(settings);
    let pairs = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut values = pairs
        .flat_map(|text| text.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .filter(|(found, _)| *found == name)
        .map(|(_, value)| value.to_owned());
    // Two cookies of one name: somebody else set one of them.
    values.next().filter(|_| values.next().is_none())
}

/// Who a credential belongs to.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Who {
    /// `agent`, `approver`, `auditor` or `admin`.
    role: &'static str,
    /// The token's id, which gives nothing away.
    token: String,
    /// The person, for people.
    person: Option<String>,
    /// The agent, for agents.
    agent: Option<String>,
    /// When the token ends.
    expires_at: Option<String>,
    /// For a browser's login: what its writes carry in the header `x-fence-csrf`.
    #[serde(skip_serializing_if = "Option::is_none")]
    csrf: Option<String>,
}

impl Who {
    fn of(token: &Token, sign_in: Option<&SignIn>) -> Self {
        Self {
            role: token.holder.role().as_str(),
            token: token.id.to_string(),
            person: token.holder.person().map(str::to_owned),
            agent: match &token.holder {
                crate::tokens::Holder::Agent(agency) => Some(agency.agent.clone()),
                crate::tokens::Holder::Person { .. } => None,
            },
            expires_at: token.expires_at.map(|at| at.to_string()),
            csrf: sign_in.map(|sign_in| sign_in.csrf.clone()),
        }
    }
}

/// Exchange a person's token for a browser's cookie
#[utoipa::path(post, path = "/v1/login", tag = "people", responses(
    (status = 200, body = Who, headers(("set-cookie", description = "the login's cookie"))),
    (status = "4XX", body = super::openapi::ProblemBody),
))]
pub(super) async fn login(Of(state): Of<State>, caller: Caller) -> Result<Response, Problem> {
    let Entered { cookie, sign_in } = sign_in(&state, caller.token).await?;
    let who = Json(Who::of(&sign_in.token, Some(&sign_in)));
    Ok(([(header::SET_COOKIE, cookie)], who).into_response())
}

/// End the browser's login
#[utoipa::path(post, path = "/v1/logout", tag = "people", responses(
    (status = 204, description = "the cookie is removed and worthless"),
    (status = "4XX", body = super::openapi::ProblemBody),
))]
pub(super) async fn logout(Of(state): Of<State>, caller: Caller) -> Result<Response, Problem> {
    let cookie = leave(&state, &caller).await?;
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie)]).into_response())
}

/// Who am I, as this server sees it
#[utoipa::path(get, path = "/v1/whoami", tag = "people", responses(
    (status = 200, body = Who),
    (status = "4XX", body = super::openapi::ProblemBody),
))]
pub(super) async fn whoami(caller: Caller) -> Json<Who> {
    Json(Who::of(&caller.token, caller.sign_in.as_ref()))
}
