//! Approving after an edit: the edited call is judged from scratch and becomes a new version.

use super::act::{self, Attempt};
use super::journal::Note;
use super::step::Case;
use super::vote::{self, Approval};
use super::{
    Announce, ApprovalError, Approvals, Approver, Receipt, RequestId, RequestView, Target, grants,
    halts, open, opening,
};
use crate::gate::work::{Arrival, Ids, Line};
use crate::gate::{Arrived, Mode, Shared};
use crate::store::{CallScope, StoredRequest, Transaction};
use fence_engine::approval::{self, Change, Event, FieldName, Opening, State, Terms, advance};
use fence_engine::call::ToolCall;
use fence_engine::decision::Effect;
use fence_engine::json::{Builder, Json, Limits, ToJson};
use fence_engine::scalar::Timestamp;

impl Approvals {
    pub(super) fn edit(
        &self,
        attempt: Attempt,
        by: &Approver,
        on: &Target,
        with: Approval,
    ) -> Receipt<RequestView> {
        let (by, on) = (by.clone(), *on);
        // What outside strategies say of the edited call is asked before the transaction; whatever
        // goes wrong here is found again, and told, inside it.
        let ahead = self.case(on.id, None).ok();
        let call = ahead.and_then(|case| edited_call(&case, &with).ok());
        let arrival = call.map(|call| self.gate.arrival(Arrived::Call(call), Mode::default()));
        let ids = self.gate.ids();
        self.act(attempt, move |transaction, shared| {
            let now = act::now(transaction, shared)?;
            let case = Case::shown(transaction, &on)?;
            let (event, note) = vote::vote(transaction, shared, &by, &with, now)?;
            let note = grants::noted(note, &case, &with)?;
            // Whoever may not approve may not edit either.
            advance(&case.opening, &case.state, &event, now)?;
            let call = edited_call(&case, &with)?;
            let digest = call.digest();
            let arrival = arrival.as_ref().filter(|arrival| arrival.digest() == digest);
            let arrival = arrival.ok_or(ApprovalError::Stale { version: case.stored.version })?;
            let edit = Edit { shared, arrival, ids, call: &call, by: &by.person, now };
            let mut case = edit.make(transaction, case)?;
            if let Ok(next) = advance(&case.opening, &case.state, &event, now)
                && next != case.state
            {
                case.step(transaction, shared, &event, &note, now)?;
            }
            edit.release(transaction, &mut case)?;
            grants::give(transaction, &case, now)?;
            super::show::of(&case, shared, now)
        })
    }
}

/// The call with the edits made; a dry-run result of the call as it was does not belong to it.
fn edited_call(case: &Case, with: &Approval) -> Result<ToolCall, ApprovalError> {
    let edit = |edit: &super::FieldEdit| {
        let field = parse_field(&edit.field)?;
        Ok::<_, ApprovalError>(approval::FieldEdit { field, value: edit.value.clone() })
    };
    let edits = with.edits.iter().map(edit).collect::<Result<Vec<_>, _>>()?;
    let call = case.call();
    let args = approval::edited(&call.args, &edits, &case.opening.terms)?;
    let mut call = call.clone();
    call.args = args;
    call.context = call.context.as_ref().map(without_preview);
    // The id stays claimed by the call as the agent made it.
    call.call_id = None;
    Ok(call)
}

fn without_preview(context: &Json) -> Json {
    let mut json = Builder::within(Limits::RECORD);
    json.begin_object();
    for (key, value) in context.root().as_object().into_iter().flatten() {
        if key != "preview" {
            json.key(key);
            json.value(value);
        }
    }
    json.end_object();
    json.finish().unwrap_or_else(|_| Json::empty_object())
}

/// A field from its written form: `args.to`, `args."x-y"`.
///
/// # Errors
/// When it is no field of the arguments.
pub fn parse_field(text: &str) -> Result<FieldName, ApprovalError> {
    let bad = || ApprovalError::BadField(fence_engine::show::printable(text, 80));
    let mut rest = text.strip_prefix("args").ok_or_else(bad)?;
    let mut keys: Vec<Box<str>> = Vec::new();
    while !rest.is_empty() {
        rest = rest.strip_prefix('.').ok_or_else(bad)?;
        let (key, after) = match rest.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').ok_or_else(bad)?,
            None => rest.split_at(rest.find('.').unwrap_or(rest.len())),
        };
        if key.is_empty() {
            return Err(bad());
        }
        keys.push(key.into());
        rest = after;
    }
    if keys.is_empty() { Err(bad()) } else { Ok(keys.into()) }
}

/// An edit being made in its transaction.
struct Edit<'a> {
    shared: &'a Shared,
    arrival: &'a Arrival,
    ids: Ids,
    call: &'a ToolCall,
    by: &'a str,
    now: Timestamp,
}

