//! One request: shown, answered. An answer that does not count shows the page again with the
//! reason, everything that was written, and what changed meanwhile.

use super::visit::{Failed, Visit, read};
use crate::approvals::{
    Approval, ApprovalError, Approver, FieldEdit, Receipt, RequestId, RequestView, Target,
};
use crate::http::State;
use crate::http::dashboard::answer::{Answering, Step};
use crate::http::dashboard::diff::between;
use crate::http::dashboard::edit::{self, Form as Reading, Written};
use crate::http::dashboard::request::{RequestPage, Stale, request as page};
use axum::extract::{Form, Path, Query, State as Of};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};
use fence_engine::approval::Offer;
use fence_engine::scalar::Duration;
use serde::Deserialize;

/// Which step is open.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Open {
    answer: String,
}

pub(super) async fn request(
    Of(state): Of<State>,
    visit: Visit,
    Path(id): Path<String>,
    Query(open): Query<Open>,
) -> Response {
    let answering = Answering { step: Step::named(&open.answer), ..Answering::default() };
    match shown(&state, &visit, &id, answering).await {
        Ok(shown) => page(&visit.frame, &shown).into_response(),
        Err(failed) => visit.says(&failed),
    }
}

/// The page's content as the request stands now.
async fn shown(
    state: &State,
    visit: &Visit,
    id: &str,
    answering: Answering,
) -> Result<RequestPage, Failed> {
    let id: RequestId = id.parse().map_err(|_| Failed::missing("request"))?;
    let (person, now) = (visit.signed_in.person.clone(), visit.frame.now);
    let reading = move |state: &State| {
        let view = state.approvals.get(id)?;
        let delegated_by = match &person {
            Some(person) => {
                super::standing::delegators(&state.approvals.delegations()?, person, now)
            }
            None => Vec::new(),
        };
        Ok::<_, ApprovalError>((view, delegated_by))
    };
    let (view, delegated_by) = read(state, reading).await?;
    Ok(RequestPage { answering, delegated_by, ..RequestPage::new(view) })
}

/// The fields of an answer.
#[derive(Debug)]
struct Sent {
    fields: Vec<(String, String)>,
}

impl Sent {
    fn get(&self, name: &str) -> &str {
        self.fields.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }

    /// What was looked at; an answer that does not say so does not count.
    fn target(&self, id: &str) -> Result<Target, Failed> {
        let wrong = || {
            Failed::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "The form does not say what was shown. Load the page again.",
            )
        };
        Ok(Target {
            id: id.parse().map_err(|_| Failed::missing("request"))?,
            version: Some(self.get("version").parse().map_err(|_| wrong())?),
            digest: Some(digest(self.get("digest")).ok_or_else(wrong)?),
        })
    }

    fn seen(&self) -> u32 {
        self.get("version").parse().unwrap_or(0)
    }

    fn written(&self) -> Vec<Written> {
        let edits =
            self.fields.iter().filter_map(|(name, text)| Some((name.strip_prefix("edit:")?, text)));
        edits
            .map(|(field, text)| Written {
                field: field.to_owned(),
                form: Reading::named(self.get(&format!("form:{field}"))),
                text: text.replace("\r\n", "\n"),
                error: None,
            })
            .collect()
    }

    fn answering(&self, step: Step) -> Answering {
        Answering {
            step,
            note: self.get("note").replace("\r\n", "\n"),
            fields: self.written(),
            reviewed: Vec::new(),
            offer: self.get("offer").to_owned(),
            on_behalf_of: self.get("on_behalf_of").to_owned(),
            break_glass: self.get("break_glass") == "yes",
            error: None,
        }
    }

    fn on_behalf_of(&self) -> Option<String> {
        super::queue::some(self.get("on_behalf_of"))
    }
}

/// A grant beyond this call, as a policy writes it: `session`, `1h`, `10`.
fn offer(text: &str) -> Option<Offer> {
    let number = || text.parse().ok().map(Offer::Next);
    let duration = || Duration::parse(text).map(Offer::For);
    match text {
        "" | "once" => None,
        "session" => Some(Offer::Session),
        _ => number().or_else(duration),
    }
}

/// `sha256:` and 64 digits.
fn digest(text: &str) -> Option<[u8; 32]> {
    let digits =
        text.strip_prefix("sha256:").filter(|digits| digits.len() == 64 && digits.is_ascii())?;
    let mut bytes = [0; 32];
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&digits[at * 2..at * 2 + 2], 16).ok()?;
    }
    Some(bytes)
}

type Fields = Form<Vec<(String, String)>>;

pub(super) async fn refuse(
    Of(state): Of<State>,
    visit: Visit,
    Path(id): Path<String>,
    Form(fields): Fields,
) -> Response {
    let sent = Sent { fields };
    let act = |by: Approver, on: Target| {
        state.approvals.refuse(&by, &on, sent.on_behalf_of().as_deref(), sent.get("note"))
    };
    answered(&state, visit, &id, &sent, Step::Refuse, act, |_| "refused").await
}

pub(super) async fn revoke(
    Of(state): Of<State>,
    visit: Visit,
    Path(id): Path<String>,
    Form(fields): Fields,
) -> Response {
    let sent = Sent { fields };
    let act = |by: Approver, on: Target| state.approvals.revoke(&by, &on, sent.get("note"));
    answered(&state, visit, &id, &sent, Step::Revoke, act, |_| "revoked").await
}

