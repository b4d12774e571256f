//! Grants, halts and delegations: listed, begun, ended.

use super::history::time;
use super::queue::some;
use super::visit::{Failed, Visit, read};
use crate::approvals::{ApprovalError, DelegationView, HaltScope};
use crate::http::State;
use crate::http::dashboard::standing::{self as pages, Kept};
use axum::extract::{Form, State as Of};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};
use fence_engine::scalar::Timestamp;
use maud::Markup;

type Fields = Form<Vec<(String, String)>>;

/// Who delegated to `person` at this time.
pub(super) fn delegators(list: &[DelegationView], person: &str, now: Timestamp) -> Vec<String> {
    let since = |text: &str| Timestamp::parse(text).is_some_and(|at| at <= now);
    let valid = list.iter().filter(|one| since(&one.from) && !since(&one.until));
    let own = valid.filter(|one| one.to_person.eq_ignore_ascii_case(person));
    own.map(|one| one.from_person.clone()).collect()
}

/// What a form held.
struct Sent(Vec<(String, String)>);

impl Sent {
    fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }

    fn kept(self, error: Option<String>) -> Kept {
        Kept { fields: self.0, error }
    }
}

/// Leads back to the list, or shows it again with the reason.
async fn done(
    state: &State,
    visit: Visit,
    sent: Sent,
    outcome: Result<(), Failed>,
    to: &'static str,
    list: impl AsyncFnOnce(&State, &Visit, Kept) -> Result<Markup, Failed>,
) -> Response {
    let Err(failed) = outcome else { return Redirect::to(to).into_response() };
    match list(state, &visit, sent.kept(Some(failed.text))).await {
        Ok(page) => (failed.status, page).into_response(),
        Err(failed) => visit.says(&failed),
    }
}

async fn grants_page(state: &State, visit: &Visit, kept: Kept) -> Result<Markup, Failed> {
    let grants = read(state, |state| state.approvals.grants()).await?;
    Ok(pages::grants(&visit.frame, &grants, &kept))
}

pub(super) async fn grants(Of(state): Of<State>, visit: Visit) -> Response {
    let page = grants_page(&state, &visit, Kept::default()).await;
    visit.show(page)
}

pub(super) async fn end_grant(
    Of(state): Of<State>,
    visit: Visit,
    Form(fields): Fields,
) -> Response {
    let sent = Sent(fields);
    let outcome = match visit.approver() {
        Ok(by) => {
            let ended = state.approvals.revoke_grant(&by, sent.get("id"), sent.get("reason"));
            ended.await.map(drop).map_err(Failed::from)
        }
        Err(failed) => Err(failed),
    };
    done(&state, visit, sent, outcome, "/grants?done=grant", grants_page).await
}

async fn halts_page(state: &State, visit: &Visit, kept: Kept) -> Result<Markup, Failed> {
    let halts = read(state, |state| state.approvals.halts()).await?;
    Ok(pages::halts(&visit.frame, &halts, &kept))
}

pub(super) async fn halts(Of(state): Of<State>, visit: Visit) -> Response {
    let page = halts_page(&state, &visit, Kept::default()).await;
    visit.show(page)
}

fn wrong(text: &str) -> Failed {
    Failed::new(StatusCode::UNPROCESSABLE_ENTITY, text)
}

fn scope(sent: &Sent) -> Result<HaltScope, Failed> {
    let name =
        || some(sent.get("name")).ok_or_else(|| wrong("write which agent or session to stop"));
    match sent.get("scope") {
        "everything" => Ok(HaltScope::Everything),
        "agent" => name().map(HaltScope::Agent),
        "session" => name().map(HaltScope::Session),
        _ => Err(wrong("choose what to stop")),
    }
}

pub(super) async fn halt(Of(state): Of<State>, visit: Visit, Form(fields): Fields) -> Response {
    let sent = Sent(fields);
    let asked = visit.approver().and_then(|by| Ok((by, scope(&sent)?)));
    let outcome = match asked {
        Ok(_) if sent.get("confirm") != "yes" => Err(wrong("tick the box to confirm")),
        Ok((by, scope)) => {
            let halted = state.approvals.halt(&by, scope, sent.get("reason"));
            halted.await.map(drop).map_err(Failed::from)
        }
        Err(failed) => Err(failed),
    };
    done(&state, visit, sent, outcome, "/halts?done=halt", halts_page).await
}

/// The scope as a halt shows it.
fn shown_scope(text: &str) -> Option<HaltScope> {
    match text.split_once(' ') {
        Some(("agent", agent)) => Some(HaltScope::Agent(agent.to_owned())),
        Some(("session", session)) => Some(HaltScope::Session(session.to_owned())),
        _ => (text == "everything").then_some(HaltScope::Everything),
    }
}

pub(super) async fn resume(Of(state): Of<State>, visit: Visit, Form(fields): Fields) -> Response {
    let sent = Sent(fields);
    let asked = visit.approver().and_then(|by| {
        let scope = shown_scope(sent.get("id")).ok_or_else(|| Failed::missing("halt"))?;
        Ok((by, scope))
    });
    let outcome = match asked {
        Ok((by, scope)) => {
            let resumed = state.approvals.resume(&by, scope, sent.get("reason"));
            resumed.await.map(drop).map_err(Failed::from)
        }
        Err(failed) => Err(failed),
    };
    done(&state, visit, sent, outcome, "/halts?done=resume", halts_page).await
}

async fn delegations_page(state: &State, visit: &Visit, kept: Kept) -> Result<Markup, Failed> {
    let list = read(state, |state| state.approvals.delegations()).await?;
    let own = visit.signed_in.person.as_deref().unwrap_or_default();
    let others = state.people.approvers().filter(|person| !person.id.eq_ignore_ascii_case(own));
    let others: Vec<String> = others.map(|person| person.id.clone()).collect();
    Ok(pages::delegations(&visit.frame, &list, &others, &kept))
}

pub(super) async fn delegations(Of(state): Of<State>, visit: Visit) -> Response {
    let page = delegations_page(&state, &visit, Kept::default()).await;
    visit.show(page)
}

pub(super) async fn delegate(Of(state): Of<State>, visit: Visit, Form(fields): Fields) -> Response {
    let sent = Sent(fields);
    let moment = |name: &str| time(sent.get(name)).map_err(|error| wrong(&error));
    let asked = visit.approver().and_then(|by| {
        let until = moment("until")?.ok_or_else(|| wrong("write until when"))?;
        Ok((by, moment("from")?.unwrap_or(visit.frame.now), until))
    });
    let outcome = match asked {
        Ok((by, from, until)) => {
            let made = state.approvals.delegate(&by, sent.get("to"), from, until);
            made.await.map(drop).map_err(Failed::from)
        }
        Err(failed) => Err(failed),
    };
    done(&state, visit, sent, outcome, "/delegations?done=delegation", delegations_page).await
}

pub(super) async fn end_delegation(
    Of(state): Of<State>,
    visit: Visit,
    Form(fields): Fields,
) -> Response {
    let sent = Sent(fields);
    let outcome: Result<(), Failed> = match visit.approver() {
        Ok(by) => {
            let ended: Result<_, ApprovalError> =
                state.approvals.end_delegation(&by, sent.get("id")).await;
            ended.map(drop).map_err(Failed::from)
        }
        Err(failed) => Err(failed),
    };
    let to = "/delegations?done=delegation-over";
    done(&state, visit, sent, outcome, to, delegations_page).await
}
