//! `fence mcp --listen`: clients over HTTP, on this machine and with a token of the door's agent.

use crate::Gate;
use crate::cli::{Context, Exit, Failure};
use crate::clock::SystemClock;
use crate::mcp::{self, Admit, Settings, Upstream};
use crate::tokens::{Agency, Book, Holder, Secret};
use fence_engine::call::Agent;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::TcpListener;

/// Whoever has a token of exactly this door's agent: a call is made as the door says, so a token of
/// another user, or with other roles, would make calls that are not its own.
pub(super) fn admit(gate: &Gate, door: &Settings) -> Result<Admit, Failure> {
    let Some(agent) = door.agent.clone() else {
        return Err(Failure::usage("`--listen` serves one agent: name it with `--agent`"));
    };
    let user = door.user.clone();
    let book = Book::new(Arc::clone(gate.store()), Arc::new(SystemClock));
    Ok(Arc::new(move |token| {
        let found = Secret::read_token(token).and_then(|secret| book.find(&secret).ok().flatten());
        let own = |holder: &Holder| matches!(holder, Holder::Agent(agency) if is(agency, &agent, user.as_deref()));
        found.is_some_and(|token| own(&token.holder))
    }))
}

/// Whether a token's agent is this one, for this user.
fn is(agency: &Agency, agent: &Agent, user: Option<&str>) -> bool {
    let sorted = |roles: &Option<Vec<String>>| {
        let mut roles = roles.clone();
        roles.iter_mut().for_each(|roles| roles.sort_unstable());
        roles
    };
    agency.agent.eq_ignore_ascii_case(&agent.id)
        && agency.parents == agent.parents
        && sorted(&agency.roles) == sorted(&agent.roles)
        && agency.user.as_deref() == user
}

pub(super) async fn serve(
    context: &Context,
    gate: Gate,
    door: Settings,
    upstream: Upstream,
    (address, admit): (SocketAddr, Admit),
) -> Result<Exit, Failure> {
    if !address.ip().is_loopback() {
        let elsewhere =
            format!("{address} is reached from elsewhere: this door is for one machine");
        return Err(Failure::usage(elsewhere).help("write `127.0.0.1:PORT`"));
    }
    let taken = |error| Failure::usage(format!("{address} cannot be listened on: {error}"));
    let listener = TcpListener::bind(address).await.map_err(taken)?;
    let address = listener.local_addr().map_err(Failure::usage)?;
    context.output.note(&format!("listening on http://{address}/mcp"));
    let served = mcp::listen(gate, door, upstream, (listener, admit)).await;
    served.map(|()| Exit::Positive).map_err(Failure::usage)
}
