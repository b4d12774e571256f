//! `fence mcp --listen`: clients over HTTP, on this machine and with a token of the door's agent.

use crate::Gate;
use crate::cli::{Context, Exit, Failure};
use crate::clock::SystemClock;
use crate::mcp::{self, Admit, Settings, Upstream};
use crate::tokens::{Book, Holder, Secret};
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::TcpListener;

/// Whoever has a token of this door's agent.
pub(super) fn admit(gate: &Gate, door: &Settings) -> Result<Admit, Failure> {
    let Some(agent) = door.agent.as_ref().map(|agent| agent.id.clone()) else {
        return Err(Failure::usage("`--listen` serves one agent: name it with `--agent`"));
    };
    let book = Book::new(Arc::clone(gate.store()), Arc::new(SystemClock));
    Ok(Arc::new(move |token| {
        let found = Secret::read_token(token).and_then(|secret| book.find(&secret).ok().flatten());
        let own = |holder: &Holder| matches!(holder, Holder::Agent(agency) if agency.agent.eq_ignore_ascii_case(&agent));
        found.is_some_and(|token| own(&token.holder))
    }))
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
