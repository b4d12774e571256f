//! Who may pass: the one place that reads the table. Runs for every known route.

use super::body;
use super::caller::Caller;
use super::dashboard;
use super::idempotency;
use super::listen::Standing;
use super::login::cookie;
use super::problem::Problem;
use super::state::State;
use super::table::{self, Kind, Row};
use crate::note::note;
use crate::tokens::{Role, Secret, Token};
use axum::body::Body;
use axum::extract::{MatchedPath, Request, State as Of};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

/// The header in which a script of ours carries the anti-forgery token; forms have a field `csrf`.
pub const CSRF_HEADER: &str = "x-fence-csrf";

/// The layer around every route.
pub(super) async fn guard(Of(state): Of<State>, request: Request, next: Next) -> Response {
    let path = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let row = path.as_deref().and_then(|path| table::find(request.method().as_str(), path));
    let Some(row) = row else {
        return not_in_table(path.as_deref(), request.method()).into_response();
    };
    let wanted = (row.kind == Kind::Page).then(|| Wanted::of(&request));
    let response = match enter(&state, row, request).await {
        Ok(request) => answer(&state, row, request, next).await,
        Err(problem) => match wanted {
            Some(wanted) => turned_away(&state, &wanted, &problem),
            None => problem.into_response(),
        },
    };
    kept_by_browsers(row, response)
}

/// The page that a browser asked for.
struct Wanted {
    /// Its path; the queue's for an answer, which is not sent again.
    path: String,
    /// Whether a link on a page from elsewhere led here: then the browser kept its cookie back.
    from_elsewhere: bool,
}

impl Wanted {
    fn of(request: &Request) -> Self {
        let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
        let reads = !is_write(request.method());
        let site = request.headers().get("sec-fetch-site");
        let from_elsewhere = reads && site.is_some_and(|site| site == "cross-site");
        Self { path: if reads { path } else { "/" }.to_owned(), from_elsewhere }
    }
}

/// Whoever may not see a page is told in a page, or asked to sign in.
fn turned_away(state: &State, wanted: &Wanted, problem: &Problem) -> Response {
    match problem.status {
        StatusCode::UNAUTHORIZED if wanted.from_elsewhere => dashboard::onward(&wanted.path),
        StatusCode::UNAUTHORIZED => dashboard::to_login(&wanted.path),
        status => (status, dashboard::turned_away(state, &problem.words())).into_response(),
    }
}

/// A path that is known with other methods, or a route that somebody forgot to put into the table.
fn not_in_table(path: Option<&str>, method: &Method) -> Problem {
    let known = |row: &&Row| path == Some(row.path);
    let allowed: Vec<_> = table::TABLE.iter().filter(known).map(|row| row.method).collect();
    if allowed.is_empty() {
        return Problem::forbidden("role", "nobody may use this route");
    }
    let title = "this cannot be done here";
    let problem = Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method", title)
        .detail(format!("there is no {method} here"));
    match HeaderValue::from_str(&allowed.join(", ")) {
        Ok(allow) => problem.header(header::ALLOW, allow),
        Err(_) => problem,
    }
}

/// The request with its caller, or why it may not pass.
async fn enter(state: &State, row: &Row, mut request: Request) -> Result<Request, Problem> {
    let open = row.who.is_open() || (row.path == "/metrics" && state.settings.open_metrics);
    let caller = match authenticate(state, request.headers()).await {
        Ok(caller) => caller,
        Err(_) if open => None,
        Err(problem) => return Err(problem),
    };
    let Some(caller) = caller else {
        let needed = "send `Authorization: Bearer …`; `fence token create` makes a token";
        return if open { Ok(request) } else { Err(Problem::unauthorized(needed)) };
    };
    if let Some(standing) = request.extensions().get::<Standing>() {
        standing.known();
    }
    if !open && !row.who.has(caller.role()) {
        return Err(refused(state, row, &caller).await);
    }
    if !open && caller.sign_in.is_some() && is_write(request.method()) {
        request = unforged(state, &caller, request).await?;
    }
    request.extensions_mut().insert(caller);
    Ok(request)
}

const fn is_write(method: &Method) -> bool {
    !matches!(*method, Method::GET | Method::HEAD)
}

/// Whoever the credential belongs to; nobody where none was shown.
async fn authenticate(state: &State, headers: &HeaderMap) -> Result<Option<Caller>, Problem> {
    let mut shown = headers.get_all(header::AUTHORIZATION).iter();
    let caller = match (shown.next(), shown.next()) {
        (Some(_), Some(_)) => return Err(Problem::bad_request("more than one `Authorization`")),
        (Some(one), None) => by_token(state, one).await?,
        (None, _) => match cookie(&state.settings, headers) {
            Some(secret) => by_cookie(state, secret).await?,
            None => return Ok(None),
        },
    };
    let still = |caller: &Caller| is_still_somebody(state, &caller.token);
    let unknown = "this token is not valid: it may have expired or been revoked";
    caller.filter(still).map(Some).ok_or_else(|| Problem::unauthorized(unknown))
}

