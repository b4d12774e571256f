//! What an agent is told that may not go on: why, and what to do instead.

use crate::Decision;
use crate::approvals::RequestView;
use crate::engine::show::printable;

/// Hosts cut texts behind 10 000 characters.
const LONGEST: usize = 8_000;

/// People have not answered yet: which request it is, and how to ask again.
pub(super) fn waiting(decision: &Decision, view: &RequestView) -> String {
    let people = view.needs.iter().filter(|need| need.missing > 0);
    let people: Vec<String> = people
        .map(|need| {
            format!("{} of {}", need.missing, need.of.as_deref().unwrap_or("the approvers"))
        })
        .collect();
    let people = match people.is_empty() {
        true => "people".to_owned(),
        false => people.join(" and "),
    };
    format!(
        "{}. This call waits for {people}: request {}, until {}. To ask again, make exactly the \
         same call again: once the request is approved, it goes through. Until then do something \
         else; do not try to reach the same in another way.",
        short(&decision.reason()),
        view.id,
        view.expires_at,
    )
}

/// Today's policy asks for more than was approved.
pub(super) fn asked_anew(view: &RequestView) -> String {
    format!(
        "today's policy asks for more than was approved: request {} waits for people again. To ask \
         again, make exactly the same call again.",
        view.id
    )
}

/// The request ended without an approval that could be used.
pub(super) fn ended(view: &RequestView) -> String {
    let reason = view.outcome.as_ref().and_then(|outcome| outcome.reason.as_deref());
    let reason = reason.map(|reason| format!(": {}", short(reason))).unwrap_or_default();
    let what = match view.state {
        "denied" => return format!("a person refused request {}{reason}", view.id),
        "expired" => "nobody answered in time, or the approval was not used in time",
        "claimed" | "done" | "failed" | "unknown" => {
            "its approval was used already, and serves once"
        }
        "revoked" => "its approval was taken back",
        "cancelled" => "it was withdrawn",
        other => other,
    };
    format!("request {} ended{reason}: {what}. Make the call again to ask anew.", view.id)
}

/// People approved the call with changes that this host cannot make.
pub(super) fn as_approved(view: &RequestView) -> String {
    let args = short(&view.args.plain().to_string());
    format!(
        "request {} was approved with changes that cannot be made here. Make the call again with \
         exactly these arguments: {args}",
        view.id
    )
}

fn short(text: &str) -> String {
    printable(text, LONGEST)
}
