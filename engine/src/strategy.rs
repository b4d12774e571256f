//! Strategies: what may stand after `auto` to release an `ask`.
//!
//! Built-ins and third parties use the same interface, in two steps. [`Strategy`] declares typed
//! parameters and prepares a phrase when the policy is loaded. [`Prepared`] then names, for one
//! call, what it needs from outside, and from the call and the fetched facts answers *release*,
//! *hold* or *unknown*. It can never outrank a `deny`.

use crate::call::ToolCall;
use crate::condition::{Condition, Datum, Field, Root, Scope, Type, normal_text};
use crate::facts::{
    AnswerFact, AnswerNeed, CounterFact, CounterNeed, CounterSpan, Needs, Now, PhraseId,
};
use crate::number::Number;
use crate::scalar::text::fold;
use crate::scalar::{Duration, Timestamp};
use crate::window::{Period, Window, Zone};
use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

/// What a phrase says of one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// It does not release.
    Hold,
    /// It cannot tell, which does not release either.
    Unknown,
    /// It releases, as far as it is concerned.
    Release,
}

impl Outcome {
    /// `release`, `hold` or `unknown`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Release => "release",
            Self::Hold => "hold",
            Self::Unknown => "unknown",
        }
    }
}

/// An outcome with its reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// What the phrase says.
    pub outcome: Outcome,
    /// Why, where the phrase's own text does not say it already.
    pub reason: Option<Box<str>>,
}

impl Judgement {
    /// It releases.
    #[must_use]
    pub const fn release() -> Self {
        Self { outcome: Outcome::Release, reason: None }
    }

    /// It holds.
    #[must_use]
    pub const fn hold() -> Self {
        Self { outcome: Outcome::Hold, reason: None }
    }

    /// It cannot tell.
    #[must_use]
    pub const fn unknown() -> Self {
        Self { outcome: Outcome::Unknown, reason: None }
    }

    /// With a reason of its own.
    #[must_use]
    pub fn because(mut self, reason: impl Into<Box<str>>) -> Self {
        self.reason = Some(reason.into());
        self
    }
}

/// What a parameter takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ParameterKind {
    /// A whole number within these ends, both included.
    Whole(u64, u64),
    /// An exact number.
    Number,
    /// A text.
    Text,
    /// True or false.
    Bool,
    /// A span of time.
    Duration,
    /// A field of the call.
    Field,
    /// A list of one of the others.
    List(Box<ParameterKind>),
    /// A condition; only the language's own phrases pass one.
    Condition,
    /// A declared window, by its name.
    Window,
    /// What a counter counts for itself.
    Key,
    /// A calendar period.
    Period,
}

impl ParameterKind {
    /// The kinds that have a word of their own.
    pub const WORDS: [&str; 6] = ["number", "whole", "text", "bool", "duration", "field"];

    /// The kind of a word, or of `list<…>` of one; lists do not nest.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if let Some(element) = text.strip_prefix("list<").and_then(|rest| rest.strip_suffix('>')) {
            return Self::word(element).map(|kind| Self::List(Box::new(kind)));
        }
        Self::word(text)
    }

    fn word(text: &str) -> Option<Self> {
        Some(match text {
            "number" => Self::Number,
            "whole" => Self::Whole(0, i64::MAX as u64),
            "text" => Self::Text,
            "bool" => Self::Bool,
            "duration" => Self::Duration,
            "field" => Self::Field,
            _ => return None,
        })
    }
}

impl fmt::Display for ParameterKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole(from, to) => write!(f, "a whole number from {from} to {to}"),
            Self::Number => f.write_str("a number"),
            Self::Text => f.write_str("a text"),
            Self::Bool => f.write_str("`true` or `false`"),
            Self::Duration => f.write_str("a duration such as `30m`"),
            Self::Field => f.write_str("a field such as `args.amount`"),
            Self::List(element) => write!(f, "a list, each item {element}"),
            Self::Condition => f.write_str("a condition"),
            Self::Window => f.write_str("the name of a window"),
            Self::Key => f.write_str("what is counted for itself, such as `session`"),
            Self::Period => f.write_str("`hour`, `day`, `week` or `month`"),
        }
    }
}

/// One declared parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// Its name, as written before the colon.
    pub name: Cow<'static, str>,
    /// What it takes.
    pub kind: ParameterKind,
    /// Whether it must be given.
    pub required: bool,
    /// What it means, one sentence.
    pub summary: Cow<'static, str>,
}

impl Parameter {
    /// A parameter that must be given.
    #[must_use]
    pub const fn required(name: &'static str, kind: ParameterKind, summary: &'static str) -> Self {
        let (name, summary) = (Cow::Borrowed(name), Cow::Borrowed(summary));
        Self { name, kind, required: true, summary }
    }

