//! `GET /policies`, `/policies/{name}`: the text in force, and how loading went.

use super::visit::{Failed, Visit};
use crate::http::dashboard::policy::{
    self as pages, FailedReload, PoliciesView, PolicyView, SourceView,
};
use crate::http::{Failure, State};
use axum::extract::{Path, State as Of};
use axum::response::Response;
use fence_engine::CompiledPolicy;
use fence_engine::call::hex_digest;
use fence_engine::policy::Default;

pub(super) async fn policies(Of(state): Of<State>, visit: Visit) -> Response {
    let page = pages::policies(&visit.frame, &view(&state));
    visit.show(Ok(page))
}

pub(super) async fn policy(
    Of(state): Of<State>,
    visit: Visit,
    Path(name): Path<String>,
) -> Response {
    let view = view(&state);
    let found = view.policies.iter().find(|policy| policy.name == name);
    let page = found.map(|policy| pages::policy(&visit.frame, &view, policy));
    visit.show(page.ok_or_else(|| Failed::missing("policy")))
}

fn view(state: &State) -> PoliciesView {
    let layers = state.gate.layers();
    PoliciesView {
        policies: layers.policies().iter().map(policy_view).collect(),
        digest: hex_digest(layers.digest()),
        loaded_at: state.loads.loaded_at().map(|at| at.to_string()).unwrap_or_default(),
        failed: state.loads.failure().map(|failure| failed(&failure)),
    }
}

fn policy_view(policy: &CompiledPolicy) -> PolicyView {
    let sources = policy.sources().iter().enumerate().map(|(at, source)| {
        // Where the server keeps its policies is nobody's business.
        let file = std::path::Path::new(&source.name).file_name().and_then(|name| name.to_str());
        let name = if at == 0 { file.unwrap_or("policy") } else { &source.name };
        SourceView { name: name.to_owned(), text: source.text.clone() }
    });
    PolicyView {
        name: policy.name().to_owned(),
        digest: hex_digest(policy.digest()),
        rules: policy.rules().len(),
        default: match policy.default_effect() {
            Default::Effect(effect) => effect.as_str().to_owned(),
            Default::Pass => "pass".to_owned(),
        },
        sources: sources.collect(),
    }
}

fn failed(failure: &Failure) -> FailedReload {
    let findings = failure.findings.iter().map(|found| {
        let help =
            found.help.as_ref().map(|help| format!("\n    help: {help}")).unwrap_or_default();
        format!(
            "{}:{}:{} {} {}{help}",
            found.file, found.line, found.column, found.code, found.message
        )
    });
    let lines: Vec<String> = std::iter::once(failure.message.clone()).chain(findings).collect();
    FailedReload { at: failure.at.clone(), diagnostics: lines.join("\n") }
}
