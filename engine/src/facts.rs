//! Everything outside the call that a decision depends on: the time, counters, outside answers.

use crate::scalar::{Duration, Timestamp};

/// The one reading of the clock that a decision makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// The instant; `None` where the gate has none to give: whatever asks for it is unknown.
    pub at: Option<Timestamp>,
    /// Whether the clock ran back behind newer live decisions: time is then unknown and no
    /// counter releases.
    pub behind: bool,
}

impl Now {
    /// A clock that is right.
    #[must_use]
    pub const fn at(at: Timestamp) -> Self {
        Self { at: Some(at), behind: false }
    }

    /// No clock at all.
    #[must_use]
    pub const fn unknown() -> Self {
        Self { at: None, behind: false }
    }

    /// The instant, where it may be relied on.
    #[must_use]
    pub fn trusted(self) -> Option<Timestamp> {
        self.at.filter(|_| !self.behind)
    }
}

/// One phrase of one `auto` line, anywhere in the loaded layers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PhraseId {
    /// The layer, in load order.
    pub layer: u16,
    /// The phrase within its policy.
    pub phrase: u32,
}

/// How far back a counter looks.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum CounterSpan {
    /// Everything ever counted under the id.
    Total,
    /// Everything counted within this calendar period, by its label.
    Period(String),
    /// Everything counted in `(now − duration, now]`.
    Within(Duration),
}

/// A counter that a phrase wants read; the same is taken from when the call is allowed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CounterNeed {
    /// Who wants it.
    pub phrase: PhraseId,
    /// What the counter is called: policy, rule and phrase without its N.
    pub counter: String,
    /// The key's value, folded: the session, the agent, a field.
    pub key: String,
    /// How far back.
    pub span: CounterSpan,
    /// Counting further than this answers nothing.
    pub limit: u64,
}

/// A question to something outside: a registered function, process or service.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AnswerNeed {
    /// Who wants it.
    pub phrase: PhraseId,
    /// Whom to ask.
    pub service: String,
    /// The question, canonical JSON.
    pub question: String,
    /// After how many milliseconds no answer will be waited for.
    pub deadline_ms: u64,
}

/// What must be fetched before a call can be judged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// Counters, in the order the facts must answer them.
    pub counters: Vec<CounterNeed>,
    /// Outside answers, in the order the facts must answer them.
    pub answers: Vec<AnswerNeed>,
}

/// A counter as read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CounterFact {
    /// Who wanted it.
    pub phrase: PhraseId,
    /// How many slots were taken; `None` when it could not be read.
    pub used: Option<u64>,
}

/// An outside answer as received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnswerFact {
    /// Who wanted it.
    pub phrase: PhraseId,
    /// The answer, JSON text; `None` when there was none in time.
    pub answer: Option<String>,
}

/// Everything outside the call, as values.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// The clock.
    pub now: Now,
    /// The counters that were needed, in the order of the needs.
    pub counters: &'a [CounterFact],
    /// The answers that were needed, in the order of the needs.
    pub answers: &'a [AnswerFact],
}

impl Facts<'_> {
    /// The time and nothing else.
    #[must_use]
    pub const fn at(now: Now) -> Self {
        Self { now, counters: &[], answers: &[] }
    }
}
