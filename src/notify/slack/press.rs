//! A verified press of a button, done as the vote of the person whose account pressed it.

use super::{Action, Answer};
use crate::approvals::act::Attempt;
use crate::approvals::{
    Approval, ApprovalError, Approvals, Approver, RequestId, RequestView, Target, Via, journal,
};
use fence_engine::show::printable;

/// What a refusal by a button gives as its reason.
const REFUSED: &str = "refused in Slack";

/// Does what was pressed, to the very version and call that the card showed. Who pressed is found
/// by the verified Slack id alone; an account that belongs to nobody is refused, and that is
/// recorded.
///
/// # Errors
/// Whatever the vote is refused with; [`ApprovalError::Unknown`] for a stranger.
pub async fn carry_out(
    approvals: &Approvals,
    action: &Action,
) -> Result<RequestView, ApprovalError> {
    let target = target(action)?;
    let Some(person) = approvals.people().by_slack(&action.user) else {
        return stranger(approvals, action, target.id).await;
    };
    let by = Approver::new(person.id.clone(), Via::Slack);
    match action.answer {
        Answer::Approve => approvals.approve(&by, &target, Approval::default()).await,
        Answer::Refuse => approvals.refuse(&by, &target, None, REFUSED).await,
    }
}

fn target(action: &Action) -> Result<Target, ApprovalError> {
    let invalid = |what: &str| ApprovalError::Invalid(format!("the button holds no {what}"));
    let id = action.request.parse::<RequestId>().map_err(|_| invalid("request"))?;
    let digest = journal::digest(&action.digest).ok_or_else(|| invalid("digest"))?;
    Ok(Target { id, version: Some(action.version), digest: Some(digest) })
}

async fn stranger(
    approvals: &Approvals,
    action: &Action,
    id: RequestId,
) -> Result<RequestView, ApprovalError> {
    let what = match action.answer {
        Answer::Approve => "approve",
        Answer::Refuse => "refuse",
    };
    let who = format!("slack:{}", printable(&action.user, 80));
    let attempt = Attempt { what, who: who.clone(), on: Some(id) };
    approvals.act(attempt, move |_, _| Err(ApprovalError::Unknown(who.clone()))).await
}
