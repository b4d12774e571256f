//! The token fixes who calls: agent, parents, roles and user. A call may repeat it, not contradict it.

use super::problem::Problem;
use crate::tokens::Agency;
use crate::{Agent, ToolCall};

/// What a call says about its caller that its token does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Contradiction(&'static str);

impl Contradiction {
    /// 403.
    pub(super) fn into_problem(self) -> Problem {
        let detail = format!("the call's `{}` is not the token's", self.0);
        Problem::forbidden("identity", detail).member("member", self.0)
    }
}

/// The call in the name of the token's agent.
///
/// # Errors
/// Where it names another agent, other parents, roles or another user.
pub(super) fn identify(agency: &Agency, mut call: ToolCall) -> Result<ToolCall, Contradiction> {
    if let Some(agent) = &call.agent {
        let same = |said: &Option<Vec<String>>, fixed: &Option<Vec<String>>| {
            said.as_ref().is_none_or(|said| *said == fixed.clone().unwrap_or_default())
        };
        for (agrees, member) in [
            (agent.id == agency.agent, "agent.id"),
            (same(&agent.parents, &agency.parents), "agent.parents"),
            (same(&agent.roles, &agency.roles), "agent.roles"),
        ] {
            if !agrees {
                return Err(Contradiction(member));
            }
        }
    }
    if call.user.is_some() && call.user != agency.user {
        return Err(Contradiction("user"));
    }
    call.agent = Some(Agent {
        id: agency.agent.clone(),
        // What the token does not say is not given at any other door either: one call, one digest.
        parents: agency.parents.clone(),
        roles: agency.roles.clone(),
    });
    call.user.clone_from(&agency.user);
    Ok(call)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Request;

    fn outcome(call: &str) -> Result<ToolCall, Contradiction> {
        let texts = |text: &str| Some(vec![text.to_owned()]);
        let agency = Agency {
            agent: "content-1".to_owned(),
            parents: texts("lead"),
            roles: texts("writer"),
            user: Some("ana@example.com".to_owned()),
        };
        identify(&agency, Request::parse(call.as_bytes()).unwrap().call)
    }

    #[test]
    fn a_call_is_the_tokens_agent_whatever_it_leaves_out() {
        for call in [
            r#"{"tool":"t"}"#,
            r#"{"tool":"t","agent":"content-1"}"#,
            r#"{"tool":"t","agent":{"id":"content-1","parents":["lead"]},"user":"ana@example.com"}"#,
        ] {
            let call = outcome(call).unwrap();
            let agent = call.agent.unwrap();
            assert_eq!(agent.parents.unwrap(), ["lead"]);
            assert_eq!(agent.roles.unwrap(), ["writer"]);
            assert_eq!(call.user.as_deref(), Some("ana@example.com"));
        }
    }

    #[test]
    fn whatever_contradicts_the_token_is_named() {
        for (call, member) in [
            (r#"{"tool":"t","agent":"Content-1"}"#, "agent.id"),
            (r#"{"tool":"t","agent":"other"}"#, "agent.id"),
            (r#"{"tool":"t","agent":{"id":"content-1","parents":[]}}"#, "agent.parents"),
            (r#"{"tool":"t","agent":{"id":"content-1","roles":["admin"]}}"#, "agent.roles"),
            (r#"{"tool":"t","user":"bob@example.com"}"#, "user"),
        ] {
            assert_eq!(outcome(call), Err(Contradiction(member)), "{call}");
        }
    }
}
