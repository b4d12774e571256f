//! What people answer, and what they are shown.

use crate::failed;
use crate::gate::Gate;
use crate::values::{Given, Shown};
use fence::approvals::{
    Approval, Approver, FieldEdit, RequestId, RequestQuery, RequestView, Target, Via,
};
use fence::engine::json::Json;
use napi::Env;
use napi::bindgen_prelude::PromiseRaw;
use napi_derive::napi;

/// A request as a person sees it.
#[napi(object, object_from_js = false)]
pub struct Seen {
    pub id: String,
    pub version: u32,
    pub digest: String,
    pub state: String,
    pub tool: String,
    pub args: Shown,
    pub agent: Option<String>,
    pub user: Option<String>,
    pub session: Option<String>,
    pub preview: Option<Shown>,
    pub because: Option<String>,
    pub instead: Option<String>,
    pub may_edit: Vec<MayEdit>,
    pub opened_at: String,
    pub expires_at: String,
}

/// A field that may be changed, and how far.
#[napi(object, object_from_js = false)]
pub struct MayEdit {
    pub field: String,
    pub bound: String,
}

/// What a person says.
#[napi(object, object_to_js = false)]
pub struct Answer {
    /// The version that the person looked at.
    pub version: Option<u32>,
    /// New values by their fields.
    pub edit: Option<Given>,
    /// The person's words; the reason of a refusal.
    pub note: Option<String>,
}

#[napi]
impl Gate {
    /// A request as it stands.
    #[napi]
    pub fn request(&self, id: String) -> napi::Result<Seen> {
        self.gate.approvals().get(parsed(&id)?).map(seen).map_err(failed)
    }

    /// What waits for people, the next deadline first.
    #[napi]
    pub fn pending(&self) -> napi::Result<Vec<Seen>> {
        let approvals = self.gate.approvals();
        let (mut all, mut skip) = (Vec::new(), Some(0));
        while let Some(from) = skip {
            let query = RequestQuery { skip: from, limit: Some(500), ..RequestQuery::default() };
            let page = approvals.list(&query).map_err(failed)?;
            for summary in page.items {
                all.push(seen(approvals.get(parsed(&summary.id)?).map_err(failed)?));
            }
            skip = page.next;
        }
        Ok(all)
    }

    /// A person approves.
    #[napi]
    pub fn approve<'e>(
        &self,
        env: &'e Env,
        id: String,
        person: String,
        answer: Answer,
    ) -> napi::Result<PromiseRaw<'e, Seen>> {
        let (approvals, target) = (self.gate.approvals(), target(&id, answer.version)?);
        let by = Approver::new(person, Via::Local);
        let edits = answer.edit.map_or(Ok(Vec::new()), edits)?;
        let with = Approval { note: answer.note, edits, ..Approval::default() };
        // Strategies may be asked about a changed call, so it is approved in another thread.
        env.spawn_future(async move {
            approvals.approve(&by, &target, with).await.map(seen).map_err(failed)
        })
    }

    /// A person refuses.
    #[napi]
    pub fn refuse<'e>(
        &self,
        env: &'e Env,
        id: String,
        person: String,
        answer: Answer,
    ) -> napi::Result<PromiseRaw<'e, Seen>> {
        let (approvals, target) = (self.gate.approvals(), target(&id, answer.version)?);
        let by = Approver::new(person, Via::Local);
        let reason = answer.note.unwrap_or_default();
        let receipt = approvals.refuse(&by, &target, None, &reason);
        env.spawn_future(async move { receipt.await.map(seen).map_err(failed) })
    }
}

fn parsed(id: &str) -> napi::Result<RequestId> {
    id.parse().map_err(failed)
}

fn target(id: &str, version: Option<u32>) -> napi::Result<Target> {
    Ok(Target { version, ..Target::id(parsed(id)?) })
}

fn edits(given: Given) -> napi::Result<Vec<FieldEdit>> {
    let fields = given.0.map_err(failed)?;
    let fields = fields.root().as_object();
    let fields = fields.ok_or_else(|| failed("`edit` must be an object: `{\"args.to\": […]}`"))?;
    let edit =
        |(field, value): (&str, _)| FieldEdit { field: field.to_owned(), value: Json::from(value) };
    Ok(fields.iter().map(edit).collect())
}

fn seen(view: RequestView) -> Seen {
    let bounds = view.may_edit.into_iter();
    Seen {
        id: view.id,
        version: view.version,
        digest: view.digest,
        state: view.state.to_owned(),
        tool: view.tool,
        args: Shown(view.args),
        agent: view.agent,
        user: view.user,
        session: view.session,
        preview: view.preview.map(|preview| Shown(preview.value)),
        because: view.because,
        instead: view.instead,
        may_edit: bounds.map(|may| MayEdit { field: may.field, bound: may.bound }).collect(),
        opened_at: view.opened_at,
        expires_at: view.expires_at,
    }
}