pub(super) async fn withdraw(
    Of(state): Of<State>,
    visit: Visit,
    Path(id): Path<String>,
    Form(fields): Fields,
) -> Response {
    let sent = Sent { fields };
    let act = |by: Approver, on: Target| state.approvals.withdraw_vote(&by, &on);
    answered(&state, visit, &id, &sent, Step::Choose, act, |_| "withdrawn").await
}

pub(super) async fn approve(
    Of(state): Of<State>,
    visit: Visit,
    Path(id): Path<String>,
    Form(fields): Fields,
) -> Response {
    let sent = Sent { fields };
    let shown = match shown(&state, &visit, &id, sent.answering(Step::Approve)).await {
        Ok(shown) => shown,
        Err(failed) => return visit.says(&failed),
    };
    let changes = match edit::read(&shown.view, &shown.answering.fields) {
        Ok(changes) => changes,
        Err(boxes) => return unreadable(&visit, shown, boxes),
    };
    let edited = !changes.is_empty();
    let edits = changes
        .into_iter()
        .map(|change| FieldEdit { field: change.field, value: change.to.unwrap_or_default() });
    let with = Approval {
        note: super::queue::some(sent.get("note")),
        edits: edits.collect(),
        grant: offer(sent.get("offer")),
        on_behalf_of: sent.on_behalf_of(),
        break_glass: shown.answering.break_glass,
    };
    let step = if edited { Step::Edit } else { Step::Approve };
    let act = |by: Approver, on: Target| state.approvals.approve(&by, &on, with.clone());
    let done = move |view: &RequestView| match view.state {
        "pending" if edited => "edited",
        "pending" => "vote",
        _ => "approved",
    };
    answered(&state, visit, &id, &sent, step, act, done).await
}

/// Shows the difference that an edit makes; nothing is changed yet.
pub(super) async fn review(
    Of(state): Of<State>,
    visit: Visit,
    Path(id): Path<String>,
    Form(fields): Fields,
) -> Response {
    let sent = Sent { fields };
    let mut shown = match shown(&state, &visit, &id, sent.answering(Step::Approve)).await {
        Ok(shown) => shown,
        Err(failed) => return visit.says(&failed),
    };
    if shown.view.version != sent.seen() || shown.view.state != "pending" {
        return again(&state, visit, &id, &sent, Step::Edit, None).await;
    }
    match edit::read(&shown.view, &shown.answering.fields) {
        Err(boxes) => unreadable(&visit, shown, boxes),
        Ok(changes) if changes.is_empty() => {
            shown.answering.step = Step::Edit;
            shown.answering.error = Some("nothing was changed".to_owned());
            (StatusCode::UNPROCESSABLE_ENTITY, page(&visit.frame, &shown)).into_response()
        }
        Ok(changes) => {
            shown.answering.reviewed = changes;
            page(&visit.frame, &shown).into_response()
        }
    }
}

/// The boxes again, each with what is wrong with it.
fn unreadable(visit: &Visit, mut shown: RequestPage, boxes: Vec<Written>) -> Response {
    shown.answering.step = Step::Edit;
    shown.answering.fields = boxes;
    shown.answering.error = Some("a field cannot be read".to_owned());
    (StatusCode::UNPROCESSABLE_ENTITY, page(&visit.frame, &shown)).into_response()
}

/// Carries an answer out, and leads back to the request; or shows why it does not count.
async fn answered(
    state: &State,
    visit: Visit,
    id: &str,
    sent: &Sent,
    step: Step,
    act: impl FnOnce(Approver, Target) -> Receipt<RequestView>,
    done: impl FnOnce(&RequestView) -> &'static str,
) -> Response {
    let (by, on) = match visit.approver().and_then(|by| Ok((by, sent.target(id)?))) {
        Ok(known) => known,
        Err(failed) => return visit.says(&failed),
    };
    match act(by, on).await {
        Ok(view) => {
            Redirect::to(&format!("/requests/{}?done={}", view.id, done(&view))).into_response()
        }
        Err(error) => again(state, visit, id, sent, step, Some(error)).await,
    }
}

/// The page again after an answer that does not count.
async fn again(
    state: &State,
    visit: Visit,
    id: &str,
    sent: &Sent,
    step: Step,
    error: Option<ApprovalError>,
) -> Response {
    let mut shown = match shown(state, &visit, id, sent.answering(step)).await {
        Ok(shown) => shown,
        Err(failed) => return visit.says(&failed),
    };
    let seen = sent.seen();
    let status = error.map(Failed::from).map_or(StatusCode::CONFLICT, |failed| {
        shown.answering.error = Some(failed.text);
        failed.status
    });
    if shown.view.version != seen {
        shown.stale = Some(changed(state, &shown.view, seen).await);
        // What was written was for the version before; it is not to be sent for this one unseen.
        shown.answering = Answering { note: sent.get("note").to_owned(), ..Answering::default() };
    }
    (status, page(&visit.frame, &shown)).into_response()
}

async fn changed(state: &State, view: &RequestView, seen: u32) -> Stale {
    let id = view.id.parse::<RequestId>();
    let before = match id {
        Ok(id) => read(state, move |state| state.approvals.version(id, seen)).await.ok(),
        Err(_) => None,
    };
    let changes = before.map(|before| between(&before.args, &view.args)).unwrap_or_default();
    Stale { seen, changes }
}
