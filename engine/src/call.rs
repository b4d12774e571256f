//! A tool call: what an agent wants to do, and on whose behalf.

use crate::json::{Builder, Json, Limits, ToJson};
use crate::pattern::{Name, is_id};
use sha2::{Digest as _, Sha256};

/// The longest `user`, `session` and `call_id`, in bytes.
pub const MAX_ID: usize = 256;

/// The agent that makes a call.
#[derive(Clone, Debug, PartialEq)]
pub struct Agent {
    /// Its id.
    pub id: String,
    /// The agents it works for, nearest first; `None` where the host did not say.
    pub parents: Option<Vec<String>>,
    /// Its roles; `None` where the host did not say.
    pub roles: Option<Vec<String>>,
}

impl Agent {
    /// An agent known by its id alone.
    pub fn new(id: impl Into<String>) -> Self {
        Self { id: id.into(), parents: None, roles: None }
    }

    /// The agent itself, then its parents.
    pub fn path(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.id.as_str()).chain(self.parents.iter().flatten().map(String::as_str))
    }
}

impl From<&str> for Agent {
    fn from(id: &str) -> Self {
        Self::new(id)
    }
}

impl From<String> for Agent {
    fn from(id: String) -> Self {
        Self::new(id)
    }
}

/// One tool call, as the agent or its host describes it. Nothing in it has been judged yet.
///
/// ```
/// use fence_engine::call::ToolCall;
///
/// let call = ToolCall::new("mail/email_send").arg("to", ["x@list.test"]).session("s-17");
/// assert_eq!(call.validate().unwrap().server(), Some("mail"));
/// assert!(ToolCall::new("delete all").validate().is_err());
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct ToolCall {
    /// `tool` or `server/tool`.
    pub tool: String,
    /// The arguments, an object.
    pub args: Json,
    /// Who makes the call.
    pub agent: Option<Agent>,
    /// The person the agent acts for.
    pub user: Option<String>,
    /// The session the call belongs to.
    pub session: Option<String>,
    /// What the host adds, an object: a preview, the trusted prompt, its environment.
    pub context: Option<Json>,
    /// The caller's id for this call; a repeat gets the first decision.
    pub call_id: Option<String>,
    /// What went wrong while the arguments were put together.
    defect: Option<String>,
}

impl ToolCall {
    /// A call of `tool` without arguments.
    pub fn new(tool: impl Into<String>) -> Self {
        Self {
            tool: tool.into(),
            args: Json::empty_object(),
            agent: None,
            user: None,
            session: None,
            context: None,
            call_id: None,
            defect: None,
        }
    }

    /// With one more argument; a name given twice makes the call malformed.
    #[must_use]
    pub fn arg(mut self, name: &str, value: impl ToJson) -> Self {
        let args = std::mem::replace(&mut self.args, Json::empty_object());
        match args.with_member(name, &value) {
            Ok(args) => self.args = args,
            Err(error) => self.defect = Some(error.to_string()),
        }
        self
    }

    /// With all its arguments.
    #[must_use]
    pub fn args(mut self, args: Json) -> Self {
        self.args = args;
        self
    }

    /// With something in it that has no JSON, and what: such a call is malformed.
    #[must_use]
    pub fn defective(mut self, what: impl Into<String>) -> Self {
        self.defect = Some(what.into());
        self
    }

    /// Made by this agent.
    #[must_use]
    pub fn agent(mut self, agent: impl Into<Agent>) -> Self {
        self.agent = Some(agent.into());
        self
    }

    /// On behalf of this person.
    #[must_use]
    pub fn user(mut self, user: impl Into<String>) -> Self {
        self.user = Some(user.into());
        self
    }

    /// Within this session.
    #[must_use]
    pub fn session(mut self, session: impl Into<String>) -> Self {
        self.session = Some(session.into());
        self
    }

    /// With what the host adds.
    #[must_use]
    pub fn context(mut self, context: Json) -> Self {
        self.context = Some(context);
        self
    }

    /// Under this id of the caller's.
    #[must_use]
    pub fn call_id(mut self, call_id: impl Into<String>) -> Self {
        self.call_id = Some(call_id.into());
        self
    }

