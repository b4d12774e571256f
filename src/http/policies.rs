//! `GET /v1/policies`: what is in force, and whether the files on disk are.

use super::openapi::ProblemBody;
use super::problem::Problem;
use super::reload::Failure;
use super::state::State;
use axum::Json;
use axum::extract::State as Of;
use fence_engine::CompiledPolicy;
use fence_engine::call::hex_digest;
use serde::Serialize;
use std::path::Path;
use utoipa::ToSchema;

/// The policies in force.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Policies {
    /// `sha256:` over all of them: what decisions name as `policy_digest`.
    digest: String,
    /// When they were loaded, RFC 3339 in UTC.
    loaded_at: Option<String>,
    /// Why the files on disk are not in force, while they are not.
    failure: Option<Failure>,
    /// Each policy, in load order.
    policies: Vec<Policy>,
}

/// One policy.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Policy {
    /// Its name.
    name: String,
    /// `sha256:` over its files.
    digest: String,
    /// Its file and its imports.
    sources: Vec<Source>,
    /// Its rules, in order.
    rules: Vec<Rule>,
}

/// One file.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Source {
    /// Its name; imports are named from the policy's folder.
    name: String,
    /// Its lines as they were loaded.
    lines: Vec<String>,
}

/// One rule.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Rule {
    /// Its name or first pattern.
    rule: String,
    /// `allow`, `ask` or `deny`.
    effect: &'static str,
    /// The line it starts on.
    line: u32,
    /// Whether it is only judged and recorded.
    shadow: bool,
}

/// Read the policies in force
#[utoipa::path(get, path = "/v1/policies", tag = "records", responses(
    (status = 200, body = Policies),
    (status = "4XX", body = ProblemBody),
))]
pub(super) async fn list(Of(state): Of<State>) -> Result<Json<Policies>, Problem> {
    let layers = state.gate.layers();
    Ok(Json(Policies {
        digest: hex_digest(layers.digest()),
        loaded_at: state.loads.loaded_at().map(|at| at.to_string()),
        failure: state.loads.failure(),
        policies: layers.policies().iter().map(policy).collect(),
    }))
}

fn policy(policy: &CompiledPolicy) -> Policy {
    let sources = policy.sources().iter().enumerate().map(|(at, source)| {
        // Where the server keeps its policies is nobody's business.
        let file = Path::new(&source.name).file_name().and_then(|name| name.to_str());
        let name = if at == 0 { file.unwrap_or("policy") } else { &source.name };
        let lines = source.text.lines().map(str::to_owned).collect();
        Source { name: name.to_owned(), lines }
    });
    let rules = policy.rules().iter().map(|rule| Rule {
        rule: rule.label().to_owned(),
        effect: rule.effect.as_str(),
        line: rule.line,
        shadow: rule.shadow,
    });
    Policy {
        name: policy.name().to_owned(),
        digest: hex_digest(policy.digest()),
        sources: sources.collect(),
        rules: rules.collect(),
    }
}
