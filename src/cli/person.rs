//! Who is at the command line: the person of a token, else the owner of the system account. Never
//! a name given as an argument, and never an agent.

use super::desk::Desk;
use super::paint::inline;
use super::{Failure, settings};
use crate::approvals::{Approver, RequestId, Via};
use crate::policies::read_regular;

/// What a host sets for the shells that its agent may use, to the agent's id.
const AGENT: &str = "FENCE_AGENT";
/// A token, and a file that holds one.
const TOKEN: &str = "FENCE_TOKEN";
const TOKEN_FILE: &str = "FENCE_TOKEN_FILE";

/// Something that only people do.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Act {
    /// As one word, for the record of a refusal.
    pub(crate) what: &'static str,
    /// On which request.
    pub(crate) on: Option<RequestId>,
    /// Who may.
    #[cfg_attr(not(feature = "server"), expect(dead_code, reason = "only tokens have roles"))]
    pub(crate) who: Who,
}

/// Which roles may do something, where a token shows the role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Who {
    /// Approvers.
    Approver,
    /// Approvers, and those who stop and resume agents.
    Stopper,
}

impl Act {
    /// An answer to a request.
    pub(crate) const fn answer(what: &'static str, on: RequestId) -> Self {
        Self { what, on: Some(on), who: Who::Approver }
    }

    /// Something that stops an agent, or lets it go on.
    pub(crate) const fn stop(what: &'static str, on: Option<RequestId>) -> Self {
        Self { what, on, who: Who::Stopper }
    }
}

/// The person who acts.
///
/// # Errors
/// An agent is refused, and that is recorded. Where a token is given it alone counts. An account
/// that nobody in the settings owns is told what to write there.
pub(crate) fn person(desk: &Desk, act: Act) -> Result<Approver, Failure> {
    if let Some(agent) = settings::variable(AGENT) {
        let agent = agent.to_string_lossy().into_owned();
        return Err(refuse_agent(desk, act, &agent));
    }
    match token()? {
        Some(token) => of_token(desk, act, &token),
        None => of_account(desk),
    }
}

/// Refuses an agent and records its attempt.
fn refuse_agent(desk: &Desk, act: Act, agent: &str) -> Failure {
    let refused = desk.approvals.refuse_agent(act.what, agent, act.on).wait();
    let why = match refused {
        Ok(()) => String::new(),
        Err(error) => format!(": {error}"),
    };
    let agent = inline(agent, 80);
    Failure::usage(format!("the agent `{agent}` is at this command line{why}"))
        .help("a person answers from a shell of their own, which no agent can reach")
}

fn token() -> Result<Option<String>, Failure> {
    if let Some(token) = settings::variable(TOKEN) {
        return Ok(Some(token.to_string_lossy().trim().to_owned()));
    }
    let Some(file) = settings::variable(TOKEN_FILE) else { return Ok(None) };
    let bytes = read_regular(&file);
    let bytes = bytes.map_err(|e| Failure::usage(format!("{TOKEN_FILE} cannot be read: {e}")))?;
    let text = String::from_utf8(bytes);
    let text = text.map_err(|_| Failure::usage(format!("{TOKEN_FILE} holds no token")))?;
    Ok(Some(text.trim().to_owned()))
}

/// The person of a token; an unknown token is nobody, whoever owns the account.
#[cfg(feature = "server")]
fn of_token(desk: &Desk, act: Act, token: &str) -> Result<Approver, Failure> {
    use crate::clock::SystemClock;
    use crate::tokens::{Book, Holder, Role, Secret};
    let unknown = || Failure::usage("the token is not known, has ended, or was revoked");
    let book = Book::new(std::sync::Arc::clone(&desk.store), std::sync::Arc::new(SystemClock));
    let secret = Secret::read_token(token).ok_or_else(unknown)?;
    let found = book.find(&secret).map_err(Failure::usage)?.ok_or_else(unknown)?;
    let (role, person) = match &found.holder {
        Holder::Agent(agency) => return Err(refuse_agent(desk, act, &agency.agent)),
        Holder::Person { role, person } => (*role, person.clone()),
    };
    let may = match act.who {
        Who::Approver => role == Role::Approver,
        Who::Stopper => matches!(role, Role::Approver | Role::Admin),
    };
    match person.filter(|_| may) {
        Some(person) => {
            book.note_use(&found).map_err(Failure::usage)?;
            Ok(Approver::new(person, Via::Cli))
        }
        None => Err(Failure::usage(format!("a token for the role {role} cannot {}", act.what))
            .help("make one with `fence token create --role approver --person …`")),
    }
}

/// Tokens come with the server.
#[cfg(not(feature = "server"))]
fn of_token(_: &Desk, _: Act, _: &str) -> Result<Approver, Failure> {
    Err(Failure::usage("this build of Fence knows no tokens").help(format!("unset {TOKEN}")))
}

/// The person who owns the account that runs this process.
fn of_account(desk: &Desk) -> Result<Approver, Failure> {
    let account = account()?;
    let people = desk.approvals.people();
    if let Some(person) = people.by_system(&account) {
        return Ok(Approver::new(person.id.clone(), Via::Cli));
    }
    let nobody = format!("the system account `{account}` belongs to nobody who may answer");
    Err(Failure::usage(nobody).help(format!(
        "write into {}:\n\n    [people.\"you@example.com\"]\n    system = \"{account}\"\n\n  \
         with the id by which policies know you; or set {TOKEN} to a token of yours",
        desk.settings.name(),
    )))
}

/// The name of the account that runs this process.
fn account() -> Result<String, Failure> {
    let id = nix::unistd::getuid();
    let user = nix::unistd::User::from_uid(id).map_err(Failure::usage)?;
    let user =
        user.ok_or_else(|| Failure::usage(format!("the system account {id} has no name")))?;
    Ok(user.name)
}