async fn by_token(state: &State, header: &HeaderValue) -> Result<Option<Caller>, Problem> {
    let text = header.to_str().unwrap_or_default();
    let (scheme, text) = text.split_once(' ').unwrap_or_default();
    let secret = Secret::read_token(text.trim()).filter(|_| scheme.eq_ignore_ascii_case("bearer"));
    let Some(secret) = secret else { return Ok(None) };
    let token = state.blocking(move |state| state.tokens.find(&secret)).await?;
    if let Some(token) = token.clone().filter(|token| !state.tokens.use_is_noted(token)) {
        // Nobody waits for this, and nothing depends on it.
        let state = state.clone();
        drop(tokio::task::spawn_blocking(move || state.tokens.note_use(&token)));
    }
    Ok(token.map(|token| Caller { token, sign_in: None }))
}

async fn by_cookie(state: &State, secret: String) -> Result<Option<Caller>, Problem> {
    let sign_in = state.blocking(move |state| state.tokens.signed_in(&secret)).await?;
    Ok(sign_in.map(|sign_in| Caller { token: sign_in.token.clone(), sign_in: Some(sign_in) }))
}

/// Whether the person of a token is still in the settings, and still may approve.
fn is_still_somebody(state: &State, token: &Token) -> bool {
    let Some(person) = token.holder.person() else { return true };
    let found = state.people.find(person);
    found.is_some_and(|person| token.holder.role() != Role::Approver || person.approver)
}

/// 403, recorded where an agent reaches for what people do.
async fn refused(state: &State, row: &Row, caller: &Caller) -> Problem {
    let (role, token) = (caller.role(), caller.token.id);
    tracing::warn!(%token, %role, method = row.method, route = row.path, "refused by role");
    if role == Role::Agent && state.records_refusal(token) {
        let members = [
            ("agent", caller.agency().map(|agency| &*agency.agent)),
            ("method", Some(row.method)),
            ("route", Some(row.path)),
            ("token", Some(&*token.to_string())),
        ];
        let event = note(state.clock.now(), "http.refused", &members);
        if let Err(problem) = state.record(event).await {
            return problem;
        }
    }
    let detail = format!("a token for the role `{role}` may not do this: {} may", row.who.names());
    Problem::forbidden("role", detail)
}

/// A write with a cookie must come from a page of ours that knows the anti-forgery token.
async fn unforged(state: &State, caller: &Caller, request: Request) -> Result<Request, Problem> {
    let forged = |detail: &str| Problem::forbidden("csrf", detail);
    if !request.headers().contains_key(header::ORIGIN) {
        return Err(forged("a write with a cookie says from which page it comes"));
    }
    let accepts = |csrf: &str| caller.sign_in.as_ref().is_some_and(|login| login.accepts(csrf));
    let (parts, body) = request.into_parts();
    let given = parts.headers.get(CSRF_HEADER).and_then(|value| value.to_str().ok());
    if given.is_some_and(accepts) {
        return Ok(Request::from_parts(parts, body));
    }
    let is_form = body::media_type(&parts.headers).as_deref() == Some(FORM);
    if given.is_none() && is_form {
        let bytes = body::read(state, body).await?;
        let fields: Vec<(String, String)> = form_fields(&bytes);
        let mut csrf = fields.iter().filter(|(name, _)| name == "csrf");
        if let (Some((_, csrf)), None) = (csrf.next(), csrf.next())
            && accepts(csrf)
        {
            return Ok(Request::from_parts(parts, Body::from(bytes)));
        }
    }
    Err(forged("the form is not from this login: load the page again"))
}

const FORM: &str = "application/x-www-form-urlencoded";

fn form_fields(bytes: &[u8]) -> Vec<(String, String)> {
    form_urlencoded::parse(bytes).into_owned().collect()
}

/// The routes that may release a call.
const RELEASING: [&str; 2] = ["/v1/decide", "/v1/requests/{id}/claim"];

/// The handler's answer, in time and once for each key.
async fn answer(state: &State, row: &Row, request: Request, next: Next) -> Response {
    // What releases a call is never answered from what was kept: halts and stricter policies count
    // at once. A `call_id`, and the single use of an approval, keep those from being done twice.
    let write = is_write(request.method()) && !RELEASING.contains(&row.path);
    let answering = async {
        match write && request.headers().contains_key(idempotency::HEADER) {
            true => idempotency::once(state, request, next).await,
            false => next.run(request).await,
        }
    };
    if matches!(row.kind, Kind::Wait | Kind::Live) {
        return answering.await;
    }
    match tokio::time::timeout(state.settings.request_timeout, answering).await {
        Ok(response) => response,
        Err(_) => {
            let title = "the answer took too long; what became of the request can be read back";
            let problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE, "timeout", title);
            problem.header(header::RETRY_AFTER, HeaderValue::from_static("1")).into_response()
        }
    }
}

fn kept_by_browsers(row: &Row, mut response: Response) -> Response {
    if row.kind == Kind::Asset && response.status() == StatusCode::OK {
        let kept = HeaderValue::from_static("public, max-age=3600");
        response.headers_mut().entry(header::CACHE_CONTROL).or_insert(kept);
    }
    response
}
