//! The tools of a server: every page of them read, pinned, and shown as far as the policy could
//! ever let them through.

use super::headers::Mirrored;
use super::message::Message;
use super::method::is_reserved;
use super::peer::Peer;
use super::pins::{self, Definition};
use super::{Settings, message};
use crate::Gate;
use fence_engine::eval::always_denied;
use fence_engine::json::{Builder, Json, Object, Value};
use fence_engine::pattern::Name;
use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// The most pages, tools, and bytes of all pages together, that one server may list,
const PAGES: usize = 100;
const TOOLS: usize = 10_000;
const BYTES: usize = 32 << 20;
/// and how long all of it may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// The tools of one server.
pub(super) struct Catalog {
    gate: Gate,
    settings: Settings,
    known: tokio::sync::Mutex<Option<HashMap<String, Entry>>>,
    stale: AtomicBool,
}

/// What is known of one tool.
#[derive(Clone, Debug, Default)]
struct Entry {
    /// Why no call of it passes, if so.
    barred: Option<String>,
    /// Arguments that HTTP mirrors: header and path.
    headers: Mirrored,
}

/// Why there is no list.
#[derive(Debug)]
pub(super) enum NoList {
    /// In Fence's words.
    Refused(String),
    /// The server's own error.
    Error(Json),
}

impl From<String> for NoList {
    fn from(why: String) -> Self {
        Self::Refused(why)
    }
}

impl Catalog {
    pub(super) fn new(gate: Gate, settings: Settings) -> Self {
        Self { gate, settings, known: tokio::sync::Mutex::default(), stale: AtomicBool::new(false) }
    }

    /// The server says that its tools are others now.
    pub(super) fn is_stale(&self) {
        self.stale.store(true, Ordering::SeqCst);
    }

    /// The result that answers a client's `tools/list`.
    pub(super) async fn list(&self, server: &Peer, asked: &Message) -> Result<String, NoList> {
        let mut known = self.known.lock().await;
        let pages = self.gather(server, asked.params()).await?;
        let tools = tools(&pages)?;
        let entries = self.pin(&tools).await?;
        let open = |tool: &Object<'_>| {
            let name = tool.get("name").and_then(Value::as_text).unwrap_or_default();
            let call = self.settings.call(name);
            let barred = entries.get(name).is_none_or(|entry| entry.barred.is_some());
            !barred && !always_denied(&self.gate.layers(), &call)
        };
        let shown: Vec<_> = tools.iter().filter(|tool| open(tool)).copied().collect();
        let answer = answer(&pages, &shown);
        *known = Some(entries);
        answer
    }

    /// Why no call of this tool passes, if so. Asks the server for its tools where they are not
    /// known, in the words of this call.
    pub(super) async fn barred(&self, server: &Peer, call: &Message, tool: &str) -> Option<String> {
        let mut known = self.known.lock().await;
        let held =
            known.as_ref().and_then(|known| known.get(tool)).is_some_and(|e| e.barred.is_some());
        if known.is_none() || held || self.stale.load(Ordering::SeqCst) {
            let meta = |object: Object<'_>| meta_alone(object);
            let params = call.params().and_then(meta);
            let asked = params.as_ref().and_then(|params| params.root().as_object());
            match self.look(server, asked).await {
                Ok(entries) => *known = Some(entries),
                Err(NoList::Refused(why)) => return Some(why),
                Err(NoList::Error(_)) => {
                    return Some("the server does not say which tools it has".to_owned());
                }
            }
        }
        match known.as_ref().and_then(|known| known.get(tool)) {
            Some(entry) => entry.barred.clone(),
            None => Some("the server does not list this tool".to_owned()),
        }
    }

    /// The arguments of a tool that HTTP mirrors in headers, as far as its definition is known.
    pub(super) async fn mirrored(&self, tool: &str) -> Mirrored {
        let known = self.known.lock().await;
        known
            .as_ref()
            .and_then(|known| known.get(tool))
            .map(|e| e.headers.clone())
            .unwrap_or_default()
    }

    async fn look(
        &self,
        server: &Peer,
        asked: Option<Object<'_>>,
    ) -> Result<HashMap<String, Entry>, NoList> {
        let pages = self.gather(server, asked).await?;
        let tools = tools(&pages)?;
        self.pin(&tools).await
    }

    async fn gather(
        &self,
        server: &Peer,
        asked: Option<Object<'_>>,
    ) -> Result<Vec<Message>, NoList> {
        self.stale.store(false, Ordering::SeqCst);
        let gathering = tokio::time::timeout(PATIENCE, gather(server, asked));
        let late = || Err("the server takes too long to list its tools".to_owned().into());
        gathering.await.unwrap_or_else(|_| late())
    }

    /// Pins the definitions and says of each tool whether its calls may pass.
    async fn pin(&self, tools: &[Object<'_>]) -> Result<HashMap<String, Entry>, NoList> {
        let mut entries = HashMap::new();
        let mut definitions = Vec::new();
        for tool in tools {
            let Some(name) = tool.get("name").and_then(Value::as_text) else { continue };
            let whole = self.settings.tool(name);
            let mut entry = Entry { barred: misnamed(name, &whole), headers: headers(*tool) };
            if entries.contains_key(name) {
                entry.barred = Some("the server lists two tools of this name".to_owned());
            } else if entry.barred.is_none() {
                definitions.push(Definition::of(whole, *tool));
            }
            entries.insert(name.to_owned(), entry);
        }
        for tool in self.compare(&definitions).await? {
            let entry =
                tool.strip_prefix(&*self.settings.prefix()).and_then(|n| entries.get_mut(n));
            if let Some(entry) = entry {
                entry.barred = Some(changed(&tool));
            }
        }
        Ok(entries)
    }

    /// The tools that are not what was accepted. What would release calls of those that changed
    /// just now is void.
    async fn compare(&self, definitions: &[Definition]) -> Result<Vec<String>, NoList> {
        let (store, server) = (self.gate.store(), self.settings.server.as_deref());
        let unpinned = |error| format!("the tools' definitions cannot be compared: {error}");
        let now = self.gate.shared.clock.now();
        let looked = pins::look(&**store, server, definitions, now).await.map_err(unpinned)?;
        for tool in &looked.changed {
            let why = "the tool's definition changed";
            let void = self.gate.approvals().void_tool(tool, why).map_err(unpinned)?;
            void.await.map_err(|error| format!("open approvals cannot be ended: {error}"))?;
        }
        Ok(looked.held)
    }
}