    /// A parameter that may be left out.
    #[must_use]
    pub const fn optional(name: &'static str, kind: ParameterKind, summary: &'static str) -> Self {
        let (name, summary) = (Cow::Borrowed(name), Cow::Borrowed(summary));
        Self { name, kind, required: false, summary }
    }
}

/// What a counter counts for itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Key {
    /// One count for the whole policy.
    Policy,
    /// The agent and each of its parents: any spent one holds.
    Agent,
    /// A scalar of the call, `session`, `user` and `tool` among them, and its declared type: a
    /// text is counted in its normal form.
    Field(Field, Type),
}

impl Key {
    /// The key's values for a call, folded; empty when the key is missing or unknown.
    #[must_use]
    pub fn values(&self, scope: &Scope<'_>) -> Vec<String> {
        match self {
            Self::Policy => vec![String::new()],
            Self::Agent => agent_path(scope.call),
            Self::Field(field, kind) => scalar(field, kind, scope).into_iter().collect(),
        }
    }
}

fn agent_path(call: &ToolCall) -> Vec<String> {
    let mut path: Vec<String> = Vec::new();
    for id in call.agent.iter().flat_map(crate::call::Agent::path) {
        let id = id.to_ascii_lowercase();
        if !path.contains(&id) {
            path.push(id);
        }
    }
    path
}

/// One scalar as the text it is counted under; kinds are told apart, so `5` is not `"5"`.
fn scalar(field: &Field, kind: &Type, scope: &Scope<'_>) -> Option<String> {
    match field.datum(scope)? {
        Datum::Text(text) if matches!(field.root, Root::Args | Root::Context) => {
            Some(format!("\"{}", fold(&normal_text(kind, text)?)))
        }
        Datum::Text(text) => Some(fold(&text).into_owned()),
        Datum::Number(number) => Some(number.to_string()),
        Datum::Bool(value) => Some(value.to_string()),
        _ => None,
    }
}

/// The value given for a parameter.
#[derive(Clone, Debug)]
pub enum Argument {
    /// A number; whole and within its ends where the parameter says so.
    Number(Number),
    /// A text.
    Text(String),
    /// True or false.
    Bool(bool),
    /// A span of time.
    Duration(Duration),
    /// A field of the call.
    Field(Field),
    /// Several.
    List(Vec<Argument>),
    /// A condition.
    Condition(Condition),
    /// A window.
    Window(Arc<Window>),
    /// A counter's key.
    Key(Key),
    /// A calendar period.
    Period(Period),
}

/// What one phrase was written with: checked against the declared parameters already.
#[derive(Clone, Debug)]
pub struct Arguments {
    values: Vec<(Cow<'static, str>, Argument)>,
    zone: Arc<Zone>,
    text: String,
}

impl Arguments {
    /// The arguments of a phrase written `text` in a policy of this zone.
    #[must_use]
    pub fn new(
        values: Vec<(Cow<'static, str>, Argument)>,
        zone: Arc<Zone>,
        text: impl Into<String>,
    ) -> Self {
        Self { values, zone, text: text.into() }
    }

    /// The value given for a parameter.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Argument> {
        self.values.iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }

    /// The policy's zone.
    #[must_use]
    pub fn zone(&self) -> Arc<Zone> {
        Arc::clone(&self.zone)
    }

    /// The phrase on one line, as the formatter writes it.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The number given for a parameter.
    ///
    /// # Errors
    /// When it was left out.
    pub fn number(&self, name: &str) -> Result<Number, PrepareError> {
        match self.get(name) {
            Some(Argument::Number(number)) => Ok(*number),
            _ => Err(PrepareError::missing(name)),
        }
    }

    /// The whole number given for a parameter.
    ///
    /// # Errors
    /// When it was left out.
    pub fn whole(&self, name: &str) -> Result<u64, PrepareError> {
        self.number(name)?.to_u64().ok_or_else(|| PrepareError::missing(name))
    }

    /// The text given for a parameter.
    ///
    /// # Errors
    /// When it was left out.
    pub fn text_of(&self, name: &str) -> Result<&str, PrepareError> {
        match self.get(name) {
            Some(Argument::Text(text)) => Ok(text),
            _ => Err(PrepareError::missing(name)),
        }
    }