impl Edit<'_> {
    /// Judges the edited call, and puts a new version in the place of the old one.
    fn make(
        &self,
        transaction: &mut dyn Transaction,
        mut case: Case,
    ) -> Result<Case, ApprovalError> {
        let id = RequestId(case.stored.id);
        let same = transaction.open_request(self.arrival.digest(), self.now)?;
        if let Some(other) = same.filter(|other| other.id != case.stored.id) {
            return Err(ApprovalError::SameCall(RequestId(other.id).to_string()));
        }
        if let Some(why) = halts::halted(transaction, self.call)? {
            return Err(ApprovalError::Denied(why));
        }
        let changes = approval::changes(&case.call().args, &self.call.args);
        let (shared, arrival, ids) = (self.shared, self.arrival, self.ids);
        let mut line = Line { shared, arrival, assumed: None, ids, transaction };
        let (draft, gathered) = line.draft(self.call, Some(&case.stored))?;
        if draft.decision.decision == Effect::Deny {
            return Err(ApprovalError::Denied(draft.decision.reason()));
        }
        line.write(&CallScope::Nobody, &draft, &gathered.needs)?;
        let note = Note::default().with("changes", &Changes(&changes));
        let superseded = Event::Supersede { by: Some(self.by.to_owned()) };
        case.step(transaction, shared, &superseded, &note, self.now)?;
        let terms = draft.terms.map(|terms| shared.people.seated(terms));
        let terms = terms.unwrap_or_else(|| case.opening.terms.clone());
        // The final deadline stays, and so do the times of escalations.
        let place =
            Place { opened_at: case.opening.opened_at, expires_at: case.opening.expires_at };
        self.new_version(transaction, &case.stored, &terms, place)?;
        Case::load(transaction, id)
    }

    fn new_version(
        &self,
        transaction: &mut dyn Transaction,
        old: &StoredRequest,
        terms: &Terms,
        place: Place,
    ) -> Result<(), ApprovalError> {
        let version = Version {
            old,
            decision: self.ids.decision.into_bytes(),
            digest: self.arrival.digest(),
            terms,
            place,
        };
        version.open(transaction, self.shared.announce.as_ref(), self.call, self.now)
    }

    /// Where the policy allows the edited call without anybody's approval, the edit is enough.
    fn release(
        &self,
        transaction: &mut dyn Transaction,
        case: &mut Case,
    ) -> Result<(), ApprovalError> {
        let allowed = case.record.decision.decision == Effect::Allow;
        if allowed && matches!(case.state, State::Pending(_)) {
            let note = Note::default().saying(case.record.decision.auto.as_deref());
            case.step(transaction, self.shared, &Event::Release, &note, self.now)?;
        }
        Ok(())
    }
}

/// When a version was opened and when it ends.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) opened_at: Timestamp,
    pub(super) expires_at: Timestamp,
}

/// The next version of a request.
pub(super) struct Version<'a> {
    pub(super) old: &'a StoredRequest,
    pub(super) decision: [u8; 16],
    pub(super) digest: [u8; 32],
    pub(super) terms: &'a Terms,
    pub(super) place: Place,
}

impl Version<'_> {
    /// Opens it.
    pub(super) fn open(
        &self,
        transaction: &mut dyn Transaction,
        announce: Option<&Announce>,
        call: &ToolCall,
        now: Timestamp,
    ) -> Result<(), ApprovalError> {
        let Place { opened_at, expires_at } = self.place;
        let requester = open::requester(transaction, call)?;
        let written = opening::written(self.terms, &requester)?;
        let opening = Opening { terms: self.terms.clone(), requester, opened_at, expires_at };
        let state = State::opened(None);
        let request = StoredRequest {
            version: self.old.version + 1,
            decision: self.decision,
            digest: self.digest,
            opened_at,
            expires_at,
            terms: written,
            state: state.name(),
            moves: 0,
            wake_at: state.wake_at(&opening),
            settled_at: None,
            refused: false,
            ..self.old.clone()
        };
        Ok(open::write(transaction, &request, self.terms, announce, now)?)
    }
}

/// Differences, as they are recorded.
struct Changes<'a>(&'a [Change]);

impl ToJson for Changes<'_> {
    fn write_json(&self, out: &mut Builder) {
        out.begin_list();
        for change in self.0 {
            out.begin_object();
            out.key("field");
            out.text(&change.field);
            for (key, value) in [("from", &change.from), ("to", &change.to)] {
                if let Some(value) = value {
                    out.key(key);
                    out.value(value.root());
                }
            }
            out.end_object();
        }
        out.end_list();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read_as_policies_write_them() {
        let keys = |text| parse_field(text).map(|field| field.to_vec()).ok();
        assert_eq!(keys("args.to"), Some(vec!["to".into()]));
        assert_eq!(keys(r#"args.a."x-y".b"#), Some(vec!["a".into(), "x-y".into(), "b".into()]));
        for bad in
            ["", "args", "to", "args.", "args..a", "args.a.", "context.a", "argsx", r#"args."a"#]
        {
            assert_eq!(keys(bad), None, "{bad}");
        }
    }
}
