//! The wording of a card.

use super::{Writer, short};
use crate::approvals::{EditView, NeedView, RequestView, RuleView};
use crate::notify::{Notice, What};
use fence_engine::json::{Json, Value};

/// What happened, in one line.
pub(super) fn title(notice: &Notice) -> String {
    let request = &notice.request;
    let tool = short(&request.tool);
    match notice.what {
        What::BrokenGlass => {
            format!("{} approved alone by breaking the glass: {tool}", glass(request))
        }
        _ if !notice.pending() => format!("{}: {tool}", ended(request)),
        What::Opened if request.version > 1 => {
            format!("Approval wanted (version {}): {tool}", request.version)
        }
        What::Opened => format!("Approval wanted: {tool}"),
        What::Escalated => format!("Still waiting for an approval: {tool}"),
        What::Preview => format!("The preview is here: {tool}"),
        What::Voted => format!("Approval wanted, some have answered: {tool}"),
        What::Ended => format!("Still open: {tool}"),
    }
}

/// `Refused by ana@example.com`
fn ended(request: &RequestView) -> String {
    let by = |by: Option<&str>| by.map_or(String::new(), |by| format!(" by {}", short(by)));
    let person = by(request.outcome.as_ref().and_then(|outcome| outcome.by.as_deref()));
    match request.state {
        "approved" | "claimed" | "done" | "failed" | "unknown" => {
            let voters: Vec<&str> = request.votes.iter().map(|vote| vote.by.as_str()).collect();
            let voters = (!voters.is_empty()).then(|| voters.join(", "));
            format!("Approved{}", by(voters.as_deref()))
        }
        "denied" if person.is_empty() => "Denied by policy".to_owned(),
        "denied" => format!("Refused{person}"),
        "expired" if request.votes.is_empty() => "Expired without an answer".to_owned(),
        "expired" => "Expired".to_owned(),
        "cancelled" => format!("Withdrawn{person}"),
        "superseded" => format!("Replaced by a new version{person}"),
        "revoked" => format!("Approval revoked{person}"),
        other => format!("{}{person}", short(other)),
    }
}

/// Who broke the glass.
fn glass(request: &RequestView) -> String {
    let vote = request.votes.iter().rev().find(|vote| vote.break_glass);
    vote.map_or_else(|| "somebody".to_owned(), |vote| short(&vote.by))
}

/// Everything a person should see, most important first.
pub(super) fn facts(notice: &Notice, to: &mut Writer) {
    let request = &notice.request;
    if !notice.pending() {
        how_it_ended(request, to);
    }
    to.short("Tool", &request.tool);
    arguments(&request.args, to);
    if let Some(recipients) = request.recipients {
        to.short("Recipients", &recipients.to_string());
    }
    edit(request.edit.as_ref(), to);
    preview(request, to);
    who(request, to);
    request.rules.iter().for_each(|asking| rule(asking, to));
    if let Some(claim) = &request.claim {
        to.long("The agent's own explanation, not checked by anyone".to_owned(), claim);
    }
    votes(request, to);
    if notice.pending() {
        request.needs.iter().for_each(|wanted| need(wanted, to));
        to.short("Answer by", &request.expires_at);
    }
    to.short("Request", &format!("{} version {}", request.id, request.version));
    to.short("Digest", &request.digest);
}

fn how_it_ended(request: &RequestView, to: &mut Writer) {
    let outcome = request.outcome.as_ref();
    let at = outcome.map_or(String::new(), |outcome| format!(" at {}", outcome.at));
    to.short("Outcome", &format!("{}{at}", ended(request)));
    if let Some(reason) = outcome.and_then(|outcome| outcome.reason.as_ref()) {
        to.short("Reason", reason);
    }
}

fn arguments(args: &Json, to: &mut Writer) {
    let Some(members) = args.root().as_object() else {
        return to.long("Arguments".to_owned(), &args.to_string());
    };
    let count = members.len();
    if count == 0 {
        return to.short("Arguments", "none");
    }
    for (name, value) in members.into_iter().take(to.room.arguments) {
        to.long(format!("Argument `{}`", short(name)), &text(value));
    }
    if count > to.room.arguments {
        to.complete = false;
        let more = format!("{} of {count} are not shown here", count - to.room.arguments);
        to.short("More arguments", &more);
    }
}

/// A text of several lines as it is, anything else as JSON has it.
fn text(value: Value<'_>) -> String {
    match value.as_text() {
        Some(text) if text.contains('\n') => text.to_owned(),
        _ => value.to_string(),
    }
}

fn edit(edit: Option<&EditView>, to: &mut Writer) {
    let Some(edit) = edit else { return };
    to.short("Changed by", edit.by.as_deref().unwrap_or("nobody known"));
    for change in &edit.changes {
        let label = |word| format!("{} {word}", short(&change.field));
        let value =
            |json: &Option<Json>| json.as_ref().map_or("nothing".to_owned(), Json::to_string);
        to.long(label("before"), &value(&change.from));
        to.long(label("now"), &value(&change.to));
    }
}

fn preview(request: &RequestView, to: &mut Writer) {
    match &request.preview {
        Some(preview) => {
            let age =
                if preview.stale { "out of date: the call has changed since" } else { "current" };
            let label = format!("Preview of {} ({age})", short(&preview.at));
            to.long(label, &text(preview.value.root()));
        }
        None if request.preview_required => {
            to.short("Preview", "required before anyone can approve, and not here yet");
        }
        None => {}
    }
}

fn who(request: &RequestView, to: &mut Writer) {
    if let Some(agent) = &request.agent {
        // Parents come nearest first; a path reads from the outside in.
        let parents = request.parents.iter().rev().map(String::as_str);
        let path: Vec<&str> = parents.chain([agent.as_str()]).collect();
        to.short("Agent", &path.join(" › "));
    }
    if let Some(user) = &request.user {
        to.short("For", user);
    }
    if let Some(session) = &request.session {
        to.short("Session", session);
    }
}

fn rule(rule: &RuleView, to: &mut Writer) {
    let place = format!("{}, {} line {}", rule.rule, rule.policy, rule.line);
    to.short("Asked by the rule", &place);
    for (label, text) in
        [("Policy line", &rule.source), ("Because", &rule.because), ("Instead", &rule.instead)]
    {
        if let Some(text) = text {
            to.short(label, text);
        }
    }
}

fn votes(request: &RequestView, to: &mut Writer) {
    for vote in &request.votes {
        let behalf = vote.on_behalf_of.as_ref().map_or(String::new(), |who| format!(" for {who}"));
        let note = vote.note.as_ref().map_or(String::new(), |note| format!(": {note}"));
        let label = if vote.break_glass { "Glass broken by" } else { "Approved by" };
        to.short(label, &format!("{}{behalf} at {}{note}", vote.by, vote.at));
    }
}

fn need(need: &NeedView, to: &mut Writer) {
    if let Some(at) = &need.escalation_at {
        let group = need.of.as_deref().unwrap_or("any approver");
        return to.short("From then on also", &format!("{} of {group}, from {at}", need.count));
    }
    let group = need.of.as_ref().map_or("any approver".to_owned(), |group| format!("of {group}"));
    to.short("Needs", &format!("{} {group}; {} still missing", need.count, need.missing));
}
