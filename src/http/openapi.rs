//! `/openapi.json`, made of the handlers.

use super::state::State;
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use serde::Serialize;
use utoipa::openapi::OpenApi as Document;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{OpenApi, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// What the document says of itself.
#[derive(OpenApi)]
#[openapi(
    info(title = "Fence", description = "Decisions and approvals for AI agents' tool calls."),
    tags(
        (name = "agents", description = "What agents and their hosts call"),
        (name = "people", description = "What people call: answering requests, stopping agents"),
        (name = "records", description = "What was decided, by which policies; what happens"),
        (name = "operation", description = "Health and metrics"),
        (name = "notifications", description = "What notification channels call back"),
    ),
    security(("token" = [])),
)]
struct About;

/// An error, as RFC 9457 has it; kinds of problems add members.
#[derive(Serialize, ToSchema)]
pub(super) struct ProblemBody {
    /// `urn:fence:problem:` and the kind of problem, which never changes its meaning.
    #[schema(example = "urn:fence:problem:stale")]
    r#type: String,
    /// The HTTP status.
    status: u16,
    /// The kind of problem in words.
    title: String,
    /// This problem in particular.
    detail: Option<String>,
}

/// A tool call.
#[derive(Serialize, ToSchema)]
pub(super) struct CallBody {
    /// `tool` or `server/tool`.
    #[schema(example = "mail/email_send")]
    tool: String,
    /// The arguments; `{}` where absent.
    #[schema(value_type = Option<Object>)]
    args: Option<serde_json::Value>,
    /// The agent: its id, or `id`, `parents` and `roles`; must be the token's.
    #[schema(value_type = Option<Object>)]
    agent: Option<serde_json::Value>,
    /// The person the agent acts for; must be the token's.
    user: Option<String>,
    /// An open session.
    session: Option<String>,
    /// What the host adds: `prompt`, `preview` and what else it likes.
    #[schema(value_type = Option<Object>)]
    context: Option<serde_json::Value>,
    /// The caller's id for this call; a repeat gets the first decision.
    call_id: Option<String>,
}

/// A decision.
#[derive(Serialize, ToSchema)]
pub(super) struct DecisionBody {
    /// `allow`, `ask` or `deny`.
    decision: String,
    /// UUIDv7.
    id: String,
    /// The rule that decided; null when a default did.
    rule: Option<String>,
    /// Its policy.
    policy: Option<String>,
    /// Why.
    because: Option<String>,
    /// What the agent could do instead.
    instead: Option<String>,
    /// The `auto` line that released an ask.
    auto: Option<String>,
    /// Every rule that mentions the tool.
    #[schema(value_type = Vec<Object>)]
    matched: Vec<serde_json::Value>,
    /// The request that waits for approval, for an ask.
    #[schema(value_type = Option<Object>)]
    request: Option<serde_json::Value>,
    /// The nearest change that would make the verdict less strict.
    nearest: Option<String>,
    /// The conditions whose value was unknown.
    unknown: Vec<String>,
    /// `sha256:` of the call.
    digest: String,
    /// `sha256:` of the policies.
    policy_digest: String,
    /// When, RFC 3339 in UTC.
    at: String,
    /// Whether this is the first decision on a `call_id` that came again.
    repeated: Option<bool>,
}

/// Every route with its description.
pub(super) fn routes() -> OpenApiRouter<State> {
    use super::{
        answers, claims, decide, decisions, delegations, events, grants, halts, health, login,
    };
    use super::{policies, requests, sessions, slack};
    OpenApiRouter::with_openapi(About::openapi())
        .routes(routes!(decide::decide))
        .routes(routes!(sessions::open))
        .routes(routes!(requests::list))
        .routes(routes!(requests::one))
        .routes(routes!(answers::approve))
        .routes(routes!(answers::reject))
        .routes(routes!(answers::withdraw))
        .routes(routes!(answers::revoke))
        .routes(routes!(answers::cancel))
        .routes(routes!(claims::claim))
        .routes(routes!(claims::result))
        .routes(routes!(claims::preview))
        .routes(routes!(grants::list))
        .routes(routes!(grants::delete))
        .routes(routes!(grants::revoke))
        .routes(routes!(halts::list, halts::halt))
        .routes(routes!(halts::resume))
        .routes(routes!(delegations::list, delegations::create))
        .routes(routes!(delegations::end))
        .routes(routes!(decisions::list))
        .routes(routes!(decisions::one))
        .routes(routes!(policies::list))
        .routes(routes!(events::follow))
        .routes(routes!(login::login))
        .routes(routes!(login::logout))
        .routes(routes!(login::whoami))
        .routes(routes!(health::healthz))
        .routes(routes!(health::livez))
        .routes(routes!(health::readyz))
        .routes(routes!(health::metrics))
        .routes(routes!(slack::actions))
        .routes(routes!(openapi))
}

/// The document.
#[must_use]
pub fn document() -> Document {
    let mut document = routes().into_openapi();
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
    let components = document.components.get_or_insert_default();
    components.add_security_scheme("token", SecurityScheme::Http(bearer));
    document
}

/// This description
#[utoipa::path(get, path = "/openapi.json", tag = "operation", responses(
    (status = 200, description = "OpenAPI 3.1", body = Object),
))]
async fn openapi() -> Response {
    let text = document().to_json().unwrap_or_default();
    ([(header::CONTENT_TYPE, "application/json")], text).into_response()
}
