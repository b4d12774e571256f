//! A record read back: the decision, the call and the facts it was made of.

use crate::Decision;
use crate::approvals::journal::digest;
use crate::wire::Request;
use fence_engine::call::ToolCall;
use fence_engine::facts::{AnswerFact, CounterFact, Now, PhraseId};
use fence_engine::json::{Json, Limits, Object, Value};
use fence_engine::scalar::Timestamp;

/// A record holds a call, and its decision besides.
const LIMITS: Limits = Limits { bytes: 16 << 20, depth: 80, values: 1_000_000 };

/// What a record says.
#[derive(Clone, Debug)]
pub struct Record {
    /// The decision.
    pub decision: Decision,
    /// The call.
    pub call: ToolCall,
    /// The digest of the policies.
    pub policies: [u8; 32],
    /// The clock as it was read.
    pub now: Now,
    /// The counters as they stood.
    pub counters: Vec<CounterFact>,
    /// What was answered outside.
    pub answers: Vec<AnswerFact>,
}

/// Why a record cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the record cannot be read: {0}")]
pub struct RecordError(String);

impl RecordError {
    fn of(error: impl std::fmt::Display) -> Self {
        Self(error.to_string())
    }

    fn lacks(what: &str) -> Self {
        Self(format!("it has no proper `{what}`"))
    }
}

impl Record {
    /// Reads a record's body; `None` where the call was refused unjudged.
    ///
    /// # Errors
    /// When it is not a record of a version this Fence knows.
    pub fn parse(body: &str) -> Result<Option<Self>, RecordError> {
        let json = Json::parse_with(body.as_bytes(), &LIMITS).map_err(RecordError::of)?;
        let record = json.root().as_object().ok_or_else(|| RecordError::lacks("decision"))?;
        if whole(record, "v") != Some(crate::record::VERSION) {
            return Err(RecordError("its version is not known to this Fence".to_owned()));
        }
        if record.get("judged").and_then(Value::as_bool) != Some(true) {
            return Ok(None);
        }
        let decision: Decision = serde_json::from_str(body).map_err(RecordError::of)?;
        let policies = digest(&decision.policy_digest);
        let policies = policies.ok_or_else(|| RecordError::lacks("policy_digest"))?;
        let facts = record.get("facts").and_then(Value::as_object);
        let facts = facts.ok_or_else(|| RecordError::lacks("facts"))?;
        Ok(Some(Self {
            decision,
            call: call(record)?,
            policies,
            now: now(facts)?,
            counters: each(facts, "counters", |fact| {
                Some(CounterFact { phrase: phrase(fact)?, used: whole(fact, "used") })
            })?,
            answers: each(facts, "answers", |fact| {
                let answer = fact.get("answer")?.as_text().map(str::to_owned);
                Some(AnswerFact { phrase: phrase(fact)?, answer })
            })?,
        }))
    }
}

fn call(record: Object<'_>) -> Result<ToolCall, RecordError> {
    let mut text = String::new();
    record.get("call").ok_or_else(|| RecordError::lacks("call"))?.write_compact(&mut text);
    let request = Request::read(text.as_bytes(), &LIMITS).map_err(RecordError::of)?;
    Ok(request.call)
}

fn now(facts: Object<'_>) -> Result<Now, RecordError> {
    let lacks = || RecordError::lacks("now");
    let at = match facts.get("now").ok_or_else(lacks)? {
        Value::Null => None,
        value => Some(value.as_text().and_then(Timestamp::parse).ok_or_else(lacks)?),
    };
    let behind = facts.get("clock_behind").and_then(Value::as_bool).ok_or_else(lacks)?;
    Ok(Now { at, behind })
}

fn each<T>(
    facts: Object<'_>,
    key: &str,
    read: impl Fn(Object<'_>) -> Option<T>,
) -> Result<Vec<T>, RecordError> {
    let list = facts.get(key).and_then(Value::as_list);
    let read = list.and_then(|list| list.iter().map(|fact| read(fact.as_object()?)).collect());
    read.ok_or_else(|| RecordError::lacks(key))
}

fn phrase(fact: Object<'_>) -> Option<PhraseId> {
    let layer = u16::try_from(whole(fact, "layer")?).ok()?;
    let phrase = u32::try_from(whole(fact, "phrase")?).ok()?;
    Some(PhraseId { layer, phrase })
}

fn whole(object: Object<'_>, key: &str) -> Option<u64> {
    object.get(key)?.as_number()?.to_u64()
}