    /// The list given for a parameter; empty when left out.
    #[must_use]
    pub fn list(&self, name: &str) -> &[Argument] {
        match self.get(name) {
            Some(Argument::List(items)) => items,
            _ => &[],
        }
    }
}

/// Why a phrase cannot be prepared; shown to the policy's author at the phrase.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct PrepareError(pub String);

impl PrepareError {
    fn missing(name: &str) -> Self {
        Self(format!("the parameter `{name}` is missing"))
    }
}

/// A kind of phrase.
pub trait Strategy: Send + Sync + fmt::Debug {
    /// The name after `via`; for the language's own phrases their first keyword.
    fn name(&self) -> &str;

    /// What it does, one sentence.
    fn summary(&self) -> &str;

    /// Its parameters. The checker refuses unknown, missing and mistyped ones.
    fn parameters(&self) -> &[Parameter];

    /// Makes one phrase ready to judge calls.
    ///
    /// # Errors
    /// When the arguments make no sense together; the policy then does not load.
    fn prepare(&self, arguments: &Arguments) -> Result<Box<dyn Prepared>, PrepareError>;
}

/// One phrase, ready to judge calls. Pure: the same call and facts give the same judgement.
pub trait Prepared: Send + Sync + fmt::Debug {
    /// The same as a condition, where there is one, so that checks see through it; it is then
    /// evaluated instead of [`Prepared::judge`].
    fn lower(&self) -> Option<&Condition> {
        None
    }

    /// Whether it takes a slot of its counters when it released a call that is then allowed.
    fn counts(&self) -> bool {
        false
    }

    /// Whether it can never release, whatever the call.
    fn always_holds(&self) -> bool {
        false
    }

    /// Names what must be fetched before it can judge this call.
    fn needs(&self, _scope: &Scope<'_>, _needs: &mut PhraseNeeds<'_>) {}

    /// Judges one call.
    fn judge(&self, scope: &Scope<'_>, facts: &PhraseFacts<'_>) -> Judgement;
}

/// Where a phrase writes down what it needs.
#[derive(Debug)]
pub struct PhraseNeeds<'a> {
    /// Which phrase.
    pub phrase: PhraseId,
    /// The counter's name for this phrase: policy, rule and phrase without its N.
    pub counter: &'a str,
    /// Where the needs are gathered.
    pub needs: &'a mut Needs,
}

impl PhraseNeeds<'_> {
    /// A counter for each of the key's values, looked at up to `limit`.
    pub fn count(&mut self, key: &Key, span: &CounterSpan, limit: u64, scope: &Scope<'_>) {
        for key in key.values(scope) {
            self.needs.counters.push(CounterNeed {
                phrase: self.phrase,
                counter: self.counter.to_owned(),
                key,
                span: span.clone(),
                limit,
            });
        }
    }

    /// An answer to `question` (canonical JSON) from `service` within the deadline.
    pub fn ask(&mut self, service: &str, question: String, deadline_ms: u64) {
        let (phrase, service) = (self.phrase, service.to_owned());
        self.needs.answers.push(AnswerNeed { phrase, service, question, deadline_ms });
    }
}

/// What was fetched for a phrase.
#[derive(Clone, Copy, Debug)]
pub struct PhraseFacts<'a> {
    /// The clock.
    pub now: Now,
    /// Its counters, in the order needed; empty when its key was missing.
    pub counters: &'a [CounterFact],
    /// Its answers, in the order needed.
    pub answers: &'a [AnswerFact],
}

impl PhraseFacts<'_> {
    /// The most slots that any of its counters has taken; `None` when there is no counter, one
    /// could not be read, or the clock is behind.
    #[must_use]
    pub fn used(&self) -> Option<u64> {
        if self.now.behind || self.counters.is_empty() {
            return None;
        }
        self.counters.iter().try_fold(0, |most, counter| Some(counter.used?.max(most)))
    }

    /// The decision's time, where it may be relied on.
    #[must_use]
    pub fn time(&self) -> Option<Timestamp> {
        self.now.trusted()
    }
}

/// The strategies a policy may name: built-ins and registered ones.
#[derive(Clone, Debug, Default)]
pub struct Strategies {
    known: Vec<Arc<dyn Strategy>>,
}

impl Strategies {
    /// None at all.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// With one more; a later one of the same name is refused.
    ///
    /// # Errors
    /// When the name is taken.
    pub fn register(&mut self, strategy: Arc<dyn Strategy>) -> Result<(), NameTaken> {
        match self.get(strategy.name()) {
            Some(_) => Err(NameTaken(strategy.name().to_owned())),
            None => {
                self.known.push(strategy);
                Ok(())
            }
        }
    }

    /// The strategy of this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Arc<dyn Strategy>> {
        self.known.iter().find(|strategy| strategy.name() == name)
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<dyn Strategy>> {
        self.known.iter()
    }
}

/// Two strategies of one name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a strategy named `{0}` is registered already")]
pub struct NameTaken(pub String);
