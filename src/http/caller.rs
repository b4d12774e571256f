//! Who calls, once the guard has let them in.

use super::problem::Problem;
use crate::approvals::{Approver, Claimant, RequestView, Via};
use crate::tokens::{Agency, Holder, Role, SignIn, Token};
use axum::extract::FromRequestParts;
use axum::http::request::Parts;

/// An authenticated caller.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The token that was shown, or that the login was made with.
    pub token: Token,
    /// The login, where a browser's cookie was shown in place of a token.
    pub sign_in: Option<SignIn>,
}

impl Caller {
    /// What the caller may do.
    #[must_use]
    pub const fn role(&self) -> Role {
        self.token.holder.role()
    }

    /// The agent, where it is one.
    #[must_use]
    pub const fn agency(&self) -> Option<&Agency> {
        match &self.token.holder {
            Holder::Agent(agency) => Some(agency),
            Holder::Person { .. } => None,
        }
    }

    /// The agent for calls that only agents make.
    ///
    /// # Errors
    /// 403 for people; the table lets none of them here.
    pub(super) fn agent(&self) -> Result<&Agency, Problem> {
        self.agency().ok_or_else(|| Problem::forbidden("role", "only agents do this"))
    }

    /// What the approvals know the agent by: it acts in the session of its own request.
    pub(super) fn claimant(&self, request: &RequestView) -> Result<Claimant, Problem> {
        let agency = self.agent()?;
        let (agent, user) = (Some(agency.agent.clone()), agency.user.clone());
        Ok(Claimant { agent, user, session: request.session.clone() })
    }

    /// The person for what only people do.
    ///
    /// # Errors
    /// 403 for agents and for tokens of nobody in particular.
    pub(super) fn person(&self) -> Result<&str, Problem> {
        let nobody = || Problem::forbidden("role", "this token stands for no person");
        self.token.holder.person().ok_or_else(nobody)
    }

    /// The person as the approvals know them.
    pub(super) fn approver(&self) -> Result<Approver, Problem> {
        let via = if self.sign_in.is_some() { Via::Dashboard } else { Via::Http };
        Ok(Approver::new(self.person()?, via))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let found = parts.extensions.get::<Self>().cloned();
        found.ok_or_else(|| Problem::unauthorized("this needs a token"))
    }
}

/// A person signed in with a browser, for the pages.
#[derive(Clone, Debug)]
pub struct SignedIn {
    /// The id of their account; absent for an auditor who is nobody in particular.
    pub person: Option<String>,
    /// What they may do.
    pub role: Role,
    /// What each of their forms must carry in its field `csrf`.
    pub csrf: String,
}

impl<S: Send + Sync> FromRequestParts<S> for SignedIn {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let caller = Caller::from_request_parts(parts, state).await?;
        let role = caller.role();
        let person = caller.token.holder.person().map(str::to_owned);
        match caller.sign_in {
            Some(sign_in) => Ok(Self { person, role, csrf: sign_in.csrf }),
            None => Err(Problem::unauthorized("pages are for people who signed in")),
        }
    }
}
