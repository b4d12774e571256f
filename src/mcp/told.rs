//! What an agent is told of a call for which people are asked.

use crate::approvals::RequestView;

/// What an ended request tells the agent.
pub(super) fn ended(view: &RequestView) -> String {
    let reason = view.outcome.as_ref().and_then(|outcome| outcome.reason.as_deref());
    match (view.state, reason) {
        ("denied", Some(reason)) => format!("this call was refused: {reason}"),
        ("denied", None) => "this call was refused".to_owned(),
        ("claimed", _) => {
            "the same call is under way: wait for its answer, and do not make it again meanwhile"
                .to_owned()
        }
        ("expired", _) => "nobody answered in time, so this call was not made".to_owned(),
        (state, Some(reason)) => format!(
            "the request for this call is {state}: {reason}. Make the call again to ask anew"
        ),
        (state, None) => {
            format!("the request for this call is {state}. Make the call again to ask anew")
        }
    }
}

/// What the agent is told of a call that people cannot see whole.
pub(super) fn unseen(member: Option<&str>) -> String {
    let member = member.unwrap_or_default();
    format!(
        "people approve a call's arguments and nothing besides, but this call also carries `{member}`: \
         make it again without that"
    )
}

/// What the agent is told of a request that nobody has answered yet.
pub(super) fn unanswered(because: &str, view: &RequestView) -> String {
    let seats = view.needs.iter().filter(|need| need.escalation_at.is_none() && need.missing > 0);
    let needs: Vec<_> = seats
        .map(|need| match &need.of {
            Some(group) => format!("{} of {group}", need.missing),
            None => format!("{} approver", need.missing),
        })
        .collect();
    format!(
        "{because}. Nothing was done yet: the call waits for {} as request {} until {}. To go on, make \
         exactly the same call again, later; once it is approved it is made then, and not before",
        needs.join(" and "),
        view.id,
        view.expires_at
    )
}
