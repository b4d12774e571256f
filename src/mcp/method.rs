//! The methods that pass this door, by direction and era. What is not listed does not pass.

use super::message::Message;

/// The revisions whose sessions begin with `initialize`.
pub(super) const LEGACY: [&str; 4] = ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"];
/// The revisions of which every request says its own.
pub(super) const MODERN: [&str; 1] = ["2026-07-28"];

/// Where a modern request says its revision.
pub(super) const VERSION_KEY: &str = "io.modelcontextprotocol/protocolVersion";
/// Where it says what its client can do.
pub(super) const CAPABILITIES_KEY: &str = "io.modelcontextprotocol/clientCapabilities";

/// How a session, or one request, speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Era {
    /// With a handshake: up to 2025-11-25.
    Legacy,
    /// Without: from 2026-07-28 on.
    Modern,
}

impl Era {
    /// The era of a request.
    ///
    /// # Errors
    /// The revision that it wants, where that is not known here.
    pub(super) fn of(message: &Message) -> Result<Self, String> {
        match message.meta(VERSION_KEY) {
            None => Ok(Self::Legacy),
            Some(version) => match version.as_text() {
                Some(version) if MODERN.contains(&version) => Ok(Self::Modern),
                version => Err(version.unwrap_or_default().to_owned()),
            },
        }
    }
}

/// What is done with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Treatment {
    /// It passes untouched.
    Pass,
    /// The session begins.
    Initialize,
    /// Its answer is gathered, filtered and pinned.
    ListTools,
    /// It is a call of the tool that it names.
    Call,
    /// It is judged like a call of the tool of this name.
    Judge(&'static str),
}

use Treatment::{Call, Initialize, Judge, ListTools, Pass};

/// Method, whether it belongs to the older revisions, whether to the newer, and its treatment.
type Row = (&'static str, bool, bool, Treatment);

/// From clients to servers.
const TO_SERVERS: [Row; 20] = [
    ("initialize", true, false, Initialize),
    ("server/discover", false, true, Pass),
    ("ping", true, false, Pass),
    ("logging/setLevel", true, false, Pass),
    ("tools/list", true, true, ListTools),
    ("tools/call", true, true, Call),
    ("resources/list", true, true, Pass),
    ("resources/templates/list", true, true, Pass),
    ("resources/read", true, true, Judge("resources.read")),
    ("resources/subscribe", true, false, Judge("resources.subscribe")),
    ("resources/unsubscribe", true, false, Pass),
    ("subscriptions/listen", false, true, Judge("resources.subscribe")),
    ("prompts/list", true, true, Pass),
    ("prompts/get", true, true, Judge("prompts.get")),
    ("completion/complete", true, true, Judge("completion.complete")),
    ("tasks/get", true, true, Pass),
    ("tasks/update", false, true, Pass),
    ("tasks/result", true, false, Pass),
    ("tasks/list", true, false, Pass),
    ("tasks/cancel", true, true, Pass),
];

/// From servers to clients. In the newer revisions servers ask within results.
const TO_CLIENTS: [Row; 8] = [
    ("ping", true, false, Pass),
    ("roots/list", true, true, Judge("roots.list")),
    ("sampling/createMessage", true, true, Judge("sampling.create")),
    ("elicitation/create", true, true, Judge("elicitation.create")),
    ("tasks/get", true, false, Pass),
    ("tasks/result", true, false, Pass),
    ("tasks/list", true, false, Pass),
    ("tasks/cancel", true, false, Pass),
];

/// Notifications of clients.
const CLIENTS_SAY: [&str; 5] = [
    "notifications/cancelled",
    "notifications/initialized",
    "notifications/progress",
    "notifications/roots/list_changed",
    "notifications/tasks/status",
];

/// Notifications of servers.
const SERVERS_SAY: [&str; 10] = [
    "notifications/cancelled",
    "notifications/elicitation/complete",
    "notifications/message",
    "notifications/progress",
    "notifications/prompts/list_changed",
    "notifications/resources/list_changed",
    "notifications/resources/updated",
    "notifications/subscriptions/acknowledged",
    "notifications/tasks/status",
    "notifications/tools/list_changed",
];

/// What is done with a client's request; `None`: it is refused.
pub(super) fn to_server(method: &str, era: Era) -> Option<Treatment> {
    find(&TO_SERVERS, method, era)
}

/// What is done with a server's request, on its own or within a result.
pub(super) fn to_client(method: &str, era: Era) -> Option<Treatment> {
    find(&TO_CLIENTS, method, era)
}

fn find(rows: &[Row], method: &str, era: Era) -> Option<Treatment> {
    let (_, legacy, modern, treatment) = rows.iter().find(|(name, ..)| *name == method)?;
    let known = match era {
        Era::Legacy => *legacy,
        Era::Modern => *modern,
    };
    known.then_some(*treatment)
}

/// Whether a client may send this notification.
pub(super) fn client_may_say(method: &str) -> bool {
    CLIENTS_SAY.contains(&method)
}

/// Whether a server may send this notification.
pub(super) fn server_may_say(method: &str) -> bool {
    SERVERS_SAY.contains(&method)
}

/// The parameters of a judged method; all of them are judged, and others are not forwarded.
pub(super) fn parameters(method: &str) -> &'static [&'static str] {
    match method {
        "resources/read" | "resources/subscribe" => &["uri"],
        "subscriptions/listen" => &["notifications"],
        "prompts/get" => &["name", "arguments"],
        "completion/complete" => &["ref", "argument", "context"],
        "sampling/createMessage" => &[
            "messages",
            "modelPreferences",
            "systemPrompt",
            "includeContext",
            "temperature",
            "maxTokens",
            "stopSequences",
            "metadata",
            "tools",
            "toolChoice",
        ],
        "elicitation/create" => &["mode", "message", "requestedSchema", "url", "elicitationId"],
        _ => &[],
    }
}

/// Whether a tool would be taken for what a method is judged as.
pub(super) fn is_reserved(tool: &str) -> bool {
    let taken = |name: &str| name.eq_ignore_ascii_case(tool);
    let rows = TO_SERVERS.iter().chain(&TO_CLIENTS);
    rows.clone().any(|(.., treatment)| matches!(treatment, Judge(name) if taken(name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_method_passes_in_its_own_era_and_spelling_alone() {
        assert_eq!(to_server("tools/call", Era::Legacy), Some(Call));
        assert_eq!(to_server("tools/call", Era::Modern), Some(Call));
        assert_eq!(to_server("initialize", Era::Modern), None);
        assert_eq!(to_server("server/discover", Era::Legacy), None);
        for method in ["tools/Call", "tools/call\0", "tools/call2", "x/y", "sampling/createMessage"]
        {
            assert_eq!(to_server(method, Era::Legacy), None, "{method}");
        }
        assert_eq!(to_client("ping", Era::Modern), None);
    }

    #[test]
    fn tools_cannot_take_the_names_of_methods() {
        assert!(is_reserved("resources.read") && is_reserved("Sampling.create"));
        assert!(!is_reserved("resources_read"));
    }
}
