//! The gate as a JavaScript object: decisions, and the log of them.

use crate::build::Setup;
use crate::call::{Caller, Who};
use crate::failed;
use crate::kept::Kept;
use crate::questions::Questions;
use crate::values::Given;
use crate::verdict::Verdict;
use fence::store::LogQuery;
use fence::{Decision, Effect};
use napi::Env;
use napi::bindgen_prelude::PromiseRaw;
use napi_derive::napi;
use std::sync::Arc;

/// A gate, and who calls unless a call says otherwise.
#[napi]
pub struct Gate {
    pub(crate) gate: fence::Gate,
    caller: Caller,
    questions: Option<Arc<Questions>>,
    pub(crate) reason: Reason,
    pub(crate) kept: Kept,
}

/// How a decision's reason is worded: a policy of lists has words of its own.
pub(crate) type Reason = fn(&Decision) -> String;

/// One line of the log.
#[napi(object, object_from_js = false)]
pub struct Entry {
    pub timestamp: String,
    pub tool: String,
    pub decision: String,
    pub reason: String,
}

#[napi]
impl Gate {
    #[napi(constructor)]
    pub fn new(mut setup: Setup) -> napi::Result<Self> {
        let (gate, questions) = setup.build()?;
        let reason = if setup.lists.is_some() { fence::lists::reason } else { Decision::reason };
        let (caller, kept) = (Caller::new(setup.caller), Kept::default());
        Ok(Self { gate, caller, questions, reason, kept })
    }

    /// Decides a call; the thread stands still until the decision is durable. Answers its handle
    /// and what becomes of the call, in one number: four times the one, and 0 to 2 for `allow`,
    /// `ask`, `deny`.
    #[napi]
    pub fn check(&self, tool: String, args: Given, who: Option<Who>) -> u32 {
        let call = self.caller.call(tool, args, who);
        let decided = self.gate.decide_blocking(&call);
        self.kept.keep(Verdict::new(&self.gate, call, decided))
    }

    /// Decides a call beside the event loop. Answers as `check` does.
    #[napi]
    pub fn check_async<'e>(
        &self,
        env: &'e Env,
        tool: String,
        args: Given,
        who: Option<Who>,
    ) -> napi::Result<PromiseRaw<'e, u32>> {
        let (gate, kept) = (self.gate.clone(), self.kept.clone());
        let call = self.caller.call(tool, args, who);
        env.spawn_future(async move {
            let decided = gate.decide(&call).await;
            Ok(kept.keep(Verdict::new(&gate, call, decided)))
        })
    }

    /// The answer of a strategy in JavaScript.
    #[napi]
    pub fn answer(&self, id: u32, answer: String) {
        if let Some(questions) = &self.questions {
            questions.answer(id, answer);
        }
    }

    /// Every decision, in order.
    #[napi]
    pub fn log(&self) -> napi::Result<Vec<Entry>> {
        let (mut entries, mut damaged) = (Vec::new(), None);
        self.gate
            .store()
            .log(&LogQuery::default(), &mut |logged| {
                match serde_json::from_str::<Decision>(&logged.entry.body) {
                    Ok(decision) => entries.push(self.entry(logged.entry.tool, &decision)),
                    Err(error) => damaged = Some(error),
                }
                damaged.is_none()
            })
            .map_err(failed)?;
        match damaged {
            None => Ok(entries),
            Some(error) => Err(failed(format!("a record cannot be read: {error}"))),
        }
    }
}

impl Gate {
    fn entry(&self, tool: String, decision: &Decision) -> Entry {
        let word = match decision.decision {
            Effect::Ask => "require_approval",
            effect => effect.as_str(),
        };
        let (timestamp, reason) = (decision.at.clone(), (self.reason)(decision));
        Entry { timestamp, tool, decision: word.to_owned(), reason }
    }
}