    /// The tool's name, if the whole call is well formed.
    ///
    /// # Errors
    /// The first thing that is malformed; such a call is denied unjudged.
    pub fn validate(&self) -> Result<Name<'_>, Malformed> {
        let name = Name::parse(&self.tool).map_err(|error| Malformed::Tool(error.to_string()))?;
        if let Some(agent) = &self.agent {
            check_agent(agent)?;
        }
        check_id("user", self.user.as_deref())?;
        check_id("session", self.session.as_deref())?;
        check_id("call_id", self.call_id.as_deref())?;
        if let Some(defect) = &self.defect {
            return Err(Malformed::Json(defect.clone()));
        }
        check_object("args", &self.args)?;
        self.context.as_ref().map_or(Ok(()), |context| check_object("context", context))?;
        Ok(name)
    }

    /// SHA-256 over the canonical form: what an approval is bound to.
    ///
    /// `context.prompt` and `context.preview` enter by their own digests.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        Sha256::digest(self.canonical().as_bytes()).into()
    }

    /// The canonical form of `{agent, user, session, tool, args, context}`.
    #[must_use]
    pub fn canonical(&self) -> String {
        let mut out = String::with_capacity(256);
        out.push('{');
        if let Some(agent) = &self.agent {
            out.push_str("\"agent\":");
            agent_json(agent).root().write_canonical(&mut out);
            out.push(',');
        }
        out.push_str("\"args\":");
        self.args.root().write_canonical(&mut out);
        if let Some(context) = &self.context {
            out.push_str(",\"context\":");
            digested_context(context).root().write_canonical(&mut out);
        }
        for (key, value) in [("session", self.session.as_deref()), ("tool", Some(&*self.tool))] {
            if let Some(text) = value {
                write_text_member(&mut out, key, text);
            }
        }
        if let Some(user) = &self.user {
            write_text_member(&mut out, "user", user);
        }
        out.push('}');
        out
    }
}

/// The agent as JSON: its id, and parents and roles where they were given.
#[must_use]
pub fn agent_json(agent: &Agent) -> Json {
    let mut builder = Builder::within(Limits::RECORD);
    builder.begin_object();
    builder.key("id");
    builder.text(&agent.id);
    for (key, texts) in [("parents", &agent.parents), ("roles", &agent.roles)] {
        if let Some(texts) = texts {
            builder.key(key);
            texts.write_json(&mut builder);
        }
    }
    builder.end_object();
    builder.finish().unwrap_or_else(|_| Json::empty_object())
}

/// What makes a call malformed: it is denied before any rule is asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// The tool's name.
    #[error("the tool's name is malformed: {0}")]
    Tool(String),
    /// An id of the agent or a parent.
    #[error("the agent's id is malformed: use 1 to 128 of `A-Z a-z 0-9 _ - . :`")]
    Agent,
    /// A role.
    #[error("a role of the agent is malformed: use 1 to {MAX_ID} bytes without control characters")]
    Role,
    /// `user`, `session` or `call_id`.
    #[error("`{0}` is malformed: use 1 to {MAX_ID} bytes without control or invisible characters")]
    Id(&'static str),
    /// `args` or `context`.
    #[error("`{0}` must be a JSON object")]
    Object(&'static str),
    /// The text was not strict JSON.
    #[error("the call is not strict JSON: {0}")]
    Json(String),
    /// A top-level key that no call has, or one of the wrong type.
    #[error("{0}")]
    Shape(String),
    /// The call contradicts the tool's declaration.
    #[error("{0}")]
    Declaration(String),
}

fn check_agent(agent: &Agent) -> Result<(), Malformed> {
    if !agent.path().all(is_id) {
        return Err(Malformed::Agent);
    }
    match agent.roles.iter().flatten().all(|role| is_plain(role)) {
        true => Ok(()),
        false => Err(Malformed::Role),
    }
}

fn check_id(field: &'static str, id: Option<&str>) -> Result<(), Malformed> {
    match id {
        Some(id) if !is_plain(id) => Err(Malformed::Id(field)),
        _ => Ok(()),
    }
}

fn check_object(field: &'static str, json: &Json) -> Result<(), Malformed> {
    match json.root() {
        crate::json::Value::Object(_) => Ok(()),
        _ => Err(Malformed::Object(field)),
    }
}

/// 1 to 256 bytes without control, invisible or bidirectional characters.
fn is_plain(text: &str) -> bool {
    (1..=MAX_ID).contains(&text.len())
        && (text.bytes().all(|byte| matches!(byte, 0x20..=0x7e))
            || !text.chars().any(|c| c.is_control() || crate::show::is_invisible(c)))
}

fn write_text_member(out: &mut String, key: &str, text: &str) {
    out.push_str(",\"");
    out.push_str(key);
    out.push_str("\":");
    crate::json::Value::Text(text).write_canonical(out);
}

/// `context` with the prompt and the preview replaced by their digests.
fn digested_context(context: &Json) -> Json {
    let crate::json::Value::Object(object) = context.root() else {
        return context.clone();
    };
    let mut builder = Builder::within(Limits::RECORD);
    builder.begin_object();
    for (key, value) in object {
        builder.key(key);
        match key {
            "prompt" | "preview" => {
                let mut text = String::new();
                value.write_canonical(&mut text);
                builder.text(&hex_digest(&Sha256::digest(text.as_bytes()).into()));
            }
            _ => builder.value(value),
        }
    }
    builder.end_object();
    builder.finish().unwrap_or_else(|_| context.clone())
}

/// `sha256:` and the digest in lower-case hexadecimal.
#[must_use]
pub fn hex_digest(digest: &[u8; 32]) -> String {
    const DIGITS: [u8; 16] = *b"0123456789abcdef";
    let mut digits = [0; 64];
    for (pair, byte) in digits.chunks_exact_mut(2).zip(digest) {
        pair.copy_from_slice(&[DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]);
    }
    let mut text = String::with_capacity(71);
    text.push_str("sha256:");
    text.push_str(std::str::from_utf8(&digits).unwrap_or_default());
    text
}