fn misnamed(name: &str, whole: &str) -> Option<String> {
    if is_reserved(name) {
        return Some("the tool has a name that policies use for a method".to_owned());
    }
    Name::parse(whole).err().map(|error| format!("the tool's name is malformed: {error}"))
}

fn changed(tool: &str) -> String {
    format!(
        "the server now describes `{tool}` otherwise than when it was accepted. It cannot be called \
         until a person has looked at it and run `fence mcp accept {tool}`"
    )
}

/// Asks for page after page.
async fn gather(server: &Peer, asked: Option<Object<'_>>) -> Result<Vec<Message>, NoList> {
    let (mut pages, mut cursors, mut bytes) = (Vec::new(), HashSet::new(), 0);
    let mut cursor: Option<String> = None;
    loop {
        let question = server.ask("tools/list", &page_params(asked, cursor.as_deref()), None).await;
        let gone = |_| "the server ended before it listed its tools".to_owned();
        let page = question.answer.await.map_err(gone)?;
        if let Some(error) = page.json.root().get("error") {
            return Err(NoList::Error(error.into()));
        }
        bytes += page.raw().len();
        let next = page.result().and_then(|result| result.get("nextCursor"));
        let next = next.and_then(Value::as_text).map(str::to_owned);
        pages.push(page);
        let Some(next) = next else { return Ok(pages) };
        if pages.len() >= PAGES || bytes > BYTES || !cursors.insert(next.clone()) {
            return Err("the server's list of tools does not end".to_owned().into());
        }
        cursor = Some(next);
    }
}

fn page_params(asked: Option<Object<'_>>, cursor: Option<&str>) -> String {
    let mut params = Builder::within(message::LIMITS);
    params.begin_object();
    for (key, value) in asked.into_iter().flatten().filter(|(key, _)| *key != "cursor") {
        params.key(key);
        params.value(value);
    }
    if let Some(cursor) = cursor {
        params.key("cursor");
        params.text(cursor);
    }
    params.end_object();
    params.finish().map_or("{}".to_owned(), |params| params.to_string())
}

/// What a call says about itself, without what it calls.
fn meta_alone(params: Object<'_>) -> Option<Json> {
    let mut meta = Builder::within(message::LIMITS);
    meta.begin_object();
    if let Some(Value::Object(members)) = params.get("_meta") {
        meta.key("_meta");
        meta.begin_object();
        for (key, value) in members.iter().filter(|(key, _)| *key != "progressToken") {
            meta.key(key);
            meta.value(value);
        }
        meta.end_object();
    }
    meta.end_object();
    meta.finish().ok()
}

fn tools(pages: &[Message]) -> Result<Vec<Object<'_>>, String> {
    let lists = pages.iter().map(|page| page.result()?.get("tools")?.as_list());
    let mut tools = Vec::new();
    for list in lists {
        let list = list.ok_or("the server's answer lists no tools")?;
        tools.extend(list.iter().filter_map(Value::as_object));
        if tools.len() > TOOLS {
            return Err(format!("the server lists more than {TOOLS} tools"));
        }
    }
    Ok(tools)
}

/// The first page's result with all the tools that are shown.
fn answer(pages: &[Message], shown: &[Object<'_>]) -> Result<String, NoList> {
    let first = pages.first().and_then(Message::result).and_then(Value::as_object);
    let mut out = Builder::within(message::LIMITS);
    out.begin_object();
    for (key, value) in first.into_iter().flatten() {
        match key {
            "nextCursor" => {}
            "tools" => {
                out.key(key);
                out.begin_list();
                shown.iter().for_each(|tool| out.value(Value::Object(*tool)));
                out.end_list();
            }
            _ => {
                out.key(key);
                out.value(value);
            }
        }
    }
    out.end_object();
    let large = |_| NoList::Refused("the server's list of tools is too large".to_owned());
    out.finish().map(|json| json.to_string()).map_err(large)
}

/// The arguments that the tool's schema wants mirrored: `x-mcp-header`, and where the value is.
fn headers(tool: Object<'_>) -> Mirrored {
    let mut found = Vec::new();
    if let Some(schema) = tool.get("inputSchema") {
        mirrored(schema, &mut Vec::new(), &mut found);
    }
    found
}

fn mirrored(schema: Value<'_>, path: &mut Vec<String>, found: &mut Mirrored) {
    if let Some(name) = schema.get("x-mcp-header").and_then(Value::as_text) {
        found.push((name.to_owned(), path.clone()));
    }
    let properties = schema.get("properties").and_then(Value::as_object);
    for (key, property) in properties.into_iter().flatten() {
        path.push(key.to_owned());
        mirrored(property, path, found);
        path.pop();
    }
}
